//! Delays of the cells of a 7-series device, in picoseconds, and the clocks above which its parts do not work.
//!
//! Cells: the slowest pin of each in `share/yosys/xilinx/cells_sim.v` of yosys 0.23, which took them from the timing
//! database of project X-Ray for Artix-7 (an XC7Z020 has the same fabric), speed grade -1. **Wires between cells are
//! not in them**: only place and route knows those, and there is none here.
//! Limits: DS187 (Zynq-7000 DC and AC switching characteristics), speed grade -1.

/// A flip-flop from clock to output.
pub const FLIP_FLOP: u32 = 303;
/// A shift register of a LUT from clock to output.
pub const SHIFT_REGISTER: u32 = 1_472;
/// A block RAM from clock to output, without its output register.
pub const BLOCK_RAM: u32 = 2_454;
/// A LUT by its number of inputs, from the slowest one. The last is the read of a LUT used as memory too.
pub const LUT: [u32; 7] = [0, 127, 238, 407, 472, 631, 642];
/// MUXF7 and MUXF8.
pub const MUX: [u32; 2] = [296, 273];
/// CARRY4: into the chain, along it, out of it.
pub const CARRY: [u32; 3] = [592, 114, 220];
/// Set-up of a flip-flop: clock enable; set or reset. Its data input needs none.
pub const SET_UP_FLIP_FLOP: [u32; 2] = [109, 404];
/// Set-up of a block RAM: data, address, write enable.
pub const SET_UP_BLOCK_RAM: u32 = 737;
/// Set-up of a LUT used as memory or shift register.
pub const SET_UP_LUT: u32 = 654;

/// Global clock buffer, MHz.
pub const BUFG_MHZ: f64 = 464.0;
/// Block RAM, MHz.
pub const RAMB36_MHZ: f64 = 388.0;

/// What the delays are, for a report.
pub const SOURCE: &str = "cells: cells_sim.v of yosys 0.23 (project X-Ray, Artix-7, -1), no wires; limits: DS187, -1";
