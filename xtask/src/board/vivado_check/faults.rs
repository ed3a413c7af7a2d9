//! Faults that are put into copies of the sources; the check must find each, by its own message.

mod fingerprint;
mod hls_script;
mod table;

use super::{Tree, check_board, hls, record::copy};
use crate::cargo::target_folder;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use table::{FAULTS, Fault, ON};

/// What the check reported about a fault.
pub struct Outcome {
    fault: &'static Fault,
    problems: Vec<String>,
}

impl Outcome {
    /// Whether its own message was among the problems.
    pub fn found(&self) -> bool {
        self.problems.iter().any(|problem| problem.contains(self.fault.message))
    }

    /// What is wrong.
    pub fn name(&self) -> &'static str {
        self.fault.name
    }

    /// What to print about one that was missed.
    pub fn complaint(&self) -> String {
        format!("planted fault `{}`: expected \"{}\", found {:?}", self.fault.name, self.fault.message, self.problems)
    }

    /// The fault and the message that found it.
    pub fn json(&self) -> Value {
        let message = self.problems.iter().find(|problem| problem.contains(self.fault.message));
        json!({"fault": self.fault.name, "found": self.found(), "message": message})
    }
}

/// Puts each fault into a copy of the sources and checks it; those of the script of Vitis HLS where there is one.
pub fn find_all(tree: &Tree, work: &Path) -> Result<Vec<Outcome>> {
    let hls = if tree.path("hls/run_hls.tcl").exists() { hls_script::FAULTS } else { &[] };
    let all: Vec<&'static Fault> = FAULTS.iter().chain(fingerprint::FAULTS).chain(hls).collect();
    for (n, fault) in all.iter().enumerate() {
        let same = all[..n].iter().find(|other| other.message == fault.message);
        ensure!(same.is_none(), "planted faults: expected a message of its own for `{}`, found another's", fault.name);
    }
    let find = |fault| find(tree, fault, work).with_context(|| format!("planting `{}`", fault.name));
    all.into_iter().map(find).collect()
}

fn find(tree: &Tree, fault: &'static Fault, work: &Path) -> Result<Outcome> {
    let copied = Tree { root: target_folder().join("vivado-check/planted") };
    let _ = fs::remove_dir_all(&copied.root);
    let of_hls = fault.file.starts_with("hls/");
    let parts: &[&str] = if of_hls {
        &["vivado/check", "boards/zynq7020", "hls"]
    } else {
        &["vivado", "boards/zynq7020", "rtl/verilog"]
    };
    for folder in parts {
        copy(&tree.path(folder), &copied.path(folder))?;
    }
    let path = copied.path(fault.file);
    if fault.from.is_empty() {
        fs::write(&path, fault.to)?;
    } else {
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(text.contains(fault.from), "{}: expected {:?}, found none", fault.file, fault.from);
        fs::write(&path, text.replacen(fault.from, fault.to, 1))?;
    }
    let problems =
        if of_hls { hls::problems(&copied, work)?.problems } else { check_board(&copied, ON, work).problems };
    Ok(Outcome { fault, problems })
}
