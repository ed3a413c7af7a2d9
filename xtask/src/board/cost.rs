//! `cargo xtask board cost`: instructions that an event costs the board's processor in the daemon, by function.
//!
//! The daemon for armhf runs under qemu-arm with a plugin that counts how often each block of instructions ran. Two runs
//! differ in their number of events; the difference is what an event costs, without start-up and handshake. The kernel's
//! share (sockets, interrupts) is not in the counts, and an instruction is no clock: caches and buses are not simulated.

pub mod profile;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::profile::Profile;
use super::arm::cross::{Compiler, Cross, Target};
use crate::cargo::{build, release_folder, run as execute, target_folder};
use crate::document::Table;
use crate::emulator;

/// Where the table goes. The compiler, on which the counts depend, is pinned by the toolchain file.
const TABLE: Table = Table { page: "docs/performance.md", name: "board-cost", tools: &[] };
/// The plugin of QEMU.
const PLUGIN: &str = include_str!("cost/count.c");
/// Events of the two runs.
const EVENTS: [u64; 2] = [1 << 17, 3 << 17];
/// Clock of the processor in MHz: that of the Zybo Z7-20, the fastest of `boards/zynq7020/*/ps7.txt`.
pub const CLOCK_MHZ: f64 = 667.0;
/// Instructions a clock, assumed: a Cortex-A9 issues two at most and waits for memory most of the rest.
const PER_CLOCK: [f64; 2] = [0.5, 1.5];
/// Records that Gigabit Ethernet brings in a second, in millions (docs/performance.md, arithmetic).
const WIRE: f64 = 7.35;
/// How agent and daemon talk: what to call it, and the cipher.
const PATHS: [(&str, Option<&str>); 3] = [
    ("plain TCP", None),
    ("TLS, ChaCha20-Poly1305", Some("chacha20-poly1305")),
    ("TLS, AES-128-GCM", Some("aes-128-gcm")),
];
/// What functions do, by a part of their name; the first that fits counts. What fits none is `other`.
const STAGES: [(&str, &[&str]); 5] = [
    // What is in assembler has labels for names: `_bsaes_encrypt8`, `._mainloop2` of Poly1305.
    ("decryption", &["ring_core", "ring::", "rustls", "aes", "1305", "._"]),
    ("CRC32C", &["crc32c", "abi::crc"]),
    ("copies", &["memcpy", "memmove", "__mem", "memset"]),
    ("golden engine", &["deltascope_model"]),
    ("frames and checks", &["deltascope_protocol", "deltascope_abi", "deltascope_boardd"]),
];
/// Share by which two runs may differ.
const NOISE: f64 = 0.05;
/// Functions that are named in the output, the most expensive first.
const NAMED: usize = 16;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Where the ARM standard library comes from; by default what is there
    #[arg(long, value_enum)]
    compiler: Option<Compiler>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What an event costs on one path.
struct Cost {
    path: &'static str,
    functions: Profile,
}

impl Cost {
    fn instructions(&self) -> f64 {
        self.functions.values().sum()
    }

    /// Instructions by stage, in the order of [`STAGES`], then the rest.
    fn stages(&self) -> Vec<(&'static str, f64)> {
        let mut stages: Vec<_> = STAGES.iter().map(|(name, _)| (*name, 0.0)).chain([("other", 0.0)]).collect();
        for (function, count) in &self.functions {
            let fits = |(_, words): &(&str, &[&str])| words.iter().any(|word| function.contains(word));
            stages[STAGES.iter().position(fits).unwrap_or(STAGES.len())].1 += count;
        }
        stages
    }

    /// What the golden engine costs is the logic's work on a board.
    fn without_engine(&self) -> f64 {
        let engine = self.stages().iter().find(|(name, _)| *name == "golden engine").map_or(0.0, |(_, count)| *count);
        self.instructions() - engine
    }

    /// Millions of events a second, *estimated*, at the least and the most instructions a clock.
    fn rates(&self) -> [f64; 2] {
        PER_CLOCK.map(|per_clock| CLOCK_MHZ * per_clock / self.without_engine())
    }

