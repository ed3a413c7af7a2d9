//! One proof: from Verilog to SMT-LIB with yosys, from there to an answer with yosys-smtbmc and z3.

use super::super::program;
use super::jobs::{Job, Method};
use super::work_folder;
use crate::cargo::{root, run};
use crate::setup::YOSYS;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a job ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Base case and induction step hold.
    Proved,
    /// Every cover statement was reached.
    Covered,
    /// A property fails, or a cover statement is out of reach.
    Failed(String),
    /// Out of time.
    TimedOut(String),
    /// No answer.
    Unknown(String),
}

impl Verdict {
    /// One word for tables and JSON.
    pub fn status(&self) -> &'static str {
        match self {
            Verdict::Proved => "proved",
            Verdict::Covered => "covered",
            Verdict::Failed(_) => "failed",
            Verdict::TimedOut(_) => "timeout",
            Verdict::Unknown(_) => "unknown",
        }
    }

    /// What is wrong, when something is.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Verdict::Proved | Verdict::Covered => None,
            Verdict::Failed(text) | Verdict::TimedOut(text) | Verdict::Unknown(text) => Some(text),
        }
    }
}

/// The Verilog of one configuration of a block.
#[derive(Clone, Debug)]
pub struct Design {
    /// Files, leaf blocks first.
    pub files: Vec<PathBuf>,
    /// Const generics, which the proof gets as macros.
    pub settings: Vec<(String, u64)>,
}

impl Design {
    /// The configuration of `block` in a folder with a manifest.
    ///
    /// # Errors
    /// When the manifest is missing, malformed or without that block.
    pub fn read(folder: &Path, block: &str) -> Result<Design> {
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let manifest: Value = serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        let entry = manifest.as_array().and_then(|all| all.iter().find(|entry| entry["block"] == block));
        let entry = entry.with_context(|| format!("{} has no block `{block}`", path.display()))?;
        let files = entry["files"].as_array().context("`files` is no list")?.iter();
        let settings = entry["settings"].as_object().context("`settings` is no object")?.iter();
        Ok(Design {
            files: files.filter_map(Value::as_str).map(|name| folder.join(name)).collect(),
            settings: settings.filter_map(|(name, value)| Some((name.clone(), value.as_u64()?))).collect(),
        })
    }
}

/// The designs that jobs speak about: the committed Verilog, and small configurations emitted for this run.
pub struct Sources {
    emitted: BTreeMap<String, PathBuf>,
}

impl Sources {
    /// Emits the small configurations of `jobs` into the work folder.
    pub fn prepare(jobs: &[&Job]) -> Result<Sources> {
        let mut emitted = BTreeMap::new();
        for job in jobs.iter().filter(|job| !job.settings.is_empty()) {
            let name = format!("{}_{}", job.block, job.settings.replace([',', '='], "_"));
            let folder = work_folder().join("verilog").join(&name);
            if emitted.insert(key(job), folder.clone()).is_some() {
                continue;
            }
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
            }
            let mut command = program("emit")?;
            command.args(["--block", job.block, "--set", job.settings, "--out"]);
            run(command.arg(&folder).stdout(Stdio::null()))?;
        }
        Ok(Sources { emitted })
    }

    /// The design of a job.
    pub fn of(&self, job: &Job) -> Result<Design> {
        let committed = root().join("rtl/verilog");
        Design::read(self.emitted.get(&key(job)).unwrap_or(&committed), job.block)
    }
}

fn key(job: &Job) -> String {
    format!("{} {}", job.block, job.settings)
}

/// Runs a job on `design` and leaves files and traces in `folder`.
pub fn prove(job: &Job, design: &Design, folder: &Path) -> Result<Verdict> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    if matches!(job.method, Method::Identity) {
        return identities(job, design, folder);
    }
    translate(job, design, folder, "")?;
    let steps: &[(&str, &[&str], u32)] = match job.method {
        Method::Induction { base, k } => &[("base", &[], base), ("induction", &["-i"], k)],
        Method::Cover { clocks } => &[("cover", &["-c"], clocks)],
        Method::Identity => &[],
    };
    for (step, options, depth) in steps {
        let verdict = ask(job, step, options, *depth, folder)?;
        if verdict.failure().is_some() {
            return Ok(verdict);
        }
    }
    Ok(if matches!(job.method, Method::Cover { .. }) { Verdict::Covered } else { Verdict::Proved })
}

