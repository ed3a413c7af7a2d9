//! The Verilated top as the DMA sees it: one beat each way a clock, and its register bus.

use crate::axi_lite::{AxiLite, Completion, OKAY};
use crate::bench::{Bench, Failure};
use crate::dut::{Dut, DutError, Port};

use super::mm2s::StreamBeat;

/// Clocks within which AXI4-Lite answers.
const BUS_PATIENCE: u64 = 1_000;

struct Ports {
    valid: Port,
    ready: Port,
    data: Port,
    keep: Port,
    last: Port,
}

impl Ports {
    fn of(dut: &Dut, prefix: &str) -> Result<Ports, DutError> {
        let port = |name: &str| dut.port(&format!("{prefix}_{name}"));
        Ok(Ports {
            valid: port("tvalid")?,
            ready: port("tready")?,
            data: port("tdata")?,
            keep: port("tkeep")?,
            last: port("tlast")?,
        })
    }
}

/// What moved in one clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    /// The offered beat was taken.
    pub taken: bool,
    /// The beat that the design gave.
    pub reply: Option<StreamBeat>,
}

/// The design with its streams and its register bus.
pub(super) struct EngineSide {
    bench: Bench,
    records: Ports,
    replies: Ports,
    irq: Port,
    bus: AxiLite,
    bus_quiet: bool,
}

impl EngineSide {
    /// Takes over a design of `deltascope_top` and resets it.
    pub fn new(mut bench: Bench) -> Result<EngineSide, Failure> {
        let dut = bench.dut();
        let (records, replies) = (Ports::of(dut, "s_axis")?, Ports::of(dut, "m_axis")?);
        let (irq, bus) = (dut.port("irq")?, AxiLite::new(dut, "s_axi")?);
        let id = dut.port("build_id")?;
        bench.dut_mut().set(id, 0);
        let mut side = EngineSide { bench, records, replies, irq, bus, bus_quiet: false };
        side.hard_reset()?;
        Ok(side)
    }

    /// Clocks so far.
    pub fn clocks(&self) -> u64 {
        self.bench.clocks()
    }

    /// The engine's interrupt.
    pub fn irq(&self) -> bool {
        self.bench.dut().high(self.irq)
    }

    /// Resets the design; whatever was under way is forgotten.
    pub fn hard_reset(&mut self) -> Result<(), Failure> {
        self.bus.clear();
        let dut = self.bench.dut_mut();
        dut.set(self.records.valid, 0);
        dut.set(self.replies.ready, 0);
        self.bus.drive(&mut self.bench);
        self.bench.reset(3)?;
        Ok(())
    }

    /// One clock with the beat that is offered, and whether a reply would be taken.
    #[inline]
    pub fn clock(&mut self, offer: Option<StreamBeat>, ready: bool) -> Result<Moved, Failure> {
        let dut = self.bench.dut_mut();
        dut.set(self.records.valid, u64::from(offer.is_some()));
        if let Some(beat) = offer {
            dut.set(self.records.data, beat.data);
            dut.set(self.records.keep, beat.keep.into());
            dut.set(self.records.last, beat.last.into());
        }
        dut.set(self.replies.ready, ready.into());
        let bus_moves = !self.bus_quiet;
        if bus_moves {
            // Once more after the last answer, so that its ready goes down again.
            self.bus_quiet = self.bus.pending() == 0;
            self.bus.drive(&mut self.bench);
        }
        self.bench.settle()?;
        if bus_moves {
            self.bus.sample(&self.bench)?;
        }
        let dut = self.bench.dut();
        let taken = offer.is_some() && dut.high(self.records.ready);
        let reply = (ready && dut.high(self.replies.valid)).then(|| StreamBeat {
            data: dut.get(self.replies.data),
            keep: dut.get(self.replies.keep) as u8,
            last: dut.high(self.replies.last),
        });
        self.bench.edge();
        Ok(Moved { taken, reply })
    }

    /// Begins a read or, with a value, a write.
    pub fn begin(&mut self, offset: u32, value: Option<u32>) {
        self.bus_quiet = false;
        match value {
            Some(value) => self.bus.write(offset, value),
            None => self.bus.read(offset),
        }
    }

    /// The answer of an access: the word read and the response, 0 OKAY, 2 SLVERR.
    pub fn answer(&mut self) -> Option<(u32, u8)> {
        Some(match self.bus.completion()? {
            Completion::Write { response, .. } => (0, response as u8),
            Completion::Read { data, response, .. } => (data, response as u8),
        })
    }

    /// Clocks within which an access is answered.
    pub fn patience(&self) -> u64 {
        BUS_PATIENCE
    }
}

const _: () = assert!(OKAY == 0);
