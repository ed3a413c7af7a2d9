//! An estimate of what builds need of a Zynq-7020, by yosys: size, depth, fan-out.
//!
//! Neither Vivado nor place and route: the figures tell a regression, not a timing closure.

mod delays;
mod fan_out;
mod hierarchy;
mod limits;
mod netlist;
mod paths;
mod rates;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::lint::{LintError, yosys};
pub use delays::SOURCE;
pub use fan_out::{FanOut, Widest};
use hierarchy::Hierarchy;
pub use limits::{Bar, PERIOD_NS, bars, period_bars};
pub use netlist::{Cells, Netlist};
pub use paths::{Longest, Way};
pub use rates::Rates;

/// LUTs, flip-flops, RAMB36, LUTs usable as memory and DSP48E1 of an XC7Z020 (DS190, table 1).
pub const CAPACITY: Resources = Resources { lut: 53_200, ff: 106_400, ramb36: 140, lutram: 17_400, dsp: 220, latch: 0 };
/// Port of the top that resets it.
const RESET: &str = "aresetn";
/// Blocks whose equal registers are not to be made one.
const KEPT: [&str; 2] = ["journal_bank", "reset_copy"];

/// What a part of the design needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Resources {
    /// LUT1 to LUT6, LUTs used as memory and shift registers.
    #[serde(rename = "LUT")]
    pub lut: usize,
    /// Flip-flops.
    #[serde(rename = "FF")]
    pub ff: usize,
    /// Block RAMs of 36 kbit; two RAMB18 are one, an odd one counts as one.
    #[serde(rename = "RAMB36")]
    pub ramb36: usize,
    /// LUTs used as memory or shift registers, a part of `LUT`.
    #[serde(rename = "LUTRAM")]
    pub lutram: usize,
    /// DSP48E1.
    #[serde(rename = "DSP")]
    pub dsp: usize,
    /// Latches.
    pub latch: usize,
}

/// One block with everything below it, synthesised with its borders kept.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Block {
    /// How often the design has it.
    pub instances: usize,
    /// Of one instance.
    #[serde(flatten)]
    pub resources: Resources,
}

/// The estimate of one build.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Estimate {
    /// Lanes of the journal; 0: none.
    pub lanes: usize,
    /// Entries of one lane.
    pub depth: usize,
    /// The design without borders between blocks.
    #[serde(flatten)]
    pub resources: Resources,
    /// Cells of the design by type.
    pub cells: BTreeMap<String, usize>,
    /// For each block the longest ways between registers that end in it, found in the design without borders.
    pub ways: BTreeMap<String, Longest>,
    /// The nets that drive the most pins.
    pub fan_out: Widest,
    /// Clock that the slowest way with its wires' allowance and the limits of the part allow, MHz.
    pub clock_mhz: f64,
    /// How many times its allowance every wire may take until a way is longer than a clock of FCLK0.
    pub wires_fit: f64,
    /// What the journal searches in a second.
    pub rates: Option<Rates>,
}

/// Lanes and depth of a build.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    /// Lanes; 0: no journal.
    pub lanes: usize,
    /// Entries of one lane.
    pub depth: usize,
}

/// Synthesises `top` in `files` without borders.
///
/// # Errors
/// When yosys is missing or fails, or its netlist cannot be read.
pub fn estimate(top: &str, files: &[PathBuf], journal: Journal) -> Result<(Estimate, String), LintError> {
    let folder = tempfile::tempdir().map_err(LintError::io(Path::new("a temporary folder")))?;
    let (tree, flat) = (folder.path().join("tree.json"), folder.path().join("flat.json"));
    yosys(&format!("hierarchy -top {top}; proc; write_json {}", tree.display()), files)?;
    yosys(&mapped(top, "-flatten ", files, &flat), files)?;
    let (tree, flat) = (Netlist::read(&tree)?, Netlist::read(&flat)?);
    let hierarchy = Hierarchy::new(&tree, top);
    let cells = flat.cells(top);
    let mut walk = paths::Walk::new(&flat, top);
    let ways = walk.longest(&flat, top, &hierarchy);
    let fit = walk.wires_that_fit(limits::period_ps());
    let slowest = ways.values().map(|way| way.by_delay.total_ns).fold(0.0, f64::max);
    let clock_mhz = (1000.0 / slowest).min(delays::RAMB36_MHZ).min(delays::BUFG_MHZ);
    let Journal { lanes, depth } = journal;
    let estimate = Estimate {
        lanes,
        depth,
        resources: Resources::of(&cells),
        cells,
        ways,
        fan_out: fan_out::widest(&flat, top, RESET),
        clock_mhz: (clock_mhz * 10.0).round() / 10.0,
        wires_fit: f64::from(fit) / 1000.0,
        rates: (lanes > 0).then(|| Rates::new(lanes, depth)),
    };
    Ok((estimate, flat.creator))
}

