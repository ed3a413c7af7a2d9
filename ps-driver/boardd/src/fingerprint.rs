//! `selftest --fingerprint`: proves the fingerprint block, on a board or Verilated, packet by packet.

use crate::engines::EngineName;
use deltascope_abi::crc::crc32c;
use deltascope_abi::fingerprint::Fingerprint;
use deltascope_abi::random::Random;
use deltascope_linux::fingerprint::{BlockError, UioFingerprint};
use deltascope_linux::{Options, fingerprint as uio};
use serde_json::json;
use std::io::{self, Write};
use std::time::Instant;

/// Bytes of the largest packet: a page of the observed host and what a send may have in front of it.
const PACKET_BYTES: u32 = 16 << 10;
/// Bytes of a page.
const PAGE: u64 = 4096;
/// Seed of the packets; every run proves the same ones.
const SEED: u64 = 14;

/// Why the block could not be proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The engine has no such block.
    #[error(
        "--fingerprint: expected --engine uio, or rtl in a build with it, found {found}; the model has no fingerprint block"
    )]
    NoBlock {
        /// The engine that was asked for.
        found: &'static str,
    },
    /// The block of the board.
    #[error(transparent)]
    Board(#[from] BlockError),
    /// The Verilated block.
    #[cfg(feature = "rtl")]
    #[error(transparent)]
    Simulation(#[from] deltascope_sim::axi_dma::fingerprint::OpenError),
    /// Standard output failed.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// A fingerprint block, wherever it is.
enum Block {
    Uio(Box<UioFingerprint>),
    #[cfg(feature = "rtl")]
    Rtl(Box<deltascope_sim::axi_dma::fingerprint::RtlFingerprint>),
}

impl Block {
    fn open(engine: EngineName, board: &Options) -> Result<Block, ProofError> {
        match engine {
            EngineName::Model => Err(ProofError::NoBlock { found: "model" }),
            #[cfg(feature = "rtl")]
            EngineName::Rtl => Ok(Block::Rtl(Box::new(deltascope_sim::axi_dma::fingerprint::open(PACKET_BYTES)?))),
            EngineName::Uio => Ok(Block::Uio(Box::new(uio::open(board, PACKET_BYTES)?))),
        }
    }

    fn fingerprint(&mut self, packet: &[u8]) -> Result<Fingerprint, BlockError> {
        match self {
            Block::Uio(block) => block.fingerprint(packet),
            #[cfg(feature = "rtl")]
            Block::Rtl(block) => Ok(block.fingerprint(packet)?),
        }
    }

    fn streams(&self) -> String {
        match self {
            Block::Uio(block) => block.streams(),
            #[cfg(feature = "rtl")]
            Block::Rtl(_) => "model of the AXI DMA in front of the Verilated block".to_owned(),
        }
    }

    fn engine(&self) -> &'static str {
        match self {
            Block::Uio(_) => "uio",
            #[cfg(feature = "rtl")]
            Block::Rtl(_) => "rtl",
        }
    }
}

/// A packet: pages whole, payloads of every length at the ends of a beat, and of any length.
fn packet(random: &mut Random, n: u32) -> Vec<u8> {
    let length = match n % 4 {
        0 => PAGE,
        1 => random.between(1, 64),
        2 => random.between(1, 2_000),
        _ => random.between(1, u64::from(PACKET_BYTES)),
    };
    // Zeros and ones among them, whose checksums differ by their length alone.
    match random.below(8) {
        0 => vec![0; length as usize],
        1 => vec![0xFF; length as usize],
        _ => (0..length).map(|_| random.next() as u8).collect(),
    }
}

/// Sends `packets` packets through the block, compares each result with the CRC32C of its bytes, and prints a line or one
/// object; gives whether all agree. A block that fails in the middle is a difference with its error.
///
/// # Errors
/// There is no block, or it cannot be brought up, or standard output failed.
pub fn run(engine: EngineName, board: &Options, packets: u32, json: bool) -> Result<bool, ProofError> {
    let mut block = Block::open(engine, board)?;
    let mut random = Random::new(SEED);
    let (mut proved, mut bytes, mut differences, mut first) = (0_u32, 0_u64, 0_u32, None);
    let start = Instant::now();
    for n in 0..packets {
        let packet = packet(&mut random, n);
        let expected = Fingerprint::Whole { crc: crc32c(&packet), bytes: packet.len() as u32 };
        let found = match block.fingerprint(&packet) {
            Ok(found) => found,
            Err(error) => {
                differences += 1;
                first.get_or_insert_with(|| error.to_string());
                break;
            }
        };
        (proved, bytes) = (proved + 1, bytes + packet.len() as u64);
        if found != expected {
            differences += 1;
            first.get_or_insert_with(|| format!("packet {n}: expected {expected:?}, found {found:?}"));
        }
    }
    let rate = bytes as f64 / start.elapsed().as_secs_f64().max(1e-9);
    let ok = differences == 0;
    let mut out = io::stdout().lock();
    if json {
        let report = json!({
            "engine": block.engine(), "streams": block.streams(), "ok": ok, "packets": proved, "bytes": bytes,
            "bytes_per_second": rate, "differences": differences, "error": first,
        });
        writeln!(out, "{report}")?;
    } else {
        let result = first.as_deref().unwrap_or("ok");
        writeln!(out, "fingerprints: {proved} packets, {bytes} bytes, {differences} differences: {result}")?;
        let verdict = if ok { "passed" } else { "FAILED" };
        writeln!(out, "fingerprint block, {}, {}: {verdict}", block.engine(), block.streams())?;
    }
    out.flush()?;
    Ok(ok)
}
