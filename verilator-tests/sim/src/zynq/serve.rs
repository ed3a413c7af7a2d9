//! The loop that serves the logic: accesses first, then clocks while anything moves, then sleep.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use deltascope_abi::board::{AXI_DMA, ENGINE};
use deltascope_abi::mailbox::{DECERR, OKAY, SLVERR};
use deltascope_driver::seams::BusError;
use deltascope_mailbox::{Backoff, Host, Operation, Request};
use serde_json::{Value, json};

use crate::axi_dma::{Block, DmaConfig, Memory, System};
use crate::bench::Failure;

use super::ddr::{Ddr, DdrError};
use super::line::{Line, LineError};

/// Clocks between two looks at the mailbox.
const STEP: u64 = 64;
/// Clocks without an access, a beat of records or an access of the DMA to memory, after which nothing is under way. The
/// longest thing that the logic does by itself is to clear its tables: 16,384 clocks.
const QUIET: u64 = 40_000;
/// Seed of the random contents of memories after power-on. Results do not depend on it.
const SEED: u64 = 1;

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The shared memory.
    #[error(transparent)]
    Ddr(#[from] DdrError),
    /// The interrupt line.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The design broke a rule.
    #[error(transparent)]
    Design(#[from] Failure),
    /// The simulation of an access failed.
    #[error(transparent)]
    Bus(BusError),
}

/// Where guest and logic meet.
#[derive(Clone, Debug)]
pub struct Places {
    /// The file of the guest's memory. It is made empty.
    pub ddr: PathBuf,
    /// QEMU's QMP socket.
    pub qmp: PathBuf,
    /// QEMU's test socket.
    pub qtest: PathBuf,
}

/// The logic of an emulated Zynq.
pub struct Server {
    system: System<Ddr>,
    host: Host,
    refused: u64,
    started: Instant,
}

impl Server {
    /// Makes the memory and brings up the logic. A guest may be started after this.
    ///
    /// # Errors
    /// The memory cannot be made, or the design is not built in.
    pub fn new(places: &Places, config: DmaConfig) -> Result<Server, ServeError> {
        let (ddr, words) = Ddr::create(&places.ddr)?;
        let mut system = System::new(config, ddr, SEED)?;
        // The guest is ended from outside when a job fails; one that ends by itself has stopped the DMA, see the report.
        system.allow_running();
        Ok(Server { system, host: Host::new(words), refused: 0, started: Instant::now() })
    }

    /// Serves until `stop`.
    ///
    /// # Errors
    /// QEMU has ended, or the design broke a rule.
    pub fn run(&mut self, line: &mut Line, stop: &AtomicBool) -> Result<(), ServeError> {
        let mut backoff = Backoff::default();
        let (mut quiet, mut seen) = (0, (0, 0));
        while !stop.load(Ordering::Relaxed) {
            if let Some(request) = self.host.poll() {
                let (value, response) = answer(&mut self.system, request)?;
                self.refused += u64::from(response != OKAY);
                // The guest unmasks the interrupt after this access: the line that it has lowered must be low by then, and
                // it follows the register by a clock.
                self.system.step(1)?;
                self.drive(line)?;
                self.host.answer(value, response);
                quiet = 0;
            } else if quiet < QUIET {
                self.system.step(STEP)?;
                self.drive(line)?;
                let now = (self.system.dma().record_beats(), self.system.memory().touched());
                quiet = if now == seen { quiet + STEP } else { 0 };
                seen = now;
            } else {
                backoff.wait();
                continue;
            }
            backoff.reset();
        }
        Ok(())
    }

    /// Sets the line as the logic has it: the OR of the interrupts of engine and DMA.
    fn drive(&mut self, line: &mut Line) -> Result<(), LineError> {
        line.set(self.system.interrupts().any())
    }

    /// What was done.
    pub fn report(&mut self, line: &Line) -> Value {
        json!({
            "accesses": self.host.served(),
            "refused": self.refused,
            "interrupts": line.raised(),
            "record_beats": self.system.dma().record_beats(),
            "memory_accesses": self.system.memory().touched(),
            "clocks": self.system.clocks(),
            "dma_stopped": self.system.dma().is_stopped(),
            "seconds": self.started.elapsed().as_secs_f64(),
        })
    }
}

/// Takes an access to its block. An error of the simulation itself ends the serving; what a bus would refuse is answered.
fn answer<M: Memory>(system: &mut System<M>, request: Request) -> Result<(u32, u32), ServeError> {
    let blocks = [(ENGINE, Block::Engine), (AXI_DMA, Block::Dma)];
    let inside = |base: u32, bytes: u32| request.address.checked_sub(base).filter(|&offset| offset < bytes);
    let found = blocks.iter().find_map(|(window, block)| Some((*block, inside(window.base, window.bytes)?)));
    let Some((block, offset)) = found else { return Ok((0, DECERR)) };
    let outcome = match request.operation {
        Operation::Read => system.read32(block, offset),
        Operation::Write(value) => system.write32(block, offset, value).map(|()| 0),
    };
    match outcome {
        Ok(value) => Ok((value, OKAY)),
        Err(BusError::Response { response, .. }) => Ok((0, response.into())),
        Err(BusError::Offset { .. }) => Ok((0, SLVERR)),
        Err(error) => Err(ServeError::Bus(error)),
    }
}
