use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;

use crc32c::crc32c;
use proptest::prelude::*;

use super::*;
use crate::event::Unjudged;
use crate::sources::{Pcap, Round, Source};

const SERVER: ([u8; 4], u16) = ([10, 0, 0, 1], 80);
const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 2], 40_000);

const PUSH: u8 = 8;
const SYN: u8 = 2;
const FIN: u8 = 1;

/// A packet of IPv4 and TCP, by RFC 791 and RFC 9293, without checksums.
fn packet(from: ([u8; 4], u16), to: ([u8; 4], u16), sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend((40 + payload.len() as u16).to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend(from.0);
    bytes.extend(to.0);
    bytes.extend(from.1.to_be_bytes());
    bytes.extend(to.1.to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend([0x50, flags | 0x10, 0xFF, 0xFF, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// The messages and bytes of some packets.
fn read(packets: &[Vec<u8>]) -> (Vec<Message>, PayloadBytes) {
    let (mut flows, mut messages) = (Flows::default(), Vec::new());
    for packet in packets {
        if let Parsed::Segment(segment) = parse(Link::Ip, packet) {
            flows.take(&segment, &mut |sent| messages.push(sent.message));
        }
    }
    flows.finish(&mut |sent| messages.push(sent.message));
    (messages, flows.payload())
}

fn law(messages: &[Message], bytes: &PayloadBytes) {
    let given: u64 = messages.iter().map(|one| u64::from(one.head) + u64::from(one.length)).sum();
    assert_eq!(bytes.seen, bytes.again + bytes.missing + bytes.in_flight + given, "{bytes:?}");
}

/// The bytes of a server, in segments that end where the writes end.
fn segments(writes: &[Vec<u8>], longest: usize) -> Vec<Vec<u8>> {
    let (mut sequence, mut packets) = (u32::MAX - 900, Vec::new());
    packets.push(packet(SERVER, CLIENT, sequence, SYN, &[]));
    sequence = sequence.wrapping_add(1);
    for write in writes {
        let mut parts = write.chunks(longest).peekable();
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_none() { PUSH } else { 0 };
            packets.push(packet(SERVER, CLIENT, sequence, flags, part));
            sequence = sequence.wrapping_add(part.len() as u32);
        }
    }
    packets.push(packet(SERVER, CLIENT, sequence, FIN, &[]));
    packets
}

fn body(messages: &[Message]) -> Vec<(u32, u32)> {
    messages.iter().filter(|one| one.why.is_none()).map(|one| (one.length, one.crc)).collect()
}

proptest! {
    /// What is sent again, late or in another order changes no message, and is counted for what it is.
    #[test]
    fn segments_in_any_order_give_each_write_once(
        writes in prop::collection::vec(prop::collection::vec(any::<u8>().prop_map(|byte| byte | 0x80), 1..400), 1..30),
        longest in 1usize..150,
        swaps in prop::collection::vec((any::<prop::sample::Index>(), 0usize..5), 0..30),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut packets = segments(&writes, longest);
        let expected: Vec<_> = writes.iter().map(|write| (write.len() as u32, crc32c(write))).collect();
        let count = packets.len();
        // Between SYN and FIN, each one at most a few places later.
        for (at, by) in swaps {
            let at = 1 + at.index(count - 2);
            packets.swap(at, (at + by).min(count - 2));
        }
        let mut planted = 0;
        let mut segments = 0;
        for at in again {
            let copy = packets[1 + at.index(count - 2)].clone();
            planted += copy.len() as u64 - 40;
            segments += 1;
            // Behind everything, also behind the end of the connection.
            packets.push(copy);
        }
        let (messages, bytes) = read(&packets);
        law(&messages, &bytes);
        prop_assert_eq!(body(&messages), expected);
        prop_assert_eq!((bytes.again, bytes.again_segments, bytes.missing), (planted, segments, 0));
    }

    /// However responses are cut into segments and chunks, and whatever their heads say, the bodies are the same.
    #[test]
    fn bodies_of_responses_do_not_depend_on_heads_and_cuts(
        responses in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), any::<u32>(), 0u8..4), 1..12),
        longest in 1usize..120,
        two_writes: bool,
    ) {
        let (mut writes, mut expected, mut heads) = (Vec::new(), Vec::new(), 0);
        for (body, date, kind) in &responses {
            let mut head = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\n").into_bytes();
            let mut framed = body.clone();
            if *kind == 0 {
                head.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                framed.clear();
                for chunk in body.chunks(1 + *date as usize % 50) {
                    framed.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                    framed.extend(chunk);
                    framed.extend(b"\r\n");
                }
                framed.extend(b"0\r\n\r\n");
            } else {
                head.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
            }
            // A body that looks like a head would be taken for the answer to HEAD.
            prop_assume!(!body.starts_with(b"HTTP/1."));
            heads += (head.len() + framed.len() - body.len()) as u64;
            if !body.is_empty() {
                expected.push((body.len() as u32, crc32c(body)));
            }
            if two_writes {
                writes.extend([head, framed].into_iter().filter(|write| !write.is_empty()));
            } else {
                writes.push([head, framed].concat());
            }
        }
        let (messages, bytes) = read(&segments(&writes, longest));
        law(&messages, &bytes);
        prop_assert_eq!(messages.len(), responses.len());
        prop_assert_eq!(body(&messages), expected);
        prop_assert_eq!(messages.iter().map(|one| u64::from(one.head)).sum::<u64>(), heads);
    }

    /// Any bytes, cuts and gaps: nothing panics, and every byte is in one message.
    #[test]
    fn any_bytes_are_in_one_message(
        steps in prop::collection::vec(
            (0u8..12, prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                prop::sample::select(vec![
                    &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\n", b"\r\n\r\n",
                    b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nabcde\r\n", b"0\r\n\r\n", b"\x17\x03\x03\x00\x05",
                    b"Content-Length: 18446744073709551615\r\n\r\n", b"ffffffffffffffff\r\n",
                ]).prop_map(<[u8]>::to_vec),
            ]),
            0..40,
        ),
    ) {
        let (mut messages, mut pushed, mut given) = (Messages::default(), 0, 0);
        for (step, bytes) in steps {
            match step {
                0 => messages.boundary(),
                1 => messages.gap(bytes.len() as u64 + 1),
                2 => messages.finish(),
                _ => {
                    messages.push(&bytes);
                    pushed += bytes.len() as u64;
                }
            }
            given += messages.take().map(|one| u64::from(one.head) + u64::from(one.length)).sum::<u64>();
            prop_assert_eq!(given + messages.held_bytes(), pushed);
        }
    }

    #[test]
    fn any_packet_is_read_without_a_panic(
        link in prop::sample::select(vec![Link::Ethernet, Link::Ip, Link::Loopback, Link::Cooked, Link::Cooked2]),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut flows = Flows::new(3);
        let mut whole = packet(SERVER, CLIENT, 7, PUSH, &bytes);
        let place = at.index(whole.len());
        whole[place] ^= bytes.first().copied().unwrap_or(1);
        for packet in [&bytes[..], &whole, &whole[..cut.index(whole.len())]] {
            if let Parsed::Segment(segment) = parse(link, packet) {
                flows.take(&segment, &mut |_| ());
            }
        }
        flows.finish(&mut |_| ());
    }
}

