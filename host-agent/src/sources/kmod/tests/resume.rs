//! A restart of the agent, with the same load of the module and with another one.

use super::*;
use crate::sources::agent_restart;

const LOST_RING: usize = offset_of!(RingHeader, lost) + 8 * LossReason::Ring as usize;

fn loaded(fake: &mut Fake, load_id: u64) {
    for ring in 0..2 {
        fake.set(ring, offset_of!(RingHeader, load_id), load_id);
    }
}

fn lose(fake: &mut Fake, ring: u32, events: u64) {
    for offset in [LOST_RING, offset_of!(RingHeader, captured)] {
        fake.set(ring, offset, fake.get(ring, offset) + events);
    }
}

fn work(fake: &mut Fake, sends: std::ops::Range<u32>) {
    for number in sends {
        let time_ns = u64::from(number);
        fake.produce(number % 2, RingRecord { time_ns, ..send(7, number, 0) });
        fake.produce(1, page(number, 0, flag::AFTER_T));
    }
    fake.store();
}

/// An agent that dies after its second round, of which the server has the first `accepted` events; and what the server
/// keeps of it.
fn first_agent(fake: &mut Fake) -> (u64, Vec<Cursor>) {
    lose(fake, 0, 9);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let mut memory = Memory { settled: Some(0), ..Memory::default() };
    work(fake, 1..6);
    lose(fake, 1, 2);
    fake.store();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    // This much was committed; the second round never reached the server.
    let kept = (memory.events.len() as u64, memory.cursors());
    work(fake, 6..11);
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!((source.captured(), memory.events.len()), (22, 20));
    kept
}

fn sent(events: &[Event]) -> Vec<u32> {
    let crcs = events.iter().filter_map(|event| match event.what {
        What::Send { fingerprint, .. } => Some(fingerprint as u32),
        _ => None,
    });
    crcs.collect()
}

#[test]
fn the_next_agent_gives_what_the_server_does_not_have_and_nothing_twice() {
    let mut fake = Fake::new(2);
    loaded(&mut fake, 1);
    let (counted, cursors) = first_agent(&mut fake);
    // No agent reads meanwhile.
    work(&mut fake, 11..14);
    lose(&mut fake, 0, 3);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let mut memory = Memory { settled: Some(0), ..Memory::default() };
    source.resume(&cursors, &mut memory).expect("the same rings");
    assert_eq!(sent(&memory.skipped), [1, 2, 3, 4, 5], "the server's contexts hold what these left");
    assert_eq!((source.captured(), source.in_flight()), (10 + 16 + 5, 16));
    assert_eq!(source.losses().get(LossReason::Ring), 5);
    assert_eq!(agent_restart(&source, counted, 0).expect("a part"), 0);
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!(sent(&memory.events), (6..14).collect::<Vec<u32>>());
    assert_eq!((memory.events.len(), source.in_flight()), (16, 0));
    assert_eq!(source.captured(), counted + 16 + source.losses().total());
}

#[test]
fn what_another_reader_took_is_lost_by_the_restart() {
    let mut fake = Fake::new(2);
    loaded(&mut fake, 1);
    let (counted, cursors) = first_agent(&mut fake);
    // All of ring 0, five sends, is gone; two of them were counted.
    let head = fake.get(0, offset_of!(RingHeader, head));
    fake.set(0, offset_of!(RingHeader, tail), head);
    std::fs::write(fake.path(), &fake.bytes).expect("the file");
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    source.resume(&cursors, &mut Memory::default()).expect("the same rings");
    assert_eq!(source.in_flight(), 7);
    assert_eq!(agent_restart(&source, counted, 0).expect("a part"), 3);
}

#[test]
fn a_module_that_was_loaded_anew_takes_with_it_what_was_not_counted() {
    let mut fake = Fake::new(2);
    loaded(&mut fake, 1);
    // One page waits for its judgement, and will never have it.
    fake.set(0, offset_of!(RingHeader, captured), 1);
    fake.set(0, offset_of!(RingHeader, pending), 1);
    let mut first = Kmod::open_at(
        {
            fake.store();
            fake.path()
        },
        None,
    )
    .expect("rings");
    let mut memory = Memory { settled: Some(0), ..Memory::default() };
    work(&mut fake, 1..6);
    lose(&mut fake, 1, 2);
    fake.store();
    first.round(&mut memory, &mut |_| ()).expect("a round");
    let (counted, cursors) = (memory.events.len() as u64, memory.cursors());

    let mut fake = Fake::new(2);
    loaded(&mut fake, 2);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    source.resume(&cursors, &mut Memory::default()).expect("another load");
    assert_eq!((source.captured(), source.in_flight()), (13, 0));
    assert_eq!(agent_restart(&source, counted, 0).expect("a part"), 1, "the page that waited");
    let mut memory = Memory::default();
    work(&mut fake, 1..3);
    lose(&mut fake, 0, 4);
    fake.store();
    source.round(&mut memory, &mut |_| ()).expect("a round");
    assert_eq!((memory.events.len(), source.losses().get(LossReason::Ring)), (4, 6));
    assert_eq!(source.captured(), counted + 4 + source.losses().total() + 1);
}

#[test]
fn a_ring_that_is_behind_its_cursor_is_refused() {
    let mut fake = Fake::new(2);
    loaded(&mut fake, 1);
    let (_, mut cursors) = first_agent(&mut fake);
    let ring = cursors.iter_mut().find(|cursor| cursor.unit == 1).expect("a cursor of ring 1");
    ring.position = 1_000;
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let error = source.resume(&cursors, &mut Memory::default()).expect_err("more than there is");
    assert!(error.to_string().contains("expected 1000 or more, found 15"), "{error}");
}

#[test]
fn an_agent_before_that_never_had_a_round_leaves_nothing_to_go_on_from() {
    let mut fake = Fake::new(2);
    work(&mut fake, 1..3);
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    source.resume(&[], &mut Memory::default()).expect("nothing to do");
    assert_eq!((source.captured(), source.in_flight()), (4, 4));
}

#[test]
fn skipped_bodies_leave_no_context_and_no_law_of_bytes() {
    let mut fake = Fake::new(2);
    loaded(&mut fake, 1);
    fake.store();
    let mut first = Kmod::open_at(fake.path(), None).expect("rings");
    let mut memory = Memory { settled: Some(0), ..Memory::default() };
    fake.produce(0, send(7, 9, flag::CONTENT));
    fake.set(0, offset_of!(RingHeader, content_bytes), 100);
    fake.store();
    first.round(&mut memory, &mut |_| ()).expect("a round");
    assert!(first.payload().is_some());
    drop(first);
    let mut second = Kmod::open_at(fake.path(), None).expect("rings");
    let mut resumed = Memory::default();
    second.resume(&memory.cursors(), &mut resumed).expect("the same rings");
    second.round(&mut resumed, &mut |_| ()).expect("a round");
    assert_eq!((memory.events.len(), resumed.events.len(), resumed.skipped.len()), (1, 0, 0));
    assert_eq!(second.payload(), None, "the heads of what the agent before counted are not known");
}
