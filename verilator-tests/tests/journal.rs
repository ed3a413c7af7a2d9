//! `journal.v` in lockstep with the golden engine's journal: notes with and without gaps, every kind of mark,
//! the latency of the answer, resets. The committed size, and small ones emitted here.
#![cfg(feature = "verilate")]

use std::path::{Path, PathBuf};
use std::process::Command;

use deltascope_abi::random::Random;
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_JOURNAL_DEPTH, DEFAULT_JOURNAL_LANES};
use deltascope_model::journal::{Journal, Window};
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::dut::{Port, Variant};
use deltascope_sim::session::{self, Session};

/// Clocks from `query` to `answer_near` beyond one for each row, and from there to the answer.
const NEAR: u64 = 10;
const ANSWER: u64 = 4;

#[derive(Clone, Copy)]
struct Size {
    lanes: u64,
    depth: u64,
    contexts: u64,
}

struct Run {
    bench: Bench,
    random: Random,
    size: Size,
    model: Journal,
    note: Port,
    query: Port,
    context: Port,
    delta: Port,
    mark: Port,
    position: Port,
    near: Port,
    answer: Port,
    too_old: Port,
    /// What the position that the design sees is ahead of the model's: it wraps at 2^64.
    ahead: u64,
    /// Contexts in use: few of them, so that a query finds several entries.
    spread: u64,
}

impl Run {
    fn new(session: &mut Session, size: Size) -> Result<Run, Failure> {
        let mut bench = session.bench("journal")?;
        let random = session.random.fork();
        let dut = bench.dut();
        let port = |name: &str| dut.port(name);
        let (note, query, context, delta) = (port("note")?, port("query")?, port("context_id")?, port("delta")?);
        let (mark, position, near) = (port("mark")?, port("position")?, port("answer_near")?);
        let (answer, too_old) = (port("answer")?, port("too_old")?);
        bench.reset(2)?;
        let model = Journal::new((size.lanes * size.depth) as u32);
        Ok(Run {
            bench,
            random,
            size,
            model,
            note,
            query,
            context,
            delta,
            mark,
            position,
            near,
            answer,
            too_old,
            ahead: 0,
            spread: 2,
        })
    }

    fn context(&mut self) -> u64 {
        let low = self.random.below(self.spread);
        // Contexts that differ in one bit only, the highest among them.
        if self.random.one_in(4) { low ^ 1 << self.random.below(self.size.contexts.ilog2().into()) } else { low }
    }

    fn drive(&mut self, note: bool, query: bool, context: u64, delta: u64, mark: u64) {
        let position = self.model.position().wrapping_add(self.ahead);
        let dut = self.bench.dut_mut();
        dut.set(self.note, note.into());
        dut.set(self.query, query.into());
        dut.set(self.context, context);
        dut.set(self.delta, delta);
        dut.set(self.mark, mark);
        dut.set(self.position, position);
    }

    fn clock(&mut self, near: bool) -> Result<(), Failure> {
        self.bench.settle()?;
        let found = self.bench.dut().high(self.near);
        self.bench.expect("answer_near", found, near)?;
        self.bench.edge();
        Ok(())
    }

    fn notes(&mut self, count: u64) -> Result<(), Failure> {
        let gaps = self.random.pick(&[0, 0, 2, 5]);
        for _ in 0..count {
            let (context, delta) = (self.context(), self.random.next());
            self.drive(true, false, context, delta, 0);
            self.clock(false)?;
            self.model.note(context as u16, delta);
            for _ in 0..self.random.below(gaps + 1) {
                let (context, junk) = (self.context(), self.random.next());
                self.drive(false, false, context, junk, junk);
                self.clock(false)?;
            }
        }
        Ok(())
    }

    fn mark(&mut self) -> u64 {
        let horizon = self.model.horizon();
        let back = match self.random.below(6) {
            0 => self.random.below(4),
            1 => horizon.wrapping_add(self.random.below(5)).wrapping_sub(2),
            2 => self.random.next(),
            3 => 0_u64.wrapping_sub(1 + self.random.below(4)),
            4 => self.model.position().wrapping_add(self.random.below(3)).wrapping_sub(1),
            _ => self.random.below(horizon + 1),
        };
        self.model.position().wrapping_sub(back)
    }

