//! Faults planted in the emitted Verilog: one table, a file for each block, read by the simulation
//! (`cargo xtask rtl mutate`) and by the proofs (`cargo xtask rtl formal --faults`).
//!
//! A fault is known by its text and not by its line number: a [`Place`] is a line of the emitted Verilog with the
//! expression to replace between « and », and it must be in the Verilog exactly once. A line that an emission no longer
//! has is an error in both readers, never a fault that is left out.

mod axi_lite_registers;
mod axis_width_down;
mod axis_width_up;
mod block_ram_16384x128;
mod context_table;
mod crc32c_advance_12;
mod delta_engine;
mod deltascope_top;
mod engine_control;
mod engine_counters;
mod fingerprint;
mod fingerprint_queue;
mod group_counters;
mod journal;
mod journal_bank;
mod journal_lane;
mod latched_counter;
mod lut_ram_32x130;
mod query_walk;
mod record_decoder;
mod register_decode;
mod register_read;
mod reply_credit;
mod reply_fifo;
mod reply_packets;
mod reply_writer;
mod slot_pipeline;
mod snapshot_reader;
mod split_counter;
mod xor_tree_16;
mod xor_tree_3;

/// Faults of one block.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Name of the module; its file is `<name>.v`.
    pub name: &'static str,
    /// Places in its Verilog.
    pub places: &'static [Place],
}

/// A line of a block, and the expression in it that the faults replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line without its indentation; the expression is between « and ».
    marked: &'static str,
    /// Faults that can take the place of the expression.
    pub faults: &'static [Fault],
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub what: &'static str,
    /// What the expression becomes.
    pub to: &'static str,
    /// Whether the simulation has to see it, in the smallest configuration.
    pub simulated: bool,
    /// Jobs of `cargo xtask rtl formal` that have to fail with it, each in its own configuration.
    pub jobs: &'static [&'static str],
}

/// One fault with its block and its place.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Name of the block.
    pub block: &'static str,
    /// Where it is.
    pub place: &'static Place,
    /// What it is.
    pub fault: &'static Fault,
}

const fn block(name: &'static str, places: &'static [Place]) -> Block {
    Block { name, places }
}

const fn place(marked: &'static str, faults: &'static [Fault]) -> Place {
    Place { marked, faults }
}

/// A fault that the simulation sees.
const fn simulated(what: &'static str, to: &'static str) -> Fault {
    Fault { what, to, simulated: true, jobs: &[] }
}

/// A fault that makes proofs fail.
const fn proved(what: &'static str, to: &'static str, jobs: &'static [&'static str]) -> Fault {
    Fault { what, to, simulated: false, jobs }
}

/// A fault that the simulation sees and that makes proofs fail.
const fn both(what: &'static str, to: &'static str, jobs: &'static [&'static str]) -> Fault {
    Fault { what, to, simulated: true, jobs }
}

/// Every block with a fault.
pub const BLOCKS: &[Block] = &[
    context_table::BLOCK,
    group_counters::BLOCK,
    record_decoder::BLOCK,
    slot_pipeline::BLOCK,
    snapshot_reader::BLOCK,
    reply_credit::BLOCK,
    reply_fifo::BLOCK,
    reply_packets::BLOCK,
    reply_writer::BLOCK,
    engine_control::BLOCK,
    engine_counters::BLOCK,
    latched_counter::BLOCK,
    split_counter::BLOCK,
    delta_engine::BLOCK,
    query_walk::BLOCK,
    journal_bank::BLOCK,
    journal_lane::BLOCK,
    xor_tree_3::BLOCK,
    journal::BLOCK,
    axis_width_up::BLOCK,
    axis_width_down::BLOCK,
    register_decode::BLOCK,
    register_read::BLOCK,
    axi_lite_registers::BLOCK,
    deltascope_top::BLOCK,
    xor_tree_16::BLOCK,
    block_ram_16384x128::BLOCK,
    lut_ram_32x130::BLOCK,
    crc32c_advance_12::BLOCK,
    fingerprint::BLOCK,
    fingerprint_queue::BLOCK,
];

/// Returns every fault.
pub fn rows() -> impl Iterator<Item = Row> {
    BLOCKS.iter().flat_map(|block| {
        let rows =
            move |place: &'static Place| place.faults.iter().map(move |fault| Row { block: block.name, place, fault });
        block.places.iter().flat_map(rows)
    })
}

/// Returns the faults that the simulation has to see.
pub fn simulated_rows() -> impl Iterator<Item = Row> {
    rows().filter(|row| row.fault.simulated)
}

/// Returns each proof that has to fail, as the job and the fault that makes it fail.
pub fn proved_rows() -> impl Iterator<Item = (&'static str, Row)> {
    rows().flat_map(|row| row.fault.jobs.iter().map(move |job| (*job, row)))
}

impl Place {
    /// Splits the line: what is before the expression, the expression, what is after it.
    fn parts(&self) -> (&'static str, &'static str, &'static str) {
        let (before, rest) = self.marked.split_once('«').unwrap_or((self.marked, ""));
        let (from, after) = rest.split_once('»').unwrap_or(("", rest));
        (before, from, after)
    }

    /// Returns the expression that the faults replace.
    pub fn expression(&self) -> &'static str {
        self.parts().1
    }

    /// Returns the line without the marks and without indentation.
    pub fn line(&self) -> String {
        let (before, from, after) = self.parts();
        [before, from, after].concat()
    }

    /// Finds the number of the line in a block's Verilog.
    ///
    /// # Errors
    /// How often the line is there, unless it is there once.
    pub fn find<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Result<usize, usize> {
        let wanted = self.line();
        let found: Vec<usize> =
            lines.into_iter().enumerate().filter(|(_, line)| line.trim() == wanted).map(|(n, _)| n).collect();
        if let [number] = found[..] { Ok(number) } else { Err(found.len()) }
    }

    /// Returns the column of the expression in a line with this indentation or any other.
    pub fn column(&self, line: &str) -> usize {
        line.len() - line.trim_start().len() + self.parts().0.len()
    }

    /// Writes a block's Verilog with `to` in place of the expression.
    ///
    /// # Errors
    /// As [`Place::find`].
    pub fn replace(&self, text: &str, to: &str) -> Result<String, usize> {
        let number = self.find(text.lines())?;
        let (before, _, after) = self.parts();
        let change = |(n, line): (usize, &str)| match n == number {
            true => format!("{}{before}{to}{after}\n", &line[..line.len() - line.trim_start().len()]),
            false => format!("{line}\n"),
        };
        Ok(text.lines().enumerate().map(change).collect())
    }
}
