//! `cargo xtask net fuzz`: every fuzz target for its share of the time.
//!
//! The targets are libFuzzer programs, built with the stable compiler: `-C passes=sancov-module` puts the coverage
//! counters in, the crate `libfuzzer-sys` brings libFuzzer (it needs a C++ compiler). No sanitizer is used: safe Rust
//! panics where C would corrupt, and overflow checks and debug assertions are on.

use crate::cargo::{cargo, root, run as run_command, target_folder};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Coverage for libFuzzer: edges, counters, a table of program counters, and the operands of comparisons.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// An input may take this long; a longer one is a crash.
const LONGEST_INPUT: Duration = Duration::from_secs(10);
/// Memory in MiB above which an input is a crash.
const MEMORY_MIB: u32 = 1_024;
/// Longest input in bytes.
const INPUT_BYTES: u32 = 4_096;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Seconds in all
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Builds the targets once and runs each for its share of the time, at least one second each.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = root().join("system-tests/fuzz");
    let target = target_folder().join("fuzz");
    let triple = host()?;
    let mut build = cargo(&["build", "--quiet", "--release", "--bins", "--target", &triple]);
    build.current_dir(&folder).env("RUSTFLAGS", COVERAGE).env_remove("CARGO_ENCODED_RUSTFLAGS");
    run_command(build.arg("--target-dir").arg(&target))?;
    let names = targets(&folder)?;
    let share = (arguments.seconds / names.len() as u64).max(1);
    let mut found = Vec::new();
    for name in &names {
        let program = target.join(&triple).join("release").join(name);
        let executions = one(&folder, &target, &program, name, share)?;
        if !arguments.json {
            println!("{name}: {executions} executions in {share} s, no crash");
        }
        found.push((name, executions));
    }
    let total: u64 = found.iter().map(|(_, executions)| executions).sum();
    if arguments.json {
        let targets: Vec<_> =
            found.iter().map(|(name, executions)| json!({"target": name, "executions": executions})).collect();
        println!("{}", json!({"seconds_each": share, "executions": total, "crashes": 0, "targets": targets}));
    } else {
        println!("fuzz: {total} executions over {} targets, no crash", names.len());
    }
    Ok(())
}

/// Names of the targets: the files that define them.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let targets = folder.join("fuzz_targets");
    let entries = fs::read_dir(&targets).with_context(|| format!("reading {}", targets.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        if let Some(name) = entry?.path().file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "{}: expected fuzz targets, found none", targets.display());
    Ok(names)
}

/// Runs one target; gives its executions. Inputs that it finds stay in the target folder, so that the next run goes
/// on from them; the committed ones are only read.
fn one(folder: &Path, target: &Path, program: &Path, name: &str, seconds: u64) -> Result<u64> {
    let (found, artifacts) = (target.join("corpus").join(name), folder.join("artifacts").join(name));
    for new in [&found, &artifacts] {
        fs::create_dir_all(new).with_context(|| format!("making {}", new.display()))?;
    }
    let mut command = Command::new(program);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={}", LONGEST_INPUT.as_secs()));
    command.arg(format!("-rss_limit_mb={MEMORY_MIB}")).arg(format!("-max_len={INPUT_BYTES}"));
    command.arg("-print_final_stats=1").arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.arg(&found).arg(folder.join("corpus").join(name)).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("starting {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let lines: Vec<_> = text.lines().collect();
        eprintln!("{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        bail!(
            "fuzz target {name}: {}; replay: {} {}/FILE (the file is named above)",
            output.status,
            program.display(),
            artifacts.display()
        );
    }
    let executions = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let executions = executions.and_then(|count| count.trim().parse().ok());
    executions.with_context(|| format!("expected the number of executions of {name}, found {text}"))
}

/// The triple that the compiler makes programs for. It is named in the build, so that the flags do not reach the
/// build scripts.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("starting rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.with_context(|| format!("expected a host in rustc -vV, found {text}"))
}

#[cfg(test)]
mod tests {
    use crate::cargo::root;
    use deltascope_protocol::frame::{self, PROTOCOL_VERSION};
    use std::collections::BTreeSet;

    #[test]
    fn committed_inputs_have_a_frame_of_every_kind_of_this_version() {
        let folder = root().join("system-tests/fuzz/corpus/frame");
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        let whole = files.filter(|bytes| frame::decode(bytes).is_ok());
        let kinds: BTreeSet<u8> = whole.map(|bytes| bytes[4]).collect();
        let expected = "`cargo run --release --example seeds` in system-tests/fuzz writes them";
        assert_eq!(kinds, (1..=13).collect(), "frames of version {PROTOCOL_VERSION}: {expected}");
    }
}
