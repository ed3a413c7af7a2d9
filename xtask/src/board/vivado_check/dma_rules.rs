//! Rules of an AXI DMA and of what is connected to it, for the engine's and for the fingerprint block's.

use super::design::{Cell, Design};
use deltascope_abi::board::{DDR, DMA_ADDRESS_BITS, DMA_LENGTH_BITS, Window};

/// Width of the engine's streams, of the AXI DMA and of HP0.
pub const STREAM_BITS: &str = "64";

/// What has a place in an address space: its name, the space, the segment, its window.
pub type Segment = (&'static str, String, String, Window);

/// Parameters of a cell that are not what they should be.
pub fn parameters(what: &str, cell: &Cell, expected: &[(&str, &str)]) -> Vec<String> {
    let wrong = expected.iter().filter(|(name, value)| cell.parameter(name) != *value);
    wrong.map(|(name, value)| format!("{what}: expected {name} {value}, found {}", cell.parameter(name))).collect()
}

/// The AXI DMA as the driver needs it: `ps-driver/driver/src/axi_dma/README.md`.
pub fn dma_parameters(what: &str, dma: &Cell, send_bits: &str) -> Vec<String> {
    let (length, address) = (DMA_LENGTH_BITS.to_string(), DMA_ADDRESS_BITS.to_string());
    let mut problems = parameters(
        what,
        dma,
        &[
            ("c_include_sg", "1"),
            ("c_sg_include_stscntrl_strm", "0"),
            ("c_sg_length_width", &length),
            ("c_addr_width", &address),
            ("c_micro_dma", "0"),
            ("c_include_mm2s", "1"),
            ("c_include_s2mm", "1"),
            ("c_m_axi_mm2s_data_width", send_bits),
            ("c_m_axis_mm2s_tdata_width", send_bits),
            ("c_m_axi_s2mm_data_width", STREAM_BITS),
            ("c_s_axis_s2mm_tdata_width", STREAM_BITS),
            ("c_enable_multi_channel", "0"),
        ],
    );
    for name in ["c_mm2s_burst_size", "c_s2mm_burst_size"] {
        if dma.parameter(name).parse::<u32>().unwrap_or(u32::MAX) > 16 {
            problems.push(format!(
                "{what}: expected bursts of at most 16 beats for HP0, found {name} {}",
                dma.parameter(name)
            ));
        }
    }
    problems
}

/// Interfaces that are connected to each other.
pub fn links(design: &Design, pairs: &[(String, String)]) -> Vec<String> {
    let apart = pairs.iter().filter(|(from, to)| !design.other_end(from).contains(&to.as_str()));
    let problem = |(from, to): &(String, String)| {
        format!("interfaces: expected {from} connected to {to}, found {:?}", design.other_end(from))
    };
    apart.map(problem).collect()
}

/// The ways that an AXI DMA needs.
pub fn dma_ways(ps7: &str, dma: &str) -> Vec<(String, String)> {
    let memory = |master: &str| (format!("{dma}/{master}"), format!("{ps7}/S_AXI_HP0"));
    let registers = (format!("{ps7}/M_AXI_GP0"), format!("{dma}/S_AXI_LITE"));
    vec![registers, memory("M_AXI_SG"), memory("M_AXI_MM2S"), memory("M_AXI_S2MM")]
}

/// Interfaces that are connected through an interconnect: both hang on one smartconnect.
pub fn ways(design: &Design, pairs: &[(String, String)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (from, to) in pairs {
        let interconnect =
            |end: &str| design.other_end(end).first().and_then(|end| end.split('/').next().map(str::to_owned));
        if interconnect(from) != interconnect(to) || interconnect(from).is_none() {
            problems.push(format!("interfaces: expected a way from {from} to {to}, found none"));
        }
    }
    problems
}

/// DDR in the spaces of an AXI DMA.
pub fn dma_segments(ps7: &str, dma: &str, cell: &Cell) -> Vec<Segment> {
    let segment = |space| ("DDR", format!("{dma}/{space}"), format!("{ps7}/S_AXI_HP0/HP0_DDR_LOWOCM"), DDR);
    cell.spaces().map(segment).collect()
}
