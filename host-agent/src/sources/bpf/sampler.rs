//! Sampling by the programs: when k changes, and that the counters change with it.

use std::time::{Duration, Instant};

use deltascope_abi::bpf::BpfCounters;
use deltascope_abi::loss::LossReason;

use super::counters::left_out;
use crate::event::Event;
use crate::sampling::{Control, Estimates, LeftOut, Look, Sample};
use crate::sink::{Sink, SinkError};

/// Time after which every program that began with the k before has ended.
const GRACE: Duration = Duration::from_millis(20);

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Sampler {
    control: Control,
    begun: Instant,
    sample: Sample,
    /// k that was written and has not begun, since when, and what had been left out by then if it leaves out more.
    wanted: Option<(u32, Instant, Option<LeftOut>)>,
    raised: u64,
    lowered: u64,
    automatic: bool,
    by_content: bool,
}

impl Sampler {
    pub(super) fn new(automatic: bool, by_content: bool) -> Sampler {
        Sampler {
            control: Control::new(0),
            begun: Instant::now(),
            sample: Sample::new(0, LeftOut::default()),
            wanted: None,
            raised: 0,
            lowered: 0,
            automatic,
            by_content,
        }
    }

    /// Takes note of an event that was given to the sink.
    pub(super) fn given(&mut self, unit: u64, event: &Event) {
        self.sample.take(unit, event);
    }

    /// Looks at the ring, which is full to `fill`, and returns a k to be written.
    pub(super) fn look(&mut self, counters: &BpfCounters, fill: f64) -> Option<u32> {
        if !self.automatic || self.wanted.is_some() {
            return None;
        }
        let before = self.control.shift();
        let lost = counters.lost[LossReason::Ring as usize];
        let shift = self.control.look(Look { now: self.begun.elapsed(), fill, lost })?;
        let raised = shift > before;
        *(if raised { &mut self.raised } else { &mut self.lowered }) += 1;
        self.wanted = Some((shift, Instant::now(), raised.then(|| left_out(counters, self.by_content))));
        Some(shift)
    }

    /// Begins another period when it is time. `is_empty`: every record that was in the ring when the last change was
    /// written has been given.
    ///
    /// # Errors
    /// The sink failed.
    pub(super) fn pass(
        &mut self,
        counters: &BpfCounters,
        is_empty: bool,
        sink: &mut dyn Sink,
    ) -> Result<(), SinkError> {
        if self.sample.is_full() {
            self.sample.begin(self.sample.shift(), left_out(counters, self.by_content));
        }
        let Some((shift, since, before)) = self.wanted else { return Ok(()) };
        if !is_empty || since.elapsed() < GRACE {
            return Ok(());
        }
        sink.boundary()?;
        self.sample.begin(shift, before.unwrap_or_else(|| left_out(counters, self.by_content)));
        self.wanted = None;
        Ok(())
    }

    /// Estimates, when anything was ever left out.
    pub(super) fn estimates(&self, counters: &BpfCounters) -> Option<Estimates> {
        let now = left_out(counters, self.by_content);
        (now != LeftOut::default() || self.sample.shift() != 0).then(|| self.sample.estimates(now))
    }

    /// k, times raised, times lowered, and whether k changes by itself.
    pub(super) fn status(&self) -> [(&'static str, u64); 4] {
        [
            ("sampling_shift", self.sample.shift().into()),
            ("sampling_raised", self.raised),
            ("sampling_lowered", self.lowered),
            ("sampling_automatic", self.automatic.into()),
        ]
    }
}
