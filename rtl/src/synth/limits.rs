//! What an estimate must keep.

use std::collections::BTreeMap;

use super::{Block, CAPACITY, Estimate, Longest};

/// Share of LUTs, of flip-flops and of block RAM that the default build may take, in percent.
const SHARES: [usize; 3] = [55, 60, 70];
/// RAMB36 that stay free for AXI DMA.
const FREE_RAMB36: usize = 6;
/// RAMB36 that the context table and the group counters may take together.
const TABLES_RAMB36: usize = 90;
/// LUTs and carry chains allowed between two registers, as the yosys of Debian 12 maps them.
const LEVELS: usize = 5;
/// The yosys whose mapping [`LEVELS`] is of, as it names itself.
const LEVELS_BY: &str = "Yosys 0.23 ";
/// Levels that another yosys may have more. 0.52 maps 6 in delta_engine and in slot_pipeline, of the same Verilog.
const OTHER_MAPPING: usize = 1;
/// The same in a stage of the tree that adds up the lanes' answers.
const TREE_LEVELS: usize = 1;
/// The same in the walk of a QUERY, which is not on the way of events.
const WALK_LEVELS: usize = 6;
/// Nanoseconds of a clock of the board design, FCLK0: what the longest way with its wires' allowance may take.
pub const PERIOD_NS: f64 = 1e9 / deltascope_abi::board::FCLK_HZ as f64;
/// Returns [`PERIOD_NS`] in picoseconds.
pub fn period_ps() -> u32 {
    (PERIOD_NS * 1000.0).round() as u32
}

/// Cells that one net of the journal may drive. A RAM32M is one: it sits in one slice.
const FAN_OUT: usize = 256;

/// A limit and what was found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Bar {
    /// What is limited.
    pub what: String,
    /// What was found.
    pub found: usize,
    /// The most that is allowed.
    pub limit: usize,
}

impl Bar {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.found <= self.limit
    }
}

/// The limits of the default build, the first of `estimates`, with its `blocks`; and that every build fits. `tool` is what
/// the yosys that mapped them calls itself.
pub fn bars(estimates: &[Estimate], blocks: &BTreeMap<String, Block>, tool: &str) -> Vec<Bar> {
    let mut bars = Vec::new();
    let mut bar = |what: &str, found: usize, limit: usize| bars.push(Bar { what: what.to_string(), found, limit });
    let share = |capacity: usize, percent: usize| capacity * percent / 100;
    if let Some(default) = estimates.first() {
        let found = default.resources;
        bar("LUT of the default build", found.lut, share(CAPACITY.lut, SHARES[0]));
        bar("FF of the default build", found.ff, share(CAPACITY.ff, SHARES[1]));
        let left = CAPACITY.ramb36 - FREE_RAMB36;
        bar("RAMB36 of the default build", found.ramb36, share(CAPACITY.ramb36, SHARES[2]).min(left));
        let ramb36 = |name: &str| blocks.get(name).map_or(0, |b| b.resources.ramb36 * b.instances);
        let tables = ramb36("context_table") + ramb36("group_counters");
        bar("RAMB36 of context_table and group_counters", tables, TABLES_RAMB36);
    }
    for build in estimates {
        let lanes = build.lanes;
        let found = build.resources;
        bar(&format!("latches, {lanes} lanes"), found.latch, 0);
        bar(&format!("LUT, {lanes} lanes"), found.lut, CAPACITY.lut);
        bar(&format!("LUTRAM, {lanes} lanes"), found.lutram, CAPACITY.lutram);
        bar(&format!("FF, {lanes} lanes"), found.ff, CAPACITY.ff);
        bar(&format!("RAMB36, {lanes} lanes"), found.ramb36, CAPACITY.ramb36 - FREE_RAMB36);
        bar(&format!("DSP48E1, {lanes} lanes"), found.dsp, CAPACITY.dsp);
        bar(&format!("cells on a net of the journal, {lanes} lanes"), build.fan_out.journal_cells, FAN_OUT);
    }
    // What has the most levels shifts between blocks from one number of lanes to the next, as the mapping has it.
    for (block, way) in estimates.first().into_iter().flat_map(|build| &build.ways) {
        bar(&format!("levels of {block} in the default build"), way.by_levels.levels, most_levels(block, tool));
    }
    bars.extend(estimates.iter().flat_map(|build| period_bars(build, &format!("{} lanes", build.lanes))));
    bars
}

/// That the longest way to each block of `build`, called `name`, takes no longer than a clock of FCLK0.
pub fn period_bars(build: &Estimate, name: &str) -> Vec<Bar> {
    let picoseconds = |ns: f64| (ns * 1000.0).round() as usize;
    let bar = |(block, way): (&String, &Longest)| Bar {
        what: format!("picoseconds of the longest way to {block} with its wires' allowance, {name}"),
        found: picoseconds(way.by_delay.total_ns),
        limit: period_ps() as usize,
    };
    build.ways.iter().map(bar).collect()
}

/// The most levels that `block` may have as `tool` maps it.
fn most_levels(block: &str, tool: &str) -> usize {
    let more = if tool.starts_with(LEVELS_BY) { 0 } else { OTHER_MAPPING };
    match block {
        name if name.starts_with("xor_tree") => TREE_LEVELS,
        "query_walk" => WALK_LEVELS + more,
        _ => LEVELS + more,
    }
}

#[cfg(test)]
mod tests {
    use super::most_levels;

    #[test]
    fn another_mapping_may_have_one_level_more_but_not_in_the_tree() {
        for (tool, more) in [("Yosys 0.23 (git sha1 7ce5011c24b)", 0), ("Yosys 0.52 (git sha1 fee39a328)", 1)] {
            assert_eq!(most_levels("delta_engine", tool), 5 + more, "{tool}");
            assert_eq!(most_levels("query_walk", tool), 6 + more, "{tool}");
            assert_eq!(most_levels("xor_tree_3", tool), 1, "{tool}");
        }
    }
}
