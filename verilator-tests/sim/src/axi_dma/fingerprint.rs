//! The Verilated fingerprint block behind an AXI DMA of its own, and the seams of its driver.
//!
//! The block's stream is 128 bits wide and the memory port 64: the interconnect of the board puts two words into a beat.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use deltascope_abi::board::FINGERPRINT_BUFFERS;
use deltascope_driver::axi_dma::DmaSettings;
use deltascope_driver::fingerprint::{FingerprintBlock, FingerprintError, buffer_bytes, settings};
use deltascope_driver::seams::{BusError, Clock, Fabric, FabricError, Registers};

use crate::bench::{Bench, Failure};
use crate::dut::{Dut, Port};

use super::config::{CLOCKS_PER_US, DmaConfig};
use super::dma::AxiDma;
use super::faults::Faults;
use super::memory::Ram;
use super::mm2s::StreamBeat;
use super::pg021::WINDOW_BYTES;

/// Bytes of a word of the memory port.
const WORD_BYTES: u32 = 8;

struct Ports {
    valid: Port,
    ready: Port,
    data: Port,
    keep: Port,
    last: Port,
    result_valid: Port,
    result_ready: Port,
    result: Port,
    result_keep: Port,
    result_last: Port,
}

/// A beat of 128 bits.
#[derive(Clone, Copy, Debug, Default)]
struct WideBeat {
    data: u128,
    keep: u16,
    last: bool,
}

/// Block, DMA and memory on one clock. Every access to a register simulates.
pub struct FingerprintSystem {
    bench: Bench,
    ports: Ports,
    dma: AxiDma,
    memory: Ram,
    faults: Faults,
    /// The first word of a beat.
    half: Option<StreamBeat>,
    /// The beat that is offered to the block.
    offered: Option<WideBeat>,
}

impl FingerprintSystem {
    fn new(config: DmaConfig, memory: Ram, seed: u64) -> Result<FingerprintSystem, Failure> {
        let mut bench = Bench::new(Dut::open("fingerprint", seed)?, None)?;
        let dut = bench.dut();
        let ports = Ports {
            valid: dut.port("s_axis_tvalid")?,
            ready: dut.port("s_axis_tready")?,
            data: dut.port("s_axis_tdata")?,
            keep: dut.port("s_axis_tkeep")?,
            last: dut.port("s_axis_tlast")?,
            result_valid: dut.port("m_axis_tvalid")?,
            result_ready: dut.port("m_axis_tready")?,
            result: dut.port("m_axis_tdata")?,
            result_keep: dut.port("m_axis_tkeep")?,
            result_last: dut.port("m_axis_tlast")?,
        };
        bench.dut_mut().set(ports.valid, 0);
        bench.dut_mut().set(ports.result_ready, 0);
        bench.reset(3)?;
        let (dma, faults) = (AxiDma::new(config), Faults::default());
        Ok(FingerprintSystem { bench, ports, dma, memory, faults, half: None, offered: None })
    }

    /// One clock.
    fn clock(&mut self) -> Result<(), Failure> {
        // A word is taken while its beat has room.
        let word = if self.offered.is_none() { self.dma.offer() } else { None };
        let ready = self.dma.ready();
        let Ports { valid, data, keep, last, result_ready, .. } = self.ports;
        let beat = self.offered.unwrap_or_default();
        let dut = self.bench.dut_mut();
        dut.set(valid, u64::from(self.offered.is_some()));
        dut.set128(data, beat.data);
        dut.set(keep, u64::from(beat.keep));
        dut.set(last, u64::from(beat.last));
        dut.set(result_ready, u64::from(ready));
        self.bench.settle()?;
        let dut = self.bench.dut();
        let taken = self.offered.is_some() && dut.high(self.ports.ready);
        let arrived = (ready && dut.high(self.ports.result_valid)).then(|| StreamBeat {
            data: dut.get(self.ports.result),
            keep: dut.get(self.ports.result_keep) as u8,
            last: dut.high(self.ports.result_last),
        });
        self.bench.edge();
        if taken {
            self.offered = None;
        }
        if let Some(word) = word {
            self.widen(word);
        }
        self.dma.clock(word.is_some(), arrived, &mut self.memory, &mut self.faults);
        Ok(())
    }

    /// Puts a word behind the one that waits, or lets it wait.
    fn widen(&mut self, word: StreamBeat) {
        let Some(low) = self.half.take() else {
            match word.last {
                true => {
                    let (data, keep) = (word.data.into(), word.keep.into());
                    self.offered = Some(WideBeat { data, keep, last: true });
                }
                false => self.half = Some(word),
            }
            return;
        };
        self.offered = Some(WideBeat {
            data: u128::from(low.data) | u128::from(word.data) << 64,
            keep: u16::from(low.keep) | u16::from(word.keep) << WORD_BYTES,
            last: word.last,
        });
    }

    fn access(&mut self, at: u32, value: Option<u32>) -> Result<u32, BusError> {
        if !at.is_multiple_of(4) || at >= WINDOW_BYTES {
            return Err(BusError::Offset { offset: at, window: WINDOW_BYTES });
        }
        for _ in 0..self.dma.config().timing.register_access {
            self.clock().map_err(|failure| BusError::Host { offset: at, text: failure.to_string() })?;
        }
        Ok(match value {
            Some(value) => {
                self.dma.write(at, value, &self.faults);
                0
            }
            None => self.dma.read(at, &self.faults),
        })
    }
}

/// The DMA's registers, and the simulated time.
#[derive(Clone)]
pub struct Hand(Rc<RefCell<FingerprintSystem>>);

impl Registers for Hand {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.0.borrow_mut().access(offset, None)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.0.borrow_mut().access(offset, Some(value)).map(|_| ())
    }
}

impl Clock for Hand {
    fn now(&mut self) -> Duration {
        Duration::from_micros(self.0.borrow().bench.clocks() / CLOCKS_PER_US)
    }
}

/// Logic that is always there.
struct Simulated;

impl Fabric for Simulated {
    fn check(&mut self) -> Result<(), FabricError> {
        Ok(())
    }
}

/// The Verilated block behind the real driver.
pub type RtlFingerprint = FingerprintBlock<Hand, Ram, Hand>;

/// Why the simulated block cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The design is not built in, or broke a rule of a bus.
    #[error(transparent)]
    Simulation(#[from] Failure),
    /// The driver refused it.
    #[error(transparent)]
    Driver(#[from] FingerprintError),
}

/// Brings up the block as the board has it, for packets of at most `packet_bytes`, a multiple of 16.
///
/// # Errors
/// The design is not built in, or the DMA does not suit.
pub fn open(packet_bytes: u32) -> Result<RtlFingerprint, OpenError> {
    let settings = DmaSettings {
        time_limit: Duration::from_micros(10_000),
        reset_limit: Duration::from_micros(1_000),
        ..settings(packet_bytes)
    };
    let memory = Ram::new(FINGERPRINT_BUFFERS.base.into(), buffer_bytes(&settings));
    let system = FingerprintSystem::new(DmaConfig::board(true), memory.clone(), 1)?;
    let hand = Hand(Rc::new(RefCell::new(system)));
    Ok(FingerprintBlock::open(&mut Simulated, hand.clone(), memory, hand, &settings)?)
}
