mod containers;
mod laid_out_by_c;
mod resume;
mod sampling;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::mem::{offset_of, size_of};
use std::path::Path;

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Class;
use deltascope_abi::ring::{RING_HEADER_BYTES, RING_MAGIC, RING_VERSION, RingHeader, RingKind, RingRecord, flag};

use super::*;
use crate::event::{Event, OwnerId, OwnerKind, Owners, Unjudged, What, body_fingerprint};
use crate::sink::SinkError;

const RECORDS: u64 = 64;
const STRIDE: usize = RING_HEADER_BYTES + RECORDS as usize * 64;

/// A device made of a file: the rings as the module leaves them.
struct Fake {
    file: tempfile::NamedTempFile,
    bytes: Vec<u8>,
}

impl Fake {
    fn new(rings: u32) -> Fake {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut fake = Fake { file, bytes: vec![0; STRIDE * rings as usize] };
        for ring in 0..rings {
            fake.put(ring, offset_of!(RingHeader, magic), &RING_MAGIC.to_le_bytes());
            fake.put(ring, offset_of!(RingHeader, version), &RING_VERSION.to_le_bytes());
            fake.put(ring, offset_of!(RingHeader, record_bytes), &64u32.to_le_bytes());
            fake.put(ring, offset_of!(RingHeader, records), &(RECORDS as u32).to_le_bytes());
            fake.put(ring, offset_of!(RingHeader, cpu), &ring.to_le_bytes());
            fake.put(ring, offset_of!(RingHeader, rings), &rings.to_le_bytes());
            fake.put(ring, offset_of!(RingHeader, stride), &(STRIDE as u32).to_le_bytes());
        }
        fake
    }

