//! The run: every fault through its trials, survivors through the equivalence proof and the written reasons.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::reasons::Reason;
use super::sources::Sources;
use super::trials::{Bed, trials};
use super::{Kind, Mutant, MutationError, TOPS, equivalence, generated, reasons, stride, table};

/// Outcome of a fault.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A trial failed.
    Killed {
        /// The trial.
        trial: String,
        /// What it found.
        found: String,
    },
    /// It changes nothing.
    Equivalent {
        /// Why.
        why: String,
        /// Whether that is written down in [`reasons`]: then the proof of the block has to hold with the fault.
        written: bool,
    },
    /// Nothing saw it.
    Survived,
}

/// A fault and its verdict.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The fault.
    pub mutant: Mutant,
    /// The verdict.
    pub verdict: Verdict,
}

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Every fault.
    pub judged: Vec<Judged>,
    /// Generated faults that touched nothing that reaches an output, and are not counted.
    pub vanished: usize,
    work: PathBuf,
    seconds: f64,
}

/// Adds a fault, generates, compiles and tries. `verilog` is an emission of `deltascope_top`, `work` a folder to use.
///
/// # Errors
/// When a tool is missing, a fault of the table does not fit, or a trial fails without a fault.
pub fn run(verilog: &Path, work: &Path, progress: &(dyn Fn(&str) + Sync)) -> Result<Outcome, MutationError> {
    let begin = Instant::now();
    let sources = Sources::read(verilog)?;
    let (planted_folder, generated_folder) = (work.join("planted"), work.join("generated"));
    let strided = stride::add(&sources)?;
    let (files, planted) = table::write_all(&strided, &planted_folder)?;
    let netlist = generated::generate(&strided, &generated_folder)?;
    progress(&format!("{} faults planted, {} generated; compiling", planted.len(), netlist.mutants.len()));
    let hand = Bed::compile(&files, &planted_folder)?;
    let machine = Bed::compile(std::slice::from_ref(&netlist.file), &generated_folder)?;
    progress(&format!("compiled after {:.0} s", begin.elapsed().as_secs_f64()));

    for bed in [&hand, &machine] {
        let all = TOPS.map(trials).concat();
        let results = in_parallel(&all, |trial| bed.run(*trial, 0));
        for (trial, result) in all.iter().zip(results) {
            result.map_err(|failure| MutationError::Baseline { trial: format!("{trial:?}"), failure })?;
        }
    }
    progress(&format!("without a fault everything passes, after {:.0} s", begin.elapsed().as_secs_f64()));

    let mutants: Vec<Mutant> = planted.into_iter().chain(netlist.mutants).collect();
    let verdicts = in_parallel(&mutants, |mutant| {
        let bed = if mutant.kind == Kind::Planted { &hand } else { &machine };
        for trial in trials(sources.home(&mutant.block)) {
            if let Err(failure) = bed.run(*trial, mutant.number) {
                let (trial, found) = (format!("{trial:?}"), failure.to_string());
                return Verdict::Killed { trial, found };
            }
        }
        Verdict::Survived
    });
    let mut judged: Vec<Judged> =
        mutants.into_iter().zip(verdicts).map(|(mutant, verdict)| Judged { mutant, verdict }).collect();
    progress(&format!("tried after {:.0} s", begin.elapsed().as_secs_f64()));

    let unseen: Vec<usize> = (0..judged.len()).filter(|n| matches!(judged[*n].verdict, Verdict::Survived)).collect();
    let explained = in_parallel(&unseen, |n| explain(&judged[*n].mutant, &sources, &generated_folder));
    for (n, verdict) in unseen.into_iter().zip(explained) {
        judged[n].verdict = verdict?;
        let mutant = &judged[n].mutant;
        let said = match judged[n].verdict {
            Verdict::Survived => "unseen by every trial",
            Verdict::Equivalent { written: true, .. } => "explained in reasons.rs",
            _ => continue,
        };
        progress(&format!("{said}: {} ({:#018x}): {}", mutant.block, sources.hash(&mutant.block), mutant.what));
        evidence(mutant, &sources, work)?;
    }
    let work = work.to_owned();
    Ok(Outcome { judged, vanished: netlist.vanished, work, seconds: begin.elapsed().as_secs_f64() })
}

/// Why a fault that no trial saw changes nothing, if it does.
fn explain(mutant: &Mutant, sources: &Sources, folder: &Path) -> Result<Verdict, MutationError> {
    if equivalence::proved(mutant, sources, folder)? {
        let why = "proved equal by yosys, register by register".to_owned();
        return Ok(Verdict::Equivalent { why, written: false });
    }
    let reason = reasons::find(mutant, sources);
    Ok(reason.map_or(Verdict::Survived, |r| Verdict::Equivalent { why: r.why.to_owned(), written: true }))
}

