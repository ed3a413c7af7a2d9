//! `cargo xtask rtl icarus`: the emitted top in a 4-state simulator, against the golden engine.
//!
//! Verilator has no X: what depends on a value that nothing gave works there by chance. Icarus Verilog begins
//! memories and registers with X and knows both languages, Verilog-2005 and SystemVerilog, which differ in what
//! happens at time zero.

mod stimulus;

use super::formal::solve::Design;
use super::mutate::{TOP, emit, smallest};
use crate::cargo::{root, target_folder};
use crate::columns::columns;
use crate::setup::{ICARUS, require};
use anyhow::{Context, Result, ensure};
use deltascope_abi::registers::{CONTROL_LATCH, offset};
use deltascope_model::Config;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The languages, as Icarus Verilog names them.
const LANGUAGES: [&str; 2] = ["-g2005", "-g2012"];
/// Clocks after which a run has no end, for each record and once.
const PATIENCE: (usize, usize) = (400, 500_000);
/// The committed top has 256 lanes and gets one record for this number of those of the smallest: Icarus is slow with it.
const FEWER: usize = 20;
/// What a run reports.
const FIGURES: [&str; 6] = ["records", "replies", "reads", "differences", "unknown_bits", "clocks"];

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Records of a run of the smallest top; the committed one gets a twentieth
    #[arg(long, default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub records: u32,
    /// Where the random records begin
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder of another emission of the top, with its manifest, in the place of the committed one
    #[arg(long, value_name = "FOLDER")]
    pub verilog: Option<PathBuf>,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments { json: true, records: 6_000, seed: 1, verilog: None }
    }
}

/// Runs the committed top and the smallest one, each in both languages, and prints a table or one JSON object.
///
/// # Errors
/// When a reply or a register differs, when an output has an unknown bit, when nothing was compared, or when the
/// tool is missing.
pub fn run(arguments: &Arguments) -> Result<()> {
    require(&[ICARUS])?;
    let work = target_folder().join("icarus");
    let small = work.join("smallest");
    emit(&["--block", TOP, "--set", &smallest(&emit(&["--list"])?)?, "--out", &small.display().to_string()])?;
    let committed = arguments.verilog.clone().unwrap_or_else(|| root().join("rtl/verilog"));
    let mut runs = Vec::new();
    // A reset of one clock is the least that the top asks for.
    let records = arguments.records as usize;
    for (name, folder, records, reset) in
        [("committed", &committed, records / FEWER, 20), ("smallest", &small, records, 1)]
    {
        let design = Design::read(folder, TOP)?;
        for language in LANGUAGES {
            let place = work.join(format!("{name}{language}"));
            let run = Run { records, seed: arguments.seed, reset, language };
            let found = run_one(&run, &design, &place);
            let mut found = found.with_context(|| format!("the {name} top with {language}"))?;
            found["top"] = json!(name);
            found["language"] = json!(language);
            found["offered"] = json!(records);
            runs.push(found);
        }
    }
    let mut sums = json!({});
    for figure in FIGURES {
        sums[figure] = json!(runs.iter().filter_map(|run| run[figure].as_u64()).sum::<u64>());
    }
    if arguments.json {
        sums["runs"] = json!(runs);
        println!("{sums}");
    } else {
        print(&runs);
    }
    for run in &runs {
        judge(run)?;
    }
    Ok(())
}

fn print(runs: &[Value]) {
    let head = ["top", "language"].into_iter().chain(FIGURES);
    let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    for run in runs {
        let names = ["top", "language"].map(|name| run[name].as_str().unwrap_or_default().to_owned());
        rows.push(names.into_iter().chain(FIGURES.map(|figure| run[figure].to_string())).collect());
    }
    print!("{}", columns(rows, &[2, 3, 4, 5, 6, 7]));
}

/// Fails unless every record was sent, something came back, nothing differs and every bit is known.
fn judge(run: &Value) -> Result<()> {
    let number = |name: &str| run[name].as_u64().with_context(|| format!("a run reported no {name}: {run}"));
    let said = run["said"].as_str().unwrap_or_default();
    let (differences, unknown) = (number("differences")?, number("unknown_bits")?);
    ensure!(
        differences == 0 && unknown == 0,
        "the {} top with {}: expected no difference and no unknown bit, found {differences} and {unknown}:\n{said}",
        run["top"],
        run["language"]
    );
    ensure!(run["records"] == run["offered"], "expected {} records, found {run}", run["offered"]);
    ensure!(number("replies")? > 0 && number("reads")? > 0, "nothing was compared: {run}");
    Ok(())
}

