//! Module names, port lists, and leaf cells whose Verilog is written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_hdl::core::atom::AtomKind;

use super::collect::Node;
use super::error::EmitError;
use super::lower::{Net, Role};
use super::module::Draft;
use super::names;

/// `lut_ram_{waddr}x{wdata}` with widths of ports and values of constants.
pub(super) fn resolve(node: &Node, nets: &BTreeMap<String, Net>, name: &str) -> Result<String, EmitError> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('{') {
        let net = after.split_once('}').and_then(|(key, tail)| Some((nets.get(key)?, tail)));
        let Some((net, tail)) = net else {
            return Err(EmitError::Construct {
                module: node.path.clone(),
                found: format!("the module name `{name}`"),
                fix: "put the name of a port or a Constant into the braces",
            });
        };
        out.push_str(before);
        match net.role {
            Role::Constant(value) => out.push_str(&value.to_string()),
            _ => out.push_str(&net.width.to_string()),
        }
        rest = tail;
    }
    out.push_str(rest);
    if out.is_empty() || names::is_reserved(&out) || !out.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let found = "is no usable module name";
        return Err(EmitError::Name { module: node.path.clone(), name: out, found });
    }
    Ok(out)
}

/// The port list; an output that is assigned in a block is a `reg`.
pub(super) fn ports(node: &Node, driven_in_block: &dyn Fn(&str) -> bool, names: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = node
        .atoms
        .iter()
        .filter_map(|a| {
            let kind = match a.kind {
                AtomKind::InputParameter => "input  wire",
                AtomKind::OutputParameter if driven_in_block(&a.name) => "output reg ",
                AtomKind::OutputParameter => "output wire",
                _ => return None,
            };
            let name = names.get(&a.name).cloned().unwrap_or_else(|| names::identifier(&a.name));
            Some(format!("    {kind} {:<8}{name}", names::range(a.width)))
        })
        .collect();
    format!("(\n{}\n);\n", lines.join(",\n"))
}

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