/// Folder, inside the work folder, of a block as the proofs of the block get it: with the fault, and without.
pub fn evidence_folders(work: &Path, mutant: &Mutant) -> [PathBuf; 2] {
    let kind = if mutant.kind == Kind::Planted { "planted" } else { "generated" };
    let name = format!("{kind}-{}", mutant.number);
    [work.join("unseen").join(name), work.join("unseen").join(format!("{kind}-{}-good", mutant.block))]
}

/// Writes the Verilog of a block with a fault that no trial saw and no tool explained, for the proof of that block.
fn evidence(mutant: &Mutant, sources: &Sources, work: &Path) -> Result<(), MutationError> {
    let [bad, good] = evidence_folders(work, mutant);
    for folder in [&bad, &good] {
        std::fs::create_dir_all(folder).map_err(super::file_error(folder))?;
    }
    if mutant.kind == Kind::Planted {
        table::extract(mutant, sources, &bad)?;
        return table::extract_good(mutant, sources, &good);
    }
    let (netlist, strides) = (work.join("generated"), stride::reaches(sources, &mutant.block));
    generated::extract(&mutant.block, Some(mutant), strides, &netlist, &bad)?;
    generated::extract(&mutant.block, None, strides, &netlist, &good)
}

/// Does `work` on every item, on all processors, and gives the results in order.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((n, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, items.get(n)?)))
                {
                    let result = work(item);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((n, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(n, _)| *n);
    results.into_iter().map(|(_, result)| result).collect()
}

#[derive(Default)]
struct Totals {
    mutants: u32,
    killed: u32,
    equivalent: u32,
    survivors: u32,
}

impl Totals {
    fn add(&mut self, verdict: &Verdict) {
        self.mutants += 1;
        match verdict {
            Verdict::Killed { .. } => self.killed += 1,
            Verdict::Equivalent { .. } => self.equivalent += 1,
            Verdict::Survived => self.survivors += 1,
        }
    }
}

impl Outcome {
    /// Faults that nothing saw and nothing explains.
    pub fn survivors(&self) -> impl Iterator<Item = &Mutant> {
        self.judged.iter().filter(|j| matches!(j.verdict, Verdict::Survived)).map(|j| &j.mutant)
    }

    /// Written reasons that no fault of this run needs, as block and fault.
    pub fn unused_reasons(&self) -> Vec<String> {
        let used = |reason: &&Reason| {
            self.judged.iter().any(|Judged { mutant, verdict }| {
                let written = matches!(verdict, Verdict::Equivalent { written: true, .. });
                written && mutant.block == reason.block && mutant.what == reason.what
            })
        };
        let unused = reasons::REASONS.iter().filter(|reason| !used(reason));
        unused.map(|reason| format!("{}: {}", reason.block, reason.what)).collect()
    }

    /// The result for machines.
    pub fn json(&self) -> Value {
        let mut total = Totals::default();
        let mut by_block: BTreeMap<&str, Totals> = BTreeMap::new();
        let mut equivalents = Vec::new();
        for Judged { mutant, verdict } in &self.judged {
            total.add(verdict);
            by_block.entry(&mutant.block).or_default().add(verdict);
            if let Verdict::Equivalent { why, written } = verdict {
                let mut entry = json!({"block": mutant.block, "fault": mutant.what, "why": why});
                if *written {
                    let [bad, good] = evidence_folders(&self.work, mutant);
                    entry["verilog"] = json!(bad);
                    entry["without_fault"] = json!(good);
                }
                equivalents.push(entry);
            }
        }
        let survivors: Vec<Value> = self
            .survivors()
            .map(|m| {
                let [bad, good] = evidence_folders(&self.work, m);
                json!({"block": m.block, "fault": m.what, "verilog": bad, "without_fault": good})
            })
            .collect();
        let planted = self.judged.iter().filter(|j| j.mutant.kind == Kind::Planted).count();
        let by_block: serde_json::Map<String, Value> = by_block
            .iter()
            .map(|(block, t)| {
                let Totals { mutants, killed, equivalent, survivors } = t;
                let counts = json!({
                    "mutants": mutants, "killed": killed, "equivalent": equivalent, "survivors": survivors,
                });
                ((*block).to_owned(), counts)
            })
            .collect();
        json!({
            "mutants": total.mutants,
            "killed": total.killed,
            "equivalent": total.equivalent,
            "survivors": survivors,
            "planted": planted,
            "generated": self.judged.len() - planted,
            "vanished": self.vanished,
            "equivalents": equivalents,
            "unused_reasons": self.unused_reasons(),
            "by_block": by_block,
            "seconds": (self.seconds * 10.0).round() / 10.0,
        })
    }
}
