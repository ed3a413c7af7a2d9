//! System calls of packet sockets, network namespaces and netlink that the standard library does not offer.

use std::ffi::CStr;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use crate::bpf;

/// The result of a call, or the error that it left in errno.
fn checked(result: libc::c_int) -> Result<libc::c_int> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

fn socket(domain: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> Result<OwnedFd> {
    // SAFETY: a call without pointers.
    let fd = checked(unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) })?;
    // SAFETY: just opened, and owned by nothing else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens a packet socket that takes nothing yet: it is bound to no protocol. Packets begin with their network header.
pub(super) fn packet_socket() -> Result<OwnedFd> {
    socket(libc::AF_PACKET, libc::SOCK_DGRAM | libc::SOCK_NONBLOCK, 0)
}

/// Opens a netlink socket, to be written and read as a file.
pub(super) fn netlink(protocol: libc::c_int) -> Result<File> {
    let file = File::from(socket(libc::AF_NETLINK, libc::SOCK_DGRAM, protocol)?);
    // An answer that was lost is an error and no hang.
    let limit = libc::timeval { tv_sec: 5, tv_usec: 0 };
    set_option(&file, libc::SOL_SOCKET, libc::SO_RCVTIMEO, &limit)?;
    Ok(file)
}

/// Sets an option of a socket to a value without padding.
pub(super) fn set_option<T: Copy>(socket: &impl AsRawFd, level: i32, option: i32, value: &T) -> Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: `value` lives through the call and has the length that is given.
    checked(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const *value).cast(), length) })?;
    Ok(())
}

/// Reads `PACKET_STATISTICS` of a ring of version 3, which begins again at 0: packets with the lost ones, lost ones, and
/// times that the ring was full.
pub(super) fn packet_statistics(socket: &impl AsRawFd) -> Result<[u32; 3]> {
    let mut counts = [0u32; 3];
    let mut length = size_of_val(&counts) as libc::socklen_t;
    let (fd, option) = (socket.as_raw_fd(), libc::PACKET_STATISTICS);
    // SAFETY: `counts` has the three 32-bit fields of `struct tpacket_stats_v3` and lives through the call, as `length` does.
    checked(unsafe { libc::getsockopt(fd, libc::SOL_PACKET, option, counts.as_mut_ptr().cast(), &mut length) })?;
    Ok(counts)
}

/// Binds a packet socket to every protocol and interface. With fewer protocols outgoing packets are never seen.
pub(super) fn bind_to_all(socket: &impl AsRawFd) -> Result<()> {
    // SAFETY: all-zero is a valid value of this structure of numbers.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as libc::c_ushort;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    let length = size_of_val(&address) as libc::socklen_t;
    // SAFETY: `address` lives through the call and has the length that is given.
    checked(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(())
}

/// Attaches a classic filter.
pub(super) fn attach_filter(socket: &impl AsRawFd, filter: &[libc::sock_filter]) -> Result<()> {
    let length = u16::try_from(filter.len()).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    // The kernel only reads it.
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Loads a BPF program of the type socket filter.
pub(super) fn load_socket_filter(instructions: &[u64]) -> Result<OwnedFd> {
    const SOCKET_FILTER: u32 = 1;
    let count = u32::try_from(instructions.len()).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    let (first, license) = (instructions.as_ptr() as u64, c"MIT".as_ptr() as u64);
    let mut attributes = bpf::LoadAttributes {
        kind: SOCKET_FILTER,
        instructions: count,
        first,
        license,
        ..bpf::LoadAttributes::default()
    };
    bpf::call(bpf::PROG_LOAD, &mut attributes)
}

/// Moves this thread into a network namespace.
pub(super) fn enter_network(namespace: &File) -> Result<()> {
    // SAFETY: a call without pointers.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })?;
    Ok(())
}

/// Waits until one of the descriptors can be read, or the time is over.
pub(super) fn wait(descriptors: &[BorrowedFd<'_>], time: Duration) -> Result<()> {
    let entry = |fd: &BorrowedFd<'_>| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut entries: Vec<libc::pollfd> = descriptors.iter().map(entry).collect();
    let millis = time.as_millis().min(60_000) as libc::c_int;
    // SAFETY: `entries` lives through the call and has the number of entries that is given; the descriptors are open.
    match checked(unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, millis) }) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

/// Returns the names of all interfaces in the network namespace of this thread, by their numbers.
pub(super) fn interfaces() -> Result<Vec<(u32, String)>> {
    // SAFETY: a call without pointers.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(Error::last_os_error());
    }
    let mut names = Vec::new();
    let mut at = list;
    loop {
        // SAFETY: `list` is an array that ends with an entry whose number is 0, and that was not passed yet.
        let entry = unsafe { &*at };
        if entry.if_index == 0 || entry.if_name.is_null() {
            break;
        }
        // SAFETY: the name of an entry is a string that ends with 0 and lives as long as the list.
        let name = unsafe { CStr::from_ptr(entry.if_name) };
        names.push((entry.if_index, name.to_string_lossy().into_owned()));
        // SAFETY: this entry is not the last one.
        at = unsafe { at.add(1) };
    }
    // SAFETY: exactly what `if_nameindex` gave, once; nothing refers to it any more.
    unsafe { libc::if_freenameindex(list) };
    Ok(names)
}

/// Returns the name of an interface by its number, in the network namespace of a socket.
pub(super) fn interface_name(socket: &impl AsRawFd, number: i32) -> Result<String> {
    // SAFETY: all-zero is a valid value of this structure of numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_ifru.ifru_ifindex = number;
    // SAFETY: `request` is the structure that this request takes, and lives through the call.
    checked(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFNAME, &mut request) })?;
    let bytes: Vec<u8> = request.ifr_name.iter().map(|&byte| byte as u8).take_while(|&byte| byte != 0).collect();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