    fn json(&self) -> Value {
        json!({
            "path": self.path,
            "simulated_instructions_per_event": self.instructions(),
            "without_golden_engine": self.without_engine(),
            "by_stage": object(self.stages()),
            "estimated_million_events_per_s": self.rates(),
            "functions": object(self.dearest()),
        })
    }

    fn dearest(&self) -> Vec<(String, f64)> {
        let mut functions: Vec<_> = self.functions.iter().map(|(name, count)| (name.clone(), *count)).collect();
        functions.sort_by(|a, b| b.1.total_cmp(&a.1));
        functions.truncate(NAMED);
        functions
    }
}

fn object<K: Into<String>>(pairs: Vec<(K, f64)>) -> Value {
    pairs.into_iter().map(|(name, count)| (name.into(), json!(count))).collect()
}

/// The programs of one measurement.
struct Programs {
    /// The daemon for armhf.
    boardd: PathBuf,
    emulator: PathBuf,
    plugin: PathBuf,
    feed: PathBuf,
    folder: PathBuf,
}

impl Programs {
    fn provide(compiler: Option<Compiler>) -> Result<Programs> {
        let emulator = emulator::provide_with_plugins()?;
        let boardd = Cross::find(Target::Linux, compiler)?.build("deltascope-boardd", "deltascope-boardd")?;
        build(&["-p", "deltascope-bench", "--bin", "feed"])?;
        let folder = target_folder().join("board-cost");
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let (source, plugin) = (folder.join("count.c"), folder.join("count.so"));
        fs::write(&source, PLUGIN)?;
        let flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
        execute(Command::new("cc").args(flags).arg(&plugin).arg(&source))?;
        Ok(Programs { boardd, emulator, plugin, feed: release_folder()?.join("feed"), folder })
    }

    /// Runs the daemon with a number of events, and counts.
    fn run(&self, cipher: Option<&str>, events: u64) -> Result<Profile> {
        let counts = self.folder.join("counts");
        let _ = fs::remove_file(&counts);
        let mut feed = Command::new(&self.feed);
        feed.arg("--boardd").arg(self.started_by(&counts)?).args(["--events", &events.to_string()]);
        if let Some(cipher) = cipher {
            feed.args(["--cipher", cipher]);
        }
        let output = feed.output().context("starting feed")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "feed failed with {}: {errors}", output.status);
        let report: Value = serde_json::from_slice(&output.stdout).context("expected one JSON object of feed")?;
        ensure!(report["counted"] == events, "expected {events} events counted, found {report}");
        profile::read(&self.boardd, &counts)
    }

    /// Writes a program that starts the daemon in the emulator.
    fn started_by(&self, counts: &Path) -> Result<PathBuf> {
        let path = self.folder.join("counted-boardd");
        let script = format!(
            "#!/bin/sh\nexec '{}' -plugin '{},out={}' '{}' \"$@\"\n",
            self.emulator.display(),
            self.plugin.display(),
            counts.display(),
            self.boardd.display()
        );
        fs::write(&path, script).with_context(|| format!("writing {}", path.display()))?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        Ok(path)
    }
}

fn measure(compiler: Option<Compiler>) -> Result<Vec<Cost>> {
    let programs = Programs::provide(compiler)?;
    let cost = |(path, cipher): (&'static str, Option<&str>)| -> Result<Cost> {
        let [few, many] = EVENTS;
        let (before, after) = (programs.run(cipher, few)?, programs.run(cipher, many)?);
        Ok(Cost { path, functions: profile::per_event(&before, &after, many - few) })
    };
    PATHS.into_iter().map(|path| cost(path).with_context(|| path.0.to_owned())).collect()
}

fn table(costs: &[Cost]) -> String {
    let mut text = String::from("| path |");
    for (name, _) in costs.first().map(Cost::stages).unwrap_or_default() {
        let _ = write!(text, " {name} |");
    }
    text.push_str(" sum | without the golden engine | M events/s, *estimated* | of Gigabit Ethernet |\n|---|");
    text.push_str(&"---|".repeat(STAGES.len() + 5));
    text.push('\n');
    for cost in costs {
        let _ = write!(text, "| {} |", cost.path);
        for (_, count) in cost.stages() {
            let _ = write!(text, " {:.0} |", count.max(0.0));
        }
        let ([least, most], sum, board) = (cost.rates(), cost.instructions(), cost.without_engine());
        let share = |rate: f64| 100.0 * rate / WIRE;
        let (from, to) = (share(least), share(most));
        let _ = writeln!(text, " {sum:.0} | {board:.0} | {least:.1} to {most:.1} | {from:.0} to {to:.0} % |");
    }
    text
}

