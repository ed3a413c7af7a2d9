//! Faults that `yosys mutate` finds in the netlist: a bit inverted, stuck, or mixed with a neighbour.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::sources::Sources;
use super::stride::STRIDE;
use super::{Kind, Mutant, MutationError, SELECT, SELECT_BITS, TOPS, file_error, write, yosys};

/// Faults asked of each block.
const PER_BLOCK: u32 = 13;
const SEED: u32 = 7;
/// The netlist without a fault.
pub(super) const GOOD: &str = "good.il";

/// A netlist with every generated fault.
#[derive(Debug)]
pub struct Netlist {
    /// The Verilog.
    pub file: PathBuf,
    /// The faults in it.
    pub mutants: Vec<Mutant>,
    /// Faults that were asked for and touched nothing that reaches an output.
    pub vanished: usize,
}

/// Makes the netlist inside `folder`, numbering the faults from 1.
///
/// # Errors
/// When yosys is missing or refuses, or its list cannot be read.
pub fn generate(sources: &Sources, folder: &Path) -> Result<Netlist, MutationError> {
    std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    let mut script = String::new();
    for memory in &sources.memories {
        if let Some(name) = memory.file_name() {
            let copy = folder.join(name);
            std::fs::copy(memory, &copy).map_err(file_error(&copy))?;
            let _ = writeln!(script, "read_verilog -sv -lib {}", name.to_string_lossy());
        }
    }
    for block in &sources.blocks {
        write(&folder.join(format!("{}.v", block.name)), &block.text)?;
        let _ = writeln!(script, "read_verilog -sv ./{}.v", block.name);
    }
    // Adders are trimmed and multiplexers split, so that fewer faults change nothing.
    let _ = writeln!(script, "hierarchy -check -top {}\nproc\nopt -full\nwreduce\npmuxtree\nopt -full", TOPS[2]);
    let _ = writeln!(script, "opt_clean\nwrite_rtlil {GOOD}");
    for block in &sources.blocks {
        let name = &block.name;
        let _ = writeln!(script, "cd {name}\nmutate -list {PER_BLOCK} -seed {SEED} -o {name}.list\ncd ..");
    }
    yosys(folder, "list", &script)?;

    let mut mutants = Vec::new();
    let mut seen = HashSet::new();
    for block in &sources.blocks {
        let path = folder.join(format!("{}.list", block.name));
        let text = std::fs::read_to_string(&path).map_err(file_error(&path))?;
        for line in text.lines() {
            if line.contains(STRIDE) {
                continue;
            }
            let mutant = read(line, &block.name, mutants.len() as u32 + 1)?;
            if seen.insert((block.name.as_str(), mutant.kind.clone())) {
                mutants.push(mutant);
            }
        }
    }
    if mutants.len() >= 1 << SELECT_BITS {
        return Err(MutationError::TooMany(mutants.len()));
    }
    let mut script = format!("read_rtlil {GOOD}\n");
    for mutant in &mutants {
        if let Kind::Generated { arguments } = &mutant.kind {
            let Mutant { number, block, .. } = mutant;
            let _ = writeln!(script, "mutate -ctrl {SELECT} {SELECT_BITS} {number} -module {block} {arguments}");
        }
    }
    script += "clean\nwrite_verilog -noattr mutants.v\n";
    yosys(folder, "apply", &script)?;
    let file = folder.join("mutants.v");
    let text = std::fs::read_to_string(&file).map_err(file_error(&file))?;
    // A fault in one bit of a word makes the word look as if it depended on itself.
    write(&file, &format!("/* verilator lint_off UNOPTFLAT */\n{text}"))?;
    let asked = mutants.len();
    mutants.retain(|m| text.contains(&format!("{SELECT} == {SELECT_BITS}'h{:03x}", m.number)));
    Ok(Netlist { file, vanished: asked - mutants.len(), mutants })
}

/// Writes the Verilog of one block, with one of its faults or with none, for a proof of that block.
///
/// # Errors
/// When yosys refuses.
pub fn extract(
    block: &str,
    fault: Option<&Mutant>,
    strides: bool,
    folder: &Path,
    out: &Path,
) -> Result<(), MutationError> {
    let (mut change, mut name) = (String::new(), format!("extract-{block}"));
    if let Some(Mutant { number, kind: Kind::Generated { arguments }, .. }) = fault {
        change = format!("mutate -module {block} {arguments}\n");
        let _ = write!(name, "-{number}");
    }
    if strides {
        let _ = writeln!(change, "cd {block}\ndelete -input w:{STRIDE}\nconnect -set {STRIDE} 1'0\ncd ..");
    }
    let out = out.join(format!("{block}.v"));
    let out = std::path::absolute(&out).map_err(file_error(&out))?;
    let script =
        format!("read_rtlil {GOOD}\n{change}select {block}\nwrite_verilog -noattr -selected {}\n", out.display());
    yosys(folder, &name, &script)?;
    let text = std::fs::read_to_string(&out).map_err(file_error(&out))?;
    write(&out, &unstrided(&text))
}

