//! TCP sockets of a process, from its descriptors and the tables of its network namespace (`proc_pid_net(5)`).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// Sockets of a process that are looked at.
const DESCRIPTORS: usize = 4_096;
/// Longest table that is read, bytes: some 100,000 sockets.
const TABLE_BYTES: u64 = 16 << 20;

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// Its own address.
    pub local: SocketAddr,
    /// The other end; port 0 of one that listens.
    pub remote: SocketAddr,
    /// Its state, as ss(8) calls it.
    pub state: &'static str,
    /// Bytes that are not acknowledged by the other end.
    pub unsent: u32,
    /// Bytes that the process has not read; of one that listens, connections that it has not accepted.
    pub unread: u32,
    /// Number of its file.
    pub inode: u64,
}

/// States by number (`include/net/tcp_states.h`).
const STATES: [&str; 13] = [
    "?",
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSE",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
    "NEW-SYN-RECV",
];

/// An address as the tables have it: words in the byte order of this machine, the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            let ip = Ipv6Addr::from(<[u8; 16]>::try_from(words).ok()?);
            ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Reads a table; lines that are not understood are passed over.
pub(super) fn parse_tcp(text: &str) -> Vec<TcpSocket> {
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, remote, state, queues, _, _, _, _, inode, ..] = fields[..] else { return None };
        let (unsent, unread) = queues.split_once(':')?;
        Some(TcpSocket {
            local: address(local)?,
            remote: address(remote)?,
            state: STATES.get(usize::from_str_radix(state, 16).ok()?).copied().unwrap_or(STATES[0]),
            unsent: u32::from_str_radix(unsent, 16).ok()?,
            unread: u32::from_str_radix(unread, 16).ok()?,
            inode: inode.parse().ok()?,
        })
    };
    text.lines().skip(1).filter_map(socket).collect()
}

/// The numbers of the sockets that the process has open whose folder in the proc file system this is.
pub(super) fn inodes(process: &Path) -> impl Iterator<Item = u64> {
    let inode = |descriptor: std::io::Result<std::fs::DirEntry>| {
        let link = std::fs::read_link(descriptor.ok()?.path()).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    std::fs::read_dir(process.join("fd")).into_iter().flatten().filter_map(inode)
}

/// The TCP sockets of the process whose folder this is; none of one that is gone or denied.
pub(super) fn sockets(process: &Path) -> Vec<TcpSocket> {
    let inodes: Vec<u64> = inodes(process).take(DESCRIPTORS).collect();
    if inodes.is_empty() {
        return Vec::new();
    }
    let mut known = HashMap::new();
    for table in ["net/tcp", "net/tcp6"] {
        let Ok(text) = bounded(&process.join(table)) else { continue };
        known.extend(parse_tcp(&text).into_iter().map(|socket| (socket.inode, socket)));
    }
    inodes.iter().filter_map(|inode| known.remove(inode)).collect()
}

fn bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(TABLE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn lines_of_the_table_are_read_field_by_field() {
        let local = u32::from_ne_bytes([127, 0, 0, 1]);
        let text = format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             \x20  0: {local:08X}:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 4711 1 0 100 0\n\
             \x20  1: bad\n"
        );
        let found = parse_tcp(&text);
        let [socket] = &found[..] else { panic!("{found:?}") };
        assert_eq!((socket.local.to_string(), socket.remote.port()), ("127.0.0.1:8080".to_owned(), 0));
        assert_eq!((socket.state, socket.unsent, socket.unread, socket.inode), ("LISTEN", 0, 3, 4711));
    }

    #[test]
    fn own_sockets_are_found_with_both_ends() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(at) else { continue };
            let address = listener.local_addr().expect("an address");
            let connection = TcpStream::connect(address).expect("it listens");
            let found = sockets(Path::new("/proc/self"));
            let listens = found.iter().find(|socket| socket.local == address && socket.state == "LISTEN");
            assert_eq!(listens.map(|socket| socket.unread), Some(1), "{found:?}");
            let own = connection.local_addr().expect("an address");
            let of = |socket: &&TcpSocket| (socket.local, socket.remote) == (own, address);
            assert_eq!(found.iter().find(of).map(|socket| socket.state), Some("ESTAB"), "{found:?}");
        }
    }
}
