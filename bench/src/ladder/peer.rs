//! `atomik-core`, a package of PyPI with the same four operations, on the same vectors.

use anyhow::{Context, Result, ensure};
use deltascope_abi::random::Random;
use deltascope_abi::record::Record;
use serde::Deserialize;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Contexts of a table.
pub const CONTEXTS: usize = 256;
/// Operations of one pass.
const OPERATIONS: usize = 100_000;

/// One of the four operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// LOAD.
    Load,
    /// ACCUM.
    Accum,
    /// READ.
    Read,
    /// SWAP.
    Swap,
}

/// One operation of the vectors.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Which.
    pub kind: Kind,
    /// On which context.
    pub context: u8,
    /// Operand.
    pub value: u64,
}

impl Operation {
    /// The record of the operation; SWAP answers.
    pub fn record(&self) -> Record {
        let context = self.context.into();
        match self.kind {
            Kind::Load => Record::load(context, self.value),
            Kind::Accum => Record::accum(context, self.value),
            Kind::Read => Record::read(context),
            Kind::Swap => Record::swap(context, self.value).with_reply(),
        }
    }
}

/// Operations from a seed.
#[derive(Clone, Debug)]
pub struct Vectors {
    /// In order.
    pub operations: Vec<Operation>,
}

/// What a pass of the package gave.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Passed {
    /// Operations a second.
    pub rate: f64,
    /// XOR of what READ and SWAP returned.
    pub sum: u64,
}

impl Vectors {
    /// Makes them as a stream of deltas has them: a context is loaded, takes 60 deltas, is read twice and swapped twice.
    pub fn make() -> Vectors {
        let mut random = Random::new(5);
        let mut operations = Vec::with_capacity(OPERATIONS);
        while operations.len() < OPERATIONS {
            let context = random.next() as u8;
            let parts = [(Kind::Load, 1), (Kind::Accum, 60), (Kind::Read, 2), (Kind::Swap, 2)];
            for (kind, count) in parts {
                operations.extend((0..count).map(|_| Operation { kind, context, value: random.next() }));
            }
        }
        Vectors { operations }
    }

    /// One line an operation, for the package.
    fn text(&self) -> String {
        let line = |op: &Operation| format!("{} {} {}\n", op.kind as u8, op.context, op.value);
        self.operations.iter().map(line).collect()
    }
}

/// One timed pass in Python: what `setup` defines is called as `call` states for each operation.
fn pass(python: &Path, vectors: &Vectors, setup: &str, call: [&str; 4]) -> Result<Passed> {
    let [load, accum, read, swap] = call;
    let program = format!(
        "import sys, time, json\n{setup}\n\
         operations = [tuple(map(int, line.split())) for line in sys.stdin]\n\
         begun = time.perf_counter()\n\
         sum = 0\n\
         for kind, context, value in operations:\n\
         \x20   if kind == 1: {accum}\n\
         \x20   elif kind == 2: sum ^= {read}\n\
         \x20   elif kind == 0: {load}\n\
         \x20   else: sum ^= {swap}\n\
         taken = time.perf_counter() - begun\n\
         print(json.dumps({{'rate': len(operations) / taken, 'sum': sum}}))\n"
    );
    let mut command = Command::new(python);
    let command = command.args(["-c", &program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting {}", python.display()))?;
    child.stdin.take().context("no standard input")?.write_all(vectors.text().as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "atomik-core failed with {}", output.status);
    serde_json::from_slice(&output.stdout).context("expected one JSON object of atomik-core")
}

/// A pass over `AtomikTable`.
///
/// # Errors
/// Python or the package fails.
pub fn table(python: &Path, vectors: &Vectors) -> Result<Passed> {
    let setup = "from atomik_core import AtomikTable\ntable = AtomikTable(256)";
    let call = ["table.load(context, value)", "table.accum(context, value)", "table.read(context)"];
    pass(python, vectors, setup, [call[0], call[1], call[2], "table.swap(context, value)"])
}

/// A pass over a list of `AtomikContext`.
///
/// # Errors
/// As [`table`].
pub fn contexts(python: &Path, vectors: &Vectors) -> Result<Passed> {
    let setup = "from atomik_core import AtomikContext\ncontexts = [AtomikContext() for _ in range(256)]";
    let call = ["contexts[context].load(value)", "contexts[context].accum(value)", "contexts[context].read()"];
    pass(python, vectors, setup, [call[0], call[1], call[2], "contexts[context].swap(value)"])
}
