//! Sampling with a module made of files, and a server that is slow.

use super::*;
use crate::sources::kmod::sampler::Clock;

/// The module and its settings as far as sampling goes: two rings, and units that it keeps or leaves out.
struct Sampled {
    fake: Fake,
    setting: tempfile::NamedTempFile,
    announced: [u64; 2],
    /// Events captured, and the redundant ones among them.
    reference: (u64, u64),
}

impl Sampled {
    fn new() -> Sampled {
        let fake = Fake::new(2);
        fake.store();
        let setting = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(setting.path(), "0\n").expect("a file");
        Sampled { fake, setting, announced: [0; 2], reference: (0, 0) }
    }

    fn shift(&self) -> u64 {
        let text = std::fs::read_to_string(self.setting.path()).expect("a file");
        text.lines().next().and_then(|line| line.parse().ok()).expect("a number")
    }

    fn add(&mut self, ring: u32, offset: usize, events: u64) {
        self.fake.set(ring, offset, self.fake.get(ring, offset) + events);
    }

    fn lose(&mut self, ring: u32, reason: LossReason) {
        self.add(ring, offset_of!(RingHeader, lost) + 8 * reason as usize, 1);
    }

    fn put(&mut self, ring: u32, record: RingRecord) -> bool {
        let tail = self.fake.load_tail(ring);
        let room = self.fake.get(ring, offset_of!(RingHeader, head)) - tail < RECORDS;
        if room {
            self.fake.produce(ring, record);
        }
        room
    }

    /// One copy by the mm `unit`, as the module takes it.
    fn copy(&mut self, ring: u32, unit: u64, redundant: bool) {
        let hash = unit.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ unit << 7;
        self.reference.0 += 1;
        self.reference.1 += u64::from(redundant);
        let shift = self.shift();
        let kept = crate::sampling::is_kept(hash, shift as u32);
        let announced = RingRecord { kind: RingKind::Sampling as u16, key: shift, ..RingRecord::default() };
        if kept && (self.announced[ring as usize] == shift || self.put(ring, announced)) {
            self.announced[ring as usize] = shift;
            let record = RingRecord { unit: hash, ..page(1, u32::from(!redundant) + 1, flag::AFTER_T) };
            if self.put(ring, record) {
                return;
            }
        }
        self.add(ring, offset_of!(RingHeader, captured), 1);
        self.lose(ring, if kept { LossReason::Ring } else { LossReason::Sampled });
    }
}

const TURN: Duration = Duration::from_millis(20);

/// A sink whose server acknowledges `speed` events in a round, and whose snapshots are remembered.
struct Slow {
    memory: Memory,
    speed: u64,
    boundaries: Vec<u64>,
    turns: u32,
}

impl Slow {
    fn new(speed: u64) -> Slow {
        Slow { memory: Memory::default(), speed, boundaries: Vec::new(), turns: 0 }
    }
}

impl Sink for Slow {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        self.memory.owner(kind, name)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        self.memory.event(event)
    }

    fn boundary(&mut self) -> Result<(), SinkError> {
        self.boundaries.push(self.memory.events.len() as u64);
        Ok(())
    }

    fn settled(&self) -> Option<u64> {
        self.memory.settled
    }
}

impl Slow {
    fn turn(&mut self, source: &mut Kmod, fake: &Fake) {
        fake.store();
        let given = self.memory.events.len() as u64;
        self.memory.settled = Some(given.min(self.memory.settled.unwrap_or(0) + self.speed));
        self.turns += 1;
        source.sampler.clock = Clock::At(TURN * self.turns);
        source.round(self, &mut |_| ()).expect("a round");
        law(source, &self.memory);
    }
}

