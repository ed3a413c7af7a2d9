//! One packet of a link to a segment of TCP.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// Kinds of links, by their numbers in files (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Ethernet, with or without VLAN tags: 1.
    Ethernet,
    /// IPv4 or IPv6 without a header of the link: 12, 14, 101, 228, 229.
    Ip,
    /// The loopback of BSD, four bytes before IP: 0, 108.
    Loopback,
    /// "Any" of Linux: 113.
    Cooked,
    /// "Any" of Linux, second version: 276.
    Cooked2,
}

impl Link {
    /// The link with this number, if it is one of these.
    pub fn from_number(number: i32) -> Option<Link> {
        Some(match number {
            1 => Link::Ethernet,
            12 | 14 | 101 | 228 | 229 => Link::Ip,
            0 | 108 => Link::Loopback,
            113 => Link::Cooked,
            276 => Link::Cooked2,
            _ => return None,
        })
    }
}

/// A segment of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// Who receives it.
    pub destination: SocketAddr,
    /// Number of its first byte, or of SYN.
    pub sequence: u32,
    /// It begins a connection.
    pub syn: bool,
    /// With an acknowledgement: it is no first SYN.
    pub ack: bool,
    /// The sender ends, with FIN or RST.
    pub end: bool,
    /// At once, with RST.
    pub reset: bool,
    /// The sender had no more to send at the moment.
    pub push: bool,
    /// Payload as far as it was captured.
    pub payload: &'a [u8],
    /// Bytes of payload behind that were not captured.
    pub cut: u32,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A segment of TCP that this host sent, or whose sender the link does not report.
    Segment(Segment<'a>),
    /// One that this host received: on a link that reports it, and not a send of this host.
    Received,
    /// Something else, or not enough of it.
    Other,
}

/// `sll_pkttype` of packets that this host sends, see packet(7).
const OUTGOING: u16 = 4;

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads the headers of a packet as far as they are there.
pub fn parse(link: Link, packet: &[u8]) -> Parsed<'_> {
    let (kind, parsed) = match link {
        Link::Ethernet => (OUTGOING, LaxSlicedPacket::from_ethernet(packet).ok()),
        Link::Ip => (OUTGOING, LaxSlicedPacket::from_ip(packet).ok()),
        Link::Loopback => (OUTGOING, packet.get(4..).and_then(|packet| LaxSlicedPacket::from_ip(packet).ok())),
        Link::Cooked => (number(packet, 0).unwrap_or(0), behind(packet, 14, 16)),
        Link::Cooked2 => (packet.get(10).copied().unwrap_or(0).into(), behind(packet, 0, 20)),
    };
    let Some(segment) = parsed.as_ref().and_then(segment) else { return Parsed::Other };
    if kind == OUTGOING { Parsed::Segment(segment) } else { Parsed::Received }
}

/// The packet behind a header of `length` bytes with the protocol at offset `at`.
fn behind(packet: &[u8], at: usize, length: usize) -> Option<LaxSlicedPacket<'_>> {
    let protocol = EtherType(number(packet, at)?);
    Some(LaxSlicedPacket::from_ether_type(protocol, packet.get(length..)?))
}

fn segment<'a>(packet: &LaxSlicedPacket<'a>) -> Option<Segment<'a>> {
    let (source, destination, declared, found): (IpAddr, IpAddr, usize, usize) = match packet.net.as_ref()? {
        LaxNetSlice::Ipv4(ip) => {
            let (header, payload) = (ip.header(), ip.payload());
            if payload.fragmented {
                return None;
            }
            let found = header.slice().len() + payload.payload.len();
            (header.source_addr().into(), header.destination_addr().into(), header.total_len().into(), found)
        }
        LaxNetSlice::Ipv6(ip) => {
            let (header, payload) = (ip.header(), ip.payload());
            if payload.fragmented {
                return None;
            }
            let found = ip.extensions().slice().len() + payload.payload.len();
            (header.source_addr().into(), header.destination_addr().into(), header.payload_length().into(), found)
        }
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { return None };
    Some(Segment {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        ack: tcp.ack(),
        end: tcp.fin() || tcp.rst(),
        reset: tcp.rst(),
        push: tcp.psh(),
        payload: tcp.payload(),
        // A length of 0 is that of a packet of more than 65,535 bytes, which is as long as what was captured.
        cut: declared.saturating_sub(found) as u32,
    })
}
