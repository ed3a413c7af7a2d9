//! A boot image from power-on: the first stage sets the board up and loads the image, which then streams; or names what does not
//! come up.

use anyhow::{Result, ensure};
use deltascope_protocol::agent::Config;
use serde_json::{Value, json};

use crate::image::Image;
use crate::peer::Peer;
use crate::power_on::Missing;
use crate::stream::{self, Plan};

/// Runs the boot image `flash`, whose program is `image` with the setting `bitstream=0x7200000+BYTES`.
///
/// # Errors
/// The first stage breaks a rule, or the image does not count as the golden model.
pub fn run(image: &Image, flash: &[u8], events: usize) -> Result<Value> {
    let mut peer = Peer::at_power_on(image, flash, None)?;
    let retention_bytes = Config::default().retention_bytes;
    let report = stream::run(&mut peer, Plan { events, retention_bytes, fault: None })?;
    let lines: Vec<_> = peer.console.lines.iter().filter(|line| line.starts_with("first stage: ")).cloned().collect();
    ensure!(peer.console.has("BITSTREAM"), "expected the line BITSTREAM, found {:?}", peer.console.lines);
    Ok(json!({"first_stage": lines, "stream": report}))
}

/// Runs it on a board on which something never comes, and checks that the first stage reports it and stops.
///
/// # Errors
/// It does something else.
pub fn stops(image: &Image, flash: &[u8], missing: Missing) -> Result<Value> {
    let mut peer = Peer::at_power_on(image, flash, Some(missing))?;
    let line = peer.stopped()?;
    let expected = match missing {
        Missing::ArmPll => "ARM PLL: expected a lock",
        Missing::DdrPll => "DDR PLL: expected a lock",
        Missing::IoPll => "I/O PLL: expected a lock",
        Missing::Calibration => "DDR pins: expected the end of their calibration",
        Missing::Memory => "DDR controller: expected normal operation",
    };
    ensure!(line.contains(expected), "expected {expected:?}, found {line:?}");
    let board = peer.machine.board();
    let is_used = board.power_on.as_ref().is_some_and(|power_on| power_on.is_memory_used());
    ensure!(!is_used, "expected that nothing was loaded");
    Ok(json!({"missing": format!("{missing:?}"), "seen": line, "instructions": board.time.instructions()}))
}