/// One run.
struct Run {
    records: usize,
    seed: u64,
    /// Clocks of reset.
    reset: usize,
    language: &'static str,
}

/// Compiles and runs one design in one language, and returns its figures and what else it said.
fn run_one(run: &Run, design: &Design, place: &Path) -> Result<Value> {
    let made = stimulus::make(sizes(design)?, run.records, run.seed)?;
    fs::create_dir_all(place).with_context(|| format!("creating {}", place.display()))?;
    for (name, text) in [("records", &made.records), ("replies", &made.replies), ("reads", &made.reads)] {
        let path = place.join(format!("{name}.hex"));
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    let defines = [
        ("RECORDS", run.records),
        ("REPLIES", made.beats),
        ("READS", made.all_reads),
        ("FIRST_READS", made.first_reads),
        ("RESET", run.reset),
        ("SEED", run.seed as usize & 0x7FFF_FFFF),
        ("PATIENCE", PATIENCE.0 * run.records + PATIENCE.1),
        ("CONTROL", offset::CONTROL as usize),
        ("LATCH", CONTROL_LATCH.mask() as usize),
    ];
    let mut compile = Command::new(ICARUS.program);
    compile.args([
        run.language,
        "-Wall",
        "-Wno-timescale",
        "-DDELTASCOPE_SIMULATION",
        "-s",
        "bench",
        "-o",
        "bench.vvp",
    ]);
    compile.args(defines.map(|(name, value)| format!("-D{name}={value}")));
    compile.arg(root().join("rtl/tests/icarus/bench.v")).args(&design.files);
    let said = output(compile.current_dir(place))?;
    let warned = said.lines().find(|line| line.contains("warning:"));
    ensure!(warned.is_none(), "{}: expected no warning, found {}", ICARUS.program, warned.unwrap_or_default());
    let said = output(Command::new("vvp").args(["-n", "bench.vvp"]).current_dir(place))?;
    figures(&said)
}

/// Returns the sizes of the golden engine that a design is compared with.
fn sizes(design: &Design) -> Result<Config> {
    let setting = |name: &str| {
        let found = design.settings.iter().find(|(known, _)| known == name);
        let (_, value) = found.with_context(|| format!("the manifest has no {name} of {TOP}"))?;
        u32::try_from(*value).with_context(|| format!("{name} is {value}"))
    };
    let power = |name: &str| Ok::<_, anyhow::Error>(1_u32 << setting(name)?);
    let tables = Config::with_tables(power("CONTEXT_BITS")?, power("GROUP_BITS")?);
    let config = tables.with_journal(setting("LANES")?, power("DEPTH_BITS")?);
    Ok(Config { reply_packet: setting("PACKET")?, ..config })
}

/// Runs a program to its end and returns what it printed.
fn output(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("starting {:?}", command.get_program()))?;
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    ensure!(done.status.success(), "{command:?} failed with {}:\n{said}", done.status);
    Ok(said)
}

/// Reads the line `result records=... clocks=...`; the other lines are kept as `said`.
fn figures(said: &str) -> Result<Value> {
    let (results, others): (Vec<_>, Vec<_>) = said.lines().partition(|line| line.starts_with("result "));
    ensure!(results.len() == 1, "expected one line of results, found {}:\n{said}", results.len());
    let mut found = json!({ "said": others.join("\n") });
    for (name, value) in results[0].split(' ').filter_map(|pair| pair.split_once('=')) {
        found[name] = json!(value.parse::<u64>().with_context(|| format!("expected a number, found {name}={value}"))?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_line_of_results() {
        let said = "half 3 differs\nresult records=5 replies=2 reads=1 differences=1 unknown_bits=0 clocks=9\n";
        let found = figures(said).unwrap();
        assert_eq!((found["records"].as_u64(), found["clocks"].as_u64()), (Some(5), Some(9)));
        assert_eq!(found["said"], "half 3 differs");
        assert!(figures("nothing").is_err() && figures("result records=x\n").is_err());
    }

    #[test]
    fn a_difference_an_unknown_bit_or_silence_fails() {
        let run = |records: u64, replies: u64, differences: u64, unknown_bits: u64| {
            let mut run = json!({"offered": 5, "records": records, "replies": replies, "reads": 3});
            run["differences"] = json!(differences);
            run["unknown_bits"] = json!(unknown_bits);
            run
        };
        assert!(judge(&run(5, 2, 0, 0)).is_ok());
        for bad in [run(5, 2, 1, 0), run(5, 2, 0, 1), run(4, 2, 0, 0), run(5, 0, 0, 0), json!({})] {
            assert!(judge(&bad).is_err(), "{bad}");
        }
    }
}
