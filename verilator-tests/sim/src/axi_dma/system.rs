//! The programmable logic as a whole: engine, DMA, and the memory behind them.

use super::pg021::WINDOW_BYTES as DMA_WINDOW;
use deltascope_abi::registers::{IDENTITY_VALUE, WINDOW_BYTES as ENGINE_WINDOW, offset};
use deltascope_driver::seams::{BusError, FabricError};

use crate::bench::{Bench, Failure};
use crate::dut::Dut;

use super::config::DmaConfig;
use super::dma::AxiDma;
use super::engine_side::EngineSide;
use super::faults::{Fault, Faults};
use super::memory::Memory;

/// Clocks without a real interrupt before one comes that is late or was not raised: in the midst of a real one
/// it could not be noticed.
const QUIET_CLOCKS: u64 = 200;

/// A block with registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// `deltascope_top`.
    Engine,
    /// The AXI DMA.
    Dma,
}

/// Interrupt lines, high while raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    /// Of the engine.
    pub engine: bool,
    /// Of the DMA: either channel.
    pub dma: bool,
}

impl Interrupts {
    /// The one line of the board: the OR of both.
    pub fn any(self) -> bool {
        self.engine || self.dma
    }
}

/// Engine and DMA on one clock, with the memory that the DMA sees. Nothing moves by itself: every access and every
/// [`System::step`] simulates.
pub struct System<M> {
    engine: EngineSide,
    dma: AxiDma,
    memory: M,
    faults: Faults,
    line: Line,
    /// Accesses to logic that may not be touched: a processor would hang.
    hung: u64,
    /// The DMA may be at work when this goes.
    may_run: bool,
}

impl<M> Drop for System<M> {
    /// Fails the test that has left the DMA at work: what is behind its addresses belongs to something else by then.
    fn drop(&mut self) {
        if !self.may_run && !std::thread::panicking() {
            assert!(
                self.dma.is_stopped(),
                "expected the DMA reset and its buffers forgotten at the end, found it at work"
            );
        }
    }
}

/// The DMA's interrupt as the processor sees it, which faults change.
#[derive(Debug, Default)]
struct Line {
    /// The line is hidden until it falls.
    hidden: bool,
    was_high: bool,
    /// Clocks since the line was high.
    low_for: u64,
    /// The earliest clock at which a late interrupt comes.
    late: Option<u64>,
    /// Clocks for which the processor has waited for it, without anything else between.
    waited: u64,
    /// An interrupt that no channel raises, until it is taken.
    pulse: bool,
}

impl<M: Memory> System<M> {
    /// The committed top in Verilator behind a DMA built as `config` states. `seed` makes the random contents of the
    /// engine's memories after power-on.
    ///
    /// # Errors
    /// The design is not built in.
    pub fn new(config: DmaConfig, memory: M, seed: u64) -> Result<System<M>, Failure> {
        let bench = Bench::new(Dut::open("deltascope_top", seed)?, None)?;
        let (engine, dma) = (EngineSide::new(bench)?, AxiDma::new(config));
        Ok(System { engine, dma, memory, faults: Faults::default(), line: Line::default(), hung: 0, may_run: false })
    }

    /// Leaves the DMA at work at the end: for a host that is another process and may be killed.
    pub fn allow_running(&mut self) {
        self.may_run = true;
    }

    /// Clocks so far.
    pub fn clocks(&self) -> u64 {
        self.engine.clocks()
    }

    /// The DMA.
    pub fn dma(&self) -> &AxiDma {
        &self.dma
    }

    /// The memory.
    pub fn memory(&mut self) -> &mut M {
        &mut self.memory
    }

    /// Faults to come.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Accesses so far that would have hung a processor.
    pub fn hung(&self) -> u64 {
        self.hung
    }

    /// The interrupt lines as they are now.
    pub fn interrupts(&self) -> Interrupts {
        let raised = self.dma.interrupts() != [false; 2] && !self.line.hidden;
        Interrupts { engine: self.engine.irq(), dma: raised || self.line.pulse }
    }

    /// The processor has taken the DMA's interrupt: one that no channel raises is over.
    pub fn rearm(&mut self) {
        self.line.pulse = false;
    }

    /// Whether the logic may be touched.
    ///
    /// # Errors
    /// What a host would find out.
    pub fn fabric(&self) -> Result<(), FabricError> {
        match () {
            () if self.faults.lasts(Fault::Unconfigured) => {
                Err(FabricError::NotConfigured { found: "power off".to_owned() })
            }
            () if self.faults.lasts(Fault::NoClock) => Err(FabricError::NoClock { clock: 0 }),
            () if self.faults.lasts(Fault::HeldInReset) => Err(FabricError::InReset { reset: 0 }),
            () => Ok(()),
        }
    }

    /// The reset of the programmable logic: engine and DMA as after power-on. What lasts of the faults stays.
    ///
    /// # Errors
    /// As [`System::step`].
    pub fn hard_reset(&mut self) -> Result<(), Failure> {
        self.dma = AxiDma::new(self.dma.config().clone());
        self.line = Line::default();
        self.engine.hard_reset()
    }

