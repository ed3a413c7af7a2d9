//! Connections that wait to be accepted, in queues by source address.
//!
//! When the kernel's queue of a socket is full it drops SYNs, from any sender. So the daemon listens with several sockets on
//! its one address, and a program in the kernel chooses the socket by the source address (of IPv6 the network, /64): a flood
//! from one address fills the queue of that address. Queues are served in turn. Two addresses may have one queue; while more
//! connections come than are accepted, addresses are spread again each second.

use crate::sys::choose_by_program;
use deltascope_abi::random::Random;
use libc::{
    BPF_A, BPF_ABS, BPF_ALU, BPF_B, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_MISC, BPF_MUL, BPF_RET, BPF_RSH, BPF_TAX,
    BPF_W, BPF_X, BPF_XOR, SKF_NET_OFF, sock_filter,
};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, acceptfrom_with, ipproto, socket_with, sockopt};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Number of queues, as a power of two.
const QUEUES_LOG2: u32 = 4;
/// Number of queues, at most.
pub const QUEUES: usize = 1 << QUEUES_LOG2;
/// Connections that wait to be accepted in all queues, at most; the kernel has a limit of its own for each
/// (net.core.somaxconn).
pub const WAITING: i32 = 4_096;
/// Time between two ways to spread addresses, in microseconds.
const SPREAD_AGAIN: u64 = 1_000_000;

/// The listening sockets.
#[derive(Debug)]
pub struct Queues {
    sockets: Vec<TcpListener>,
    epoll: OwnedFd,
    /// Sockets that have a connection, in the order in which they are served.
    ready: VecDeque<usize>,
    /// The socket that was served last.
    last: usize,
    random: Random,
    /// When addresses may be spread again.
    spread_at: u64,
    /// Kept for the moment in which no other descriptor is left.
    spare: Option<OwnedFd>,
}

impl Queues {
    /// Takes a listening socket, and makes `count` queues of it, at least one. A kernel that cannot choose has one queue, which is
    /// logged. `seed` starts the random numbers.
    ///
    /// # Errors
    /// The system refuses what a single queue needs.
    pub fn new(first: TcpListener, count: usize, seed: u64) -> io::Result<Queues> {
        let count = count.clamp(1, QUEUES).next_power_of_two();
        let mut random = Random::new(seed);
        let mut sockets = vec![first];
        if count > 1 {
            match others(&sockets[0], count, &mut random) {
                Ok(others) => sockets.extend(others),
                Err(error) => {
                    _ = sockopt::set_socket_reuseport(&sockets[0], false);
                    tracing::info!("the kernel has one queue for the connections of every address: {error}");
                }
            }
        }
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        for (index, socket) in sockets.iter().enumerate() {
            // The standard library asks for a short queue. When it is full the kernel drops a SYN, and its sender waits a second
            // before it tries again.
            rustix::net::listen(socket, WAITING / sockets.len() as i32)?;
            socket.set_nonblocking(true)?;
            epoll::add(&epoll, socket, EventData::new_u64(index as u64), EventFlags::IN)?;
        }
        let spare = rustix::io::fcntl_dupfd_cloexec(&epoll, 0).ok();
        Ok(Queues { sockets, epoll, ready: VecDeque::new(), last: 0, random, spread_at: 0, spare })
    }

