//! What the proofs of the blocks say about the faults that no trial saw.
//!
//! A proof must hold without the fault, else it shows nothing. A fault that nothing explained is killed when a property of
//! the proof fails with it: in the induction, or, when only an invariant fails there, on a trace from power-up. What
//! moves a register without a reader breaks an invariant and no property, and is not killed. A fault with a written
//! reason stays equivalent only when the whole proof holds with it.

use super::TOP;
use crate::cargo::root;
use crate::rtl::formal::jobs::{JOBS, Job, Method};
use crate::rtl::formal::solve::{self, Design, Verdict};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Clocks of a trace from power-up, and seconds to look for one.
const TRACE: (u32, u32) = (40, 300);

/// The proofs of one run.
pub(super) struct Proofs {
    verilog: PathBuf,
    folder: PathBuf,
    /// By folder of the Verilog without a fault: whether its proof holds.
    holds: BTreeMap<String, bool>,
    asked: usize,
}

/// Hands each fault that the trials left to the proof of its block. Each verdict is said as it comes; an error of one
/// proof leaves its fault among the survivors and the others to be asked.
pub(super) fn judge(result: &mut Value, verilog: &Path, work: &Path) {
    let mut proofs =
        Proofs { verilog: verilog.to_owned(), folder: work.join("proofs"), holds: BTreeMap::new(), asked: 0 };
    let list = |result: &Value, name: &str| result[name].as_array().cloned().unwrap_or_default();
    let (mut left, mut killed, mut equal) = (Vec::new(), Vec::new(), Vec::new());
    for fault in list(result, "survivors") {
        let (verdict, found) = proofs.judge(&fault);
        match verdict {
            Some(Verdict::Failed(_)) => {
                count(result, &fault, "survivors", "killed");
                killed.push(json!({"block": fault["block"], "fault": fault["fault"], "by": found}));
            }
            _ => left.push(with(fault, "found", &found)),
        }
    }
    for fault in list(result, "equivalents") {
        if fault["verilog"].is_null() {
            equal.push(fault);
            continue;
        }
        let (verdict, found) = proofs.judge(&fault);
        if verdict == Some(Verdict::Proved) {
            equal.push(with(fault, "proof", &found));
        } else {
            count(result, &fault, "equivalent", "survivors");
            left.push(with(fault, "found", &format!("the written reason is not confirmed: {found}")));
        }
    }
    result["survivors"] = json!(left);
    result["killed_by_proof"] = json!(killed);
    result["equivalents"] = json!(equal);
}

fn with(mut fault: Value, name: &str, text: &str) -> Value {
    fault[name] = json!(text);
    fault
}

/// Moves one fault from a column of the counts to another, in the whole and in its block.
fn count(result: &mut Value, fault: &Value, from: &str, to: &str) {
    let block = fault["block"].as_str().unwrap_or_default().to_owned();
    let step = |count: &mut Value, up: bool| {
        // The survivors of the whole are a list, not a count.
        if let Some(n) = count.as_u64() {
            *count = json!(if up { n + 1 } else { n.saturating_sub(1) });
        }
    };
    step(&mut result[from], false);
    step(&mut result[to], true);
    step(&mut result["by_block"][&block][from], false);
    step(&mut result["by_block"][&block][to], true);
}

impl Proofs {
    /// Asks about one fault, and prints what was found.
    fn judge(&mut self, fault: &Value) -> (Option<Verdict>, String) {
        let text = |name: &str| fault[name].as_str().unwrap_or_default();
        let (verdict, found) = match self.ask(text("block"), text("verilog"), text("without_fault")) {
            Ok(Verdict::Proved) => (Some(Verdict::Proved), "the proof of its block holds with the fault".to_owned()),
            Ok(verdict) => {
                let found = properties(verdict.failure().unwrap_or_default());
                (Some(verdict), found)
            }
            Err(error) => (None, format!("the proof could not be asked: {error:#}")),
        };
        eprintln!("{}: {}: {found}", text("block"), text("fault"));
        (verdict, found)
    }

    fn ask(&mut self, block: &str, changed: &str, good: &str) -> Result<Verdict> {
        let proof = |job: &&Job| job.proof == block && matches!(job.method, Method::Induction { .. });
        let Some(job) = JOBS.iter().find(proof) else {
            bail!("{block} has no proof by induction");
        };
        if !self.holds.contains_key(good) {
            let design = self.design(block, Path::new(good))?;
            let verdict = solve::prove(job, &design, &self.folder.join(format!("{block}-{}", self.holds.len())))?;
            if let Some(failure) = verdict.failure() {
                eprintln!("{block}, in the configuration of the faults, without one: {failure}");
            }
            self.holds.insert(good.to_owned(), verdict == Verdict::Proved);
        }
        // A proof that fails without the fault shows nothing about the fault.
        if !self.holds[good] {
            bail!("it fails without the fault as well; see {}", self.folder.display());
        }
        let design = self.design(block, Path::new(changed))?;
        self.asked += 1;
        let folder = self.folder.join(format!("{block}-fault-{}", self.asked));
        let verdict = solve::prove(job, &design, &folder)?;
        match &verdict {
            Verdict::Failed(text) if !names_a_property(text) => {
                match solve::contradict(job, &design, TRACE.0, TRACE.1, &folder)? {
                    Verdict::Failed(text) => Ok(Verdict::Failed(text)),
                    _ => Ok(Verdict::Unknown(format!(
                        "{}; no property fails within {} clocks of power-up",
                        properties(text),
                        TRACE.0
                    ))),
                }
            }
            _ => Ok(verdict),
        }
    }