    fn query(&mut self) -> Result<(), Failure> {
        let (context, mark) = (self.context(), self.mark());
        let expected = match self.model.query(context as u16, mark) {
            Window::Delta(delta) => (delta, false),
            Window::TooOld => (0, true),
        };
        self.drive(false, true, context, 0, mark.wrapping_add(self.ahead));
        self.clock(false)?;
        for after in 1..self.size.depth + NEAR + ANSWER {
            let (context, junk) = (self.context(), self.random.next());
            // From the clock after `answer_near` on notes come again: four clocks are too few to disturb.
            self.drive(false, false, context, junk, junk);
            self.clock(after == self.size.depth + NEAR)?;
        }
        self.drive(false, false, 0, 0, 0);
        self.bench.settle()?;
        let found = (self.bench.dut().get(self.answer), self.bench.dut().high(self.too_old));
        let at = format!("answer to mark {mark} at {}", self.model.position());
        self.bench.expect(&at, found, expected)?;
        Ok(())
    }

    fn run(&mut self, queries: u64) -> Result<(), Failure> {
        let size = self.size.lanes * self.size.depth;
        for n in 0..queries {
            self.spread = self.random.pick(&[1, 2, 4]);
            // Only the distance between mark and position counts, across 2^64 too.
            self.ahead = if self.random.one_in(2) { 0 } else { 0_u64.wrapping_sub(self.random.below(size + 2)) };
            let count = match self.random.below(5) {
                0 => 0,
                1 => 1,
                2 => self.random.below(self.size.lanes + 2),
                3 => self.random.below(size + 2),
                _ => self.random.below(4),
            };
            self.notes(count)?;
            self.query()?;
            if n % 101 == 100 {
                if self.random.one_in(2) {
                    // In the middle of a walk.
                    self.drive(false, true, 0, 0, 0);
                    self.clock(false)?;
                    self.drive(false, false, 0, 0, 0);
                    for _ in 0..self.random.below(self.size.depth + NEAR - 2) {
                        self.clock(false)?;
                    }
                }
                self.drive(false, false, 0, 0, 0);
                self.bench.reset(1)?;
                self.model.clear();
                self.query()?;
            }
        }
        Ok(())
    }
}

#[test]
fn the_committed_size_follows_the_model() {
    let size = Size {
        lanes: DEFAULT_JOURNAL_LANES.into(),
        depth: DEFAULT_JOURNAL_DEPTH.into(),
        contexts: DEFAULT_CONTEXTS.into(),
    };
    session::check("journal", 2, |session| Run::new(session, size)?.run(300));
}

/// Emits a journal of these sizes and gives its files.
fn emit(folder: &Path, settings: &str) -> Vec<PathBuf> {
    let mut emit = deltascope_testkit::cargo::cargo();
    emit.args(["run", "--release", "-q", "-p", "deltascope-rtl", "--bin", "emit", "--"]);
    emit.arg("--out").arg(folder).args(["--block", "journal", "--set", settings]);
    assert!(emit.status().expect("cargo runs").success(), "emit {settings}");
    vec![folder.join("journal.v")]
}

fn lanes_follow_the_model(folder: &Path, lanes: u64) {
    let (context_bits, depth_bits) = if lanes < 64 { (4, 2) } else { (14, 5) };
    let size = Size { lanes, depth: 1 << depth_bits, contexts: 1 << context_bits };
    let here = folder.join(lanes.to_string());
    let files = emit(&here, &format!("CONTEXT_BITS={context_bits},DEPTH_BITS={depth_bits},LANES={lanes}"));
    let variant = Variant::compile(&files, "journal", &[], &here.join("cpp")).expect("the variant compiles");
    let run = session::run("journal-sizes", lanes, Some(&variant), |session| Run::new(session, size)?.run(600));
    if let Err(report) = run {
        panic!("{lanes} lanes: {report}");
    }
}

#[test]
fn any_number_of_lanes_follows_the_model() {
    let folder = &session::wave_folder().with_file_name("journal-sizes");
    let lanes: Vec<u64> = [128, 64].into_iter().chain((1..=17).rev()).collect();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let lanes = lanes.iter().skip(half).step_by(2);
            scope.spawn(|| lanes.for_each(|&lanes| lanes_follow_the_model(folder, lanes)));
        }
    });
}
