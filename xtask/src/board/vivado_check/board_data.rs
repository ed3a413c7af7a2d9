//! The data of a board: `boards/zynq7020/BOARD`, and the pins of its package.

use super::Tree;
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A board.
#[derive(Debug)]
pub struct Board {
    /// Part with package and speed grade.
    pub part: String,
    /// Package.
    pub package: String,
    /// Rate of the crystal of the PS in Hz, numerator and denominator.
    pub crystal: (u64, u64),
    /// Preset of Vivado that the settings come from.
    pub preset: Option<String>,
    /// LEDs and buttons.
    pub panel: u32,
    /// Name for openFPGALoader.
    pub programmer: Option<String>,
    /// What has no source and is left out.
    pub missing: Vec<String>,
    /// Settings of the PS7.
    pub ps7: BTreeMap<String, String>,
}

/// Names of the boards.
pub fn names(tree: &Tree) -> Result<Vec<String>> {
    let folder = tree.path("boards/zynq7020");
    let entries = fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("board.txt").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Lines of a data file: whether a source is in force, name and value.
fn pairs(text: &str) -> Vec<(bool, &str, &str)> {
    let mut sourced = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            sourced |= line.starts_with("# source: ");
        } else {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            found.push((sourced, name, value.trim()));
        }
    }
    found
}

impl Board {
    /// Reads the data of a board.
    pub fn load(tree: &Tree, name: &str) -> Result<Board> {
        let known = names(tree)?;
        ensure!(
            known.iter().any(|known| known == name),
            "expected one of the boards {}, found {name}",
            known.join(", ")
        );
        let folder = format!("boards/zynq7020/{name}");
        let text = tree.text(&format!("{folder}/board.txt"))?;
        let all = pairs(&text);
        let get = |key: &str| all.iter().find(|(_, name, _)| *name == key).map(|(_, _, value)| (*value).to_owned());
        let need =
            |key: &str| get(key).with_context(|| format!("{folder}/board.txt: expected a line {key}, found none"));
        let count = |key: &str| -> Result<u32> {
            need(key)?.parse().with_context(|| format!("{folder}/board.txt: expected a number for {key}"))
        };
        let crystal = need("crystal_hz")?;
        let (numerator, denominator) = crystal.split_once('/').unwrap_or((&crystal, "1"));
        let settings = tree.path(&format!("{folder}/ps7.txt"));
        let settings = if settings.exists() { fs::read_to_string(settings)? } else { String::new() };
        Ok(Board {
            part: need("part")?,
            package: need("package")?,
            crystal: (numerator.parse().context("crystal_hz")?, denominator.parse().context("crystal_hz")?),
            preset: get("preset"),
            panel: count("leds")? + count("buttons")?,
            programmer: get("programmer"),
            missing: all
                .iter()
                .filter(|(_, key, _)| *key == "missing")
                .map(|(_, _, text)| (*text).to_owned())
                .collect(),
            ps7: pairs(&settings).into_iter().map(|(_, key, value)| (key.to_owned(), value.to_owned())).collect(),
        })
    }
}

/// Reads the package of a part: function and bank by pin.
pub fn package(tree: &Tree, package: &str) -> Result<BTreeMap<String, (u32, String)>> {
    let text = tree.text(&format!("boards/zynq7020/packages/{package}.csv"))?;
    ensure!(text.contains("# source: "), "packages/{package}.csv: expected a line # source:, found none");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let [pin, bank, function] = cells[..] else {
                bail!("packages/{package}.csv: expected three cells: {line}")
            };
            Ok((pin.to_owned(), (bank.parse().context("bank")?, function.to_owned())))
        })
        .collect()
}

/// Problems of the data alone.
pub fn problems(tree: &Tree, name: &str) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let folder = format!("boards/zynq7020/{name}");
    let board = Board::load(tree, name)?;
    for file in ["board.txt", "ps7.txt"] {
        if !tree.path(&format!("{folder}/{file}")).exists() {
            continue;
        }
        let text = tree.text(&format!("{folder}/{file}"))?;
        let mut seen = BTreeSet::new();
        for (sourced, key, value) in pairs(&text) {
            if !sourced && key != "name" && key != "missing" {
                problems.push(format!("{file}: expected a line `# source: ...` before {key}, found none"));
            }
            if key != "missing" && !seen.insert(key.to_owned()) {
                problems.push(format!("{file}: expected {key} once, found it twice"));
            }
            if value.is_empty() {
                problems.push(format!("{file}: expected a value for {key}, found none"));
            }
        }
    }
    let parts = ["xc7z020clg400-1", "xc7z020clg400-2", "xc7z020clg484-1"];
    if !parts.contains(&board.part.as_str()) {
        problems.push(format!("board.txt: expected one of the parts {}, found {}", parts.join(", "), board.part));
    }
    if !board.part.contains(&board.package) {
        problems.push(format!("board.txt: expected the package of {}, found {}", board.part, board.package));
    }
    if board.ps7.is_empty() && board.preset.is_none() {
        problems.push("ps7.txt: expected settings of the PS7 or a preset of Vivado, found neither".to_owned());
    }
    let crystal = board.crystal.0 as f64 / board.crystal.1 as f64 / 1e6;
    if let Some(written) = board.ps7.get("PCW_CRYSTAL_PERIPHERAL_FREQMHZ")
        && written.parse::<f64>().is_ok_and(|written| (written - crystal).abs() > 1e-6)
    {
        problems.push(format!("ps7.txt: expected the crystal of board.txt, {crystal:.6} MHz, found {written} MHz"));
    }
    problems.extend(mio_problems(&board.ps7));
    Ok(problems)
}

/// Pins of the PS that two controllers claim.
fn mio_problems(ps7: &BTreeMap<String, String>) -> Vec<String> {
    let mut owners: BTreeMap<u32, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, value) in ps7 {
        let Some(pins) = value.strip_prefix("MIO ") else { continue };
        // PCW_QSPI_GRP_SINGLE_SS_IO repeats the pins of PCW_QSPI_QSPI_IO.
        if name == "PCW_QSPI_GRP_SINGLE_SS_IO" {
            continue;
        }
        let (first, last) = pins.split_once(" .. ").unwrap_or((pins, pins));
        let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else {
            problems.push(format!("ps7.txt: expected MIO pins for {name}, found {value}"));
            continue;
        };
        for pin in first..=last {
            if pin > 53 {
                problems.push(format!("ps7.txt: expected MIO pins up to 53, found {pin} for {name}"));
            }
            if let Some(other) = owners.insert(pin, name) {
                problems.push(format!("ps7.txt: expected one owner of MIO {pin}, found {other} and {name}"));
            }
        }
    }
    problems
}