    fn put(&mut self, ring: u32, offset: usize, bytes: &[u8]) {
        let at = ring as usize * STRIDE + offset;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn set(&mut self, ring: u32, offset: usize, value: u64) {
        self.put(ring, offset, &value.to_le_bytes());
    }

    fn get(&self, ring: u32, offset: usize) -> u64 {
        let at = ring as usize * STRIDE + offset;
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    /// Appends a record as the module does.
    fn produce(&mut self, ring: u32, record: RingRecord) {
        let head = self.get(ring, offset_of!(RingHeader, head));
        let slot = RING_HEADER_BYTES + (head % RECORDS) as usize * 64;
        let words = RingRecord { sequence: head, cpu: ring as u16, ..record }.to_words();
        for (word, value) in words.into_iter().enumerate() {
            self.set(ring, slot + 8 * word, value);
        }
        self.set(ring, offset_of!(RingHeader, head), head + 1);
        let count =
            if is_event(record.kind) { offset_of!(RingHeader, captured) } else { offset_of!(RingHeader, controls) };
        self.set(ring, count, self.get(ring, count) + 1);
    }

    /// Writes all of it over the file, tails as they are in the file.
    fn store(&self) {
        let mut file = File::options().write(true).open(self.file.path()).expect("the file");
        let mut at = 0;
        for ring in 0..self.bytes.len() / STRIDE {
            let tail = ring * STRIDE + offset_of!(RingHeader, tail);
            write_at(&mut file, &self.bytes[at..tail], at);
            at = tail + 8;
        }
        write_at(&mut file, &self.bytes[at..], at);
    }

    fn load_tail(&self, ring: u32) -> u64 {
        let bytes = std::fs::read(self.path()).expect("the file");
        let at = ring as usize * STRIDE + offset_of!(RingHeader, tail);
        u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    fn path(&self) -> &Path {
        self.file.path()
    }
}

fn write_at(file: &mut File, bytes: &[u8], at: usize) {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(at as u64)).expect("a file");
    file.write_all(bytes).expect("a file");
}

fn page(before: u32, after: u32, how: u16) -> RingRecord {
    let flags = how | flag::NO_CGROUP;
    RingRecord { kind: RingKind::Page as u16, flags, length: 4096, before, after, ..RingRecord::default() }
}

fn send(socket: u64, crc: u32, flags: u16) -> RingRecord {
    let flags = flags | flag::NO_CGROUP;
    RingRecord { kind: RingKind::Send as u16, flags, length: 100, key: socket, before: crc, ..RingRecord::default() }
}

fn control() -> RingRecord {
    RingRecord { kind: RingKind::Sampling as u16, ..RingRecord::default() }
}

/// Keeps everything, and has settled what the test sets.
#[derive(Default)]
struct Memory {
    owners: Owners,
    events: Vec<Event>,
    settled: Option<u64>,
    skipped: Vec<Event>,
    cursors: BTreeMap<u32, u64>,
}

impl Memory {
    fn cursors(&self) -> Vec<Cursor> {
        let all = self.cursors.iter();
        all.map(|(&unit, &position)| Cursor { source: crate::sources::cursor::KMOD, unit, position }).collect()
    }
}

impl Sink for Memory {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        self.events.push(event);
        Ok(())
    }

    fn event_at(&mut self, event: Event, cursor: Cursor) -> Result<(), SinkError> {
        self.cursor(cursor);
        self.event(event)
    }

    fn cursor(&mut self, cursor: Cursor) {
        self.cursors.insert(cursor.unit, cursor.position);
    }

    fn skip(&mut self, event: Event) -> Result<(), SinkError> {
        self.skipped.push(event);
        Ok(())
    }

    fn settled(&self) -> Option<u64> {
        self.settled
    }
}

fn law(source: &Kmod, memory: &Memory) {
    let given = memory.events.len() as u64;
    assert_eq!(source.captured(), given + source.in_flight() + source.losses().total());
}

#[test]
fn records_become_events_with_their_classes() {
    let mut fake = Fake::new(2);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    fake.produce(0, page(1, 1, flag::AFTER_T));
    fake.produce(1, page(2, 3, flag::AT_EXIT));
    fake.produce(1, control());
    fake.produce(1, page(4, 4, flag::UNJUDGED));
    fake.store();
    let mut memory = Memory::default();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    let whats: Vec<_> = memory.events.iter().map(|event| event.what).collect();
    assert_eq!(
        whats,
        [
            What::Page { class: Class::PageAfterT, before: 1, after: 1 },
            What::Page { class: Class::PageAtExit, before: 2, after: 3 },
            What::Page { class: Class::PageUnjudged, before: 4, after: 4 },
        ]
    );
    assert_eq!(source.captured(), 3);
    law(&source, &memory);
}

#[test]
fn equal_sends_match_and_unfinished_ones_never() {
    let fingerprint = |record: RingRecord| match events::event(&record, OwnerId(0)).map(|event| event.what) {
        Some(What::Send { fingerprint, .. }) => fingerprint,
        other => panic!("expected a send, found {other:?}"),
    };
    let first = fingerprint(send(7, 9, 0));
    assert_eq!(first, fingerprint(send(7, 9, flag::ENCRYPTED)));
    assert_eq!(first as u32, 9);
    assert_ne!(first >> 32, 0);
    assert_ne!(first, fingerprint(send(8, 9, 0)), "another socket");
    assert_ne!(first, fingerprint(RingRecord { length: 101, ..send(7, 9, 0) }), "another length");
    for bits in [flag::TRUNCATED, flag::PARTIAL] {
        let mut seen: Vec<_> =
            (0..1000).map(|sequence| fingerprint(RingRecord { sequence, ..send(7, 9, bits) })).collect();
        seen.push(first);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1001);
    }
}

#[test]
fn send_by_content_is_a_body_or_says_why_not() {
    let by_content = |length, head, flags| {
        let record = RingRecord { length, after: head, unit: 5, ..send(7, 9, flag::CONTENT | flags) };
        events::event(&record, OwnerId(3)).expect("an event")
    };
    let body = |length, head| {
        let fingerprint = body_fingerprint(9, length);
        Event { owner: OwnerId(3), length, what: What::Body { peer: 7, connection: 5, fingerprint, head } }
    };
    let unjudged = |length, why, head| Event { owner: OwnerId(3), length, what: What::Unjudged { why, head } };
    assert_eq!(by_content(100, 0, 0), body(100, 0));
    assert_eq!(by_content(100, 60, 0), body(40, 60));
    assert_eq!(by_content(60, 60, 0), unjudged(0, Unjudged::NoBody, 60));
    assert_eq!(by_content(100, 60, flag::PARTIAL), unjudged(40, Unjudged::Incomplete, 60));
    assert_eq!(by_content(100, 0, flag::TRUNCATED), unjudged(100, Unjudged::Incomplete, 0));
    assert_eq!(by_content(100, 0, flag::TRUNCATED | flag::ENCRYPTED), unjudged(100, Unjudged::Encrypted, 0));
    assert_eq!(by_content(60, 61, 0), unjudged(0, Unjudged::NoBody, 60), "a head is not longer than its send");
}