/// A module without the connections of [`STRIDE`]: the blocks inside it that the proof reads do not have the input.
fn unstrided(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.trim().strip_prefix(&format!(".{STRIDE}(")) {
            None => lines.push(line.to_owned()),
            Some(rest) if rest.ends_with(',') => {}
            // The last connection of an instance: the one before it is the last now.
            Some(_) => {
                if let Some(last) = lines.last_mut().filter(|last| last.ends_with(',')) {
                    last.pop();
                }
            }
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Reads `mutate -mode inv -module m -cell c -port A -portbit 3 -wire w -wirebit 3 -src ./m.v:21.22-21.36 ...`.
fn read(line: &str, block: &str, number: u32) -> Result<Mutant, MutationError> {
    let fault = || MutationError::List(line.to_owned());
    let mut words = line.split_whitespace();
    if words.next() != Some("mutate") {
        return Err(fault());
    }
    let (mut arguments, mut wire, mut control, mut place) =
        (String::new(), String::new(), String::new(), String::new());
    let (mut mode, mut cell, mut port, mut bit) = ("", "", "", "");
    while let Some(option) = words.next() {
        let value = words.next().ok_or_else(fault)?;
        match option {
            "-mode" => mode = value,
            "-port" => port = value,
            "-portbit" => bit = value,
            "-cell" => cell = value,
            "-ctrlbit" => control = format!(" by bit {value}"),
            "-wire" => wire = format!(", {value}"),
            "-src" => {
                let own = value.split('|').find_map(|s| s.strip_prefix(&format!("./{block}.v:")));
                place = own.and_then(|s| s.split('.').next()).map_or(place, str::to_owned);
            }
            _ => {}
        }
        if !["-module", "-wire", "-wirebit", "-src"].contains(&option) {
            let _ = write!(arguments, " {option} {value}");
        }
    }
    // Some cells come from no line: yosys names them after the part of it that made them.
    let made_by = |cell: &str| {
        let name = cell.strip_prefix("$auto$")?.split('.').next()?;
        Some(format!("a cell made by {name}"))
    };
    let place = if place.is_empty() { made_by(cell).unwrap_or_default() } else { format!("line {place}") };
    let what = format!("{mode} at {port}[{bit}]{control} of {place}{wire}");
    let kind = Kind::Generated { arguments: arguments.trim_start().to_owned() };
    Ok(Mutant { number, block: block.to_owned(), what, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list_is_read() {
        let line = "mutate -mode cnot0 -module reply_credit -cell $mux$9 -port Y -portbit 3 -ctrlbit 0 \
                    -wire raised -wirebit 3 -src ./reply_credit.v:14.18-14.24 -src ./reply_credit.v:23.9-25.12";
        let mutant = read(line, "reply_credit", 5).unwrap();
        assert_eq!(mutant.what, "cnot0 at Y[3] by bit 0 of line 23, raised");
        let arguments = "-mode cnot0 -cell $mux$9 -port Y -portbit 3 -ctrlbit 0".to_owned();
        assert_eq!(mutant.kind, Kind::Generated { arguments });
        let enable = "mutate -mode const1 -cell $auto$opt_dff.cc:195:make_patterns_logic$27 -port A -portbit 5";
        assert_eq!(read(enable, "reply_credit", 5).unwrap().what, "const1 at A[5] of a cell made by opt_dff");
        assert!(read("something else", "a", 1).is_err());
    }

    #[test]
    fn an_instance_loses_the_connection_of_the_stride_wherever_it_stands() {
        let written = |connections: &str| format!("  a b (\n{connections}\n  );\n");
        let plain = written("    .x(x),\n    .y(y)");
        assert_eq!(unstrided(&written("    .x(x),\n    .stride(1'h0),\n    .y(y)")), plain);
        assert_eq!(unstrided(&written("    .x(x),\n    .y(y),\n    .stride(1'h0)")), plain);
        assert_eq!(unstrided(&plain), plain);
    }
}
