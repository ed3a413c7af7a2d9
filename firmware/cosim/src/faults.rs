//! Faults of the logic that the image has to report or to recover from.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use deltascope_protocol::agent::Config;
use deltascope_sim::axi_dma::pg021::Channel;
use deltascope_sim::axi_dma::{self, Response};
use serde_json::{Value, json};

use crate::peer::Peer;
use crate::stream::{self, Plan};

/// Records of a stream with a fault.
const EVENTS: usize = 40_000;
/// A retention for some frames only: the agent has to wait for the board.
const SMALL_RETENTION: usize = 300_000;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// No bitstream is loaded
    NotConfigured,
    /// The clock of the logic is off
    NoClock,
    /// The logic is held in reset
    InReset,
    /// The level shifters are off
    NoShifters,
    /// Another design is loaded
    OtherDesign,
    /// Memory answers the DMA with an error, in the middle of a stream
    DmaError,
    /// The bitstream that the settings name is none; the image has `bitstream=0x7200000+4096`
    WrongBitstream,
    /// The loop of the image hangs; the image has `test=hang`
    Hang,
    /// The agent's retention is full again and again
    FullRetention,
}

impl Fault {
    /// The register that makes it, its value, and what the image has to report.
    fn register(self) -> Option<(u32, u32, &'static str)> {
        Some(match self {
            Fault::NotConfigured => (0xF800_700C, 0, "DONE low"),
            Fault::NoClock => (0xF800_0170, 0, "clock"),
            Fault::InReset => (0xF800_0240, 1, "reset"),
            Fault::NoShifters => (0xF800_0900, 0, "level shifters"),
            Fault::WrongBitstream => (0xF800_700C, 0, "bitstream"),
            Fault::OtherDesign | Fault::DmaError | Fault::Hang | Fault::FullRetention => return None,
        })
    }
}

/// Makes a fault on a board whose image is about to start, and checks what comes of it.
///
/// # Errors
/// The image does something else than it has to.
pub fn run(peer: &mut Peer, fault: Fault) -> Result<Value> {
    let retention_bytes = Config::default().retention_bytes;
    if let Some((address, value, text)) = fault.register() {
        peer.machine.board().registers.set(address, value);
        return stopped(peer, text, 0);
    }
    match fault {
        Fault::OtherDesign => {
            peer.machine.board().logic.plan(axi_dma::Fault::Identity);
            stopped(peer, "identity", u64::MAX)
        }
        Fault::DmaError => {
            let strike = axi_dma::Fault::Data(Channel::Mm2s, Response::SlaveError);
            let found = stream::run(peer, Plan { events: EVENTS, retention_bytes, fault: Some(strike) })?;
            ensure!(found["regrants"] != 0, "expected that the tables were cleared, found {found}");
            Ok(found)
        }
        Fault::Hang => {
            peer.connect()?;
            let seen = peer.reset()?;
            ensure!(peer.console.has("HANG"), "expected the line HANG, found {:?}", peer.console.lines);
            Ok(json!({"seen": seen, "simulated_us": peer.now()}))
        }
        _ => {
            let found = stream::run(peer, Plan { events: EVENTS, retention_bytes: SMALL_RETENTION, fault: None })?;
            ensure!(found["waits_for_retention"] != 0, "expected a full retention, found {found}");
            Ok(found)
        }
    }
}

/// Waits until the image stops with a reason that holds `text`, after at most `most` accesses to the logic.
fn stopped(peer: &mut Peer, text: &str, most: u64) -> Result<Value> {
    let line = peer.stopped()?;
    ensure!(line.to_lowercase().contains(&text.to_lowercase()), "expected {text:?}, found {line:?}");
    let accesses = peer.machine.board().logic.counters().register_accesses;
    ensure!(accesses <= most, "expected at most {most} accesses to the logic, found {accesses}");
    Ok(json!({"seen": line, "register_accesses": accesses}))
}