/// Asks abc whether every output of the proof is the constant one: it builds a decision diagram of each, which is
/// complete, and small for the sums of bits that these proofs are about.
fn identities(job: &Job, design: &Design, folder: &Path) -> Result<Verdict> {
    let proof = root().join("rtl/formal").join(format!("{}.sv", job.proof));
    let (graph, found) = (folder.join("design.aig"), folder.join("found.blif"));
    let mut script = "read_verilog -sv".to_owned();
    for file in design.files.iter().chain([&proof]) {
        script.push_str(&format!(" \"{}\"", file.display()));
    }
    script.push_str(&format!(
        "; hierarchy -top {}_proof; proc; flatten; opt -fast; check -assert; techmap; opt -fast; aigmap; opt_clean; \
         write_aiger -symbols \"{}\"",
        job.proof,
        graph.display()
    ));
    let output = Command::new(YOSYS.program).args(["-q", "-p", &script]).output().context("starting yosys")?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "yosys stopped:\n{}", String::from_utf8_lossy(&said));
    let script = format!("read_aiger {}; strash; collapse; sweep; write_blif {}", graph.display(), found.display());
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &job.limit.to_string(), "yosys-abc", "-c", &script]);
    let output = command.stdin(Stdio::null()).output().context("starting yosys-abc")?;
    if matches!(output.status.code(), Some(124 | 137)) {
        return Ok(Verdict::TimedOut(format!("no answer in {} s", job.limit)));
    }
    ensure!(output.status.success(), "yosys-abc stopped:\n{}", String::from_utf8_lossy(&output.stdout));
    let text = fs::read_to_string(&found).with_context(|| format!("reading {}", found.display()))?;
    Ok(constants(&text))
}

/// What a BLIF file describes of its outputs: proved when there is one at least and each is the constant one.
fn constants(blif: &str) -> Verdict {
    let joined = blif.replace("\\\n", " ");
    let lines: Vec<&str> = joined.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let outputs = lines.iter().filter_map(|line| line.strip_prefix(".outputs")).flat_map(str::split_whitespace);
    let is_one = |output: &str| {
        let at = lines.iter().position(|line| *line == format!(".names {output}"));
        at.is_some_and(|at| lines.get(at + 1) == Some(&"1"))
    };
    let (ones, others): (Vec<_>, Vec<_>) = outputs.partition(|output| is_one(output));
    match (ones.is_empty(), others.is_empty()) {
        (false, true) => Verdict::Proved,
        (true, true) => Verdict::Unknown("the proof has no outputs".to_owned()),
        _ => Verdict::Failed(format!("not always one: {}", others.join(", "))),
    }
}

/// Looks for a trace from power-up, of at most `clocks` clocks, on which a property fails that has a name: invariants,
/// which have none, are left out. [`Verdict::Proved`] reports only that no such trace is that short.
pub fn contradict(job: &Job, design: &Design, clocks: u32, limit: u32, folder: &Path) -> Result<Verdict> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    translate(job, design, folder, &format!("; delete {}_proof/c:$assert$*", job.proof))?;
    ask(&Job { limit, ..*job }, "trace", &[], clocks, folder)
}