#[test]
fn what_is_encrypted_cut_or_missing_is_not_judged() {
    let why = |writes: &[&[u8]]| -> Vec<_> {
        let writes: Vec<Vec<u8>> = writes.iter().map(|write| write.to_vec()).collect();
        read(&segments(&writes, 1_000)).0.iter().map(|one| (one.why, one.head, one.length)).collect()
    };
    let tls = [&[23, 3, 3, 0, 9][..], &[7; 9]].concat();
    assert_eq!(why(&[&tls, &tls]), [(Some(Unjudged::Encrypted), 0, 14); 2]);
    assert_eq!(why(&[b"HTTP/1.1 304 Not Modified\r\n\r\n"]), [(Some(Unjudged::NoBody), 29, 0)]);
    // The answer to HEAD has the head of a body and none; the next one follows.
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let next = [&head[..], b"123456789"].concat();
    assert_eq!(why(&[head, &next]), [(Some(Unjudged::NoBody), 38, 0), (None, 38, 9)]);
    // A packet that was cut when it was captured, and one that was not captured.
    let mut packets = segments(&[vec![200; 500], vec![201; 500], vec![202; 500]], 1_000);
    packets[1].truncate(100);
    packets.remove(2);
    let (messages, bytes) = read(&packets);
    law(&messages, &bytes);
    let found: Vec<_> = messages.iter().map(|one| (one.why, one.length)).collect();
    assert_eq!(found, [(Some(Unjudged::Incomplete), 60), (Some(Unjudged::Incomplete), 500)]);
    assert_eq!((bytes.missing, bytes.again, bytes.in_flight), (440 + 500, 0, 0));
}

