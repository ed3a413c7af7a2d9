//! What the image has to do with logic that is off, not configured, another design or faulty.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use deltascope_protocol::agent::Config;
use deltascope_sim::axi_dma::pg021::Channel;
use deltascope_sim::axi_dma::{Fault, Response};
use serde_json::{Value, json};

use crate::peer::Peer;
use crate::registers::{LEVEL_SHIFTERS, LOGIC_CLOCK, LOGIC_COUNT, LOGIC_RESET};
use crate::stream::{self, Plan};

/// Records of a stream.
const EVENTS: usize = 40_000;
/// A retention for some frames only: the agent has to wait for the board.
const SMALL_RETENTION: usize = 300_000;
/// Where the settings of the image say that the bitstream is.
const BITSTREAM: u64 = 0x720_0000;
/// A bitstream as far as the image and PCAP look at it: bus width, synchronisation, IDCODE of a Zynq-7020 (UG470, table 5-19).
const HEAD: [u32; 6] = [u32::MAX, 0x0000_00BB, 0x1122_0044, 0xAA99_5566, 0x3001_8001, 0x0372_7093];

/// A case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// No bitstream is loaded
    NotConfigured,
    /// The clock of the logic is stopped
    NoClock,
    /// The logic is held in reset
    InReset,
    /// The level shifters are off
    NoShifters,
    /// Another design is loaded
    OtherDesign,
    /// The image loads the bitstream, sets the clock and connects the logic; it has `bitstream=0x7200000+4096`
    Bitstream,
    /// What the settings name is no bitstream; the image has `bitstream=0x7200000+4096`
    WrongBitstream,
    /// Memory answers the DMA with an error, in the middle of a stream
    DmaError,
    /// Clocks that the image does not use, and the console's, have dividers of 0
    NoDivider,
    /// A PLL has a feedback divider of 0: no rate is known
    NoFeedback,
    /// The loop of the image hangs; the image has `test=hang`
    Hang,
    /// The agent's retention is full again and again
    FullRetention,
}

/// Runs a case on a board whose image is about to start, and checks what comes of it.
///
/// # Errors
/// The image does something else than it has to.
pub fn run(peer: &mut Peer, case: Case) -> Result<Value> {
    let board = peer.machine.board();
    let whole = Plan { events: EVENTS, retention_bytes: Config::default().retention_bytes, fault: None };
    match case {
        Case::NotConfigured => {
            board.configuration.clear();
            stopped(peer, "DONE low")
        }
        Case::NoClock => {
            board.registers.set(LOGIC_COUNT, 1);
            stopped(peer, "clock")
        }
        Case::InReset => {
            board.registers.set(LOGIC_RESET, 1);
            stopped(peer, "reset")
        }
        Case::NoShifters => {
            board.registers.set(LEVEL_SHIFTERS, 0);
            stopped(peer, "level shifters")
        }
        Case::OtherDesign => {
            board.logic.plan(Fault::Identity);
            stopped(peer, "identity")
        }
        Case::WrongBitstream => {
            board.configuration.clear();
            stopped(peer, "bitstream")
        }
        Case::Bitstream => {
            board.configuration.clear();
            // As after a reset of the processing system (UG585, appendix B.28).
            for (address, value) in [(LOGIC_CLOCK, 0x0010_1800), (LOGIC_RESET, 0xF), (LEVEL_SHIFTERS, 0)] {
                board.registers.set(address, value);
            }
            peer.machine.write_memory(BITSTREAM, &HEAD.map(u32::to_le_bytes).concat())?;
            let found = stream::run(peer, whole)?;
            ensure!(peer.console.has("BITSTREAM"), "expected the line BITSTREAM, found {:?}", peer.console.lines);
            Ok(found)
        }
        Case::DmaError => {
            let fault = Some(Fault::Data(Channel::Mm2s, Response::SlaveError));
            let found = stream::run(peer, Plan { fault, ..whole })?;
            ensure!(found["regrants"] != 0, "expected that the tables were cleared, found {found}");
            Ok(found)
        }
        Case::NoDivider => {
            // CAN and trace; the UART.
            for offset in [0x15C, 0x164, 0x154] {
                board.registers.set(0xF800_0000 + offset, 1);
            }
            let found = stream::run(peer, whole)?;
            let line = "CLOCKS without a divider got that of the reset: UART, CAN, trace";
            ensure!(peer.console.has(line), "expected the line {line:?}, found {:?}", peer.console.lines);
            Ok(found)
        }
        Case::NoFeedback => {
            board.registers.set(0xF800_0108, 0);
            stopped(peer, "feedback divider")
        }
        Case::Hang => {
            peer.connect()?;
            let seen = peer.reset()?;
            ensure!(peer.console.has("HANG"), "expected the line HANG, found {:?}", peer.console.lines);
            Ok(json!({"seen": seen, "simulated_us": peer.now()}))
        }
        Case::FullRetention => {
            let found = stream::run(peer, Plan { retention_bytes: SMALL_RETENTION, ..whole })?;
            ensure!(found["waits_for_retention"] != 0, "expected a full retention, found {found}");
            Ok(found)
        }
    }
}

/// Waits until the image stops with a reason that holds `text`. An access to logic that is off ends the simulation.
fn stopped(peer: &mut Peer, text: &str) -> Result<Value> {
    let line = peer.stopped()?;
    ensure!(line.to_lowercase().contains(&text.to_lowercase()), "expected {text:?}, found {line:?}");
    let accesses = peer.machine.board().logic.counters().register_accesses;
    Ok(json!({"seen": line, "register_accesses": accesses}))
}
