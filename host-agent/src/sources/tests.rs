use std::io::Cursor;
use std::path::Path;

use deltascope_abi::loss::{LossReason, Losses};
use proptest::prelude::*;

use super::*;
use crate::event::{Event, OwnerId, OwnerKind, Owners, What};
use crate::recording::{Reader, Writer};

/// Keeps everything; refuses the event with a given number.
#[derive(Default)]
struct Memory {
    owners: Owners,
    events: Vec<Event>,
    refuse: Option<usize>,
}

impl Sink for Memory {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        if self.refuse == Some(self.events.len()) {
            return Err(SinkError::Owner { expected: 0, found: 0 });
        }
        self.events.push(event);
        Ok(())
    }
}

impl Memory {
    fn names(&self) -> Vec<(OwnerKind, String)> {
        self.owners.iter().map(|(_, owner)| (owner.kind, owner.name.to_string())).collect()
    }
}

fn drain(source: &mut dyn Source, memory: &mut Memory) -> Result<(), SourceError> {
    while source.round(memory, &mut |_| ())? == Round::More {}
    Ok(())
}

fn synth(seed: u64, events: u64) -> (Memory, Synth) {
    let mut memory = Memory::default();
    let mut source = Synth::new(SynthConfig { seed, events, ..SynthConfig::default() });
    drain(&mut source, &mut memory).expect("memory takes everything");
    (memory, source)
}

#[test]
fn a_seed_gives_the_same_events_and_another_one_others() {
    let (first, source) = synth(7, 40_000);
    assert_eq!(first.events.len(), 40_000);
    assert_eq!(source.captured(), 40_000);
    assert_eq!(first.events, synth(7, 40_000).0.events);
    assert_ne!(first.events, synth(8, 40_000).0.events);
}

#[test]
fn the_shares_are_those_asked_for() {
    let mut memory = Memory::default();
    let config = SynthConfig { events: 50_000, sends_percent: 20, redundant_percent: 60, ..SynthConfig::default() };
    drain(&mut Synth::new(config), &mut memory).expect("memory takes everything");
    let pages: Vec<_> = memory
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::Page { before, after, .. } => Some(before == after),
            _ => None,
        })
        .collect();
    let redundant = pages.iter().filter(|&&same| same).count();
    // Four standard deviations of a binomial share of 50,000.
    assert!((39_600..40_400).contains(&pages.len()), "{} pages", pages.len());
    assert!((pages.len() as f64 * 0.59..pages.len() as f64 * 0.61).contains(&(redundant as f64)), "{redundant}");
}

