//! Runs of a test: seeds, failing seeds that replay, waves of the clocks before a failure.

use std::path::{Path, PathBuf};

use crate::bench::{Bench, Failure, WavePlan};
use crate::dut::{Dut, Variant};
use deltascope_abi::random::Random;

/// Clocks written before the one in which a failure showed.
const WAVE_CLOCKS: u64 = 2_000;

/// One run of a test with one seed.
pub struct Session<'a> {
    /// The seed of this run.
    pub seed: u64,
    /// Random numbers of this run.
    pub random: Random,
    test: &'a str,
    variant: Option<&'a Variant>,
    waves_from: Option<u64>,
    held: &'a [(&'a str, u64)],
    /// Counters of the design count in large steps: its input `stride` is high.
    pub strides: bool,
}

impl Session<'_> {
    /// A fresh instance of the design `name`: the variant under test when it is one of that, else the built-in one.
    pub fn bench(&mut self, name: &str) -> Result<Bench, Failure> {
        let seed = self.random.next();
        let mut dut = match self.variant {
            Some(variant) if variant.top() == name => Dut::of_variant(variant, seed)?,
            _ => Dut::open(name, seed)?,
        };
        for (name, value) in self.held {
            let port = dut.port(name)?;
            dut.set(port, *value);
        }
        let plan = self.waves_from.map(|from| WavePlan { path: wave_path(self.test, name, self.seed), from });
        Ok(Bench::new(dut, plan)?)
    }
}

/// A failed run: what happened, how to see it again.
#[derive(Debug, thiserror::Error)]
#[error("{test}: {failure}\n  replay: DELTASCOPE_SEED={seed}\n  waves: {waves}")]
pub struct Report {
    /// Name of the test.
    pub test: String,
    /// Seed of the run.
    pub seed: u64,
    /// What was found.
    pub failure: Failure,
    /// Where the waveform is.
    pub waves: String,
}

/// Folder of the waveforms: `waves` in the target folder.
pub fn wave_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")).join("waves")
}

fn wave_path(test: &str, design: &str, seed: u64) -> PathBuf {
    wave_folder().join(format!("{test}-{design}-{seed}.vcd"))
}

/// Runs `body` once. When it fails it is run again with the same seed, writing a waveform from
/// 2,000 clocks before the failure on.
pub fn run<T>(
    test: &str,
    seed: u64,
    variant: Option<&Variant>,
    body: impl Fn(&mut Session) -> Result<T, Failure>,
) -> Result<T, Box<Report>> {
    let session =
        |waves_from| Session { seed, random: Random::new(seed), test, variant, waves_from, held: &[], strides: false };
    let failure = match body(&mut session(None)) {
        Ok(value) => return Ok(value),
        Err(failure) => failure,
    };
    let waves = match &failure {
        Failure::Dut(_) => "none, the simulation did not run".to_owned(),
        Failure::Mismatch { clock, text } => {
            let again = body(&mut session(Some(clock.saturating_sub(WAVE_CLOCKS))));
            match again {
                Err(Failure::Mismatch { clock: c, text: t }) if c == *clock && t == *text => {
                    format!("{}/{test}-*-{seed}.vcd", wave_folder().display())
                }
                Err(other) => format!("the second run failed otherwise: {other}"),
                Ok(_) => "the second run did not fail: the test is not deterministic".to_owned(),
            }
        }
    };
    Err(Box::new(Report { test: test.to_owned(), seed, failure, waves }))
}

/// Runs `body` once on `variant`, with inputs held at a value for the whole run, and writes no waveform. With
/// `strides`, the design counts in large steps.
/// The instances that the body makes are those of the variant only when they are of its top.
pub fn once<T>(
    seed: u64,
    variant: &Variant,
    held: &[(&str, u64)],
    strides: bool,
    body: impl FnOnce(&mut Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (random, variant) = (Random::new(seed), Some(variant));
    body(&mut Session { seed, random, test: "once", variant, waves_from: None, held, strides })
}

/// The seed that `DELTASCOPE_SEED` asks for: decimal, or hexadecimal after 0x.
pub fn seed_from_environment() -> Option<u64> {
    let text = std::env::var("DELTASCOPE_SEED").ok()?;
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Runs `body` with `runs` seeds that depend on the test's name only, or with the one of `DELTASCOPE_SEED`.
///
/// # Panics
/// With the report of the first run that fails: this is the body of a test.
pub fn check(test: &str, runs: u64, body: impl Fn(&mut Session) -> Result<(), Failure>) {
    let name = test.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let seeds: Vec<u64> = match seed_from_environment() {
        Some(seed) => vec![seed],
        None => (0..runs).map(|n| (name % 1_000_000) * 1_000 + n).collect(),
    };
    for seed in seeds {
        if let Err(report) = run(test, seed, None, &body) {
            panic!("{report}");
        }
    }
}
