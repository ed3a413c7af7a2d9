//! Constraints: each names a port that exists, each pin is one of the package and is used once.

use super::Tree;
use super::board_data::{Board, package};
use super::design::Design;
use anyhow::Result;
use std::collections::BTreeMap;

/// Single-ended I/O standards of a 3.3 V bank, as prjxray's feature of an IOB33 names them:
/// `LVCMOS12_LVCMOS15_LVCMOS18_LVCMOS25_LVCMOS33_LVTTL_SSTL135_SSTL15.SLEW.SLOW`.
const STANDARDS: [&str; 6] = ["LVCMOS12", "LVCMOS15", "LVCMOS18", "LVCMOS25", "LVCMOS33", "LVTTL"];

/// Problems of the constraints of a board.
pub fn problems(tree: &Tree, board: &Board, design: &Design) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let pins = package(tree, &board.package)?;
    let width = match design.cell("processing_system7") {
        Ok((_, ps7)) => ps7.parameter("PCW_GPIO_EMIO_GPIO_WIDTH").parse::<u32>().unwrap_or(0),
        Err(_) => 0,
    };
    if width != board.panel {
        problems.push(format!(
            "constraints: expected {} lines of EMIO GPIO for LEDs and buttons, found {width}",
            board.panel
        ));
    }
    let exists = |port: &str| {
        let bit = port.strip_prefix("panel_tri_io[").and_then(|rest| rest.strip_suffix(']'));
        design.ports.contains_key("panel")
            && bit.is_some_and(|bit| bit == "*" || bit.parse::<u32>().is_ok_and(|bit| bit < width))
    };
    let mut ports: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (port, property, value) in &design.constraints {
        if !exists(port) {
            problems.push(format!("constraints: expected a port of the design, found {port}"));
        }
        if !["PACKAGE_PIN", "IOSTANDARD"].contains(&property.as_str()) {
            problems.push(format!("constraints: expected PACKAGE_PIN or IOSTANDARD, found {property} on {port}"));
        }
        if ports.entry(port).or_default().insert(property, value).is_some() {
            problems.push(format!("constraints: expected {property} of {port} once, found it twice"));
        }
    }
    for port in &design.exceptions {
        if !exists(port) {
            problems.push(format!("constraints: expected a port of the design in an exception, found {port}"));
        }
    }
    if ports.len() as u32 != board.panel {
        problems.push(format!("constraints: expected constraints of {} ports, found {}", board.panel, ports.len()));
    }
    let (mut owners, mut banks) = (BTreeMap::new(), BTreeMap::new());
    for (port, properties) in &ports {
        let (Some(pin), Some(standard)) = (properties.get("PACKAGE_PIN"), properties.get("IOSTANDARD")) else {
            problems.push(format!("constraints: expected PACKAGE_PIN and IOSTANDARD of {port}, found one of them"));
            continue;
        };
        if !STANDARDS.contains(standard) {
            problems.push(format!(
                "constraints: expected an I/O standard of the part for {port} ({}), found {standard}",
                STANDARDS.join(", ")
            ));
        }
        match pins.get(*pin) {
            None => problems.push(format!("constraints: expected a pin of {}, found {pin} for {port}", board.package)),
            Some((_, function)) if !function.starts_with("IO_") => {
                problems.push(format!(
                    "constraints: expected a pin of the logic for {port}, found {pin}, which is {function}"
                ));
            }
            Some((bank, _)) => {
                let other = banks.insert(*bank, *standard);
                if other.is_some_and(|other| other != *standard) {
                    problems.push(format!(
                        "constraints: expected one voltage in bank {bank}, found {standard} beside another"
                    ));
                }
            }
        }
        if let Some(other) = owners.insert(*pin, *port) {
            problems.push(format!("constraints: expected one port on the pin {pin}, found {other} and {port}"));
        }
    }
    Ok(problems)
}
