//! Sampling by the module's rings: when k changes, and that every ring and the counters change with it.
//!
//! A new k is written to the module, and each ring states in-band from which record on it obeys. Reading stops at that
//! record in each ring, until all rings are there or empty. Then the counters get a snapshot, and a period with
//! the new p begins: no record of one p is counted or estimated together with those of another.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use deltascope_abi::loss::LossReason;
use deltascope_abi::ring::RingRecord;

use super::counters::ModuleCounters;
use crate::event::Event;
use crate::sampling::{Control, Estimates, LeftOut, Look, Sample};
use crate::sink::{Sink, SinkError};

/// What the module has left out and is estimated: a sample reports nothing of sends by content.
fn left_out(counters: &ModuleCounters, by_content: bool) -> LeftOut {
    let sampled = counters.lost.get(LossReason::Sampled);
    let (sends, send_bytes) = if by_content { (0, 0) } else { (counters.sampled_sends, counters.sampled_send_bytes) };
    LeftOut { pages: sampled.wrapping_sub(counters.sampled_sends), sends, send_bytes }
}

/// Time as the control sees it.
#[derive(Debug)]
pub(super) enum Clock {
    /// Since then.
    Since(Instant),
    /// As a test states.
    #[cfg(test)]
    At(Duration),
}

impl Clock {
    fn now(&self) -> Duration {
        match self {
            Clock::Since(begun) => begun.elapsed(),
            #[cfg(test)]
            Clock::At(now) => *now,
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Sampler {
    /// The module's setting; none: k is not changed here.
    setting: Option<PathBuf>,
    by_content: bool,
    control: Control,
    pub(super) clock: Clock,
    sample: Sample,
    /// Left out before this source began.
    before: LeftOut,
    /// k that was written and has not begun, and what had been left out by then if it leaves out more.
    wanted: Option<(u32, Option<LeftOut>)>,
    /// By ring: the k that its next record announces.
    held: Vec<Option<u32>>,
    raised: u64,
    lowered: u64,
}

impl Sampler {
    /// Begins with `counters` as they are, and with k = `shift` as the rings reported it last; the module may have been
    /// set to another one since.
    pub(super) fn new(
        setting: Option<PathBuf>,
        by_content: bool,
        shift: u32,
        rings: u32,
        counters: &ModuleCounters,
    ) -> Sampler {
        let before = left_out(counters, by_content);
        let set = setting.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let set = set.and_then(|text| text.trim().parse().ok()).unwrap_or(shift);
        Sampler {
            setting,
            by_content,
            control: Control::new(set),
            clock: Clock::Since(Instant::now()),
            sample: Sample::new(shift, before),
            before,
            wanted: None,
            held: vec![None; rings as usize],
            raised: 0,
            lowered: 0,
        }
    }

    /// A ring's next record reports that it obeys `record.key` from here on. Whether the ring has to wait.
    pub(super) fn announced(&mut self, ring: u32, record: &RingRecord) -> bool {
        let shift = record.key.min(63) as u32;
        let waits = shift != self.sample.shift();
        self.held[ring as usize] = waits.then_some(shift);
        waits
    }

    /// An event was given to the sink.
    pub(super) fn given(&mut self, record: &RingRecord, event: &Event) {
        self.sample.take(record.unit, event);
    }

    /// Begins another period when it is time. `is_empty` states of a ring that it had no record left after the last
    /// change was written.
    ///
    /// # Errors
    /// The sink failed.
    pub(super) fn pass(
        &mut self,
        counters: &ModuleCounters,
        is_empty: impl Fn(u32) -> bool,
        sink: &mut dyn Sink,
    ) -> Result<(), SinkError> {
        if self.sample.is_full() {
            self.sample.begin(self.sample.shift(), left_out(counters, self.by_content));
        }
        let announced = self.held.iter().copied().flatten().next().map(|shift| (shift, None));
        // The module's kill switch, or an operator, may have changed k after this one did: the rings decide.
        let known = self.wanted.filter(|wanted| announced.is_none_or(|announced| announced.0 == wanted.0));
        let Some((shift, before)) = known.or(announced) else { return Ok(()) };
        if !(0u32..).zip(&self.held).all(|(ring, held)| held.is_some() || is_empty(ring)) {
            return Ok(());
        }
        sink.boundary()?;
        self.sample.begin(shift, before.unwrap_or_else(|| left_out(counters, self.by_content)));
        self.control.set(shift);
        self.wanted = None;
        self.held.fill(None);
        Ok(())
    }

    /// Looks at the rings and changes k when it is time. `fill` is the share of the fullest ring that is full.
    pub(super) fn look(&mut self, counters: &ModuleCounters, fill: f64) {
        let Some(setting) = self.setting.clone() else { return };
        if self.wanted.is_some() || self.held.iter().any(Option::is_some) {
            return;
        }
        let before = self.control.shift();
        let look = Look { now: self.clock.now(), fill, lost: counters.lost.get(LossReason::Ring) };
        let Some(shift) = self.control.look(look) else { return };
        // In one write: the module takes each as a value of its own.
        let text = format!("{shift}\n");
        let written = OpenOptions::new().write(true).open(setting).and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) if shift > before => self.raised += 1,
            Ok(()) => self.lowered += 1,
            // Without the right to change it, k stays, and what does not fit is lost to the rings and counted there.
            Err(_) => {
                self.setting = None;
                return;
            }
        }
        self.wanted = Some((shift, (shift > before).then(|| left_out(counters, self.by_content))));
    }

    /// Estimates, when anything was ever left out.
    pub(super) fn estimates(&self, counters: &ModuleCounters) -> Option<Estimates> {
        let now = left_out(counters, self.by_content);
        (now != self.before || self.sample.shift() != 0).then(|| self.sample.estimates(now))
    }

    /// k, times raised, times lowered, and whether k can be changed here.
    pub(super) fn status(&self) -> [(&'static str, u64); 4] {
        [
            ("sampling_shift", self.sample.shift().into()),
            ("sampling_raised", self.raised),
            ("sampling_lowered", self.lowered),
            ("sampling_automatic", self.setting.is_some().into()),
        ]
    }
}
