//! The faults of the script of Vitis HLS.

use super::table::{Fault, fault};

/// The script.
const HLS: &str = "hls/run_hls.tcl";

/// Faults of the script of Vitis HLS.
pub const FAULTS: &[Fault] = &[
    fault("kernel of another name", HLS, "set_top fingerprint", "set_top fingerprints", "the function fingerprints"),
    fault("kernel for another part", HLS, "set_part $part", "set_part xc7z010clg400-1", "part of the boards"),
    fault("kernel slower than the clock", HLS, "-period $period", "-period 10", "period of at most 6.667 ns"),
    fault("kernel without its source", HLS, "fingerprint.cpp", "fingerprnt.cpp", "the file "),
    fault("command that Vitis HLS has not", HLS, "csynth_design", "csynt_design", "found \"csynt_design\""),
];
