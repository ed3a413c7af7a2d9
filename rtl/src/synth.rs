//! An estimate of what the default build needs of a Zynq-7020, by yosys.
//!
//! Neither Vivado nor place and route: the figures tell a regression, not a timing closure.

mod netlist;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::lint::{LintError, yosys};
pub use netlist::{Cells, Levels, Netlist};

/// LUTs, flip-flops, RAMB36, LUTs usable as memory and DSP48E1 of an XC7Z020 (DS190, table 1).
pub const CAPACITY: Resources = Resources { lut: 53_200, ff: 106_400, ramb36: 140, lutram: 17_400, dsp: 220, latch: 0 };
/// RAMB36 that the context table and the group counters may take together.
pub const TABLES_RAMB36: usize = 90;
/// LUTs that may stand between two registers of the register file.
pub const REGISTER_LEVELS: usize = 5;

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
    /// LUTs used as memory, a part of `LUT`.
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
    /// The longest chain of LUTs between registers and ports of the block itself.
    pub levels: Levels,
}

/// The estimate.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Estimate {
    /// How to read the figures.
    pub label: &'static str,
    /// What made them.
    pub tool: String,
    /// Device.
    pub part: &'static str,
    /// Top module.
    pub top: String,
    /// The design without borders between blocks.
    #[serde(flatten)]
    pub resources: Resources,
    /// What the device has.
    pub capacity: Resources,
    /// The longest chain of LUTs in it; carry chains and wide multiplexers in a slice count nothing.
    pub levels: Levels,
    /// Cells of the design by type.
    pub cells: BTreeMap<String, usize>,
    /// By block, with borders: the sum is larger than the whole.
    pub blocks: BTreeMap<String, Block>,
    /// Limits that do not hold; the estimate passes when this is empty.
    pub violations: Vec<String>,
}

/// Synthesises `top` in `files` twice, with and without borders.
///
/// # Errors
/// When yosys is missing or fails, or its netlist cannot be read.
pub fn estimate(top: &str, files: &[PathBuf]) -> Result<Estimate, LintError> {
    let folder = tempfile::tempdir().map_err(LintError::io(Path::new("a temporary folder")))?;
    let synthesise = |name: &str, flatten: &str| -> Result<Netlist, LintError> {
        let path = folder.path().join(name);
        let options = format!("-family xc7 -noiopad -noclkbuf {flatten}-top {top}");
        // The mapping leaves thousands of equal inverters of one reset, or shares them, as the order of files
        // has it: sharing them always makes the figure stable.
        let share = "opt_merge -share_all t:LUT* t:INV; clean";
        yosys(&format!("synth_xilinx {options}; {share}; write_json {}", path.display()), files)?;
        Netlist::read(&path)
    };
    let flat = synthesise("flat.json", "-flatten ")?;
    let bordered = synthesise("blocks.json", "")?;
    let cells = flat.cells(top);
    let mut estimate = Estimate {
        label: "estimated",
        tool: flat.creator.clone(),
        part: "xc7z020",
        top: top.to_string(),
        resources: Resources::of(&cells),
        capacity: CAPACITY,
        levels: flat.levels(top),
        cells,
        blocks: blocks(&bordered, top),
        violations: Vec::new(),
    };
    estimate.violations = estimate.check();
    Ok(estimate)
}

fn blocks(netlist: &Netlist, top: &str) -> BTreeMap<String, Block> {
    let mut counts = BTreeMap::new();
    netlist.count_instances(top, &mut counts);
    let block = |name: &str, instances| Block {
        instances,
        resources: Resources::of(&netlist.cells(name)),
        levels: netlist.levels(name),
    };
    counts.into_iter().map(|(name, instances)| (name.clone(), block(&name, instances))).collect()
}

impl Resources {
    /// Sums cells of the 7-series library (UG953) by kind.
    pub fn of(cells: &Cells) -> Resources {
        let sum = |kind: &dyn Fn(&str) -> usize| cells.iter().map(|(name, count)| kind(name) * count).sum();
        let lutram = sum(&|name| match name {
            "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S" => 4,
            "RAM32X1D" | "RAM64X1D" | "RAM128X1S" => 2,
            "RAM32X1S" | "RAM64X1S" => 1,
            _ => 0,
        });
        let plain: usize = sum(&|name| {
            let lut = matches!(name, "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6");
            usize::from(lut || name.starts_with("SRL"))
        });
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

impl Estimate {
    fn check(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let mut limit = |what: &str, value: usize, limit: usize| {
            if value > limit {
                violations.push(format!("{what}: {value}, the limit is {limit}"));
            }
        };
        limit("latches", self.resources.latch, 0);
        limit("LUT", self.resources.lut, self.capacity.lut);
        limit("FF", self.resources.ff, self.capacity.ff);
        limit("RAMB36", self.resources.ramb36, self.capacity.ramb36);
        limit("LUTRAM", self.resources.lutram, self.capacity.lutram);
        limit("DSP", self.resources.dsp, self.capacity.dsp);
        let ramb36 = |name: &str| self.blocks.get(name).map_or(0, |b| b.resources.ramb36 * b.instances);
        limit(
            "RAMB36 of context_table and group_counters",
            ramb36("context_table") + ramb36("group_counters"),
            TABLES_RAMB36,
        );
        for name in ["axi_lite_registers", "register_read", "register_decode"] {
            let levels = self.blocks.get(name).map_or(0, |b| b.levels.luts);
            limit(&format!("LUT levels of {name}"), levels, REGISTER_LEVELS);
        }
        violations
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
        assert_eq!(found, Resources { lut: 14, ff: 6, ramb36: 4, lutram: 8, dsp: 0, latch: 1 });
    }
}