    /// Finds out which queues have a connection. The one behind the queue that was served last is the first.
    pub fn look(&mut self) {
        self.ready.clear();
        let mut events: Vec<Event> = Vec::with_capacity(self.sockets.len());
        let no_wait = rustix::event::Timespec::default();
        if epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&no_wait)).is_err() {
            return;
        }
        let (last, count) = (self.last, self.sockets.len());
        let mut ready: Vec<usize> = events.iter().map(|event| event.data.u64() as usize).collect();
        ready.sort_by_key(|index| (index + count - last - 1) % count);
        self.ready.extend(ready);
    }

    /// Accepts a connection of the next queue; `None` when every queue that was ready is empty.
    ///
    /// # Errors
    /// The system has no descriptor or no memory.
    pub fn accept(&mut self) -> Result<Option<(TcpStream, SocketAddr)>, Errno> {
        while let Some(&index) = self.ready.front() {
            match acceptfrom_with(&self.sockets[index], SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok((socket, address)) => {
                    self.last = index;
                    self.ready.rotate_left(1);
                    if let Some(Ok(peer)) = address.map(SocketAddr::try_from) {
                        return Ok(Some((TcpStream::from(socket), peer)));
                    }
                }
                Err(Errno::AGAIN) => _ = self.ready.pop_front(),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Accepts a connection with the descriptor that is kept for it, when there is no other one; `None` when nothing waits. When
    /// the connection, or another one, is closed, [`Queues::keep_spare`] takes the descriptor back.
    ///
    /// # Errors
    /// The descriptor is gone, or another program took it.
    pub fn accept_with_spare(&mut self) -> Result<Option<(TcpStream, SocketAddr)>, Errno> {
        drop(self.spare.take().ok_or(Errno::MFILE)?);
        self.accept()
    }

    /// Keeps a descriptor for [`Queues::accept_with_spare`], if there is one.
    pub fn keep_spare(&mut self) {
        if self.spare.is_none() {
            self.spare = rustix::io::fcntl_dupfd_cloexec(&self.epoll, 0).ok();
        }
    }

    /// Spreads the addresses over the queues in another way if a queue could not be emptied, at most once a second.
    pub fn spread(&mut self, now: u64) {
        if self.ready.is_empty() || now < self.spread_at || self.sockets.len() < 2 {
            return;
        }
        self.spread_at = now + SPREAD_AGAIN;
        let mut program = program(self.sockets.len(), &mut self.random);
        if let Err(error) = choose_by_program(self.sockets[0].as_fd(), &mut program) {
            tracing::debug!("addresses keep their queues: {error}");
        }
    }
}

impl AsFd for Queues {
    /// Readable when a connection waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// Makes the sockets of a group with `first`, which was bound alone, so that an address that is in use was refused.
fn others(first: &TcpListener, count: usize, random: &mut Random) -> io::Result<Vec<TcpListener>> {
    let address = first.local_addr()?;
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    sockopt::set_socket_reuseport(first, true)?;
    let mut sockets = Vec::new();
    for _ in 1..count {
        let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, Some(ipproto::TCP))?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        sockopt::set_socket_reuseport(&socket, true)?;
        rustix::net::bind(&socket, &address)?;
        rustix::net::listen(&socket, WAITING)?;
        sockets.push(TcpListener::from(socket));
    }
    choose_by_program(first.as_fd(), &mut program(count, random))?;
    Ok(sockets)
}

/// Returns a program that gives each source address one of `count` queues, a power of two of at least 2: the upper bits of the
/// address times a random odd number, so that two addresses have the same queue with a probability of at most 2 in `count`
/// (Dietzfelbinger and others: A reliable randomized algorithm for the closest-pair problem, 1997).
fn program(count: usize, random: &mut Random) -> [sock_filter; 15] {
    let shift = u32::BITS - count.trailing_zeros();
    let mut odd = || random.next() as u32 | 1;
    let (one, other) = (odd(), odd());
    // Where the header of IP begins. Offsets: RFC 791, section 3.1; RFC 8200, section 3.
    let header = SKF_NET_OFF as u32;
    let step = |code: u32, k: u32| sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let load = |offset: u32| step(BPF_LD | BPF_W | BPF_ABS, header.wrapping_add(offset));
    [
        step(BPF_LD | BPF_B | BPF_ABS, header),
        step(BPF_ALU | BPF_RSH | BPF_K, 4),
        // IPv4: the next four instructions. IPv6: those behind them.
        sock_filter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jt: 0, jf: 4, k: 4 },
        load(12),
        step(BPF_ALU | BPF_MUL | BPF_K, one),
        step(BPF_ALU | BPF_RSH | BPF_K, shift),
        step(BPF_RET | BPF_A, 0),
        load(8),
        step(BPF_ALU | BPF_MUL | BPF_K, one),
        step(BPF_MISC | BPF_TAX, 0),
        load(12),
        step(BPF_ALU | BPF_MUL | BPF_K, other),
        step(BPF_ALU | BPF_XOR | BPF_X, 0),
        step(BPF_ALU | BPF_RSH | BPF_K, shift),
        step(BPF_RET | BPF_A, 0),
    ]
}

#[cfg(test)]
mod tests;
