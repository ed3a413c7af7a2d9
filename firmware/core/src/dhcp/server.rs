//! A DHCP server for the tests, written from RFC 2131 and RFC 2132 with bytes of its own.

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// Address of the server.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// First bytes of the options (RFC 2131, section 3).
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Message types (RFC 2132, section 9.6).
pub const DISCOVER: u8 = 1;
pub const OFFER: u8 = 2;
pub const REQUEST: u8 = 3;
pub const ACK: u8 = 5;
pub const NAK: u8 = 6;

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub kind: u8,
    /// Source and destination of the packet.
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    /// The address that the client has already, or 0.0.0.0.
    pub client: Ipv4Addr,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    number: [u8; 4],
    mac: [u8; 6],
}

/// What the server does.
pub struct Server {
    /// The address that it grants.
    pub address: Ipv4Addr,
    /// Option 51, if it sends one.
    pub seconds: Option<u32>,
    /// Option 3, if it sends one.
    pub router: Option<Ipv4Addr>,
    /// It answers.
    pub is_on: bool,
    /// It offers nothing, and answers requests with a refusal.
    pub refuses: bool,
    /// Everything that was asked, with the microseconds of the clock.
    pub asked: Vec<(u64, Request)>,
}

fn address(bytes: &[u8]) -> Ipv4Addr {
    Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])
}

/// The sum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !((folded & 0xFFFF) + (folded >> 16)) as u16
}

/// Reads a frame; what is no request of DHCP gives none.
fn request(frame: &[u8]) -> Option<Request> {
    let is_udp = frame.len() > 282 && frame[12..14] == [8, 0] && frame[14] == 0x45 && frame[23] == 17;
    if !is_udp || frame[34..38] != [0, 68, 0, 67] {
        return None;
    }
    let message = &frame[42..];
    assert_eq!(message[..4], [1, 1, 6, 0], "a request over Ethernet");
    assert_eq!(message[236..240], COOKIE);
    let (mut kind, mut requested, mut rest) = (0, None, &message[240..]);
    while let [code, length, ..] = *rest
        && code != 255
    {
        let value = &rest[2..2 + usize::from(length)];
        match code {
            53 => kind = value[0],
            50 => requested = Some(address(value)),
            _ => {}
        }
        rest = &rest[2 + usize::from(length)..];
    }
    Some(Request {
        kind,
        source: address(&frame[26..]),
        destination: address(&frame[30..]),
        client: address(&message[12..]),
        requested,
        number: message[4..8].try_into().ok()?,
        mac: message[28..34].try_into().ok()?,
    })
}

impl Server {
    pub fn new(seconds: u32) -> Server {
        Server {
            address: Ipv4Addr::new(192, 0, 2, 20),
            seconds: Some(seconds),
            router: Some(SERVER),
            is_on: true,
            refuses: false,
            asked: vec![],
        }
    }

    /// Takes a frame; gives the answer.
    pub fn answer(&mut self, frame: &[u8], now: u64) -> Option<Vec<u8>> {
        let request = request(frame)?;
        self.asked.push((now, request.clone()));
        let kind = match request.kind {
            DISCOVER if self.refuses => return None,
            DISCOVER => OFFER,
            REQUEST if self.refuses => NAK,
            REQUEST => ACK,
            other => panic!("message type {other}"),
        };
        self.is_on.then(|| self.reply(kind, &request))
    }

    /// Makes the message of an answer.
    pub fn message(&self, kind: u8, request: &Request) -> Vec<u8> {
        let mut message = vec![0; 240];
        message[..4].copy_from_slice(&[2, 1, 6, 0]);
        message[4..8].copy_from_slice(&request.number);
        message[28..34].copy_from_slice(&request.mac);
        message[236..].copy_from_slice(&COOKIE);
        message.extend([53, 1, kind, 54, 4]);
        message.extend(SERVER.octets());
        if kind != NAK {
            message[16..20].copy_from_slice(&self.address.octets());
            message.extend([1, 4, 255, 255, 255, 0]);
            if let Some(seconds) = self.seconds {
                message.extend([51, 4]);
                message.extend(seconds.to_be_bytes());
            }
            if let Some(router) = self.router {
                message.extend([3, 4]);
                message.extend(router.octets());
            }
        }
        message.push(255);
        message
    }

    fn reply(&self, kind: u8, request: &Request) -> Vec<u8> {
        let mut udp = vec![0, 67, 0, 68, 0, 0, 0, 0];
        udp.extend(self.message(kind, request));
        let length = (udp.len() as u16).to_be_bytes();
        udp[4..6].copy_from_slice(&length);
        let destination = if kind == NAK { Ipv4Addr::BROADCAST } else { self.address };
        let mut pseudo = [SERVER.octets(), destination.octets()].concat();
        pseudo.extend([0, 17]);
        pseudo.extend(length);
        pseudo.extend(&udp);
        let sum = checksum(&pseudo).to_be_bytes();
        udp[6..8].copy_from_slice(&sum);

        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0];
        packet.extend(SERVER.octets());
        packet.extend(destination.octets());
        let total = (20 + udp.len() as u16).to_be_bytes();
        packet[2..4].copy_from_slice(&total);
        let sum = checksum(&packet).to_be_bytes();
        packet[10..12].copy_from_slice(&sum);

        let to = if kind == NAK { [255; 6] } else { request.mac };
        [to.as_slice(), &SERVER_MAC, &[8, 0], &packet, &udp].concat()
    }
}

/// Answers a request for the hardware address of the server (RFC 826).
pub fn resolve(frame: &[u8]) -> Option<Vec<u8>> {
    let is_question = frame[12..14] == [8, 6] && frame[20..22] == [0, 1] && address(&frame[38..]) == SERVER;
    is_question.then(|| {
        let head: &[u8] = &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2];
        [&frame[6..12], &SERVER_MAC, head, &SERVER_MAC, &SERVER.octets(), &frame[22..28], &frame[28..32]].concat()
    })
}
