//! The emitted Verilog of a mutation run: blocks, which one holds which, memories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{MutationError, TOPS, file_error};

const TOP: &str = "deltascope_top";

/// One block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Name of the module; its file is `<name>.v`.
    pub name: String,
    /// Its Verilog.
    pub text: String,
}

/// An emission of the whole top.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Blocks, those further down first.
    pub blocks: Vec<Block>,
    /// Memories: leaf cells, which carry no faults of their own.
    pub memories: Vec<PathBuf>,
}

impl Sources {
    /// Reads the emission in `folder`, whose manifest names the files.
    ///
    /// # Errors
    /// When the manifest is no emission of the top, or a file cannot be read.
    pub fn read(folder: &Path) -> Result<Sources, MutationError> {
        let path = folder.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(file_error(&path))?;
        let fault = |found: &str| MutationError::Manifest { path: path.clone(), top: TOP, found: found.to_owned() };
        let manifest: Value = serde_json::from_str(&text).map_err(|e| fault(&e.to_string()))?;
        let entries = manifest.as_array().ok_or_else(|| fault("no list"))?;
        let entry = entries.iter().find(|e| e["block"] == TOP).ok_or_else(|| fault("no such block"))?;
        let files = entry["files"].as_array().ok_or_else(|| fault("no files"))?;
        let mut sources = Sources { blocks: Vec::new(), memories: Vec::new() };
        for file in files {
            let name = file.as_str().and_then(|f| f.strip_suffix(".v")).ok_or_else(|| fault("a file that is no .v"))?;
            let path = folder.join(format!("{name}.v"));
            let text = std::fs::read_to_string(&path).map_err(file_error(&path))?;
            if text.contains("] memory [") {
                sources.memories.push(path);
            } else {
                sources.blocks.push(Block { name: name.to_owned(), text });
            }
        }
        Ok(sources)
    }

    /// The block of this name.
    pub fn block(&self, name: &str) -> Option<&Block> {
        self.blocks.iter().find(|b| b.name == name)
    }

    /// Blocks inside `name`, at any depth.
    pub fn below<'a>(&'a self, name: &'a str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut left = vec![name];
        while let Some(block) = left.pop().and_then(|n| self.block(n)) {
            let inside = block.text.lines().filter_map(instance);
            left.extend(inside.filter_map(|m| self.block(m)).map(|b| b.name.as_str()).filter(|n| found.insert(*n)));
        }
        found
    }

    /// The first of [`TOPS`] that holds a block.
    pub fn home(&self, block: &str) -> &'static str {
        TOPS.into_iter().find(|top| block == *top || self.below(top).contains(block)).unwrap_or(TOP)
    }

    /// FNV-1a of a block's Verilog without its comments: a written reason speaks about this text and no other.
    pub fn hash(&self, block: &str) -> u64 {
        let text = self.block(block).map_or("", |b| b.text.as_str());
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let bytes = code.flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
    }
}

/// The module of a line such as `    reply_fifo queue (`, with or without a first connection behind it.
pub(super) fn instance(line: &str) -> Option<&str> {
    let (start, rest) = line.strip_prefix("    ")?.split_once(" (")?;
    if !rest.is_empty() && !rest.starts_with(" .") {
        return None;
    }
    let mut words = start.split(' ');
    let (module, name) = (words.next()?, words.next()?);
    let plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (words.next().is_none() && plain(module) && plain(name)).then_some(module)
}

#[cfg(test)]
mod tests {
    use super::{Block, Sources, instance};

    #[test]
    fn comments_do_not_change_the_hash() {
        let hash = |text: &str| {
            let block = Block { name: "a".to_owned(), text: text.to_owned() };
            Sources { blocks: vec![block], memories: Vec::new() }.hash("a")
        };
        assert_eq!(hash("// one\nmodule a;\n    // two\n    b;\n"), hash("// other\nmodule a;\n    // same\n    b;\n"));
        assert_ne!(hash("module a;\n    b;\n"), hash("module a;\n    c;\n"));
    }

    #[test]
    fn instances_are_told_from_other_lines() {
        assert_eq!(instance("    reply_fifo queue ("), Some("reply_fifo"));
        assert_eq!(instance("    reply_fifo queue ( .stride(stride),"), Some("reply_fifo"));
        assert_eq!(instance("    always @(*) begin"), None);
        assert_eq!(instance("        .clock(clock),"), None);
        assert_eq!(instance("module a ("), None);
        assert_eq!(instance("    if (a) begin"), None);
    }
}