#[test]
fn a_slow_reader_makes_the_module_leave_out_units_and_the_rest_is_exact() {
    let mut module = Sampled::new();
    let setting = Some(module.setting.path().to_path_buf());
    let mut source = Kmod::open_at(module.fake.path(), setting).expect("rings");
    let mut sink = Slow::new(12);
    let (mut lost_late, mut highest) = (0, 0);
    // 64 events come in a turn of 20 ms, and 12 are taken: k = 3 is enough.
    for turn in 0..140u64 {
        for number in 0..64 {
            let unit = (turn * 64 + number) % 400;
            module.copy((number % 2) as u32, unit, (unit * 7 + turn) % 10 < 4);
        }
        sink.turn(&mut source, &module.fake);
        highest = highest.max(module.shift());
        if turn == 60 {
            lost_late = source.losses().get(LossReason::Ring);
        }
    }
    let losses = source.losses();
    assert!((3..=6).contains(&highest), "k = {highest}");
    assert!(losses.get(LossReason::Sampled) > 0);
    assert_eq!(losses.get(LossReason::Ring), lost_late, "nothing is lost to full rings any more: k = {highest}");
    assert!(!sink.boundaries.is_empty() && Source::status(&source).contains(&("sampling_automatic", 1)));

    // The load is gone: everything is read, then kept again.
    sink.speed = 1000;
    let mut quiet = 0;
    while module.shift() > 0 || Source::status(&source).contains(&("sampling_shift", 1)) {
        sink.turn(&mut source, &module.fake);
        quiet += 1;
        assert!(quiet < 4000, "k = {} after a minute of rest", module.shift());
    }
    sink.turn(&mut source, &module.fake);
    let status = Source::status(&source);
    let number = |name| status.iter().find(|(found, _)| *found == name).expect("in the status").1;
    assert_eq!(number("sampling_raised"), number("sampling_lowered"));
    assert_eq!(sink.boundaries.len() as u64, number("sampling_raised") + number("sampling_lowered"));

    let estimates = source.estimates().expect("something was left out");
    let ring = source.losses().get(LossReason::Ring);
    assert_eq!(estimates.pages.total, (module.reference.0 - ring) as f64, "exact, but for what full rings lost");
    let reference = module.reference.1 as f64 / module.reference.0 as f64;
    let (share, half) = estimates.pages.share().expect("events");
    assert!((share - reference).abs() <= half.unwrap_or(0.5), "{share} +- {half:?}, in reference {reference}");
}

#[test]
fn a_ring_waits_at_a_new_p_until_all_rings_have_it() {
    let mut fake = Fake::new(2);
    fake.store();
    let mut source = Kmod::open_at(fake.path(), None).expect("rings");
    let mut sink = Slow::new(1000);
    let announced = RingRecord { kind: RingKind::Sampling as u16, key: 2, ..RingRecord::default() };
    fake.produce(0, page(1, 1, flag::AFTER_T));
    fake.produce(0, announced);
    fake.produce(0, page(2, 1, flag::AFTER_T));
    // Longer than one batch would be if rings were longer: here, read in one go, but after ring 0.
    for _ in 0..5 {
        fake.produce(1, page(3, 1, flag::AFTER_T));
    }
    fake.produce(1, announced);
    fake.produce(1, page(4, 1, flag::AFTER_T));
    sink.turn(&mut source, &fake);
    assert_eq!((sink.memory.events.len(), &sink.boundaries[..]), (6, &[6][..]));
    sink.turn(&mut source, &fake);
    assert_eq!((sink.memory.events.len(), sink.boundaries.len()), (8, 1));
    assert!(Source::status(&source).contains(&("sampling_shift", 2)));
    assert!(Source::status(&source).contains(&("sampling_automatic", 0)));
}

#[test]
fn a_setting_that_cannot_be_written_is_left_alone() {
    let mut fake = Fake::new(1);
    fake.store();
    let nowhere = Some(PathBuf::from("/nonexistent/sampling_shift"));
    let mut source = Kmod::open_at(fake.path(), nowhere).expect("rings");
    let mut sink = Slow::new(0);
    for _ in 0..RECORDS {
        fake.produce(0, page(1, 1, flag::AFTER_T));
    }
    for _ in 0..3 {
        sink.turn(&mut source, &fake);
    }
    assert!(Source::status(&source).contains(&("sampling_automatic", 0)));
    assert!(sink.boundaries.is_empty() && source.estimates().is_none());
}
