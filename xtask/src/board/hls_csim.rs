//! `cargo xtask board hls-csim`: C simulation of the fingerprint kernel of `hls/` with g++, against the crate `crc32c`.
//!
//! The packets, their beats and what must come of them are made here; `hls/csim/main.cpp` only gives the kernel its
//! clocks. Then faults are put into copies of the kernel, and each must be found.

use crate::cargo::{root, target_folder};
use crate::setup::{CPP, require};
use anyhow::{Context, Result, ensure};
use deltascope_abi::crc::crc32c;
use deltascope_abi::random::Random;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const LANES: usize = 16;
/// Result of a packet with a gap.
const GAP: u64 = 1 << 63;
/// Packets that a fault must be found in.
const PACKETS_WITH_FAULT: u64 = 2_000;

/// A fault: `find` is in the kernel once and becomes `replace`.
const FAULTS: [(&str, &str, &str); 7] = [
    ("bytes without TKEEP count", "const bool kept = beat.keep[lane] == 1;", "const bool kept = true;"),
    ("lanes after the last byte stay in the state", "if (pad[3 - step] == 1)", "if (false)"),
    ("every packet starts at lane 0", "START.entry[lead]", "START.entry[0]"),
    ("the state of the packet before is kept", "state = first ? sum :", "state = false ? sum :"),
    ("a gap in a beat is not seen", "begins > 1 ||", "begins > 16 ||"),
    ("a gap between beats is not seen", "(broken == 1 || gap)", "(broken == 1 || (gap && empty))"),
    ("a beat without bytes moves the state", "if (first || !empty)", "if (true)"),
];

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Packets
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub packets: u64,
    /// Seed of the packets
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments { json: false, packets: 100_000, seed: 1 }
    }
}

/// Packets as the bench takes them, and their results.
#[derive(Default)]
struct Stimulus {
    beats: Vec<u8>,
    expected: Vec<u64>,
    bytes: u64,
    with_gap: u64,
}

impl Stimulus {
    fn random(packets: u64, seed: u64) -> Stimulus {
        let (mut random, mut stimulus) = (Random::new(seed), Stimulus::default());
        for _ in 0..packets {
            stimulus.packet(&mut random);
        }
        stimulus
    }

    /// Adds a packet of random length at a random lane, with beats without bytes and clocks without beats.
    fn packet(&mut self, random: &mut Random) {
        let length = match random.below(16) {
            0 => random.below(4) as usize,
            1 | 2 => LANES * random.below(4) as usize,
            3 => random.between(1_000, 1_500) as usize,
            4 => 4_096,
            _ => random.below(200) as usize,
        };
        let lead = if length > 0 && random.one_in(2) { random.below(LANES as u64) as usize } else { 0 };
        let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let mut lanes = vec![None; lead];
        lanes.extend(bytes.iter().map(|byte| Some(*byte)));
        lanes.resize(lanes.len().next_multiple_of(LANES).max(LANES), None);
        if length > 2 && random.one_in(8) {
            lanes[lead + random.between(1, length as u64 - 2) as usize] = None;
            self.expected.push(GAP);
            self.with_gap += 1;
        } else {
            self.expected.push((length as u64) << 32 | u64::from(crc32c(&bytes)));
        }
        self.bytes += length as u64;
        let mut beats: Vec<&[Option<u8>]> = Vec::new();
        for chunk in lanes.chunks(LANES) {
            while random.one_in(16) {
                beats.push(&[None; LANES]);
            }
            beats.push(chunk);
        }
        while random.one_in(16) {
            beats.push(&[None; LANES]);
        }
        let idle = random.one_in(2);
        for (at, lanes) in beats.iter().enumerate() {
            // Lanes without TKEEP carry anything.
            self.beats.extend(lanes.iter().map(|byte| byte.unwrap_or(random.next() as u8)));
            let keep =
                lanes.iter().enumerate().fold(0_u16, |keep, (lane, byte)| keep | u16::from(byte.is_some()) << lane);
            self.beats.extend(keep.to_le_bytes());
            self.beats.push(u8::from(at + 1 == beats.len()));
            self.beats.push(if idle && random.one_in(3) { random.below(5) as u8 } else { 0 });
        }
    }
}

/// What a simulation gave.
struct Simulated {
    results: Vec<u64>,
    /// Clocks, clocks in which a beat waited, clocks in which a result waited.
    clocks: [u64; 3],
}

