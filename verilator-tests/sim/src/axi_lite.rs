//! AXI4-Lite master: the five channels move on their own, each under its own flow, and are watched.

use std::collections::VecDeque;

use crate::bench::{Bench, Failure};
use crate::dut::{Dut, DutError, Port};
use crate::flow::{Flow, Pattern};
use deltascope_abi::random::Random;

/// OKAY on BRESP and RRESP.
pub const OKAY: u64 = 0;
/// SLVERR on BRESP and RRESP.
pub const SLVERR: u64 = 2;

/// A finished transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// A write, in the order of the writes.
    Write {
        /// Byte offset.
        address: u32,
        /// The word.
        data: u32,
        /// BRESP.
        response: u64,
    },
    /// A read, in the order of the reads.
    Read {
        /// Byte offset.
        address: u32,
        /// RDATA.
        data: u32,
        /// RRESP.
        response: u64,
    },
}

/// A channel that the master drives: offers the front of its queue until it is taken.
struct Offer {
    valid: Port,
    ready: Port,
    payload: Vec<Port>,
    queue: VecDeque<[u64; 2]>,
    flow: Flow,
    offering: bool,
}

impl Offer {
    fn drive(&mut self, dut: &mut Dut, junk: u64) {
        let willing = self.flow.willing();
        self.offering = !self.queue.is_empty() && (self.offering || willing);
        dut.set(self.valid, u64::from(self.offering));
        let values = if self.offering { self.queue.front().copied() } else { None };
        for (&port, value) in self.payload.iter().zip(values.unwrap_or([junk, junk >> 32])) {
            dut.set(port, value);
        }
    }

    fn sample(&mut self, dut: &Dut) -> bool {
        let moved = self.offering && dut.high(self.ready);
        if moved {
            self.offering = false;
            self.queue.pop_front();
        }
        moved
    }
}

/// A channel that the master takes from.
struct Take {
    name: &'static str,
    valid: Port,
    ready: Port,
    payload: Vec<Port>,
    flow: Flow,
    ready_now: bool,
    stalled: Option<Vec<u64>>,
}

impl Take {
    fn drive(&mut self, dut: &mut Dut) {
        self.ready_now = self.flow.willing();
        dut.set(self.ready, u64::from(self.ready_now));
    }

    fn sample(&mut self, bench: &Bench) -> Result<Option<Vec<u64>>, Failure> {
        let dut = bench.dut();
        let before = self.stalled.take();
        if !dut.high(self.valid) {
            return match before {
                None => Ok(None),
                Some(_) => Err(bench.mismatch(format!("AXI4-Lite {}: valid was withdrawn", self.name))),
            };
        }
        let values: Vec<u64> = self.payload.iter().map(|p| dut.get(*p)).collect();
        if before.is_some_and(|b| b != values) {
            return Err(bench.mismatch(format!("AXI4-Lite {}: the answer changed while stalled", self.name)));
        }
        if self.ready_now {
            return Ok(Some(values));
        }
        self.stalled = Some(values);
        Ok(None)
    }
}

/// An AXI4-Lite master on the ports `<prefix>_*`; without a prefix on `awaddr` and so on.
pub struct AxiLite {
    aw: Offer,
    w: Offer,
    ar: Offer,
    b: Take,
    r: Take,
    junk: Random,
    writes: VecDeque<(u32, u32)>,
    reads: VecDeque<u32>,
    /// Transfers on AW, W and AR that moved and are not answered yet.
    owed: [u64; 3],
    done: VecDeque<Completion>,
}

