//! Faults from the table, put into the text of the emitted Verilog: every fault is a choice by `mutsel`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::sources::{Sources, instance};
use super::{Mutant, MutationError, Origin, SELECT, SELECT_BITS, hand, hand_journal, hand_top, write};

/// One fault of the table.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Block it is in.
    pub block: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// A line of the block, without its indentation; it stands there exactly once.
    pub line: &'static str,
    /// An expression in that line; it stands there exactly once.
    pub from: &'static str,
    /// What it becomes.
    pub to: &'static str,
}

/// A row of the tables: block, what is wrong, the line, the expression in it, what it becomes.
pub(super) const fn fault(
    block: &'static str,
    what: &'static str,
    line: &'static str,
    from: &'static str,
    to: &'static str,
) -> Fault {
    Fault { block, what, line, from, to }
}

/// Every fault of the table.
pub fn faults() -> impl Iterator<Item = &'static Fault> {
    hand::CORE.iter().chain(hand_journal::JOURNAL).chain(hand_top::TOP)
}

/// An expression of a line and the faults that take its place.
struct Place {
    line: usize,
    from: &'static str,
    faults: Vec<(u32, &'static str)>,
}

/// Writes the Verilog with every fault of the table into `folder`, numbered from 1.
///
/// # Errors
/// When a fault does not fit the Verilog any more, or a file cannot be written.
pub fn plant(sources: &Sources, folder: &Path) -> Result<(Vec<PathBuf>, Vec<Mutant>), MutationError> {
    std::fs::create_dir_all(folder).map_err(super::file_error(folder))?;
    let mut mutants = Vec::new();
    for (fault, number) in faults().zip(1..) {
        let block = sources.block(fault.block);
        let Some(_) = block else {
            return Err(MutationError::Misfit {
                what: fault.what,
                expected: "the block".to_owned(),
                block: fault.block.to_owned(),
                times: 0,
            });
        };
        mutants.push(Mutant {
            number,
            block: fault.block.to_owned(),
            what: fault.what.to_owned(),
            origin: Origin::Planted,
        });
    }
    let mut files = Vec::new();
    for block in &sources.blocks {
        let mut lines: Vec<String> = block.text.lines().map(str::to_owned).collect();
        for place in places(&block.name, &lines)? {
            let mut chosen = place.from.to_owned();
            for (number, to) in &place.faults {
                chosen = format!("({SELECT} == {SELECT_BITS}'d{number} ? ({to}) : ({chosen}))");
            }
            lines[place.line] = lines[place.line].replacen(place.from, &chosen, 1);
        }
        let mut text = String::new();
        for line in lines {
            let _ = writeln!(text, "{line}");
            if line.starts_with(&format!("module {} (", block.name)) {
                let _ = writeln!(text, "    input  wire [{}:0]  {SELECT},", SELECT_BITS - 1);
            } else if instance(&line).is_some_and(|m| sources.block(m).is_some()) {
                let _ = writeln!(text, "        .{SELECT}({SELECT}),");
            }
        }
        let path = folder.join(format!("{}.v", block.name));
        write(&path, &text)?;
        files.push(path);
    }
    for memory in &sources.memories {
        if let Some(name) = memory.file_name() {
            let copy = folder.join(name);
            std::fs::copy(memory, &copy).map_err(super::file_error(&copy))?;
        }
    }
    Ok((files, mutants))
}

/// Writes a block with one fault of the table and nothing else, for the proof of that block.
///
/// # Errors
/// When the file cannot be written.
pub fn extract(mutant: &Mutant, sources: &Sources, out: &Path) -> Result<(), MutationError> {
    let fault = faults().zip(1..).find(|(_, number)| *number == mutant.number).map(|(fault, _)| fault);
    let change = |line: &str| match fault {
        Some(fault) if line.trim() == fault.line => line.replacen(fault.from, fault.to, 1),
        _ => line.to_owned(),
    };
    extract_by(mutant, sources, out, change)
}

/// Writes the block of a fault without the fault.
///
/// # Errors
/// When the file cannot be written.
pub fn extract_good(mutant: &Mutant, sources: &Sources, out: &Path) -> Result<(), MutationError> {
    extract_by(mutant, sources, out, str::to_owned)
}

fn extract_by(
    mutant: &Mutant,
    sources: &Sources,
    out: &Path,
    change: impl Fn(&str) -> String,
) -> Result<(), MutationError> {
    let text = sources.block(&mutant.block).map_or("", |b| b.text.as_str());
    let text: String = text.lines().map(|line| change(line) + "\n").collect();
    write(&out.join(format!("{}.v", mutant.block)), &text)
}

/// The places of a block's faults; those further right in a line come first, so that the others keep theirs.
fn places(block: &str, lines: &[String]) -> Result<Vec<Place>, MutationError> {
    let mut places: Vec<Place> = Vec::new();
    for (fault, number) in faults().zip(1..).filter(|(f, _)| f.block == block) {
        let misfit = |expected: &str, times| {
            let expected = expected.to_owned();
            MutationError::Misfit { what: fault.what, expected, block: fault.block.to_owned(), times }
        };
        let found: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].trim() == fault.line).collect();
        let [line] = found[..] else {
            return Err(misfit(fault.line, found.len()));
        };
        let times = fault.line.matches(fault.from).count();
        if times != 1 {
            return Err(misfit(fault.from, times));
        }
        match places.iter_mut().find(|p| p.line == line && p.from == fault.from) {
            Some(place) => place.faults.push((number, fault.to)),
            None => places.push(Place { line, from: fault.from, faults: vec![(number, fault.to)] }),
        }
    }
    let start = |p: &Place| lines[p.line].find(p.from).unwrap_or(0);
    places.sort_by_key(|p| (p.line, std::cmp::Reverse(start(p))));
    for pair in places.windows(2) {
        let [right, left] = pair else { continue };
        if right.line == left.line && start(left) + left.from.len() > start(right) {
            return Err(MutationError::Overlap { left: left.from, right: right.from });
        }
    }
    Ok(places)
}
