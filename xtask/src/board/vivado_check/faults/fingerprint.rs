//! The faults of the fingerprint block in the design.

use super::table::{DESIGN, Fault, fault};

/// Faults of the block and its AXI DMA.
pub const FAULTS: &[Fault] = &[
    fault(
        "fingerprint block on a narrow stream",
        DESIGN,
        "dma fingerprint_dma $deltascope::fingerprint_stream_bits",
        "dma fingerprint_dma $deltascope::stream_bits",
        "AXI DMA fingerprint_dma: expected c_m_axi_mm2s_data_width 128",
    ),
    fault(
        "fingerprint DMA at another address",
        DESIGN,
        "$deltascope::fingerprint_dma_base",
        "$deltascope::buffers_base",
        "fingerprint DMA registers in",
    ),
    fault(
        "fingerprints lead nowhere",
        DESIGN,
        "  link fingerprints fingerprint/m_axis fingerprint_dma/S_AXIS_S2MM\n",
        "",
        "expected fingerprint/m_axis connected once",
    ),
    fault(
        "fingerprint block without a source",
        "vivado/generated/fingerprint_sources.txt",
        "fingerprint_queue.v\n",
        "",
        "expected rtl/verilog/fingerprint_queue.v with the fingerprint block",
    ),
    fault(
        "fingerprint stream without its clock",
        "vivado/generated/deltascope_fingerprint.v",
        "ASSOCIATED_BUSIF s_axis:m_axis",
        "ASSOCIATED_BUSIF s_axis",
        "fingerprint wrapper: expected \"ASSOCIATED_BUSIF",
    ),
    fault(
        "fingerprint block out of reset before its DMA",
        DESIGN,
        "wire peripheral_reset_n reset/peripheral_aresetn fingerprint/aresetn",
        "wire interconnect_reset_n reset/interconnect_aresetn fingerprint/aresetn",
        "expected fingerprint_dma and fingerprint on one reset",
    ),
];
