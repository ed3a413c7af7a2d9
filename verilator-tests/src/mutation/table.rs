//! Faults from the table, put into the text of the emitted Verilog: every fault is a choice by `mutsel`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::sources::{Sources, instance};
use super::{Kind, Mutant, MutationError, SELECT, SELECT_BITS, write};
use deltascope_faults::{Place, Row, simulated_rows};

/// Returns the faults of the table, each with the number that chooses it.
fn numbered() -> impl Iterator<Item = (Row, u32)> {
    simulated_rows().zip(1..)
}

/// A place in a block's Verilog and the faults that can be in it.
struct Choices {
    place: &'static Place,
    /// Number of the line.
    line: usize,
    /// Where the expression begins in that line.
    column: usize,
    faults: Vec<(u32, &'static str)>,
}

/// Writes the Verilog with every fault of the table into `folder`, numbered from 1.
///
/// # Errors
/// When a fault does not fit the Verilog any more, or a file cannot be written.
pub fn write_all(sources: &Sources, folder: &Path) -> Result<(Vec<PathBuf>, Vec<Mutant>), MutationError> {
    std::fs::create_dir_all(folder).map_err(super::file_error(folder))?;
    let mut mutants = Vec::new();
    for (Row { block, fault, .. }, number) in numbered() {
        let (what, block) = (fault.what, block.to_owned());
        if sources.block(&block).is_none() {
            return Err(MutationError::Misfit { what, expected: "the block".to_owned(), block, times: 0 });
        }
        mutants.push(Mutant { number, block, what: what.to_owned(), kind: Kind::Planted });
    }
    let mut files = Vec::new();
    for block in &sources.blocks {
        let mut lines: Vec<String> = block.text.lines().map(str::to_owned).collect();
        for Choices { place, line, column, faults } in choices(&block.name, &lines)? {
            let mut chosen = place.expression().to_owned();
            let range = column..column + chosen.len();
            for (number, to) in &faults {
                chosen = format!("({SELECT} == {SELECT_BITS}'d{number} ? ({to}) : ({chosen}))");
            }
            lines[line].replace_range(range, &chosen);
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
/// When the fault does not fit the Verilog, or the file cannot be written.
pub fn extract(mutant: &Mutant, sources: &Sources, out: &Path) -> Result<(), MutationError> {
    let text = sources.block(&mutant.block).map_or("", |b| b.text.as_str());
    let broken = match numbered().find(|(_, number)| *number == mutant.number) {
        Some((row, _)) => row.place.replace(text, row.fault.to).map_err(|times| misfit(&row, times))?,
        None => text.to_owned(),
    };
    write(&out.join(format!("{}.v", mutant.block)), &broken)
}

/// Writes the block of a fault without the fault.
///
/// # Errors
/// When the file cannot be written.
pub fn extract_good(mutant: &Mutant, sources: &Sources, out: &Path) -> Result<(), MutationError> {
    let text = sources.block(&mutant.block).map_or("", |b| b.text.as_str());
    write(&out.join(format!("{}.v", mutant.block)), text)
}

fn misfit(row: &Row, times: usize) -> MutationError {
    let (expected, block) = (row.place.line(), row.block.to_owned());
    MutationError::Misfit { what: row.fault.what, expected, block, times }
}

/// Returns the places of a block's faults; those further right in a line come first, so that the others keep theirs.
fn choices(block: &str, lines: &[String]) -> Result<Vec<Choices>, MutationError> {
    let mut places: Vec<Choices> = Vec::new();
    for (row, number) in numbered().filter(|(row, _)| row.block == block) {
        let Row { place, fault, .. } = row;
        if let Some(known) = places.iter_mut().find(|known| std::ptr::eq(known.place, place)) {
            known.faults.push((number, fault.to));
            continue;
        }
        let line = place.find(lines.iter().map(String::as_str)).map_err(|times| misfit(&row, times))?;
        places.push(Choices { place, line, column: place.column(&lines[line]), faults: vec![(number, fault.to)] });
    }
    places.sort_by_key(|p| (p.line, std::cmp::Reverse(p.column)));
    for pair in places.windows(2) {
        let [right, left] = pair else { continue };
        let expression = left.place.expression();
        if right.line == left.line && left.column + expression.len() > right.column {
            return Err(MutationError::Overlap { left: expression, right: right.place.expression() });
        }
    }
    Ok(places)
}
