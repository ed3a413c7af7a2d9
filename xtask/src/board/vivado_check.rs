//! `cargo xtask board vivado-check`: the Tcl of the bitstream run without Vivado, and what it makes judged.
//!
//! `vivado/check/recorder.tcl` runs the build under tclsh with commands that record their calls and know what each IP
//! has. This module rebuilds the block design from the record and holds it against the abi crate, the device tree, the
//! emitted Verilog and the data of the board. Then faults are put into copies of the sources: each must be found, by
//! its own message.

pub mod board_data;
mod clocks;
mod constraints;
mod design;
mod dma_rules;
mod documents;
mod faults;
mod fingerprint;
mod hls;
mod lint;
mod record;
mod rules;
mod wrapper;

use crate::cargo::{root, target_folder};
use crate::columns::columns;
use crate::setup::{TCL, require};
use anyhow::{Context, Result, ensure};
use board_data::Board;
use design::Design;
use record::Variant;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A checkout, or a copy of the parts of it that the check reads.
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The checkout that this program was built in.
    pub fn checkout() -> Tree {
        Tree { root: root() }
    }

    /// Path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Text of a file.
    pub fn text(&self, name: &str) -> Result<String> {
        let path = self.path(name);
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }
}

/// Runs the check; every problem of the sources, and every planted fault that was not found, is a failure.
pub fn run(arguments: &Arguments) -> Result<()> {
    require(&[TCL])?;
    let work = target_folder().join("vivado-check");
    fs::create_dir_all(&work).with_context(|| format!("creating {}", work.display()))?;
    let tree = Tree::checkout();
    let mut failures = Vec::new();
    let mut boards = Vec::new();
    for name in board_data::names(&tree)? {
        let Checked { problems, fclk0_hz } = check_board(&tree, &name, &work);
        let board = Board::load(&tree, &name)?;
        failures.extend(problems.iter().map(|problem| format!("{name}: {problem}")));
        boards.push(json!({
            "board": name, "ok": problems.is_empty(), "problems": problems,
            "part": board.part, "missing": board.missing, "fclk0_hz": fclk0_hz,
        }));
    }
    ensure!(boards.len() >= 5, "boards/zynq7020: expected at least five boards, found {}", boards.len());
    let hls = hls::problems(&tree, &work)?;
    failures.extend(hls.problems.clone());
    failures.extend(documents::problems(&tree)?);
    let lint = lint::problems(&tree)?;
    failures.extend(lint.iter().map(|line| format!("tclint: {line}")));
    let outcomes = faults::find_all(&tree, &work)?;
    let found = outcomes.iter().filter(|outcome| outcome.found()).count();
    failures.extend(outcomes.iter().filter(|outcome| !outcome.found()).map(faults::Outcome::complaint));
    let report = json!({
        "boards": boards,
        "planted": outcomes.len(),
        "found": found,
        "faults": outcomes.iter().map(faults::Outcome::json).collect::<Vec<Value>>(),
        "tclint": if lint.is_empty() { "clean" } else { "complains" },
        "hls_scripts": hls.scripts,
    });
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for board in &boards {
            let mark = if board["ok"] == true { "ok" } else { "NOT OK" };
            println!("{mark}: {} with {}", board["board"].as_str().unwrap_or_default(), board["part"]);
            for line in board["missing"].as_array().into_iter().flatten() {
                println!("        missing: {}", line.as_str().unwrap_or_default());
            }
        }
        let found_or_not = |outcome: &faults::Outcome| if outcome.found() { "found" } else { "MISSED" };
        let rows = outcomes.iter().map(|outcome| vec![found_or_not(outcome).to_owned(), outcome.name().to_owned()]);
        print!("{}", columns(rows, &[]));
        println!("{} planted faults, {found} found; tclint: {}", outcomes.len(), report["tclint"]);
    }
    ensure!(failures.is_empty(), "the sources of the bitstream are not right:\n  {}", failures.join("\n  "));
    Ok(())
}

/// What the check found about a board.
#[derive(Default)]
struct Checked {
    problems: Vec<String>,
    /// Rate that the recorded settings make.
    fclk0_hz: Option<f64>,
}

/// Checks the build of a board.
fn check_board(tree: &Tree, name: &str, work: &Path) -> Checked {
    let mut checked = Checked::default();
    if let Err(error) = try_board(tree, name, work, &mut checked) {
        checked.problems.push(format!("{error:#}"));
    }
    checked.problems.sort_unstable();
    checked.problems.dedup();
    checked
}

fn try_board(tree: &Tree, name: &str, work: &Path, checked: &mut Checked) -> Result<()> {
    let problems = &mut checked.problems;
    problems.extend(board_data::problems(tree, name)?);
    let board = Board::load(tree, name)?;
    problems.extend(wrapper::problems(tree)?);
    problems.extend(wrapper::fingerprint_problems(tree)?);
    let variants = [(false, false), (true, false), (false, true)];
    for variant in variants.map(|(ila, fingerprint)| Variant { ila, fingerprint }) {
        let calls = record::build(tree, name, variant, work)?;
        if let Some(failure) = record::failure(&calls) {
            problems.push(format!("the build stopped: {failure}"));
            break;
        }
        let design = Design::rebuild(&work.join("known"), &calls)?;
        problems.extend(rules::problems(tree, &board, &design, variant)?);
        problems.extend(clocks::problems(&board, &design));
        problems.extend(constraints::problems(tree, &board, &design)?);
        checked.fclk0_hz = clocks::fclk0_hz(&board, &design);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use std::fs;
    use std::process::Command;

    /// Runs `reports::waive` on a text and returns what it prints and whether it succeeds.
    fn waive(waivers: &str) -> (String, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let (list, script) = (folder.path().join("waivers.txt"), folder.path().join("script.tcl"));
        fs::write(&list, waivers).expect("a list");
        let reports = Tree::checkout().path("vivado/reports.tcl");
        let text = format!(
            "proc set_msg_config {{args}} {{puts $args}}\nsource {}\nreports::waive {}\n",
            reports.display(),
            list.display()
        );
        fs::write(&script, text).expect("a script");
        let output = Command::new("tclsh").arg(&script).output().expect("tclsh of the package tcl");
        (String::from_utf8_lossy(&output.stdout).trim().to_owned(), output.status.success())
    }

    #[test]
    fn waiver_names_the_whole_identifier() {
        let waived = waive("# comment\n\n[BD 41-1356] no master needs it\n[Synth 8-3331] unused\n");
        let expected = "-id {BD 41-1356} -new_severity WARNING\n-id {Synth 8-3331} -new_severity WARNING";
        assert_eq!(waived, (expected.to_owned(), true));
        for wrong in ["[BD 41-1356]", "BD 41-1356 a reason", "[BD] a reason"] {
            assert!(!waive(wrong).1, "{wrong}");
        }
    }
}
