//! One engine behind the DMA, a golden engine beside it, and the law that both keep.

use std::time::Duration;

use deltascope_abi::record::{Op, Record};
use deltascope_abi::registers::offset;
use deltascope_abi::reply::{Answer, ReplyParser};
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::RecordStreams;
use deltascope_model::raw::replay_raw;
use deltascope_model::{Config, Engine, GoldenEngine};
use deltascope_sim::axi_dma::{Block, CLOCKS_PER_US};
use deltascope_testkit::Rng;
use deltascope_testkit::records::Mix;

use super::boards::Board;
use super::cases::{Case, Expected, Traffic};

/// Records of a case: half of them before the fault, half meet it.
const RECORDS: usize = 6_000;
/// Time beyond the driver's own limit that an error may take: the limit is looked at once in a wait.
const SLACK: Duration = Duration::from_micros(200);
/// Rounds of `submit` and `poll` without any progress after which a host has forgotten something. A host that waits for
/// nothing lets no time pass, so its own limit would never be reached.
const IDLE_ROUNDS: u32 = 20_000;
/// Clocks within which the engine's tables are cleared after power-on.
const CLEARING_CLOCKS: u64 = 20_000;

/// An error and the simulated time that it took.
pub(super) type Found = Result<(String, Duration), String>;

/// A board, its engine, and what is sent.
pub(super) struct Rig<B: Board> {
    /// None only while another one is opened: the driver stops the DMA when it goes.
    engine: Option<EngineDriver<B::Host>>,
    board: B,
    records: Vec<Record>,
    says: &'static str,
}

fn in_time(case: &Case, within: Duration) -> Result<(), String> {
    // A refusal may reset, drain and prove before it finds out, each within the limit.
    let steps = if case.expected == Expected::Refused { 4 } else { 1 };
    let limit = steps * case.settings.time_limit.max(case.settings.reset_limit) + SLACK;
    match within <= limit {
        true => Ok(()),
        false => Err(format!("expected the error within {limit:?}, found it after {within:?}")),
    }
}

/// Records of a case, the same each time.
fn records(traffic: Traffic) -> Vec<Record> {
    let ops = &[(Op::Read, 1), (Op::Load, 1), (Op::Send, 1), (Op::Sync, 1), (Op::Accum, 4)];
    let mix = Mix { ops, contexts: 64, groups: 64, values: 4, lengths: 1_501, reply_in: 0 };
    let mut rng = Rng::new(29);
    let mut record = |n: usize| match traffic {
        Traffic::Reads => Record::read(n as u16 & 63),
        Traffic::Silent => Record::accum(n as u16 & 63, n as u64),
        Traffic::Mixed => mix.record(&mut rng),
    };
    (0..RECORDS).map(&mut record).collect()
}

impl<B: Board> Rig<B> {
    /// Runs a case to its end. The DMA must be stopped when everything is gone.
    pub fn run(case: &Case) -> Found {
        let board = B::new(case)?;
        let says = board.says(case);
        let mut rig = Rig { engine: None, board, records: records(case.traffic), says };
        if case.irq_mask != 0 {
            let mut system = rig.board.system().borrow_mut();
            system.step(CLEARING_CLOCKS).map_err(|e| e.to_string())?;
            system.write32(Block::Engine, offset::IRQ_MASK, case.irq_mask).map_err(|e| e.to_string())?;
        }
        let found = match case.expected {
            Expected::Refused => rig.refused(case),
            Expected::Recovered | Expected::HardReset => rig.open(case).and_then(|()| rig.recovered(case)),
            Expected::CarriedOn => rig.open(case).and_then(|()| rig.carried_on(case)),
        };
        rig.board.system().borrow_mut().faults().clear();
        rig.engine = None;
        let is_stopped = rig.board.system().borrow().dma().is_stopped();
        match (found, is_stopped) {
            (Ok(_), false) => Err("expected the DMA stopped after the end, found it at work".to_owned()),
            (found, true) => found,
            (Err(error), false) => {
                rig.board.system().borrow_mut().allow_running();
                Err(error)
            }
        }
    }

    fn plan(&self, case: &Case) {
        for fault in case.faults {
            self.board.system().borrow_mut().faults().plan(*fault);
        }
    }

    fn open(&mut self, case: &Case) -> Result<(), String> {
        self.engine = None;
        self.engine = Some(self.board.open(case)?);
        Ok(())
    }

    fn engine(&mut self) -> Result<&mut EngineDriver<B::Host>, String> {
        self.engine.as_mut().ok_or_else(|| "expected an engine, found none".to_owned())
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        match text.contains(self.says) {
            true => Ok(()),
            false => Err(format!("expected an error with `{}`, found: {text}", self.says)),
        }
    }

    /// A case whose driver must not open.
    fn refused(&mut self, case: &Case) -> Found {
        self.plan(case);
        let start = self.now();
        let error = match self.open(case) {
            Ok(()) => return Err(format!("expected a refusal with `{}`, found none", self.says)),
            Err(error) => error,
        };
        let within = self.now() - start;
        self.check_text(&error)?;
        in_time(case, within)?;
        match self.board.system().borrow().hung() {
            0 => Ok((error, within)),
            hung => Err(format!("expected logic that may not be touched left alone, found {hung} accesses")),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.board.system().borrow().clocks() / CLOCKS_PER_US)
    }

