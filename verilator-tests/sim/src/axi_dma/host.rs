//! The seams of the driver over a [`System`] in this process.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use deltascope_abi::board::BUFFERS;
use deltascope_driver::axi_dma::DmaSettings;
use deltascope_driver::dma_host::{DmaHost, DmaParts, HostError};
use deltascope_driver::seams::{BusError, Clock, Fabric, FabricError, Irq, Registers};

use crate::bench::Failure;

use super::config::{CLOCKS_PER_US, DmaConfig};
use super::memory::{Memory, Ram};
use super::system::{Block, System};

/// Beats of the longest reply packet of the committed top.
const PACKET_BEATS: u32 = 256;

/// A system that several hands hold.
pub type Shared<M> = Rc<RefCell<System<M>>>;

/// The registers of one block.
pub struct Window<M> {
    system: Shared<M>,
    block: Block,
}

impl<M: Memory> Registers for Window<M> {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.system.borrow_mut().read32(self.block, offset)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.system.borrow_mut().write32(self.block, offset, value)
    }
}

/// The board's one interrupt, of the DMA and the engine. Waiting simulates.
pub struct Line<M>(Shared<M>);

impl<M: Memory> Irq for Line<M> {
    fn wait(&mut self, timeout: Duration) -> bool {
        // A simulation that fails shows at the next access to a register.
        self.0
            .borrow_mut()
            .step_until_interrupt((timeout.as_micros() as u64).saturating_mul(CLOCKS_PER_US))
            .unwrap_or(false)
    }

    fn rearm(&mut self) {
        self.0.borrow_mut().rearm();
    }
}

/// The registers of a block of `system`.
pub fn window<M: Memory>(system: &Shared<M>, block: Block) -> Window<M> {
    Window { system: Rc::clone(system), block }
}

/// The interrupt of `system`.
pub fn line<M: Memory>(system: &Shared<M>) -> Line<M> {
    Line(Rc::clone(system))
}

/// The time of `system`.
pub fn clock<M: Memory>(system: &Shared<M>) -> PlClock<M> {
    PlClock(Rc::clone(system))
}

/// Simulated time.
pub struct PlClock<M>(Shared<M>);

impl<M: Memory> Clock for PlClock<M> {
    fn now(&mut self) -> Duration {
        Duration::from_micros(self.0.borrow().clocks() / CLOCKS_PER_US)
    }
}

/// Whether the simulated logic may be touched.
pub struct SimFabric<M>(pub Shared<M>);

impl<M: Memory> Fabric for SimFabric<M> {
    fn check(&mut self) -> Result<(), FabricError> {
        self.0.borrow().fabric()
    }
}

/// The driver over a system with memory of this process.
pub type SimHost = DmaHost<Window<Ram>, Window<Ram>, Ram, Line<Ram>, PlClock<Ram>>;

/// A system with memory for `settings`, and that memory.
///
/// # Errors
/// The design is not built in.
pub fn system(config: DmaConfig, settings: &DmaSettings, seed: u64) -> Result<(Shared<Ram>, Ram), Failure> {
    let ram = Ram::new(BUFFERS.base.into(), settings.buffer_bytes(PACKET_BEATS));
    Ok((Rc::new(RefCell::new(System::new(config, ram.clone(), seed)?)), ram))
}

/// The driver over `system`.
///
/// # Errors
/// As [`DmaHost::open`].
pub fn open(system: &Shared<Ram>, buffer: Ram, settings: &DmaSettings) -> Result<SimHost, HostError> {
    let parts = DmaParts {
        engine: window(system, Block::Engine),
        dma: window(system, Block::Dma),
        buffer,
        irq: line(system),
        clock: clock(system),
    };
    DmaHost::open(&mut SimFabric(Rc::clone(system)), parts, settings)
}
