//! A module as text, its name and its port list: what written-out modules and leaf cells have in common.

use std::collections::BTreeMap;

use rust_hdl::core::atom::AtomKind;

use super::collect::Node;
use super::error::EmitError;
use super::lower::{Net, Role};
use super::names;

/// A module as text, with the name still to be chosen.
pub(super) struct Draft {
    /// What `@module` said, braces resolved.
    pub name: Option<String>,
    /// Comment lines above the module.
    pub head: Vec<String>,
    /// From the port list to before `endmodule`.
    pub body: String,
}

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