    /// Sends records from `start` on until `count` in all are acknowledged, or until an error; those before `start` are.
    /// Gives what was sent and what was acknowledged, those included.
    fn feed(&mut self, start: usize, count: usize) -> (u64, u64, Result<(), String>) {
        let (mut sent, mut acknowledged, mut idle) = (start, start as u64, 0);
        let mut parser = ReplyParser::new();
        let Some(engine) = &mut self.engine else {
            return (sent as u64, acknowledged, Err("expected an engine, found none".to_owned()));
        };
        // A transfer may still be unfinished after the last acknowledgement.
        while acknowledged < count as u64 || engine.host().busy() {
            let before = (sent, acknowledged);
            let step = engine.submit(&self.records[sent..count]).and_then(|taken| {
                sent += taken;
                engine.poll(&mut |beat| {
                    if let Ok(Some(Answer::EndOfBatch { accepted })) = parser.push(beat) {
                        acknowledged = accepted;
                    }
                })
            });
            if let Err(error) = step {
                return (sent as u64, acknowledged, Err(error.to_string()));
            }
            idle = if before == (sent, acknowledged) { idle + 1 } else { 0 };
            if idle > IDLE_ROUNDS {
                let text = format!("{sent} records taken, then {idle} rounds that did nothing and reported nothing");
                return (sent as u64, acknowledged, Err(text));
            }
        }
        (sent as u64, acknowledged, Ok(()))
    }

    /// The whole sequence from a reset, as after a new boot id: its report must be the golden engine's.
    fn replay(&mut self) -> Result<(), String> {
        let bytes: Vec<u8> = self.records.iter().flat_map(|r| r.to_bytes()).collect();
        let rtl = self.engine()?;
        let mut golden = GoldenEngine::new(Config::of(&rtl.info())).map_err(|e| e.to_string())?;
        let mut reports = Vec::new();
        for engine in [&mut golden as &mut dyn Engine, rtl] {
            let report = replay_raw(&mut bytes.as_slice(), engine).map_err(|e| format!("replay: {e}"))?;
            let mut text = Vec::new();
            report.write_json(&mut text).map_err(|e| e.to_string())?;
            reports.push(text);
        }
        match reports[0] == reports[1] {
            true => Ok(()),
            false => Err("expected the golden engine's counters and replies, found others".to_owned()),
        }
    }

    /// A case whose streams fail, and which continues after a reset.
    fn recovered(&mut self, case: &Case) -> Found {
        let (_, _, before) = self.feed(0, RECORDS / 2);
        before.map_err(|error| format!("before the fault: {error}"))?;
        self.plan(case);
        let start = self.now();
        let (sent, acknowledged, outcome) = self.feed(RECORDS / 2, RECORDS);
        let within = self.now() - start;
        let Err(error) = outcome else {
            return Err(format!("expected an error with `{}`, found none", self.says));
        };
        self.check_text(&error)?;
        in_time(case, within)?;
        let first = self.records[0];
        match self.engine()?.submit(&[first]) {
            Err(_) | Ok(0) => {}
            Ok(_) => return Err("expected records refused after the error, found them taken".to_owned()),
        }
        if case.expected == Expected::HardReset {
            return self.after_hard_reset(case, error, within);
        }
        // Nothing acknowledged may be missing, and unless the fault makes records, nothing is there that was not sent.
        let accepted = self.engine()?.counters().map_err(|error| format!("after the fault: {error}"))?.accepted;
        if accepted < acknowledged || accepted > sent + case.invents {
            return Err(format!(
                "{acknowledged} acknowledged <= {accepted} accepted <= {sent} sent: expected, not found"
            ));
        }
        self.board.system().borrow_mut().faults().clear();
        // It begins with the reset that recovers.
        self.replay().map_err(|error| format!("recovery: {error}"))?;
        Ok((error, within))
    }

    /// A case that needs the reset of the programmable logic.
    fn after_hard_reset(&mut self, case: &Case, error: String, within: Duration) -> Found {
        let refused = match self.engine()?.reset() {
            Ok(()) => return Err("expected a refusal before the hard reset, found a recovery".to_owned()),
            Err(error) => error.to_string(),
        };
        if !refused.contains(case.refuses) {
            return Err(format!("expected a refusal with `{}`, found: {refused}", case.refuses));
        }
        self.engine = None;
        self.board.system().borrow_mut().faults().clear();
        self.board.system().borrow_mut().hard_reset().map_err(|e| e.to_string())?;
        self.open(case)?;
        self.replay()?;
        Ok((format!("{error}; {refused}"), within))
    }

    /// A case that costs nothing but time: the report is right, and a notice reports what happened.
    fn carried_on(&mut self, case: &Case) -> Found {
        self.plan(case);
        let start = self.now();
        self.replay()?;
        let within = self.now() - start;
        if !self.board.system().borrow_mut().faults().is_empty() {
            return Err("expected the fault to strike, found it still planned".to_owned());
        }
        let notices = B::take_notices(self.engine()?.host_mut());
        match notices.iter().find(|notice| notice.contains(self.says)) {
            Some(notice) if !self.says.is_empty() => Ok((notice.clone(), within)),
            None if self.says.is_empty() && notices.is_empty() => Ok((String::from("none"), within)),
            _ => Err(format!("expected a notice with `{}`, found {notices:?}", self.says)),
        }
    }
}
