//! Leaf cells whose Verilog is written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::collect::Node;
use super::draft::{Draft, ports, resolve};
use super::error::EmitError;
use super::lower::Net;

/// A hand-written leaf cell.
pub(super) fn leaf(node: &Node, nets: &BTreeMap<String, Net>, text: &str) -> Result<Draft, EmitError> {
    let mut name = None;
    let mut head = Vec::new();
    let mut lines = Vec::new();
    for line in text.trim_matches('\n').lines() {
        let comment = line.trim().strip_prefix("//").map(str::trim);
        match comment {
            Some(c) if c.starts_with("@module") => name = Some(c.trim_start_matches("@module").trim().to_string()),
            Some(c) if lines.is_empty() => head.push(c.to_string()),
            _ => lines.push(line.trim_end()),
        }
    }
    let name = name.map(|n| resolve(node, nets, &n)).transpose()?;
    let code = lines.join("\n");
    let is_reg = |port: &str| !code.contains(&format!("assign {port} "));
    let mut body = ports(node, &is_reg, &BTreeMap::new());
    body.push('\n');
    for line in &lines {
        let _ = if line.is_empty() { writeln!(body) } else { writeln!(body, "    {line}") };
    }
    Ok(Draft { name, head, body })
}