    /// A block in the configuration of the faults, with its own Verilog from `changed`.
    fn design(&self, block: &str, changed: &Path) -> Result<Design> {
        let mut design = Design::read(&self.verilog, TOP)?;
        let own = format!("{block}.v");
        let file = design.files.iter_mut().find(|file| file.ends_with(&own));
        *file.with_context(|| format!("the emission has no {own}"))? = changed.join(&own);
        // The manifest names the settings of the top; those of a block inside follow from them.
        let known: BTreeMap<String, u64> = design.settings.iter().cloned().collect();
        let top = |name: &str| known.get(name).copied();
        for (name, value) in Design::read(&root().join("rtl/verilog"), block)?.settings {
            let value = match name.as_str() {
                "ROW_BITS" => top("GROUP_BITS").map(|bits| bits + 2),
                "DEPTH_BITS" if block == "reply_fifo" => top("QUEUE_BITS"),
                "LANES" if block == "journal_bank" => top("LANES").map(|lanes| lanes.min(16)),
                "WORD_BITS" => Some(value),
                other => top(other),
            };
            let Some(value) = value else {
                bail!(
                    "{block} has a setting {name} that does not follow from those of {TOP}; say how in \
                     xtask/src/rtl/mutate/proofs.rs"
                );
            };
            design.settings.retain(|(n, _)| *n != name);
            design.settings.push((name, value));
        }
        Ok(design)
    }
}

/// The parts of what yosys-smtbmc states, and the name after each `Assert failed in x_proof: `. An invariant has no name:
/// its place in the file is there.
fn failures(said: &str) -> impl Iterator<Item = &str> {
    let parts = said.split("Assert failed in ").skip(1).filter_map(|part| part.split_once(": "));
    parts.map(|(_, rest)| rest.split([' ', ';']).next().unwrap_or_default())
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn names_a_property(said: &str) -> bool {
    failures(said).any(is_name)
}

/// What failed, without times and places: `induction: some_property, an invariant`.
fn properties(said: &str) -> String {
    let names: BTreeSet<&str> = failures(said).map(|w| if is_name(w) { w } else { "an invariant" }).collect();
    if names.is_empty() {
        return said.to_owned();
    }
    let step = said.split(':').next().unwrap_or_default();
    format!("{step}: {}", names.into_iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_has_a_name_and_an_invariant_has_none() {
        let named = "induction: Assert failed in a_proof: says_old; Assert failed in a_proof: /x/a.sv:8.6-8.9 ($assert$/x/a.sv:8$1)";
        let unnamed = "induction: Assert failed in a_proof: /x/a.sv:8.6-8.9 ($assert$/x/a.sv:8$1)";
        assert_eq!(properties(named), "induction: an invariant, says_old");
        assert_eq!(properties(unnamed), "induction: an invariant");
        assert_eq!((names_a_property(named), names_a_property(unnamed)), (true, false));
        assert_eq!(properties("no answer in 5 s"), "no answer in 5 s");
    }

    #[test]
    fn a_fault_moves_between_columns_of_the_whole_and_of_its_block() {
        let mut result = json!({"killed": 5, "equivalent": 2, "survivors": [],
                                "by_block": {"a": {"killed": 1, "equivalent": 1, "survivors": 1}}});
        let fault = json!({"block": "a"});
        count(&mut result, &fault, "survivors", "killed");
        count(&mut result, &fault, "equivalent", "survivors");
        assert_eq!(result["by_block"]["a"], json!({"killed": 2, "equivalent": 0, "survivors": 1}));
        assert_eq!((&result["killed"], &result["equivalent"]), (&json!(6), &json!(1)));
    }

    #[test]
    fn an_error_of_a_proof_leaves_its_fault_and_asks_the_others() {
        let fault = |block: &str| json!({"block": block, "fault": "f", "verilog": "/none", "without_fault": "/none"});
        let counts = json!({"killed": 0, "equivalent": 1, "survivors": 1});
        let mut result = json!({"killed": 0, "equivalent": 1, "survivors": [fault("no_block")],
                                "equivalents": [fault("reply_credit"), {"block": "reply_credit", "fault": "g"}],
                                "by_block": {"reply_credit": counts}});
        judge(&mut result, Path::new("/none"), Path::new("/none"));
        let survivors = result["survivors"].as_array().map_or(0, Vec::len);
        assert_eq!((survivors, &result["equivalent"]), (2, &json!(0)), "{result:#}");
        assert_eq!(result["equivalents"].as_array().map_or(0, Vec::len), 1, "proved by the tool: nothing to ask");
    }
}
