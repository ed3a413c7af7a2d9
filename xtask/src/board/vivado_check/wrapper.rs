//! The wrapper around the engine: every port connected, and the attributes that Vivado needs.

use super::Tree;
use crate::board::verilog::{connections, ports};
use anyhow::Result;

const TOP: &str = "deltascope_top";

/// Problems of the wrapper and of the list of sources.
pub fn problems(tree: &Tree) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let wrapper = tree.text("vivado/generated/deltascope_board.v")?;
    let top = ports(&tree.text(&format!("rtl/verilog/{TOP}.v"))?, TOP)?;
    let outer = ports(&wrapper, "deltascope_board")?;
    let connected = connections(&wrapper, TOP, "engine")?;
    for port in &top {
        let signal = connected.iter().find(|(name, _)| *name == port.name).map(|(_, signal)| signal.as_str());
        let expected = match port.name.as_str() {
            "irq" => "engine_interrupt",
            "build_id" => "BUILD_ID",
            "build_dirty" => "BUILD_DIRTY",
            name => name,
        };
        if signal.unwrap_or_default() != expected {
            let found = signal.filter(|signal| !signal.is_empty()).unwrap_or("nothing");
            problems
                .push(format!("wrapper: expected {} of the engine connected to {expected}, found {found}", port.name));
        }
        if expected == port.name {
            match outer.iter().find(|outer| outer.name == port.name) {
                None => problems.push(format!("wrapper: expected a port {}, found none", port.name)),
                Some(found) if (found.bits, &found.direction) != (port.bits, &port.direction) => {
                    problems.push(format!(
                        "wrapper: expected {} as {} bits {}, found {} bits {}",
                        port.name, port.bits, port.direction, found.bits, found.direction
                    ));
                }
                Some(_) => {}
            }
        }
    }
    let attribute = |name: &str| {
        let port = outer.iter().find(|port| port.name == name);
        port.map(|port| port.attributes.join("; ")).unwrap_or_default()
    };
    for (port, needed) in [
        ("aclk", "xilinx.com:signal:clock:1.0 aclk CLK"),
        ("aclk", "ASSOCIATED_BUSIF s_axi:s_axis:m_axis"),
        ("aclk", "ASSOCIATED_RESET aresetn"),
        ("aresetn", "POLARITY ACTIVE_LOW"),
        ("interrupt", "SENSITIVITY LEVEL_HIGH"),
        ("mm2s_introut", "SENSITIVITY LEVEL_HIGH"),
        ("s2mm_introut", "SENSITIVITY LEVEL_HIGH"),
    ] {
        if !attribute(port).contains(needed) {
            problems.push(format!("wrapper: expected \"{needed}\" on {port}, found \"{}\"", attribute(port)));
        }
    }
    if wrapper.contains("FREQ_HZ") {
        problems.push("wrapper: expected no FREQ_HZ, so that Vivado takes the clock's, found one".to_owned());
    }
    for port in outer.iter().filter(|port| port.name.starts_with("s_ax") || port.name.starts_with("m_ax")) {
        let (bus, signal) = port.name.rsplit_once('_').unwrap_or((&port.name, ""));
        let needed = format!("{bus} {}", signal.to_uppercase());
        if !attribute(&port.name).contains(&needed) {
            problems
                .push(format!("wrapper: expected the interface signal \"{needed}\" on {}, found another", port.name));
        }
    }
    let or = "assign interrupt = engine_interrupt | mm2s_introut | s2mm_introut;";
    if !wrapper.contains(or) {
        problems.push(format!("wrapper: expected the three interrupts in one line ({or}), found another assignment"));
    }
    problems.extend(hierarchy(tree)?);
    Ok(problems)
}

/// Problems of the wrapper around the fingerprint block.
pub fn fingerprint_problems(tree: &Tree) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let wrapper = tree.text("vivado/generated/deltascope_fingerprint.v")?;
    let block = ports(&tree.text("rtl/verilog/fingerprint.v")?, "fingerprint")?;
    let outer = ports(&wrapper, "deltascope_fingerprint")?;
    let connected = connections(&wrapper, "fingerprint", "block")?;
    for port in &block {
        let signal = connected.iter().find(|(name, _)| *name == port.name).map_or("", |(_, signal)| signal);
        let same = outer.iter().find(|o| (&o.name, o.bits, &o.direction) == (&port.name, port.bits, &port.direction));
        if signal != port.name || same.is_none() {
            problems.push(format!(
                "fingerprint wrapper: expected a port {0} connected to {0}, found {signal:?}",
                port.name
            ));
        }
    }
    let clock =
        outer.iter().find(|port| port.name == "aclk").map(|port| port.attributes.join("; ")).unwrap_or_default();
    for needed in ["aclk CLK", "ASSOCIATED_BUSIF s_axis:m_axis", "ASSOCIATED_RESET aresetn"] {
        if !clock.contains(needed) {
            problems.push(format!("fingerprint wrapper: expected \"{needed}\" on aclk, found \"{clock}\""));
        }
    }
    Ok(problems)
}

/// `docs/performance.md` counts on the borders of these blocks.
fn hierarchy(tree: &Tree) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for block in ["journal_bank", "reset_copy"] {
        let text = tree.text(&format!("rtl/verilog/{block}.v"))?;
        let mut head = text.lines().take_while(|line| !line.starts_with("module"));
        if !head.any(|line| line.contains("keep_hierarchy")) {
            problems.push(format!("{block}.v: expected the attribute keep_hierarchy before the module, found none"));
        }
    }
    Ok(problems)
}
