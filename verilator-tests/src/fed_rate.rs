//! How much of the 64-bit port of records one AXI DMA can use, over the latency of the memory, the reads under way
//! and the size of a batch.
//!
//! Software is left out: every descriptor of a run is posted with one write of TAILDESC, so this is what the hardware
//! allows. The time counts from that write to the last beat taken, the first descriptor's way included.

use deltascope_abi::record::{Class, RECORD_BYTES, Record};
use deltascope_abi::registers::{STATUS_CLEARING, offset};
use deltascope_driver::axi_dma::descriptor::{DESCRIPTOR_BYTES, END_OF_FRAME, START_OF_FRAME, word};
use deltascope_driver::axi_dma::registers::{Channel, Register, control};
use deltascope_driver::seams::BusError;

use deltascope_sim::axi_dma::{Block, DmaConfig, Memory, Ram, System, Timing};
use deltascope_sim::bench::Failure;

/// Latencies of the memory in clocks.
pub const LATENCIES: [u64; 4] = [20, 40, 60, 80];
/// Read bursts under way.
pub const OUTSTANDING: [usize; 4] = [1, 2, 4, 8];
/// Bytes of a batch.
pub const BATCHES: [u32; 8] = [64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
/// Bytes of a run with small batches.
const RUN_BYTES: u32 = 128 << 10;
/// Batches of a run at least and at most.
const RUN_BATCHES: [u32; 2] = [2, 512];
/// Where things are: records, then both rings, then one packet of replies.
const BASE: u64 = 0x1000_0000;
const RING_BYTES: u64 = 64 << 10;
const PACKET_BYTES: u32 = 4096;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FedError {
    /// The simulation failed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// A register could not be accessed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The records did not arrive.
    #[error("expected {expected} beats taken within {clocks} clocks, found {found}")]
    Stuck {
        /// Beats of the run.
        expected: u64,
        /// Beats taken.
        found: u64,
        /// Clocks waited.
        clocks: u64,
    },
}

/// One cell of the grid.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Latency of the memory in clocks.
    pub latency: u64,
    /// Read bursts under way.
    pub outstanding: usize,
    /// Bytes of a batch.
    pub batch: u32,
    /// Beats that moved.
    pub beats: u64,
    /// Clocks that they took.
    pub clocks: u64,
}

impl Cell {
    /// Share of the port's beats that were used.
    pub fn share(&self) -> f64 {
        self.beats as f64 / self.clocks as f64
    }
}

/// Measures one cell: as many batches as make a run, back to back.
///
/// # Errors
/// The simulation failed.
pub fn measure(latency: u64, outstanding: usize, batch: u32) -> Result<Cell, FedError> {
    let timing = Timing { ddr_latency: latency, outstanding_reads: outstanding, ..Timing::default() };
    let config = DmaConfig { timing, ..DmaConfig::board(true) };
    let bytes = batch.max(RUN_BYTES) as usize + 2 * RING_BYTES as usize + PACKET_BYTES as usize;
    let mut system = System::new(config, Ram::new(BASE, bytes), 1)?;
    let batches = (RUN_BYTES / batch).clamp(RUN_BATCHES[0], RUN_BATCHES[1]);
    let records = BASE;
    let record_ring = BASE + u64::from(batch.max(RUN_BYTES));
    let reply_ring = record_ring + RING_BYTES;
    let packet = reply_ring + RING_BYTES;

    for n in 0..u64::from(batch) / RECORD_BYTES as u64 {
        let record = Record::pair((n % 1024) as u16, Class::PageAfterT, 4096, n as u32, 7);
        system.memory().write(records + n * RECORD_BYTES as u64, &record.to_bytes());
    }
    let flags = START_OF_FRAME | END_OF_FRAME;
    fill_ring(system.memory(), record_ring, batches, records, batch | flags);
    // The replies are the ends of the batches; all of them go to the same place.
    fill_ring(system.memory(), reply_ring, batches + 2, packet, PACKET_BYTES);

    while system.read32(Block::Engine, offset::STATUS)? & STATUS_CLEARING.mask() != 0 {}
    start(&mut system, Channel::S2mm, reply_ring)?;
    tail(&mut system, Channel::S2mm, reply_ring, batches + 2)?;
    start(&mut system, Channel::Mm2s, record_ring)?;
    tail(&mut system, Channel::Mm2s, record_ring, batches)?;

    let beats = u64::from(batch) / 8 * u64::from(batches);
    let begin = system.clocks();
    let limit = 200 * beats + 100_000;
    while system.dma().record_beats() < beats && system.clocks() - begin <= limit {
        system.step(1)?;
    }
    let (found, clocks) = (system.dma().record_beats(), system.clocks() - begin);
    system.write32(Block::Dma, Channel::Mm2s.at(Register::Control), control::RESET)?;
    match found < beats {
        true => Err(FedError::Stuck { expected: beats, found, clocks: limit }),
        false => Ok(Cell { latency, outstanding, batch, beats, clocks }),
    }
}

fn fill_ring(memory: &mut Ram, ring: u64, count: u32, buffer: u64, control: u32) {
    for n in 0..u64::from(count) {
        let at = ring + n * DESCRIPTOR_BYTES as u64;
        let next = ring + (n + 1) % u64::from(count) * DESCRIPTOR_BYTES as u64;
        for (offset, value) in [(word::NEXT, next as u32), (word::BUFFER, buffer as u32), (word::CONTROL, control)] {
            memory.write(at + offset as u64, &value.to_le_bytes());
        }
    }
}

fn start(system: &mut System<Ram>, channel: Channel, ring: u64) -> Result<(), BusError> {
    system.write32(Block::Dma, channel.at(Register::CurrentDescriptor), ring as u32)?;
    system.write32(Block::Dma, channel.at(Register::Control), control::RUN | control::AFTER_RESET)
}

fn tail(system: &mut System<Ram>, channel: Channel, ring: u64, count: u32) -> Result<(), BusError> {
    let last = ring + u64::from(count - 1) * DESCRIPTOR_BYTES as u64;
    system.write32(Block::Dma, channel.at(Register::TailDescriptor), last as u32)
}

/// Measures the whole grid: for each latency, each number of reads, each size of a batch.
///
/// # Errors
/// The simulation failed.
pub fn grid() -> Result<Vec<Cell>, FedError> {
    let mut cells = Vec::new();
    for latency in LATENCIES {
        for outstanding in OUTSTANDING {
            for batch in BATCHES {
                cells.push(measure(latency, outstanding, batch)?);
            }
        }
    }
    Ok(cells)
}

/// Measures the cells that the bar is about.
///
/// # Errors
/// The simulation failed.
pub fn bar() -> Result<Vec<Cell>, FedError> {
    BATCHES.into_iter().filter(|batch| *batch >= BAR_BATCH).map(|batch| measure(40, 4, batch)).collect()
}

/// Bytes of the smallest batch that the bar is about.
pub const BAR_BATCH: u32 = 64 << 10;

/// What the bar is about: batches from 64 KiB on, at 40 clocks and with four reads under way.
pub fn in_bar(cell: &Cell) -> bool {
    cell.latency == 40 && cell.outstanding == 4 && cell.batch >= BAR_BATCH
}

/// The share that the bar asks for.
pub const BAR: f64 = 0.95;
