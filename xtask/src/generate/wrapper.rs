//! `vivado/generated/deltascope_board.v`: the module of the block design around `deltascope_top`, and the list of its
//! sources.
//!
//! The ports are those of the emitted Verilog. Attributes tell Vivado which of them are one interface, which clock and
//! reset belong to it, and the polarity of reset and interrupt. No frequency is named: Vivado takes that of the clock
//! which drives the port.

use crate::board::verilog::{Port, ports};
use crate::cargo::root;
use anyhow::{Context, Result, ensure};
use std::fs;

const TOP: &str = "deltascope_top";
const FINGERPRINT: &str = "fingerprint";

/// Returns the attributes of a port of an interface; `buses` are the interfaces that the clock belongs to.
fn attributes(port: &Port, buses: &str) -> Option<String> {
    let interface = |kind: &str, name: &str, signal: &str| {
        format!("(* X_INTERFACE_INFO = \"xilinx.com:{kind}:1.0 {name} {signal}\" *)")
    };
    let parameter = |text: &str| format!(" (* X_INTERFACE_PARAMETER = \"{text}\" *)");
    let name = port.name.as_str();
    Some(match name {
        "aclk" => {
            interface("signal:clock", "aclk", "CLK")
                + &parameter(&format!("ASSOCIATED_BUSIF {buses}, ASSOCIATED_RESET aresetn"))
        }
        "aresetn" => interface("signal:reset", "aresetn", "RST") + &parameter("POLARITY ACTIVE_LOW"),
        _ => {
            let (bus, signal) = name.rsplit_once('_')?;
            let kind = match bus {
                "s_axi" => "interface:aximm",
                "s_axis" | "m_axis" => "interface:axis",
                _ => return None,
            };
            interface(kind, bus, &signal.to_uppercase())
        }
    })
}

/// The declaration of a port with its attributes.
fn declaration(block: &str, port: &Port, buses: &str) -> Result<String> {
    let Port { name, direction, bits, .. } = port;
    let attributes = attributes(port, buses)
        .with_context(|| format!("{block}: expected a port of a known interface, found {name}"))?;
    let width = if *bits == 1 { String::new() } else { format!(" [{}:0]", bits - 1) };
    Ok(format!("    {attributes}\n    {direction} wire{width} {name}"))
}

/// The wrapper of the fingerprint block.
pub fn fingerprint() -> Result<String> {
    let path = root().join(format!("rtl/verilog/{FINGERPRINT}.v"));
    let verilog = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let ports = ports(&verilog, FINGERPRINT)?;
    let declarations =
        ports.iter().map(|port| declaration(FINGERPRINT, port, "s_axis:m_axis")).collect::<Result<Vec<_>>>()?;
    let connections: Vec<String> = ports.iter().map(|port| format!("        .{0}({0})", port.name)).collect();
    Ok(format!(
        "// Made from rtl/verilog/{FINGERPRINT}.v by `cargo xtask gen`; do not edit.\n\
         // The fingerprint block as a cell of the block design.\n\
         module deltascope_fingerprint (\n{}\n);\n\n    {FINGERPRINT} block (\n{}\n    );\n\nendmodule\n",
        declarations.join(",\n"),
        connections.join(",\n")
    ))
}

/// The wrapper. `vivado/wrapper.tcl` puts the revision of the sources into a copy of it.
pub fn text() -> Result<String> {
    let path = root().join(format!("rtl/verilog/{TOP}.v"));
    let verilog = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let ports = ports(&verilog, TOP)?;
    let mut declarations = Vec::new();
    let mut connections = Vec::new();
    for port in &ports {
        let name = &port.name;
        let inner = match name.as_str() {
            "irq" => "engine_interrupt".to_owned(),
            "build_id" => "BUILD_ID".to_owned(),
            "build_dirty" => "BUILD_DIRTY".to_owned(),
            _ => {
                declarations.push(declaration(TOP, port, "s_axi:s_axis:m_axis")?);
                name.clone()
            }
        };
        connections.push(format!("        .{name}({inner})"));
    }
    ensure!(ports.iter().any(|port| port.name == "irq"), "{TOP}: expected a port irq, found none");
    let interrupt = |direction: &str, name: &str| {
        format!(
            "    (* X_INTERFACE_INFO = \"xilinx.com:signal:interrupt:1.0 {name} INTERRUPT\" *) \
             (* X_INTERFACE_PARAMETER = \"SENSITIVITY LEVEL_HIGH\" *)\n    {direction} wire {name}"
        )
    };
    declarations.push(interrupt("input", "mm2s_introut"));
    declarations.push(interrupt("input", "s2mm_introut"));
    declarations.push(interrupt("output", "interrupt"));
    Ok(format!(
        "// Made from rtl/verilog/{TOP}.v by `cargo xtask gen`; do not edit.\n\
         // The engine as a cell of the block design.\n\
         module deltascope_board (\n{}\n);\n\n    \
         // Identity of the sources, written into a copy of this file by vivado/wrapper.tcl.\n    \
         localparam [31:0] BUILD_ID = 32'h00000000;\n    \
         localparam BUILD_DIRTY = 1'b1;\n\n    \
         // One line for the driver: generic-uio knows one interrupt for each device.\n    \
         wire engine_interrupt;\n    \
         assign interrupt = engine_interrupt | mm2s_introut | s2mm_introut;\n\n    \
         {TOP} engine (\n{}\n    );\n\nendmodule\n",
        declarations.join(",\n"),
        connections.join(",\n")
    ))
}

/// The Verilog files of the engine, one a line, from the manifest of the emitted Verilog.
pub fn sources() -> Result<String> {
    files_of(TOP)
}

/// The same of the fingerprint block.
pub fn fingerprint_sources() -> Result<String> {
    files_of(FINGERPRINT)
}

fn files_of(name: &str) -> Result<String> {
    let path = root().join("rtl/verilog/manifest.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: serde_json::Value = serde_json::from_str(&text).context("rtl/verilog/manifest.json")?;
    let blocks = manifest.as_array().context("manifest.json: expected a list")?;
    let block = blocks.iter().find(|block| block["block"] == name);
    let files = block.and_then(|block| block["files"].as_array());
    let files = files.with_context(|| format!("manifest.json: expected the files of {name}"))?;
    let names: Vec<&str> = files.iter().filter_map(serde_json::Value::as_str).collect();
    Ok(names.join("\n") + "\n")
}
