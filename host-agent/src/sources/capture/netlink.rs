//! Questions to one network namespace: which socket has two addresses, and whether an address is its own.
//!
//! Layouts: `linux/netlink.h`, `linux/inet_diag.h`, `linux/rtnetlink.h`. Numbers are of this machine's order of bytes,
//! ports and addresses of the network's.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};

use super::sys;

const HEADER_BYTES: usize = 16;
/// Most bytes of an answer about one socket or one route.
const ANSWER_BYTES: usize = 8 << 10;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// Bytes of `struct inet_diag_req_v2`.
const REQUEST_BYTES: usize = 56;
/// Bytes of `struct inet_diag_msg`.
const DIAG_BYTES: usize = 72;
const DIAG_STATE: usize = 1;
const DIAG_INODE: usize = 68;
const INET_DIAG_CGROUP_ID: u16 = 21;
/// States of TCP (`include/net/tcp_states.h`).
const TIME_WAIT: u8 = 6;
const LISTEN: u8 = 10;

const ROUTE_BYTES: usize = 12;
const ROUTE_TYPE: usize = 7;
const RTA_DST: u16 = 1;

/// A socket as the kernel has it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// It waits for connections: it is not that of the connection that was asked for.
    pub listens: bool,
    /// The connection is over, and what had it is gone.
    pub is_over: bool,
    /// Its number among the files of processes; 0 when no process has it open any more.
    pub inode: u32,
    /// Number of the control group of version 2 in which it was made, since Linux 5.9.
    pub cgroup: Option<u64>,
}

/// Netlink sockets of one network namespace.
#[derive(Debug)]
pub(super) struct Netlink {
    sockets: File,
    routes: File,
    number: u32,
}

impl Netlink {
    /// Opens them in the network namespace of this thread; they stay there.
    pub(super) fn open() -> Result<Netlink> {
        let routes = sys::netlink(libc::NETLINK_ROUTE)?;
        let mut sockets = sys::netlink(libc::NETLINK_SOCK_DIAG)?;
        // Without sockets of TCP to ask for, a question for one has the same answer as for one that does not exist: a list of
        // the sockets in no state has no entries, and fails.
        let mut body = vec![libc::AF_INET as u8, libc::IPPROTO_TCP as u8, 0, 0];
        body.resize(REQUEST_BYTES, 0);
        match ask(&mut sockets, SOCK_DIAG_BY_FAMILY, libc::NLM_F_DUMP, 0, &body)? {
            Some(_) => Ok(Netlink { sockets, routes, number: 0 }),
            None => Err(Error::from_raw_os_error(libc::ENOENT)),
        }
    }

    /// Returns the socket of a connection, or the one that listens at the local address; `None` when there is neither.
    pub(super) fn socket(&mut self, local: SocketAddr, remote: SocketAddr, interface: i32) -> Result<Option<Socket>> {
        let mut body = vec![family(local.ip()), libc::IPPROTO_TCP as u8, 0, 0];
        body.extend(u32::MAX.to_ne_bytes());
        for port in [local.port(), remote.port()] {
            body.extend(port.to_be_bytes());
        }
        for address in [local.ip(), remote.ip()] {
            let bytes = octets(address);
            body.extend(&bytes);
            body.resize(body.len() + 16 - bytes.len(), 0);
        }
        body.extend((interface as u32).to_ne_bytes());
        // No cookie.
        body.extend([0xFF; 8]);
        self.number = self.number.wrapping_add(1);
        Ok(ask(&mut self.sockets, SOCK_DIAG_BY_FAMILY, 0, self.number, &body)?.as_deref().and_then(read_socket))
    }

    /// Whether packets to an address stay in this network namespace.
    pub(super) fn is_local(&mut self, address: IpAddr) -> Result<bool> {
        let bytes = octets(address);
        let mut body = vec![family(address), 8 * bytes.len() as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        body.extend((4 + bytes.len() as u16).to_ne_bytes());
        body.extend(RTA_DST.to_ne_bytes());
        body.extend(bytes);
        self.number = self.number.wrapping_add(1);
        let answer = ask(&mut self.routes, libc::RTM_GETROUTE, 0, self.number, &body)?;
        Ok(answer.is_some_and(|route| route.len() >= ROUTE_BYTES && route[ROUTE_TYPE] == libc::RTN_LOCAL))
    }
}

impl AsRawFd for Netlink {
    /// A socket that is in the network namespace.
    fn as_raw_fd(&self) -> RawFd {
        self.routes.as_raw_fd()
    }
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { libc::AF_INET as u8 } else { libc::AF_INET6 as u8 }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Sends a request and returns the body of the first answer to it; `None` when the kernel has nothing of the kind.
fn ask(socket: &mut File, kind: u16, flags: i32, number: u32, body: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut request = Vec::with_capacity(HEADER_BYTES + body.len());
    request.extend(((HEADER_BYTES + body.len()) as u32).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend(((libc::NLM_F_REQUEST | flags) as u16).to_ne_bytes());
    request.extend(number.to_ne_bytes());
    request.extend([0; 4]);
    request.extend(body);
    socket.write_all(&request)?;
    let mut answer = [0; ANSWER_BYTES];
    loop {
        let length = socket.read(&mut answer)?;
        let answer = &answer[..length];
        let short = || Error::new(ErrorKind::InvalidData, "an answer of netlink that is too short");
        let field = |at: usize| answer.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied();
        let long = u32::from_ne_bytes(field(0).ok_or_else(short)?) as usize;
        let [low, high, ..] = field(4).ok_or_else(short)?;
        // An answer to an earlier question, which ended with an error.
        if u32::from_ne_bytes(field(8).ok_or_else(short)?) != number {
            continue;
        }
        let body = answer.get(HEADER_BYTES..long).ok_or_else(short)?;
        if u16::from_ne_bytes([low, high]) != libc::NLMSG_ERROR as u16 {
            return Ok(Some(body.to_vec()));
        }
        let code = i32::from_ne_bytes(body.first_chunk().copied().ok_or_else(short)?);
        return match -code {
            libc::ENOENT | libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ESRCH => Ok(None),
            code => Err(Error::from_raw_os_error(code)),
        };
    }
}

pub(super) fn read_socket(body: &[u8]) -> Option<Socket> {
    let state = *body.get(DIAG_STATE)?;
    let inode = u32::from_ne_bytes(*body.get(DIAG_INODE..)?.first_chunk()?);
    let cgroup = attribute(body.get(DIAG_BYTES..)?, INET_DIAG_CGROUP_ID)
        .and_then(|value| Some(u64::from_ne_bytes(*value.first_chunk()?)))
        .filter(|&id| id != 0);
    Some(Socket { listens: state == LISTEN, is_over: state == TIME_WAIT, inode, cgroup })
}

/// Returns the value of an attribute.
fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let [l0, l1, k0, k1] = *attributes.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        // The two highest bits are flags.
        let kind = u16::from_ne_bytes([k0, k1]) & 0x3FFF;
        let value = attributes.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
}