/// BIG TCP: IPv4 with a length of 0; IPv6 too, with the length in a jumbo payload option or without it (RFC 2675).
#[test]
fn packets_with_a_length_of_zero_are_as_long_as_they_are() {
    let payload = vec![200; 70_000];
    let whole = packet(SERVER, CLIENT, 7, PUSH, &[]);
    let ipv4 = [&whole[..2], &[0, 0], &whole[4..], &payload].concat();
    let ipv6 = |next: u8, options: &[u8]| {
        [&[0x60, 0, 0, 0, 0, 0, next, 64], &[1; 32][..], options, &whole[20..], &payload].concat()
    };
    let jumbo = [&[6, 0, 0xC2, 4][..], &70_028u32.to_be_bytes()].concat();
    for packet in [ipv4, ipv6(6, &[]), ipv6(0, &jumbo)] {
        let Parsed::Segment(segment) = parse(Link::Ip, &packet) else { panic!("a segment") };
        assert_eq!((segment.payload.len(), segment.cut, segment.push), (70_000, 0, true));
    }
}

#[test]
fn new_connection_with_old_numbers_begins_again() {
    let once = segments(&[vec![200; 100]], 1_000);
    let (messages, bytes) = read(&[&once[..], &once].concat());
    assert_eq!((messages.len(), bytes.again), (2, 0), "each begins with a SYN");
    let (messages, bytes) = read(&[&once[..], &once[1..]].concat());
    assert_eq!((messages.len(), bytes.again), (1, 100), "the second one is sent again");
}

/// What passes a second interface has been taken, also where it waits for what a full ring has dropped.
#[test]
fn segments_are_known_once_they_were_taken() {
    let packets = segments(&[vec![200; 100], vec![201; 100], vec![202; 100]], 1_000);
    let mut flows = Flows::default();
    let mut taken = [true, false, true, false];
    for (packet, taken) in packets.iter().zip(&mut taken) {
        let Parsed::Segment(segment) = parse(Link::Ip, packet) else { panic!("a segment") };
        assert_eq!((flows.has_taken(&segment), flows.begins_again(&segment)), (false, false));
        if std::mem::replace(taken, !*taken) {
            flows.take(&segment, &mut |_| ());
            assert!(flows.has_taken(&segment));
        }
    }
    for (packet, left) in packets.iter().zip(taken) {
        let Parsed::Segment(segment) = parse(Link::Ip, packet) else { panic!("a segment") };
        assert_eq!(flows.has_taken(&segment), !left, "{segment:?}");
        assert_eq!(flows.begins_again(&segment), segment.syn, "there is payload behind the SYN");
    }
}

#[test]
fn directions_beyond_the_limit_are_ended() {
    let (mut flows, mut sent) = (Flows::new(2), Vec::new());
    for port in 1..=4u16 {
        let packet = packet((CLIENT.0, port), SERVER, 1, 0, b"\x80held");
        let Parsed::Segment(segment) = parse(Link::Ip, &packet) else { panic!("a segment") };
        flows.take(&segment, &mut |one| sent.push(one.local.port()));
    }
    assert_eq!(sent, [1, 2]);
    assert_eq!((flows.payload().seen, flows.payload().in_flight), (20, 10));
}

