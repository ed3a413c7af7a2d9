//! The traffic whose coverage is counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::reasons::REASONS;
use super::{CoverageError, Gap, Points};
use crate::checks::{clock_classes, interrupts, registers};
use crate::lockstep::engine::EngineRun;
use crate::lockstep::top::{TopRun, sizes};
use crate::mutation::sources::Sources;
use deltascope_sim::bench::Failure;
use deltascope_sim::dut::Variant;
use deltascope_sim::session::{self, Session};
use deltascope_sim::top::Top;

/// Runs of the core and of the whole top, each with a seed of its own.
const RUNS: u64 = 2;

/// Coverage, and what is left open.
#[derive(Debug)]
pub struct Outcome {
    /// Counts.
    pub points: Points,
    /// Points that were never met and that no reason explains.
    pub unexplained: Vec<Gap>,
    /// Signals and branches with a reason that have no gap.
    pub idle_reasons: Vec<String>,
    /// Points that were never met and are explained.
    pub explained: usize,
}

/// Designs that are driven, each with a folder of its own.
const TOPS: [&str; 3] = ["deltascope_top", "delta_engine", "axi_lite_registers"];

/// Blocks of an emission with their files.
struct Blocks {
    names: Vec<String>,
    files: Vec<PathBuf>,
}

impl Blocks {
    fn read(verilog: &Path) -> Result<Blocks, CoverageError> {
        let sources = Sources::read(verilog)?;
        let texts = sources.blocks.iter().map(|block| block.name.clone());
        let memories = sources.memories.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
        let names: Vec<String> = texts.chain(memories).collect();
        let files = names.iter().map(|name| verilog.join(format!("{name}.v"))).collect();
        Ok(Blocks { names, files })
    }

    /// The lines of every block.
    fn lines(&self) -> Result<BTreeMap<&str, Vec<String>>, CoverageError> {
        let read = |(name, path): (_, &PathBuf)| {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| CoverageError::File { path: path.clone(), source })?;
            Ok((name, text.lines().map(str::to_owned).collect()))
        };
        self.names.iter().map(String::as_str).zip(&self.files).map(read).collect()
    }
}

fn folder(work: &Path, top: &str) -> PathBuf {
    work.join(format!("count-{top}"))
}

/// Compiles the emission in `verilog`, whose top must be small, inside `work`, and drives it with `records` records in
/// lockstep with the golden engine and with the directed checks.
///
/// # Errors
/// When a tool is missing or refuses, or the traffic finds a mismatch.
pub fn count(verilog: &Path, work: &Path, records: u64, progress: &dyn Fn(&str)) -> Result<(), CoverageError> {
    let blocks = Blocks::read(verilog)?;
    let compile = |top: &str| {
        let made = Variant::compile_counting(&blocks.files, top, &folder(work, top)).map_err(Failure::from);
        progress(&format!("{top} is compiled"));
        made.map_err(|failure| traffic(top, failure))
    };
    drive([&compile(TOPS[0])?, &compile(TOPS[1])?, &compile(TOPS[2])?], records)
}

/// Holds what the last [`count`] inside `work` left out against the reasons.
///
/// # Errors
/// When nothing was counted there.
pub fn judge(verilog: &Path, work: &Path) -> Result<Outcome, CoverageError> {
    let mut points = Points::default();
    for top in TOPS {
        let folder = folder(work, top).join("coverage");
        let file = |source| CoverageError::File { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(file)? {
            points.add(&entry.map_err(file)?.path())?;
        }
    }
    let blocks = Blocks::read(verilog)?;
    let lines = blocks.lines()?;
    let text = |block: &str, line: u32| {
        let found = lines.get(block).and_then(|lines| lines.get(line as usize - 1));
        found.cloned().unwrap_or_default()
    };
    let gaps = points.gaps(text);
    let all = gaps.len();
    let parts = REASONS.iter().flat_map(|reason| (0..reason.what.len()).map(move |at| (reason, at)));
    let idle = parts.clone().filter(|(reason, at)| !gaps.iter().any(|gap| reason.explains(*at, gap)));
    let idle_reasons = idle.map(|(reason, at)| format!("{}: {}", reason.block, reason.what[at])).collect();
    let open = |gap: &Gap| !parts.clone().any(|(reason, at)| reason.explains(at, gap));
    let unexplained: Vec<Gap> = gaps.into_iter().filter(open).collect();
    let explained = all - unexplained.len();
    Ok(Outcome { points, unexplained, idle_reasons, explained })
}

fn traffic(what: &str, failure: Failure) -> CoverageError {
    CoverageError::Traffic { what: what.to_owned(), failure }
}

/// A directed check of the registers.
type Check = fn(&mut Session) -> Result<(), Failure>;

/// Random lockstep of the top and of the core, and the directed checks of both and of the registers.
fn drive([top, core, bus]: [&Variant; 3], records: u64) -> Result<(), CoverageError> {
    let once = |what: &str, seed: u64, variant: &Variant, body: &dyn Fn(&mut Session) -> Result<(), Failure>| {
        session::once(seed, variant, &[], false, body).map_err(|failure| traffic(what, failure))
    };
    let probe = |session: &mut Session| sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?);
    let sizes = session::once(1, top, &[], false, probe).map_err(|failure| traffic("sizes", failure))?;
    let share = records.div_ceil(2 * RUNS);
    for seed in 1..=RUNS {
        once("core", seed, core, &|session| EngineRun::new(session, sizes)?.run(share))?;
        once("top", seed, top, &|session| TopRun::new(session)?.run(share))?;
    }
    once("clock classes", 1, core, &|session| clock_classes::each_class(session, sizes))?;
    once("status", 1, top, &|session| clock_classes::status_bits(session, sizes))?;
    once("interrupts of beats", 1, top, &interrupts::follow_their_beats)?;
    once("registers", 1, bus, &|session| registers::every_offset(session, &sizes.config))?;
    let checks: [(&str, Check); 6] = [
        ("writes", registers::writes),
        ("interrupts", registers::interrupts),
        ("races", registers::races),
        ("backlog", registers::backlog),
        ("both ways", registers::concurrent),
        ("resets", registers::reset),
    ];
    for (name, body) in checks {
        once(name, 1, bus, &body)?;
    }
    Ok(())
}

impl Outcome {
    /// Whether every gap has a reason and every reason a gap.
    pub fn holds(&self) -> bool {
        self.unexplained.is_empty() && self.idle_reasons.is_empty()
    }

    /// The result for machines.
    pub fn json(&self) -> Value {
        let blocks = self.points.by_block();
        let sum = |kind: usize| {
            let sums = blocks.values().fold((0, 0), |sum, found| (sum.0 + found[kind].0, sum.1 + found[kind].1));
            json!({"points": sums.0, "covered": sums.1})
        };
        let counts = |[line, toggle]: &[(u64, u64); 2]| json!({"line": {"points": line.0, "covered": line.1}, "toggle": {"points": toggle.0, "covered": toggle.1}});
        let by_block: serde_json::Map<String, Value> =
            blocks.iter().map(|(name, found)| ((*name).to_owned(), counts(found))).collect();
        let gap = |gap: &Gap| json!({"block": gap.block, "what": gap.what, "bit": gap.bit});
        json!({
            "line": sum(0),
            "toggle": sum(1),
            "by_block": by_block,
            "explained": self.explained,
            "unexplained": self.unexplained.iter().map(gap).collect::<Vec<_>>(),
            "reasons_without_gap": self.idle_reasons,
            "ok": self.holds(),
        })
    }
}