/// Measures, and writes the table or compares it. How bytes arrive differs from run to run, and with it the counts by a few
/// instructions: a comparison allows [`NOISE`].
pub fn document(check: bool) -> Result<()> {
    let costs = measure(None)?;
    match check {
        true => compare(&costs, &TABLE.written()?),
        false => TABLE.put(&table(&costs), false),
    }
}

/// Fails when a path's instructions without the golden engine are not those of the table.
fn compare(costs: &[Cost], written: &str) -> Result<()> {
    for cost in costs {
        let expected = without_engine_in(written, cost.path)?;
        let found = cost.without_engine();
        ensure!(
            (found - expected).abs() <= expected * NOISE,
            "{}: the table `{}` has {expected} instructions for {}, found {found:.0}; run `cargo xtask gen --only {}`",
            TABLE.page,
            TABLE.name,
            cost.path,
            TABLE.name
        );
    }
    Ok(())
}

/// The instructions without the golden engine in a row of the table.
fn without_engine_in(written: &str, path: &str) -> Result<f64> {
    let row = written.lines().find(|line| line.starts_with(&format!("| {path} |")));
    let cell = row.and_then(|row| row.split('|').rev().nth(3)?.trim().parse().ok());
    cell.with_context(|| format!("{}: expected a row for {path}, found none", TABLE.page))
}

/// Instructions an event without the golden engine, as the table has them: plain TCP, ChaCha20-Poly1305, AES-128-GCM.
pub fn written() -> Result<[f64; 3]> {
    let table = TABLE.written()?;
    let [plain, chacha20, aes_gcm] = PATHS.map(|(path, _)| without_engine_in(&table, path));
    Ok([plain?, chacha20?, aes_gcm?])
}

/// Measures and prints.
pub fn run(arguments: &Arguments) -> Result<()> {
    let costs = measure(arguments.compiler)?;
    if arguments.json {
        let paths: Vec<_> = costs.iter().map(Cost::json).collect();
        let report = json!({
            "label": "simulated",
            "clock_mhz": CLOCK_MHZ,
            "assumed_instructions_per_clock": PER_CLOCK,
            "paths": paths,
        });
        println!("{report:#}");
        return Ok(());
    }
    print!("simulated, user space of the daemon under qemu-arm; instructions an event, no times\n\n{}", table(&costs));
    for cost in &costs {
        println!("\n{}", cost.path);
        for (function, count) in cost.dearest() {
            println!("{count:9.2}  {function}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cost, compare, table};

    #[test]
    fn functions_are_put_under_what_they_do() {
        let functions = [
            ("deltascope_model::golden::apply".to_owned(), 40.0),
            ("<deltascope_protocol::wire::Frame as Iterator>::next".to_owned(), 20.0),
            ("ring_core_0_17_14__ChaCha20_ctr32_neon".to_owned(), 100.0),
            ("memcpy".to_owned(), 8.0),
            ("main".to_owned(), 2.0),
        ];
        let cost = Cost { path: "p", functions: functions.into() };
        let stage = |name: &str| cost.stages().iter().find(|(found, _)| *found == name).map(|(_, count)| *count);
        assert_eq!(stage("golden engine"), Some(40.0));
        assert_eq!(stage("frames and checks"), Some(20.0));
        assert_eq!(stage("decryption"), Some(100.0));
        assert_eq!((stage("copies"), stage("other")), (Some(8.0), Some(2.0)));
        assert_eq!((cost.instructions(), cost.without_engine()), (170.0, 130.0));
        let text = table(std::slice::from_ref(&cost));
        assert!(text.contains("| 170 | 130 | 2.6 to 7.7 | 35 to 105 % |"), "{text}");
        compare(std::slice::from_ref(&cost), &text).expect("the same");
        let error = compare(&[cost], &text.replace("| 130 |", "| 100 |")).expect_err("30 % more");
        assert!(error.to_string().contains("has 100 instructions for p, found 130"), "{error}");
    }
}