/// A file as tcpdump writes it (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html>).
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [0xA1B2_C3D4u32, 2 | 4 << 16, 0, 0, 262_144, 101] {
        bytes.extend(word.to_le_bytes());
    }
    for packet in packets {
        for word in [0, 0, packet.len() as u32, packet.len() as u32] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(packet);
    }
    bytes
}

/// The same packets as pcapng (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html>).
fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = (12 + body.len() as u32).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let mut bytes = block(0x0A0D_0D0A, &[&0x1A2B_3C4Du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xFF; 8]].concat());
    bytes.extend(block(1, &[101, 0, 0, 0, 0, 0, 4, 0]));
    for packet in packets {
        let length = (packet.len() as u32).to_le_bytes();
        let padding = vec![0; packet.len().next_multiple_of(4) - packet.len()];
        bytes.extend(block(6, &[&[0; 12][..], &length, &length, packet, &padding].concat()));
    }
    bytes
}

/// What a file gives: lengths of bodies by sender, or the error.
fn file(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u32>>, String> {
    use crate::recording::{Item, Reader, Writer};
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("ours");
    let mut source = Pcap::open(file.path(), AddressNames::default()).map_err(|error| error.to_string())?;
    let path = std::path::Path::new("in memory");
    let mut writer = Writer::new(path, Vec::new()).expect("memory takes it");
    while source.round(&mut writer, &mut |_| ()).map_err(|error| error.to_string())? == Round::More {}
    let payload = source.payload().expect("it sees a network");
    assert_eq!((source.in_flight(), payload.in_flight, source.captured()), (0, 0, writer.events()));
    let bytes = writer.finish(source.captured(), &source.losses()).expect("the law holds");
    let mut reader = Reader::new(path, &bytes[..]).expect("a recording");
    let (mut owners, mut found) = (Vec::new(), BTreeMap::<String, Vec<u32>>::new());
    while let Some(item) = reader.next_item().expect("a recording") {
        match item {
            Item::Owner(_, name) => owners.push(name),
            Item::Event(event) => found.entry(owners[event.owner.0 as usize].clone()).or_default().push(event.length),
            _ => {}
        }
    }
    Ok(found)
}

#[test]
fn both_kinds_of_files_give_the_same() {
    let mut packets = segments(&[vec![200; 100], vec![201; 50]], 30);
    packets.push(packet(CLIENT, SERVER, 1, PUSH, b"\x80request"));
    let expected = BTreeMap::from([("10.0.0.1:80".to_owned(), vec![100, 50]), ("10.0.0.2".to_owned(), vec![8])]);
    assert_eq!(file(&pcap(&packets)), Ok(expected.clone()));
    assert_eq!(file(&pcapng(&packets)), Ok(expected));
    let mut other = pcap(&packets);
    other[20] = 105;
    let error = file(&other).expect_err("IEEE 802.11");
    assert!(error.contains("link type") && error.contains("found 105"), "{error}");
    assert!(file(b"").expect_err("empty").contains("an empty file"));
    assert!(file(b"no packets in here, only some text").expect_err("text").contains("give a pcap or pcapng file"));
    let address: SocketAddr = "10.0.0.1:80".parse().expect("an address");
    assert_eq!(AddressNames::default().name(address, false), "10.0.0.1:80");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    /// A file that was cut within a packet is an error; one with any other damage is one or gives something.
    #[test]
    fn damaged_files_are_errors_and_no_panics(
        ng: bool,
        cut in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let packets = segments(&[vec![200; 100], vec![201; 50]], 30);
        let bytes = if ng { pcapng(&packets) } else { pcap(&packets) };
        let cut = cut.index(bytes.len());
        let whole: Vec<usize> = (0..=packets.len())
            .map(|count| if ng { pcapng(&packets[..count]).len() } else { pcap(&packets[..count]).len() })
            .collect();
        let found = file(&bytes[..cut]);
        // Between the two first blocks of pcapng there is no packet yet.
        prop_assert!(found.is_err() || whole.contains(&cut) || (ng && cut < whole[0]), "{} {:?}", cut, found);
        let mut damaged = bytes.clone();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            damaged[at] ^= value;
        }
        _ = file(&damaged);
        _ = file(&[&bytes[..whole[0]], &noise].concat());
        _ = file(&noise);
    }
}
