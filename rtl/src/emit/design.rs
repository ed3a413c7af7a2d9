//! A block and everything below it as named modules.

use rust_hdl::core::block::Block;
use rust_hdl::core::check_error::check_all;

use super::collect::{Node, collect};
use super::draft::Draft;
use super::error::EmitError;
use super::module;

/// One Verilog module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name of the module and of its file.
    pub name: String,
    /// Names of the modules that it instantiates, sorted.
    pub children: Vec<String>,
    /// Comments and code, without the generated header.
    pub text: String,
}

/// A top and the modules below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// Name of the top module.
    pub top: String,
    /// Every module once, children before their parents; the top is last.
    pub modules: Vec<Module>,
}

/// Writes `block`, whose `connect_all` has run, as Verilog with the top module called `name`.
///
/// # Errors
/// When rust-hdl's checks fail, when a construct has no faithful Verilog, or when names clash.
pub fn emit(block: &dyn Block, name: &str) -> Result<Design, EmitError> {
    check_all(block).map_err(|e| EmitError::Check { block: name.to_string(), found: format!("{e:?}") })?;
    let Some(top) = collect(block, name) else {
        return Err(EmitError::Stopped { block: name.to_string(), found: "it has no scope of its own".into() });
    };
    let mut design = Design { top: name.to_string(), modules: Vec::new() };
    design.add(&top, Some(name))?;
    Ok(design)
}

impl Design {
    /// The module called `name`.
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|m| m.name == name)
    }

    /// The files that verilate, prove or synthesise `top`, children first, without the folder.
    pub fn files(&self) -> Vec<String> {
        self.modules.iter().map(|m| format!("{}.v", m.name)).collect()
    }

    fn add(&mut self, node: &Node, forced: Option<&str>) -> Result<String, EmitError> {
        let mut kinds = Vec::new();
        for child in node.children.iter().filter(|c| !module::is_register(c)) {
            kinds.push(self.add(child, None)?);
        }
        let Draft { name, head, body } = module::draft(node, &kinds)?;
        let name = forced.map(str::to_string).or(name).ok_or_else(|| EmitError::Construct {
            module: node.path.clone(),
            found: "the block does not name its module".into(),
            fix: "begin its update with comment!(\"@module name\"), or its Verilog text with `// @module name`",
        })?;
        let line = |line: &String| match line.strip_prefix('@') {
            Some(attribute) => format!("(* {attribute} = \"yes\" *)\n"),
            None => format!("// {line}\n"),
        };
        let mut text: String = head.iter().map(line).collect();
        text.push_str(&format!("module {name} {body}endmodule\n"));
        kinds.sort();
        kinds.dedup();
        let module = Module { name: name.clone(), children: kinds, text };
        match self.module(&name) {
            Some(same) if *same == module => {}
            Some(_) => return Err(EmitError::Ambiguous { name }),
            None => self.modules.push(module),
        }
        Ok(name)
    }
}