#[test]
fn sends_by_content_have_owners_of_their_own_and_a_law_of_bytes() {
    let mut fake = Fake::new(1);
    let content = |length, head| RingRecord { length, after: head, ..send(7, 9, flag::CONTENT) };
    // Found in the ring by a reader that comes later, and captured after it.
    fake.produce(0, content(10, 0));
    fake.set(0, offset_of!(RingHeader, content_bytes), 10);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    fake.produce(0, send(8, 9, 0));
    fake.produce(0, content(200, 150));
    fake.set(0, offset_of!(RingHeader, content_bytes), 1210);
    fake.set(0, offset_of!(RingHeader, content_bytes_lost), 1000);
    fake.store();
    let mut memory = Memory::default();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    let kinds: Vec<_> =
        memory.events.iter().map(|event| memory.owners.get(event.owner).expect("an owner").kind).collect();
    assert_eq!(kinds, [OwnerKind::Sends, OwnerKind::Container, OwnerKind::Sends]);
    let expected = PayloadBytes { seen: 1210, missing: 1000, ..PayloadBytes::default() };
    assert_eq!(source.payload(), Some(expected));
    law(&source, &memory);
}

#[test]
fn sends_of_all_rings_come_in_the_order_of_their_times() {
    let mut fake = Fake::new(3);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let mut memory = Memory::default();
    // The sender moves from CPU to CPU; pages are in between, with times of their own.
    for number in 1..=60u64 {
        let ring = (number * number % 3) as u32;
        fake.produce(ring, RingRecord { time_ns: number, ..send(7, number as u32, 0) });
        fake.produce(2, RingRecord { time_ns: 70 - number, ..page(1, 1, flag::AFTER_T) });
    }
    // A send of this very moment waits: an earlier one may still come.
    let late = RingRecord { time_ns: monotonic_ns() + 1_000_000_000, ..send(7, 61, 0) };
    fake.produce(0, late);
    fake.store();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    let sent: Vec<u32> = memory
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::Send { fingerprint, .. } => Some(fingerprint as u32),
            _ => None,
        })
        .collect();
    assert_eq!(sent, (1..=60).collect::<Vec<u32>>());
    assert_eq!((memory.events.len(), source.in_flight()), (120, 1));
    law(&source, &memory);
}

#[test]
fn the_tail_follows_what_is_settled() {
    let mut fake = Fake::new(1);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let mut memory = Memory { settled: Some(0), ..Memory::default() };
    for round in 1..=3 {
        for _ in 0..4 {
            fake.produce(0, page(1, 1, flag::AFTER_T));
        }
        fake.store();
        source.round(&mut memory, &mut |_| ()).expect("a round");
        assert_eq!(memory.events.len(), 4 * round);
        assert_eq!(fake.load_tail(0), 0, "nothing is settled");
    }
    // A batch is given back as a whole.
    for (settled, tail) in [(3, 0), (4, 4), (11, 8), (12, 12)] {
        memory.settled = Some(settled);
        source.round(&mut memory, &mut |_| ()).expect("a round");
        assert_eq!(fake.load_tail(0), tail);
    }
    law(&source, &memory);
}

