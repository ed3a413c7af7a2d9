//! One engine behind the DMA, a golden engine beside it, and the law that both keep.

use std::rc::Rc;

use deltascope_abi::random::Random;
use deltascope_abi::record::Record;
use deltascope_abi::reply::{Answer, ReplyParser};
use deltascope_driver::axi_dma::DmaError;
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::RecordStreams;
use deltascope_model::raw::replay_raw;
use deltascope_model::{Config, Engine, EngineKind, GoldenEngine};

use deltascope_sim::axi_dma::host::{self, Shared, SimHost};
use deltascope_sim::axi_dma::{CLOCKS_PER_US, Ram};

use super::cases::{Case, Expected, Traffic};

/// Records before the fault, and records that meet it.
const RECORDS: usize = 6_000;
/// Time beyond the driver's own limit that an error may take: the limit is looked at once in a wait.
const SLACK_US: u64 = 200;

/// An error and the simulated microseconds that it took.
pub(super) type Found = Result<(String, u64), String>;

pub(super) struct Rig {
    engine: EngineDriver<SimHost>,
    system: Shared<Ram>,
    buffer: Ram,
    records: Vec<Record>,
}

/// A case whose driver must not open.
pub(super) fn refused(case: &Case) -> Found {
    let (system, buffer) = host::system(case.config.clone(), &case.settings, 1).map_err(|e| e.to_string())?;
    for fault in case.faults {
        system.borrow_mut().faults().plan(*fault);
    }
    let buffer = (case.buffer)(buffer);
    let before = system.borrow().clocks();
    let error = match host::open(&system, buffer, &case.settings) {
        Ok(_) => return Err(format!("expected a refusal with `{}`, found none", case.says)),
        Err(error) => error,
    };
    let within_us = (system.borrow().clocks() - before) / CLOCKS_PER_US;
    says(case, &error.to_string())?;
    in_time(case, within_us)?;
    match (&error, system.borrow().hung()) {
        (DmaError::Fabric(_), 0) | (_, 0) => Ok((error.to_string(), within_us)),
        (_, hung) => Err(format!("expected logic that may not be touched left alone, found {hung} accesses")),
    }
}

fn says(case: &Case, text: &str) -> Result<(), String> {
    match text.contains(case.says) {
        true => Ok(()),
        false => Err(format!("expected an error with `{}`, found: {text}", case.says)),
    }
}

fn in_time(case: &Case, within_us: u64) -> Result<(), String> {
    // A refusal may reset, drain and prove before it finds out, each within the limit.
    let steps = if case.expected == Expected::Refused { 4 } else { 1 };
    let limit = steps * case.settings.time_limit_us.max(case.settings.reset_limit_us) + SLACK_US;
    match within_us <= limit {
        true => Ok(()),
        false => Err(format!("expected the error within {limit} us, found it after {within_us} us")),
    }
}

/// Records of a case, the same each time.
fn records(traffic: Traffic) -> Vec<Record> {
    let mut random = Random::new(29);
    let mut record = |n: usize| match traffic {
        Traffic::Reads => Record::read(n as u16 & 63),
        Traffic::Mixed => {
            let (context, operand) = (random.below(64) as u16, random.below(4) * 0x1_0000_0001);
            match random.below(8) {
                0 => Record::read(context),
                1 => Record::load(context, operand),
                2 => Record::send(context as u32 as u16 & 7, context, 1_500, operand),
                3 => Record::sync(n as u64),
                _ => Record::accum(context, operand),
            }
        }
    };
    (0..RECORDS).map(&mut record).collect()
}

impl Rig {
    pub fn open(case: &Case) -> Result<Rig, String> {
        let (system, buffer) = host::system(case.config.clone(), &case.settings, 1).map_err(|e| e.to_string())?;
        let host = host::open(&system, buffer.clone(), &case.settings).map_err(|e| e.to_string())?;
        let engine = EngineDriver::open(host, EngineKind::Rtl).map_err(|e| e.to_string())?;
        Ok(Rig { engine, system, buffer, records: records(case.traffic) })
    }

    fn now_us(&self) -> u64 {
        self.system.borrow().clocks() / CLOCKS_PER_US
    }

