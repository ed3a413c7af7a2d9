//! The reader over a ring that a C program laid out by the header of the module. `abi/tests/ring_layout.rs` makes the
//! file again from `abi/tests/fixtures/ring.c`, which has the values.

use super::super::map::Rings;
use super::*;

const RING: &[u8] = include_bytes!("../../../../../abi/tests/fixtures/ring.bin");

fn ring() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(RING).expect("a ring");
    file
}

#[test]
fn records_have_the_fields_that_c_gave_them() {
    let file = ring();
    let rings = Rings::open(file.path()).expect("rings");
    let page = rings.record(0, 0);
    assert_eq!((page.sequence, page.time_ns, page.cgroup), (0, 0x1000_0001, 0x2000_0000_0000_0002));
    assert_eq!((page.key, page.length, page.tgid), (0x3000_0000_0000_0003, 4096, 0x7000_0007));
    assert_eq!((page.before, page.after), (0x5000_0005, 0x6000_0006));
    assert_eq!((page.kind, page.flags, page.cpu), (RingKind::Page as u16, flag::AT_EXIT, 0x0A0B));
    assert_eq!(page.judged_ms, 0x0C0D);
    assert_eq!(page.unit, 0x9000_0000_0000_0009);
    assert_eq!(rings.kind_and_time(0, 1), (RingKind::Send as u16, 0x1000_0011));
}

#[test]
fn counters_are_those_that_c_gave_them() {
    let file = ring();
    let counters = Rings::open(file.path()).expect("rings").counters().expect("counters");
    assert_eq!((counters.captured, counters.head, counters.controls, counters.pending), (14, 5, 2, 1));
    assert_eq!((counters.lost.get(LossReason::Ring), counters.lost.get(LossReason::Sampled)), (4, 6));
    assert_eq!(counters.lost.total(), 10);
    assert_eq!((counters.sampled_sends, counters.sampled_send_bytes), (5, 777));
    assert_eq!((counters.content_bytes, counters.content_bytes_lost), (3700, 380));
}

#[test]
fn events_have_the_fingerprints_that_c_gave_them() {
    let file = ring();
    let mut source = Kmod::open_at(file.path(), None).expect("rings");
    let mut memory = Memory::default();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    let page = What::Page { class: Class::PageAtExit, before: 0x5000_0005, after: 0x6000_0006 };
    assert_eq!((memory.events[0].what, memory.events[0].length), (page, 4096));
    assert_eq!(memory.events[1].length, 1400);
    let (peer, connection) = (0x3000_0000_0000_0043, 0x9000_0000_0000_0049);
    let body = What::Body { peer, connection, fingerprint: body_fingerprint(0x5000_0045, 100), head: 233 };
    assert_eq!((memory.events[2].what, memory.events[2].length), (body, 100));
    assert_eq!(memory.events.len(), 3);
}