#[test]
fn what_was_there_before_is_counted_once_and_earlier_losses_are_not() {
    let mut fake = Fake::new(2);
    for number in 0..70 {
        fake.produce(0, if number % 10 == 0 { control() } else { page(number, 0, flag::AFTER_T) });
    }
    fake.set(0, offset_of!(RingHeader, tail), 20);
    let lost = offset_of!(RingHeader, lost) + 8 * LossReason::Ring as usize;
    fake.set(1, lost, 5);
    fake.set(1, offset_of!(RingHeader, captured), 5);
    std::fs::write(fake.path(), &fake.bytes).expect("the file");
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let mut memory = Memory::default();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!(memory.events.len(), 45, "of records 20 to 69, five are no events");
    assert_eq!((source.captured(), source.losses()), (45, Losses::default()));
    law(&source, &memory);

    // Two more are captured and lost, and one waits for its judgement.
    fake.set(1, lost, 7);
    fake.set(1, offset_of!(RingHeader, captured), 8);
    fake.set(1, offset_of!(RingHeader, pending), 1);
    fake.store();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!((source.captured(), source.in_flight()), (48, 1));
    assert_eq!(source.losses().get(LossReason::Ring), 2);
    law(&source, &memory);
}

#[test]
fn a_page_captured_on_one_cpu_and_judged_on_another_is_counted_once() {
    let mut fake = Fake::new(2);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    fake.set(0, offset_of!(RingHeader, captured), 1);
    fake.set(0, offset_of!(RingHeader, pending), 1);
    fake.store();
    let mut memory = Memory::default();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!((source.captured(), source.in_flight()), (1, 1));
    fake.produce(1, page(1, 1, flag::AFTER_T));
    fake.set(1, offset_of!(RingHeader, captured), 0);
    fake.set(1, offset_of!(RingHeader, pending), u64::MAX);
    fake.store();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!((source.captured(), source.in_flight(), memory.events.len()), (1, 0, 1));
}

#[test]
fn a_wrong_tail_is_put_right() {
    for wrong in [1, 65, u64::MAX, 1 << 63] {
        let mut fake = Fake::new(1);
        fake.set(0, offset_of!(RingHeader, tail), wrong);
        std::fs::write(fake.path(), &fake.bytes).expect("the file");
        let source = Kmod::open_at(fake.path(), None).expect("rings");
        assert_eq!(fake.load_tail(0), 0, "tail {wrong}");
        assert_eq!((source.captured(), source.in_flight()), (0, 0));
    }
}

#[test]
fn other_layouts_are_refused_by_name() {
    let cases: [(usize, &[u8], &str); 7] = [
        (offset_of!(RingHeader, magic), &[0; 8], "magic"),
        (offset_of!(RingHeader, version), &[9, 0, 0, 0], "ring version"),
        (offset_of!(RingHeader, record_bytes), &[32, 0, 0, 0], "bytes of a record"),
        (offset_of!(RingHeader, records), &[63, 0, 0, 0], "ring size"),
        (offset_of!(RingHeader, rings), &[0; 4], "number of rings"),
        (offset_of!(RingHeader, stride), &[0; 4], "ring stride"),
        (STRIDE + offset_of!(RingHeader, cpu), &[7, 0, 0, 0], "CPU of a ring"),
    ];
    for (offset, bytes, name) in cases {
        let mut fake = Fake::new(2);
        fake.put(0, offset, bytes);
        std::fs::write(fake.path(), &fake.bytes).expect("the file");
        let error = Kmod::open_at(fake.path(), None).expect_err("another layout");
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

#[test]
fn a_ring_that_was_written_over_is_an_error() {
    let mut fake = Fake::new(1);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    fake.produce(0, page(1, 1, flag::AFTER_T));
    fake.set(0, RING_HEADER_BYTES, 77);
    fake.store();
    let error = source.round(&mut Memory::default(), &mut |_| ()).expect_err("another number");
    assert!(error.to_string().contains("expected record 0, found 77"), "{error}");
}

#[test]
fn counters_that_never_hold_still_are_an_error() {
    let mut fake = Fake::new(1);
    fake.set(0, offset_of!(RingHeader, generation), 1);
    fake.store();
    assert!(matches!(Kmod::open_at(fake.path(), None), Err(KmodError::Unsteady { ring: 0 })));
}

#[test]
fn no_device_says_what_to_do() {
    let error = Kmod::open_at(Path::new("/nonexistent/deltascope"), None).expect_err("no device");
    assert!(error.to_string().contains("load deltascope.ko"), "{error}");
    assert_eq!(size_of::<RingRecord>(), 64);
}