/// Compiles the kernel in `source` and returns the program.
fn compile(source: &Path, program: &str) -> Result<PathBuf> {
    let (hls, program) = (root().join("hls"), target_folder().join("hls").join(program));
    let mut command = Command::new(CPP.program);
    // Pragmas of HLS mean nothing to g++.
    command.args(["-std=c++14", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]);
    command.arg("-I").arg(hls.join("csim")).arg("-I").arg(&hls).arg(source).arg(hls.join("csim/main.cpp"));
    let output = command.arg("-o").arg(&program).output().context("starting g++")?;
    ensure!(output.status.success(), "g++ {}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
    Ok(program)
}

fn simulate(program: &Path, stimulus: &Stimulus, seed: u64) -> Result<Simulated> {
    let mut command = Command::new(program);
    command.arg(seed.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
    let mut input = child.stdin.take().context("the simulation has no standard input")?;
    let output = std::thread::scope(|scope| {
        // A program that stops early is reported by its exit code.
        scope.spawn(move || drop(input.write_all(&stimulus.beats)));
        child.wait_with_output()
    })?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {text}", program.display());
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let clocks = numbers.try_into().map_err(|_| anyhow::anyhow!("expected three numbers, found {text:?}"))?;
    let (whole, rest) = output.stdout.as_chunks::<8>();
    ensure!(rest.is_empty(), "expected results of 8 bytes, found {} at the end", rest.len());
    Ok(Simulated { results: whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect(), clocks })
}

/// Results that are not as expected; one that is missing or too many is one.
fn mismatches(expected: &[u64], found: &[u64]) -> usize {
    let longer = expected.len().max(found.len());
    (0..longer).filter(|at| expected.get(*at) != found.get(*at)).count()
}

/// Names of the faults that the simulation does not find.
fn unseen_faults(seed: u64) -> Result<Vec<&'static str>> {
    let path = root().join("hls/fingerprint.cpp");
    let kernel = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let stimulus = Stimulus::random(PACKETS_WITH_FAULT, seed);
    let mut unseen = Vec::new();
    for (at, (what, find, replace)) in FAULTS.iter().enumerate() {
        let places = kernel.matches(find).count();
        ensure!(places == 1, "fault `{what}`: expected `{find}` once in the kernel, found it {places} times");
        let source = target_folder().join(format!("hls/fault_{at}.cpp"));
        fs::write(&source, kernel.replace(find, replace)).with_context(|| format!("writing {}", source.display()))?;
        let program = compile(&source, &format!("fault_{at}"))?;
        if mismatches(&stimulus.expected, &simulate(&program, &stimulus, seed)?.results) == 0 {
            unseen.push(*what);
        }
    }
    Ok(unseen)
}

/// Simulates, compares, and looks for the faults.
///
/// # Errors
/// A result differs, nothing ever waited, or a fault was not found.
pub fn run(arguments: &Arguments) -> Result<()> {
    require(&[CPP])?;
    let folder = target_folder().join("hls");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let program = compile(&root().join("hls/fingerprint.cpp"), "fingerprint")?;
    let stimulus = Stimulus::random(arguments.packets, arguments.seed);
    let Simulated { results, clocks: [clocks, beats_waited, results_waited] } =
        simulate(&program, &stimulus, arguments.seed)?;
    let mismatches = mismatches(&stimulus.expected, &results);
    let unseen = unseen_faults(arguments.seed)?;
    let report = json!({
        "label": "simulated",
        "packets": stimulus.expected.len(), "bytes": stimulus.bytes, "with_gap": stimulus.with_gap,
        "clocks": clocks, "clocks_beat_waited": beats_waited, "clocks_result_waited": results_waited,
        "mismatches": mismatches, "planted": FAULTS.len(), "found": FAULTS.len() - unseen.len(),
    });
    if arguments.json {
        println!("{report}");
    } else {
        println!(
            "simulated: {} packets, {} bytes, {mismatches} mismatches; {} of {} planted faults found",
            stimulus.expected.len(),
            stimulus.bytes,
            FAULTS.len() - unseen.len(),
            FAULTS.len()
        );
    }
    ensure!(mismatches == 0, "hls/fingerprint.cpp: expected every result to be that of crc32c, {mismatches} are not");
    ensure!(beats_waited > 0 && results_waited > 0, "expected back-pressure on both sides, found {report}");
    ensure!(unseen.is_empty(), "faults that the simulation does not find: {}", unseen.join("; "));
    Ok(())
}