    /// One clock.
    #[inline]
    fn clock(&mut self) -> Result<(), Failure> {
        let offer = self.dma.offer();
        let ready = self.dma.ready();
        let moved = self.engine.clock(offer, ready)?;
        self.dma.clock(moved.taken, moved.reply, &mut self.memory, &mut self.faults);
        self.watch_line();
        Ok(())
    }

    fn watch_line(&mut self) {
        let high = self.dma.interrupts() != [false; 2];
        let line = &mut self.line;
        if !self.faults.is_empty() {
            line.pulse |= line.low_for >= QUIET_CLOCKS && self.faults.strike(Fault::SpuriousInterrupt);
            if high && !line.was_high {
                line.hidden |= self.faults.strike(Fault::LoseInterrupt);
                let delay = self.faults.strike_if(|fault| match fault {
                    Fault::DelayInterrupt(clocks) if line.late.is_none() => Some(clocks),
                    _ => None,
                });
                if let Some(clocks) = delay {
                    (line.hidden, line.late) = (true, Some(self.engine.clocks() + clocks));
                }
            }
        }
        line.low_for = if high { 0 } else { line.low_for + 1 };
        // One that falls into the work of a real interrupt goes unnoticed: it comes to a processor that waits for it.
        let is_quiet = line.low_for.min(line.waited) >= QUIET_CLOCKS;
        if is_quiet && line.late.is_some_and(|at| self.engine.clocks() >= at) {
            (line.late, line.pulse) = (None, true);
        }
        line.hidden &= high;
        line.was_high = high;
    }

    /// Simulates `clocks` clocks.
    ///
    /// # Errors
    /// The design broke a rule of a bus.
    pub fn step(&mut self, clocks: u64) -> Result<(), Failure> {
        for _ in 0..clocks {
            self.clock()?;
        }
        Ok(())
    }

    /// Simulates until the interrupt of DMA or engine is seen, at most `clocks` clocks; gives whether it is.
    ///
    /// # Errors
    /// As [`System::step`].
    pub fn step_until_interrupt(&mut self, clocks: u64) -> Result<bool, Failure> {
        self.line.waited = 0;
        for waited in 0..clocks {
            if self.interrupts().any() {
                break;
            }
            self.line.waited = waited;
            self.clock()?;
        }
        self.line.waited = 0;
        Ok(self.interrupts().any())
    }

    /// Reads a register.
    ///
    /// # Errors
    /// SLVERR, an offset that is not a register's, a simulation that failed.
    pub fn read32(&mut self, block: Block, offset: u32) -> Result<u32, BusError> {
        self.access(block, offset, None)
    }

    /// Writes a register.
    ///
    /// # Errors
    /// As [`System::read32`].
    pub fn write32(&mut self, block: Block, offset: u32, value: u32) -> Result<(), BusError> {
        self.access(block, offset, Some(value)).map(|_| ())
    }

    fn access(&mut self, block: Block, at: u32, value: Option<u32>) -> Result<u32, BusError> {
        let window = match block {
            Block::Engine => ENGINE_WINDOW,
            Block::Dma => DMA_WINDOW,
        };
        if !at.is_multiple_of(4) || at >= window {
            return Err(BusError::Offset { offset: at, window });
        }
        if self.fabric().is_err() {
            self.hung += 1;
            let text = "expected an answer, found none: a processor would hang here".to_owned();
            return Err(BusError::Host { offset: at, text });
        }
        self.step(self.dma.config().timing.register_access).map_err(|failure| on_bus(at, &failure))?;
        match block {
            Block::Dma if self.faults.lasts(Fault::DmaSlaveError) => {
                Err(BusError::Response { offset: at, response: 2 })
            }
            Block::Dma => Ok(match value {
                Some(value) => {
                    self.dma.write(at, value, &self.faults);
                    0
                }
                None => self.dma.read(at, &self.faults),
            }),
            Block::Engine if self.faults.lasts(Fault::EngineSlaveError) => {
                Err(BusError::Response { offset: at, response: 2 })
            }
            Block::Engine => self.access_engine(at, value),
        }
    }

    fn access_engine(&mut self, at: u32, value: Option<u32>) -> Result<u32, BusError> {
        self.engine.begin(at, value);
        for _ in 0..self.engine.patience() {
            self.clock().map_err(|failure| on_bus(at, &failure))?;
            match self.engine.answer() {
                Some((_, response)) if response != 0 => return Err(BusError::Response { offset: at, response }),
                Some((word, _)) if at == offset::IDENTITY && self.faults.lasts(Fault::Identity) => {
                    return Ok(word ^ IDENTITY_VALUE ^ 0x1234_5678);
                }
                Some((word, _)) => return Ok(word),
                None => {}
            }
        }
        let text = format!("expected AXI4-Lite to answer within {} clocks, found nothing", self.engine.patience());
        Err(BusError::Host { offset: at, text })
    }
}

fn on_bus(offset: u32, failure: &Failure) -> BusError {
    BusError::Host { offset, text: failure.to_string() }
}