#[test]
fn a_send_names_its_socket_and_length_in_the_upper_half() {
    let (memory, _) = synth(3, 20_000);
    for event in &memory.events {
        if let What::Send { fingerprint, .. } = event.what {
            assert_ne!(fingerprint >> 32, 0);
        }
        assert_eq!(event.record_length(), event.length, "no record cuts it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    /// A recording plays back what was recorded, with names, and the law holds with the losses in it.
    #[test]
    fn a_replay_gives_what_was_recorded(seed: u64, events in 1u64..40_000, ring in 0u64..10) {
        let mut writer = Writer::new(Path::new("memory"), Vec::new()).expect("memory takes it");
        let mut source = Synth::new(SynthConfig { seed, events, ..SynthConfig::default() });
        while source.round(&mut writer, &mut |_| ()).expect("memory takes it") == Round::More {}
        let mut losses = Losses::default();
        losses.add(LossReason::Ring, ring);
        let bytes = writer.finish(events + ring, &losses).expect("memory takes it");

        let mut replay = Replay::new(Reader::new(Path::new("memory"), Cursor::new(bytes)).expect("a recording"));
        let mut memory = Memory::default();
        drain(&mut replay, &mut memory).expect("memory takes everything");
        let (reference, _) = synth(seed, events);
        prop_assert_eq!(&memory.events, &reference.events);
        prop_assert_eq!(memory.names(), reference.names());
        prop_assert_eq!(replay.captured(), events + ring);
        prop_assert_eq!(replay.losses(), losses);
    }
}

#[test]
fn a_replayed_scan_keeps_the_kind_of_its_owners() {
    let mut writer = Writer::new(Path::new("memory"), Vec::new()).expect("memory takes it");
    for (kind, name) in [(OwnerKind::Scanned, "web"), (OwnerKind::Region, "heap")] {
        writer.owner(kind, name).expect("memory takes it");
    }
    let bytes = writer.finish(0, &Losses::default()).expect("memory takes it");
    let mut memory = Memory::default();
    let mut replay = Replay::new(Reader::new(Path::new("memory"), Cursor::new(bytes)).expect("a recording"));
    drain(&mut replay, &mut memory).expect("memory takes everything");
    assert_eq!(memory.names(), [(OwnerKind::Scanned, "web".into()), (OwnerKind::Region, "heap".into())]);
}

#[test]
fn an_event_that_the_sink_refused_was_captured() {
    let mut memory = Memory { refuse: Some(100), ..Memory::default() };
    let mut source = Synth::new(SynthConfig::default());
    let error = drain(&mut source, &mut memory).expect_err("the sink refuses");
    assert!(matches!(error, SourceError::Sink(_)));
    assert_eq!((source.captured(), memory.events.len()), (101, 100));
}

/// Takes events from one number on and remembers what was skipped and the place of each event.
#[derive(Default)]
struct Marked {
    memory: Memory,
    skipped: Vec<Event>,
    cursors: Vec<deltascope_protocol::frame::Cursor>,
}

impl Sink for Marked {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        self.memory.owner(kind, name)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        self.memory.event(event)
    }

    fn event_at(&mut self, event: Event, cursor: deltascope_protocol::frame::Cursor) -> Result<(), SinkError> {
        self.memory.event(event)?;
        self.cursor(cursor);
        Ok(())
    }

    fn cursor(&mut self, cursor: deltascope_protocol::frame::Cursor) {
        self.cursors.retain(|known| known.unit != cursor.unit);
        self.cursors.push(cursor);
    }

    fn skip(&mut self, event: Event) -> Result<(), SinkError> {
        self.skipped.push(event);
        Ok(())
    }
}

/// Stops after `stop` events, continues with another source, and gives what both gave.
fn restarted(mut first: Box<dyn Source>, mut second: Box<dyn Source>, stop: usize) -> (Vec<Event>, u64) {
    let mut before = Marked { memory: Memory { refuse: Some(stop), ..Memory::default() }, ..Marked::default() };
    let ended = loop {
        match first.round(&mut before, &mut |_| ()) {
            Ok(Round::More) => {}
            other => break other.is_ok(),
        }
    };
    assert_eq!(before.memory.events.len() < stop, ended);
    let mut after = Marked::default();
    second.resume(&before.cursors, &mut after).expect("the same source");
    assert_eq!(after.skipped, before.memory.events);
    let (counted, taken) = (before.memory.events.len() as u64, second.captured());
    assert_eq!(agent_restart(second.as_ref(), counted, 0).expect("all of it was counted"), 0);
    assert_eq!(taken, counted);
    drain(second.as_mut(), &mut after.memory).expect("memory takes everything");
    before.memory.events.extend(after.memory.events);
    (before.memory.events, second.captured())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn a_resumed_source_gives_the_rest(seed: u64, events in 1u64..20_000, stop in 0usize..25_000) {
        let reference = synth(seed, events).0.events;
        let config = SynthConfig { seed, events, ..SynthConfig::default() };
        let make = || Box::new(Synth::new(config));
        prop_assert_eq!(restarted(make(), make(), stop), (reference.clone(), events));

        let mut writer = Writer::new(Path::new("memory"), Vec::new()).expect("memory takes it");
        let mut source = Synth::new(config);
        while source.round(&mut writer, &mut |_| ()).expect("memory takes it") == Round::More {}
        let bytes = writer.finish(events, &Losses::default()).expect("memory takes it");
        let make = || {
            let reader = Reader::new(Path::new("memory"), Cursor::new(bytes.clone())).expect("a recording");
            Box::new(Replay::new(reader))
        };
        prop_assert_eq!(restarted(make(), make(), stop), (reference, events));
    }
}

#[test]
fn another_source_than_the_one_that_was_read_is_refused_by_name() {
    let config = SynthConfig { events: 100, ..SynthConfig::default() };
    let mut before = Marked::default();
    Synth::new(config).round(&mut before, &mut |_| ()).expect("memory takes it");
    let refused = |config: SynthConfig| {
        let result = Synth::new(config).resume(&before.cursors, &mut Marked::default());
        result.expect_err("another source").to_string()
    };
    assert!(refused(SynthConfig { seed: 2, ..config }).contains("checksum of its options"));
    assert!(refused(SynthConfig { events: 99, ..config }).contains("events in all"));
    // More was counted than this source has captured.
    let mut source = Synth::new(config);
    source.resume(&before.cursors, &mut Marked::default()).expect("the same source");
    assert!(agent_restart(&source, 101, 0).is_err());
    // Less: an agent that died had counted under an earlier grant, and it was not kept.
    assert_eq!(agent_restart(&source, 60, 7).expect("less was counted"), 33);
}