/// Synthesises `top` in `files` with the borders of its blocks, and gives each block's size. With borders nothing
/// is shared, so the sum is larger than the whole.
///
/// # Errors
/// As [`estimate`].
pub fn blocks(top: &str, files: &[PathBuf]) -> Result<BTreeMap<String, Block>, LintError> {
    let folder = tempfile::tempdir().map_err(LintError::io(Path::new("a temporary folder")))?;
    let path = folder.path().join("blocks.json");
    yosys(&mapped(top, "", files, &path), files)?;
    let netlist = Netlist::read(&path)?;
    let mut counts = BTreeMap::new();
    netlist.count_instances(top, &mut counts);
    let block = |(name, instances): (String, usize)| {
        let resources = Resources::of(&netlist.cells(&name));
        (name, Block { instances, resources })
    };
    Ok(counts.into_iter().map(block).collect())
}

/// The script that maps a design to cells of the part and writes the netlist.
///
/// Each bank of the journal has its own registers for what is broadcast to all of them, and each block its copy of the
/// reset. Equal registers are made one by every synthesis unless an attribute forbids it, so these keep their borders
/// while they are mapped; they lose them before the netlist is written. A build for the part needs the same (`keep_hierarchy`).
fn mapped(top: &str, flatten: &str, files: &[PathBuf], path: &Path) -> String {
    let is_there = |block: &&&str| files.iter().any(|file| file.file_stem().is_some_and(|stem| stem == **block));
    // Before `hierarchy` the modules of files are not there yet.
    let mut keep = format!("hierarchy -top {top}");
    for block in KEPT.iter().filter(is_there) {
        keep.push_str(&format!("; setattr -mod -set keep_hierarchy 1 {block}"));
    }
    let open = if flatten.is_empty() { "" } else { "setattr -mod -unset keep_hierarchy *; flatten; clean; " };
    // The mapping leaves thousands of equal inverters of one reset, or shares them, as the order of files has it:
    // sharing them always makes the figure stable.
    let share = "opt_merge -share_all t:LUT* t:INV; clean";
    let synthesis = format!("synth_xilinx -family xc7 -noiopad -noclkbuf {flatten}-top {top}");
    format!("{keep}; {synthesis}; {open}{share}; write_json {}", path.display())
}

impl Resources {
    /// Sums cells of the 7-series library (UG953) by kind.
    pub fn of(cells: &Cells) -> Resources {
        let sum = |kind: &dyn Fn(&str) -> usize| cells.iter().map(|(name, count)| kind(name) * count).sum();
        let lutram: usize = sum(&|name| match name {
            "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S" => 4,
            "RAM32X1D" | "RAM64X1D" | "RAM128X1S" => 2,
            "RAM32X1S" | "RAM64X1S" => 1,
            _ => usize::from(name.starts_with("SRL")),
        });
        let plain: usize =
            sum(&|name| usize::from(matches!(name, "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6")));
        let half_rams: usize = sum(&|name| match name {
            "RAMB36E1" => 2,
            "RAMB18E1" => 1,
            _ => 0,
        });
        Resources {
            lut: plain + lutram,
            ff: sum(&|name| usize::from(matches!(name, "FDRE" | "FDSE" | "FDCE" | "FDPE"))),
            ramb36: half_rams.div_ceil(2),
            lutram,
            dsp: sum(&|name| usize::from(name == "DSP48E1")),
            latch: sum(&|name| usize::from(name.starts_with("LD") || name.contains("DLATCH"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_summed_by_kind() {
        let cells = [("LUT2", 3), ("LUT6", 2), ("RAM32M", 2), ("SRL16E", 1), ("FDRE", 5), ("FDSE", 1), ("LDCE", 1)];
        let mut cells: Cells = cells.into_iter().map(|(n, c)| (n.to_string(), c)).collect();
        cells.insert("RAMB36E1".into(), 2);
        cells.insert("RAMB18E1".into(), 3);
        let found = Resources::of(&cells);
        assert_eq!(found, Resources { lut: 14, ff: 6, ramb36: 4, lutram: 9, dsp: 0, latch: 1 });
    }
}