/// Writes `folder/design.smt2`, after the commands `change` on the flat design.
fn translate(job: &Job, design: &Design, folder: &Path, change: &str) -> Result<()> {
    let proof = root().join("rtl/formal").join(format!("{}.sv", job.proof));
    // Traces are searched through many clocks: small memories are faster as registers than as arrays.
    let (traces, memories) = match job.method {
        Method::Induction { .. } | Method::Identity => (String::new(), "memory_nordff"),
        Method::Cover { .. } => (format!(" -DTRACES -D{}", job.name.to_uppercase()), "memory_map; opt -fast"),
    };
    let mut script = format!("read_verilog -sv -formal{traces}");
    for (name, value) in &design.settings {
        script.push_str(&format!(" -D{name}={value} -D{name}_{value}"));
    }
    for file in design.files.iter().chain([&proof]) {
        script.push_str(&format!(" \"{}\"", file.display()));
    }
    if !job.free.is_empty() {
        script.push_str(&format!("; hierarchy -top {}_proof; proc; cutpoint {}", job.proof, job.free));
    }
    // `check` names the signals that the proof reads and nothing drives: without it a renamed signal
    // would be free, and a property under a condition on it could hold for no reason.
    script.push_str(&format!(
        "; setattr -mod -unset keep_hierarchy *; prep -top {}_proof -flatten; check; {memories}; async2sync; setundef -undriven -anyseq; dffunmap\
         {change}; opt_clean; write_smt2 -wires \"{}\"",
        job.proof,
        folder.join("design.smt2").display()
    ));
    let output = Command::new("yosys").args(["-q", "-p", &script]).output().context("starting yosys")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "yosys stopped:\n{said}");
    let warnings: Vec<_> = said.lines().filter(|line| line.contains("Warning:")).collect();
    ensure!(warnings.is_empty(), "yosys warns; the proof and the Verilog do not fit:\n{}", warnings.join("\n"));
    Ok(())
}

/// Asks for one step of a job.
fn ask(job: &Job, step: &str, options: &[&str], depth: u32, folder: &Path) -> Result<Verdict> {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &job.limit.to_string(), "yosys-smtbmc", "-s", "z3", "--noprogress"]);
    // Constants in place of macros: z3 4.8.12 does not come back from some nests of one-bit macros.
    command.arg("--unroll");
    command.args(options).args(["-t", &depth.to_string(), "--dump-vcd"]);
    let trace = if step == "cover" { "cover_%.vcd".to_owned() } else { format!("{step}.vcd") };
    command.arg(folder.join(trace)).arg(folder.join("design.smt2")).stdin(Stdio::null());
    let output = command.output().context("starting yosys-smtbmc")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    fs::write(folder.join(format!("{step}.log")), said.as_bytes())?;
    let passed = said.lines().any(|line| line.ends_with("Status: passed") || line.ends_with("Status: PASSED"));
    let failed = said.lines().any(|line| line.ends_with("Status: failed") || line.ends_with("Status: FAILED"));
    match (output.status.code(), passed, failed) {
        (Some(0), true, false) => Ok(Verdict::Proved),
        (Some(124 | 137), ..) => Ok(Verdict::TimedOut(format!("{step}: no answer in {} s", job.limit))),
        (Some(1), false, true) => Ok(Verdict::Failed(format!("{step}: {}", reason(&said)))),
        (Some(_), false, false) => Ok(Verdict::Unknown(format!("{step}: {}", reason(&said)))),
        (code, ..) => bail!("{step}: yosys-smtbmc contradicts itself (exit code {code:?}):\n{said}"),
    }
}

/// The lines that say what failed.
fn reason(said: &str) -> String {
    let telling = ["Assert failed in", "Unreached cover statement", "Assumptions are unsatisfiable", "rror"];
    let lines: Vec<_> = said.lines().filter(|line| telling.iter().any(|word| line.contains(word))).collect();
    // Without the time at the start of each line.
    let lines: Vec<_> = lines.iter().map(|line| line.rsplit("##  ").next().unwrap_or(line).trim()).collect();
    if lines.is_empty() { said.lines().last().unwrap_or("nothing said").to_owned() } else { lines.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_is_not_one_is_no_proof() {
        let model = |names: &str| format!(".model m\n.inputs a\n.outputs x \\\n y\n{names}.end\n");
        assert_eq!(constants(&model(".names x\n 1\n.names y\n 1\n")), Verdict::Proved);
        assert!(constants(&model(".names x\n 1\n.names y\n 0\n")).failure().is_some());
        assert!(constants(&model(".names x\n 1\n.names a y\n1 1\n")).failure().is_some());
        assert!(constants(&model(".names x\n 1\n")).failure().is_some());
        assert!(constants(".model m\n.end\n").failure().is_some());
    }
}
