//! Delays of the cells of an XC7Z020 at speed grade -1, in picoseconds, an allowance for the wires between them, and the
//! clocks above which parts do not work.
//!
//! Cells: `zynq7/timings/CLBLL_L.sdf` and `CLBLM_R.sdf` of f4pga/prjxray-db (31e3a2a, 54777f2), the slowest corner of
//! each path. The database has no block RAM of this family and gives a flip-flop without its way out of the slice: these
//! two are those of Vivado's report below, and memories in LUTs those of `cells_sim.v` of yosys 0.23 (Artix-7, -1).
//! Wires: **an assumption, not a figure of this design**. Place and route is not done here. It is what the routed nets of
//! another design for a 7z020-clg484 at -1 took (gracebrentano/lab4-pipeline@1f3dc9b,
//! `output/post_route_timing_summary_report.txt`, Vivado 2017.4): the median of the 54 nets on the data paths of its set-up
//! checks that leave a slice, by the cells that they drive (21, 5, 7, 5, 13 and 3 nets). Half of them took longer: the
//! upper quartile is 1.04 to 1.27 times the median. Xilinx's own check before placement is milder at every width: 0.403 ns
//! for the net of each level (`report_failfast` in Xilinx/XilinxTclStore@8a50b5c, 7 series, -1).
//! Limits: DS187 (Zynq-7000 DC and AC switching characteristics), speed grade -1.

/// A flip-flop from clock to the pin of its slice.
pub const FLIP_FLOP: u32 = 518;
/// A shift register of a LUT from clock to output.
pub const SHIFT_REGISTER: u32 = 1_472;
/// A block RAM from clock to output, without its output register.
pub const BLOCK_RAM: u32 = 2_454;
/// A LUT from any input by its slower output, O5. The read of a LUT used as memory takes as long.
pub const LUT: u32 = 154;
/// MUXF7 and MUXF8, from the select.
pub const MUX: [u32; 2] = [276, 273];
/// CARRY4: into the chain, along it, out of it.
pub const CARRY: [u32; 3] = [592, 117, 334];
/// Set-up of a flip-flop: clock enable; set or reset. Its data input needs none.
pub const SET_UP_FLIP_FLOP: [u32; 2] = [109, 428];
/// Set-up of a block RAM: data, address, write enable.
pub const SET_UP_BLOCK_RAM: u32 = 737;
/// Set-up of a LUT used as memory or shift register.
pub const SET_UP_LUT: u32 = 654;
/// What skew and uncertainty of the clock take of every period (48 and 97 ps in the report of the wires).
pub const CLOCK: u32 = 145;

/// Most cells that a net drives, and what its wire is allowed.
const WIRES: [(usize, u32); 6] = [(1, 624), (3, 772), (15, 850), (31, 1_083), (63, 1_205), (127, 1_337)];
/// What each doubling beyond the last of [`WIRES`] adds, more than any step before it: no data net of the report is as
/// wide, and a tool for the part doubles the register instead.
const WIDER: u32 = 200;

/// Global clock buffer, MHz.
pub const BUFG_MHZ: f64 = 464.0;
/// Block RAM, MHz.
pub const RAMB36_MHZ: f64 = 388.0;

/// What the delays are, for a report.
pub const SOURCE: &str = "cells: project X-Ray's database for Zynq-7000 and Vivado's figures for a 7z020 at -1; wires: an \
                          allowance by fan-out, from the routed nets of another design for that part; limits: DS187, -1";

/// Returns what the wire of a net is allowed that drives `cells` cells.
pub fn wire(cells: usize) -> u32 {
    if let Some((_, allowed)) = WIRES.iter().find(|(most, _)| cells <= *most) {
        return *allowed;
    }
    let (most, allowed) = WIRES[WIRES.len() - 1];
    allowed + WIDER * (cells.div_ceil(most + 1)).next_power_of_two().ilog2().max(1)
}

#[cfg(test)]
mod tests {
    use super::wire;

    #[test]
    fn wider_nets_are_allowed_longer_wires() {
        assert_eq!([1, 2, 15, 16, 127].map(wire), [624, 772, 850, 1_083, 1_337]);
        assert_eq!([128, 256, 257, 512, 2_513].map(wire), [1_537, 1_537, 1_737, 1_737, 2_337]);
    }
}