    /// Sends records until `count` of them are acknowledged, or until an error. Gives what was sent and what was
    /// acknowledged.
    fn feed(&mut self, count: usize) -> (u64, u64, Result<(), String>) {
        let (mut sent, mut acknowledged) = (0, 0);
        let mut parser = ReplyParser::new();
        // A transfer may still be unfinished after the last acknowledgement.
        while acknowledged < count as u64 || self.engine.host().busy() {
            let rest = &self.records[sent..count];
            let step = self.engine.submit(rest).and_then(|taken| {
                sent += taken;
                self.engine.poll(&mut |beat| {
                    if let Ok(Some(Answer::EndOfBatch { accepted })) = parser.push(beat) {
                        acknowledged = accepted;
                    }
                })
            });
            if let Err(error) = step {
                return (sent as u64, acknowledged, Err(error.to_string()));
            }
        }
        (sent as u64, acknowledged, Ok(()))
    }

    /// The whole sequence from a reset, as after a new boot id: its report must be the golden engine's.
    fn replay(&mut self) -> Result<(), String> {
        let mut golden = GoldenEngine::new(Config::of(&self.engine.info())).map_err(|e| e.to_string())?;
        let bytes: Vec<u8> = self.records.iter().flat_map(|r| r.to_bytes()).collect();
        let mut reports = Vec::new();
        for engine in [&mut golden as &mut dyn Engine, &mut self.engine] {
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

    /// A case whose streams fail, and which goes on after a reset.
    pub fn recovered(&mut self, case: &Case) -> Found {
        let (_, _, before) = self.feed(RECORDS / 2);
        before.map_err(|error| format!("before the fault: {error}"))?;
        self.engine.reset().map_err(|error| format!("before the fault: {error}"))?;
        for fault in case.faults {
            self.system.borrow_mut().faults().plan(*fault);
        }
        let start = self.now_us();
        let (sent, acknowledged, outcome) = self.feed(RECORDS);
        let within_us = self.now_us() - start;
        let Err(error) = outcome else {
            return Err(format!("expected an error with `{}`, found none", case.says));
        };
        says(case, &error)?;
        in_time(case, within_us)?;
        match self.engine.submit(&self.records[..1]) {
            Err(_) | Ok(0) => {}
            Ok(_) => return Err("expected records refused after the error, found them taken".to_owned()),
        }
        if case.expected == Expected::HardReset {
            return self.after_hard_reset(case, error, within_us);
        }
        // Nothing acknowledged may be missing, and unless the fault makes records, nothing is there that was not sent.
        let accepted = self.engine.counters().map_err(|error| format!("after the fault: {error}"))?.accepted;
        if accepted < acknowledged || accepted > sent + case.invents {
            return Err(format!(
                "{acknowledged} acknowledged <= {accepted} accepted <= {sent} sent: expected, not found"
            ));
        }
        self.system.borrow_mut().faults().clear();
        self.engine.reset().map_err(|error| format!("recovery: {error}"))?;
        self.replay()?;
        Ok((error, within_us))
    }

    /// A case that needs the reset of the programmable logic.
    fn after_hard_reset(&mut self, case: &Case, error: String, within_us: u64) -> Found {
        let refused = match self.engine.reset() {
            Ok(()) => return Err("expected a refusal before the hard reset, found a recovery".to_owned()),
            Err(error) => error.to_string(),
        };
        if !refused.contains(case.refuses) {
            return Err(format!("expected a refusal with `{}`, found: {refused}", case.refuses));
        }
        self.system.borrow_mut().faults().clear();
        self.system.borrow_mut().hard_reset().map_err(|e| e.to_string())?;
        let host = host::open(&self.system, self.buffer.clone(), &case.settings).map_err(|e| e.to_string())?;
        self.engine = EngineDriver::open(host, EngineKind::Rtl).map_err(|e| e.to_string())?;
        self.replay()?;
        Ok((format!("{error}; {refused}"), within_us))
    }

    /// A case that costs nothing but time: the report is right, and a notice says what happened.
    pub fn carried_on(&mut self, case: &Case) -> Found {
        let faults = Rc::clone(&self.system);
        for fault in case.faults {
            faults.borrow_mut().faults().plan(*fault);
        }
        let start = self.now_us();
        self.replay()?;
        let within_us = self.now_us() - start;
        if !faults.borrow_mut().faults().is_empty() {
            return Err("expected the fault to strike, found it still planned".to_owned());
        }
        let notices: Vec<String> = self.engine.host_mut().take_notices().map(|notice| notice.to_string()).collect();
        match notices.iter().find(|notice| notice.contains(case.says)) {
            Some(notice) => Ok((notice.clone(), within_us)),
            None if case.says.is_empty() && notices.is_empty() => Ok((String::from("none"), within_us)),
            None => Err(format!("expected a notice with `{}`, found {notices:?}", case.says)),
        }
    }
}
