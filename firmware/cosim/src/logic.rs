//! The programmable logic: the Verilated top behind the model of the AXI DMA, on the time of the processor.

use deltascope_abi::board::{AXI_DMA, ENGINE};
use deltascope_sim::axi_dma::{Block, DmaConfig, Fault, Memory, Ram, Response, System};
use deltascope_sim::bench::Failure;

use crate::time::{Time, of_logic, of_processor};

/// Clocks of the processor between two looks at the logic while anything moves in it.
const STEP: u64 = 260;
/// Clocks of the logic without an access, a record or an access of the DMA to memory, after which nothing is under way. The
/// longest thing that it does by itself is to clear its tables: 16,384 clocks.
const QUIET: u64 = 40_000;
/// Seed of the random contents of memories after power-on. Results do not depend on it.
const SEED: u64 = 1;

/// The DMA's buffers, which count what the DMA does.
struct Buffers {
    memory: Ram,
    accesses: u64,
}

impl Memory for Buffers {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Response {
        self.accesses += 1;
        self.memory.read(address, bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Response {
        self.accesses += 1;
        self.memory.write(address, bytes)
    }
}

/// What the logic has done.
#[derive(Clone, Copy, Debug)]
pub struct Counters {
    /// Accesses of the processor to registers of the engine and the DMA.
    pub register_accesses: u64,
    /// Accesses of the DMA to memory.
    pub memory_accesses: u64,
    /// Beats of records that the engine took since its last reset.
    pub record_beats: u64,
    /// Clocks that were simulated.
    pub clocks: u64,
}

/// The logic.
pub struct Logic {
    system: System<Buffers>,
    /// Up to when it is simulated, in clocks of the processor.
    simulated: u64,
    quiet: u64,
    seen: (u64, u64),
    register_accesses: u64,
}

impl Logic {
    /// Returns the logic after its reset. The DMA reaches `buffers` and nothing else.
    ///
    /// # Errors
    /// The design is not built in.
    pub fn new(buffers: Ram) -> Result<Logic, Failure> {
        let buffers = Buffers { memory: buffers, accesses: 0 };
        let mut system = System::new(DmaConfig::board(true), buffers, SEED)?;
        // The image is stopped from outside.
        system.allow_running();
        Ok(Logic { system, simulated: 0, quiet: 0, seen: (0, 0), register_accesses: 0 })
    }

    /// Returns when it has to be simulated next.
    pub fn due(&self) -> u64 {
        if self.quiet < QUIET { self.simulated + STEP } else { u64::MAX }
    }

    /// Returns whether the line `IRQ_F2P[0]` is high.
    pub fn raises(&self) -> bool {
        self.system.interrupts().any()
    }

    /// Simulates up to `now`. Logic in which nothing moves is not simulated.
    ///
    /// # Errors
    /// The design broke a rule of a bus.
    pub fn advance(&mut self, now: u64) -> Result<(), Failure> {
        if self.quiet >= QUIET {
            self.simulated = now;
            return Ok(());
        }
        let clocks = of_logic(now - self.simulated);
        // What is left of a clock counts later.
        self.simulated += of_processor(clocks).min(now - self.simulated);
        self.system.step(clocks)?;
        let moved = (self.system.dma().record_beats(), self.system.memory().accesses);
        self.quiet = if moved == self.seen { self.quiet + clocks } else { 0 };
        self.seen = moved;
        Ok(())
    }

    /// Returns block and offset of an address of the logic.
    pub fn find(address: u32) -> Option<(Block, u32)> {
        let inside = |base: u32, bytes: u32| address.checked_sub(base).filter(|offset| *offset < bytes);
        inside(ENGINE.base, ENGINE.bytes)
            .map(|offset| (Block::Engine, offset))
            .or_else(|| inside(AXI_DMA.base, AXI_DMA.bytes).map(|offset| (Block::Dma, offset)))
    }

    /// Reads a register, or writes `value` to it. The processor waits for the answer.
    ///
    /// # Errors
    /// The bus answers with an error, which would be an abort of the processor, or the design broke a rule.
    pub fn access(&mut self, time: &mut Time, block: Block, offset: u32, value: Option<u32>) -> Result<u32, String> {
        self.advance(time.now()).map_err(|failure| failure.to_string())?;
        self.register_accesses += 1;
        let before = self.system.clocks();
        let outcome = match value {
            None => self.system.read32(block, offset),
            Some(value) => self.system.write32(block, offset, value).map(|()| 0),
        };
        // The interrupt line follows a register by a clock.
        self.system.step(1).map_err(|failure| failure.to_string())?;
        time.wait(of_processor(self.system.clocks() - before));
        (self.simulated, self.quiet) = (time.now(), 0);
        outcome.map_err(|error| format!("{block:?} registers: {error}"))
    }

    /// Plans a fault.
    pub fn plan(&mut self, fault: Fault) {
        self.system.faults().plan(fault);
    }

    /// Returns what it has done.
    pub fn counters(&mut self) -> Counters {
        Counters {
            register_accesses: self.register_accesses,
            memory_accesses: self.system.memory().accesses,
            record_beats: self.system.dma().record_beats(),
            clocks: self.system.clocks(),
        }
    }
}
