//! AXI4-Stream: a source, a sink, and the rules that every stream of a design must keep.

use std::collections::VecDeque;

use crate::bench::{Bench, Failure};
use crate::dut::{Dut, DutError, Port};
use crate::flow::Flow;
use deltascope_abi::random::Random;

/// One beat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// TDATA, up to 128 bits.
    pub data: u128,
    /// TLAST.
    pub last: bool,
}

/// The ports of one stream.
#[derive(Clone, Debug)]
pub struct StreamPorts {
    name: String,
    valid: Port,
    ready: Port,
    data: Port,
    last: Option<Port>,
}

impl StreamPorts {
    /// `<prefix>_tvalid`, `_tready`, `_tdata` and, where there is one, `_tlast`.
    pub fn axis(dut: &Dut, prefix: &str) -> Result<StreamPorts, DutError> {
        let last = format!("{prefix}_tlast");
        Ok(StreamPorts {
            name: prefix.to_owned(),
            valid: dut.port(&format!("{prefix}_tvalid"))?,
            ready: dut.port(&format!("{prefix}_tready"))?,
            data: dut.port(&format!("{prefix}_tdata"))?,
            last: if dut.has(&last) { Some(dut.port(&last)?) } else { None },
        })
    }

    /// Ports with names of their own.
    pub fn named(dut: &Dut, valid: &str, ready: &str, data: &str, last: Option<&str>) -> Result<StreamPorts, DutError> {
        Ok(StreamPorts {
            name: data.to_owned(),
            valid: dut.port(valid)?,
            ready: dut.port(ready)?,
            data: dut.port(data)?,
            last: last.map(|l| dut.port(l)).transpose()?,
        })
    }

    fn beat(&self, dut: &Dut) -> Beat {
        Beat { data: dut.get128(self.data), last: self.last.is_some_and(|l| dut.high(l)) }
    }
}

/// Drives a stream from a queue. Once it offers a beat it keeps it until it is taken, as the standard asks;
/// while it offers nothing, data and last are random.
pub struct Source {
    ports: StreamPorts,
    queue: VecDeque<Beat>,
    flow: Flow,
    junk: Random,
    offering: bool,
}

impl Source {
    /// A source on `ports`, willing by `flow`.
    pub fn new(ports: StreamPorts, flow: Flow, random: &mut Random) -> Source {
        Source { ports, queue: VecDeque::new(), flow, junk: random.fork(), offering: false }
    }

    /// Adds a beat to the queue.
    pub fn push(&mut self, beat: Beat) {
        self.queue.push_back(beat);
    }

    /// Beats that were not taken yet.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether a beat is being offered; such a beat may no longer be withdrawn.
    pub fn offering(&self) -> bool {
        self.offering
    }

    /// Changes the pattern of idle clocks.
    pub fn set_flow(&mut self, flow: Flow) {
        self.flow = flow;
    }

    /// Forgets everything, for a reset of the design.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.offering = false;
    }

    /// Sets the inputs of this clock; before [`Bench::settle`].
    #[inline]
    pub fn drive(&mut self, bench: &mut Bench) {
        let willing = self.flow.willing();
        let was_offering = self.offering;
        self.offering = !self.queue.is_empty() && (was_offering || willing);
        let dut = bench.dut_mut();
        dut.set(self.ports.valid, u64::from(self.offering));
        if let (true, Some(beat)) = (self.offering, self.queue.front()) {
            dut.set128(self.ports.data, beat.data);
            if let Some(last) = self.ports.last {
                dut.set(last, u64::from(beat.last));
            }
        } else {
            let junk = self.junk.next();
            dut.set128(self.ports.data, u128::from(junk) * 0x1_0000_0000_0000_0001);
            if let Some(last) = self.ports.last {
                dut.set(last, junk & 1);
            }
        }
    }

    /// The beat that the design takes at the coming edge; between [`Bench::settle`] and [`Bench::edge`].
    #[inline]
    pub fn sample(&mut self, bench: &Bench) -> Option<Beat> {
        if self.offering && bench.dut().high(self.ports.ready) {
            self.offering = false;
            return self.queue.pop_front();
        }
        None
    }

    /// Whether the design is ready in this clock.
    #[inline]
    pub fn ready(&self, bench: &Bench) -> bool {
        bench.dut().high(self.ports.ready)
    }
}

/// Takes the beats of a stream and watches its rules: valid is not withdrawn, and the beat does not change,
/// until it is taken.
pub struct Sink {
    ports: StreamPorts,
    flow: Flow,
    ready: bool,
    stalled: Option<Beat>,
}

impl Sink {
    /// A sink on `ports`, willing by `flow`.
    pub fn new(ports: StreamPorts, flow: Flow) -> Sink {
        Sink { ports, flow, ready: false, stalled: None }
    }

    /// Changes the pattern of back-pressure.
    pub fn set_flow(&mut self, flow: Flow) {
        self.flow = flow;
    }

    /// Forgets the stalled beat, for a reset of the design.
    pub fn clear(&mut self) {
        self.stalled = None;
    }

    /// Whether a beat is offered and was not taken in the last clock.
    pub fn stalling(&self) -> bool {
        self.stalled.is_some()
    }

    /// Sets the inputs of this clock; before [`Bench::settle`].
    #[inline]
    pub fn drive(&mut self, bench: &mut Bench) {
        self.ready = self.flow.willing();
        bench.dut_mut().set(self.ports.ready, u64::from(self.ready));
    }

    /// The beat that moves at the coming edge; between [`Bench::settle`] and [`Bench::edge`].
    ///
    /// # Errors
    /// When the stream breaks a rule.
    #[inline]
    pub fn sample(&mut self, bench: &Bench) -> Result<Option<Beat>, Failure> {
        if !bench.dut().high(self.ports.valid) {
            return match self.stalled.take() {
                None => Ok(None),
                Some(beat) => Err(bench.mismatch(format!("{}: valid was withdrawn from {beat:x?}", self.ports.name))),
            };
        }
        let beat = self.ports.beat(bench.dut());
        if let Some(before) = self.stalled.take()
            && before != beat
        {
            let name = &self.ports.name;
            return Err(bench.mismatch(format!("{name}: the beat changed while stalled, {before:x?} to {beat:x?}")));
        }
        if self.ready {
            return Ok(Some(beat));
        }
        self.stalled = Some(beat);
        Ok(None)
    }
}