impl AxiLite {
    /// A master that is always willing.
    pub fn new(dut: &Dut, prefix: &str) -> Result<AxiLite, DutError> {
        let port = |name: &str| match prefix {
            "" => dut.port(name),
            _ => dut.port(&format!("{prefix}_{name}")),
        };
        let offer = |channel: &str, payload: &[&str]| -> Result<Offer, DutError> {
            Ok(Offer {
                valid: port(&format!("{channel}valid"))?,
                ready: port(&format!("{channel}ready"))?,
                payload: payload.iter().map(|p| port(p)).collect::<Result<_, _>>()?,
                queue: VecDeque::new(),
                flow: Flow::always(),
                offering: false,
            })
        };
        let take = |name: &'static str, channel: &str, payload: &[&str]| -> Result<Take, DutError> {
            Ok(Take {
                name,
                valid: port(&format!("{channel}valid"))?,
                ready: port(&format!("{channel}ready"))?,
                payload: payload.iter().map(|p| port(p)).collect::<Result<_, _>>()?,
                flow: Flow::always(),
                ready_now: false,
                stalled: None,
            })
        };
        Ok(AxiLite {
            aw: offer("aw", &["awaddr"])?,
            w: offer("w", &["wdata", "wstrb"])?,
            ar: offer("ar", &["araddr"])?,
            b: take("B", "b", &["bresp"])?,
            r: take("R", "r", &["rdata", "rresp"])?,
            junk: Random::new(0),
            writes: VecDeque::new(),
            reads: VecDeque::new(),
            owed: [0; 3],
            done: VecDeque::new(),
        })
    }

    /// Makes every channel always willing again.
    pub fn hurry(&mut self) {
        for flow in [&mut self.aw.flow, &mut self.w.flow, &mut self.ar.flow, &mut self.b.flow, &mut self.r.flow] {
            *flow = Flow::always();
        }
    }

    /// Gives each channel a pattern of its own, so that AW and W come in any order and answers are stalled.
    pub fn shuffle(&mut self, random: &mut Random) {
        for flow in [&mut self.aw.flow, &mut self.w.flow, &mut self.ar.flow, &mut self.b.flow, &mut self.r.flow] {
            *flow = Flow::new(Pattern::any(random), random);
        }
        self.junk = random.fork();
    }

    /// Queues a write of all four bytes.
    pub fn write(&mut self, address: u32, data: u32) {
        self.write_bytes(address, data, 0xF);
    }

    /// Queues a write of the bytes whose bit of `strobe` is set.
    pub fn write_bytes(&mut self, address: u32, data: u32, strobe: u8) {
        self.aw.queue.push_back([u64::from(address), 0]);
        self.w.queue.push_back([u64::from(data), u64::from(strobe)]);
        self.writes.push_back((address, data));
    }

    /// Queues a read. It moves independently of the writes.
    pub fn read(&mut self, address: u32) {
        self.ar.queue.push_back([u64::from(address), 0]);
        self.reads.push_back(address);
    }

    /// Transfers that are not answered yet.
    pub fn pending(&self) -> usize {
        self.writes.len() + self.reads.len()
    }

    /// The oldest answer that was not taken yet.
    pub fn completion(&mut self) -> Option<Completion> {
        self.done.pop_front()
    }

    /// Forgets everything, for a reset of the design.
    pub fn clear(&mut self) {
        for offer in [&mut self.aw, &mut self.w, &mut self.ar] {
            offer.queue.clear();
            offer.offering = false;
        }
        self.b.stalled = None;
        self.r.stalled = None;
        self.writes.clear();
        self.reads.clear();
        self.owed = [0; 3];
        self.done.clear();
    }

    /// Sets the inputs of this clock; before [`Bench::settle`].
    #[inline]
    pub fn drive(&mut self, bench: &mut Bench) {
        let junk = self.junk.next();
        let dut = bench.dut_mut();
        self.aw.drive(dut, junk);
        self.w.drive(dut, junk);
        self.ar.drive(dut, junk);
        self.b.drive(dut);
        self.r.drive(dut);
    }

    /// Moves what moves at the coming edge; between [`Bench::settle`] and [`Bench::edge`].
    ///
    /// # Errors
    /// When a channel breaks a rule: an answer that is withdrawn, changes while stalled, or that nothing asked for.
    #[inline]
    pub fn sample(&mut self, bench: &Bench) -> Result<(), Failure> {
        // Answers first: an answer in the same clock in which the address moves would be combinational.
        if let Some(values) = self.b.sample(bench)? {
            if self.owed[0] == 0 || self.owed[1] == 0 {
                return Err(bench.mismatch("AXI4-Lite B: an answer before the address and the word of a write"));
            }
            self.owed[0] -= 1;
            self.owed[1] -= 1;
            if let Some((address, data)) = self.writes.pop_front() {
                self.done.push_back(Completion::Write { address, data, response: values[0] });
            }
        }
        if let Some(values) = self.r.sample(bench)? {
            if self.owed[2] == 0 {
                return Err(bench.mismatch("AXI4-Lite R: an answer that no read asked for"));
            }
            self.owed[2] -= 1;
            if let Some(address) = self.reads.pop_front() {
                self.done.push_back(Completion::Read { address, data: values[0] as u32, response: values[1] });
            }
        }
        self.owed[0] += u64::from(self.aw.sample(bench.dut()));
        self.owed[1] += u64::from(self.w.sample(bench.dut()));
        self.owed[2] += u64::from(self.ar.sample(bench.dut()));
        Ok(())
    }
}
