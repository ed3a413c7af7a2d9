//! The faults of the build: what is changed, and what the check must then say.

/// A change of one file, and what the check must then say.
pub struct Fault {
    /// What is wrong.
    pub name: &'static str,
    /// File; it is made where `from` is empty.
    pub file: &'static str,
    /// Text that is replaced.
    pub from: &'static str,
    /// Text in its place.
    pub to: &'static str,
    /// Part of the message that only this fault makes.
    pub message: &'static str,
}

pub(super) const fn fault(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    message: &'static str,
) -> Fault {
    Fault { name, file, from, to, message }
}

const WRAPPER: &str = "vivado/generated/deltascope_board.v";
pub(super) const DESIGN: &str = "vivado/block_design.tcl";
const CLOCK: &str = "vivado/clock.tcl";
const STEPS: &str = "vivado/implement.tcl";
const PS7: &str = "boards/zynq7020/pynq-z2/ps7.txt";
const BOARD: &str = "boards/zynq7020/pynq-z2/board.txt";
const PINS: &str = "boards/zynq7020/pynq-z2/pins.xdc";
const ACTUAL: &str = "vivado/check/known/actual.txt";
const TIMING: &str = "vivado/check/known/reports/timing.txt";

/// The board that the faults are put into.
pub const ON: &str = "pynq-z2";

/// Faults of the design without the fingerprint block, of its board and of its build.
pub const FAULTS: &[Fault] = &[
    fault(
        "TLAST unconnected",
        WRAPPER,
        ".s_axis_tlast(s_axis_tlast)",
        ".s_axis_tlast()",
        "s_axis_tlast of the engine connected",
    ),
    fault(
        "TREADY tied high",
        WRAPPER,
        ".m_axis_tready(m_axis_tready)",
        ".m_axis_tready(1'b1)",
        "m_axis_tready of the engine",
    ),
    fault("build identity unconnected", WRAPPER, ".build_id(BUILD_ID)", ".build_id()", "build_id of the engine"),
    fault("stream without its clock", WRAPPER, "s_axi:s_axis:m_axis", "s_axi:s_axis", "expected \"ASSOCIATED_BUSIF"),
    fault("clock without its reset", WRAPPER, ", ASSOCIATED_RESET aresetn", "", "expected \"ASSOCIATED_RESET"),
    fault(
        "reset of the wrong polarity",
        WRAPPER,
        "POLARITY ACTIVE_LOW",
        "POLARITY ACTIVE_HIGH",
        "expected \"POLARITY ACTIVE_LOW\"",
    ),
    fault(
        "interrupt on an edge",
        WRAPPER,
        "SENSITIVITY LEVEL_HIGH\" *)\n    output",
        "SENSITIVITY EDGE_RISING\" *)\n    output",
        "LEVEL_HIGH\" on interrupt",
    ),
    fault("interrupt of S2MM left out", WRAPPER, " | s2mm_introut;", ";", "three interrupts in one line"),
    fault(
        "port narrower than the engine's",
        WRAPPER,
        "input wire [63:0] s_axis_tdata",
        "input wire [31:0] s_axis_tdata",
        "s_axis_tdata as 64 bits",
    ),
    fault(
        "length register of 14 bits",
        DESIGN,
        "    c_sg_length_width $deltascope::dma_length_bits \\\n",
        "",
        "c_sg_length_width 26, found 14",
    ),
    fault(
        "length register of 23 bits",
        DESIGN,
        "c_sg_length_width $deltascope::dma_length_bits",
        "c_sg_length_width 23",
        "c_sg_length_width 26, found 23",
    ),
    fault(
        "addresses of 40 bits",
        DESIGN,
        "c_addr_width $deltascope::dma_address_bits",
        "c_addr_width 40",
        "c_addr_width 32",
    ),
    fault("no scatter-gather", DESIGN, "c_include_sg 1", "c_include_sg 0", "expected c_include_sg of dma"),
    fault("Micro DMA", DESIGN, "c_micro_dma 0", "c_micro_dma 1", "c_micro_dma 0"),
    fault(
        "bursts that AXI3 has not",
        DESIGN,
        "c_s2mm_burst_size 16",
        "c_s2mm_burst_size 256",
        "bursts of at most 16 beats",
    ),
    fault(
        "stream of 32 bits",
        DESIGN,
        "c_m_axis_mm2s_tdata_width $send_bits",
        "c_m_axis_mm2s_tdata_width 32",
        "c_m_axis_mm2s_tdata_width 64",
    ),
    fault("status stream left on", DESIGN, "    c_sg_include_stscntrl_strm 0 \\\n", "", "dma/S_AXIS_STS connected"),
    fault(
        "engine at another address",
        DESIGN,
        "$deltascope::engine_base",
        "$deltascope::axi_dma_base",
        "engine registers in ps7/Data",
    ),
    fault("address written by hand", DESIGN, "$deltascope::engine_base", "0x43c00000", "addresses from generated"),
    fault(
        "descriptors without a segment",
        DESIGN,
        "    assign $cell/Data_$master",
        "    if {$master eq {SG}} continue\n    assign $cell/Data_$master",
        "DDR in dma/Data_SG",
    ),
    fault(
        "reserved window outside DDR",
        "vivado/generated/deltascope_abi.tcl",
        "ddr_bytes 0x20000000",
        "ddr_bytes 0x10000000",
        "reserved window 0x18000000 inside DDR",
    ),
    fault(
        "AXI DMA without reset",
        DESIGN,
        "  wire peripheral_reset_n reset/peripheral_aresetn $cell/axi_resetn\n",
        "",
        "expected dma/axi_resetn",
    ),
    fault(
        "engine on an active-high reset",
        DESIGN,
        "wire peripheral_reset_n reset/peripheral_aresetn engine/aresetn",
        "wire other reset/peripheral_reset engine/aresetn",
        "engine/aresetn on an active-low",
    ),
    fault(
        "engine out of reset before the AXI DMA",
        DESIGN,
        "wire peripheral_reset_n reset/peripheral_aresetn engine/aresetn",
        "wire interconnect_reset_n reset/interconnect_aresetn engine/aresetn",
        "expected dma and engine on one reset",
    ),
    fault("reset input read as active high", DESIGN, "C_EXT_RESET_HIGH 0", "C_EXT_RESET_HIGH 1", "C_EXT_RESET_HIGH 0"),
    fault("descriptors without a clock", DESIGN, "$cell/m_axi_sg_aclk ", "", "expected dma/m_axi_sg_aclk"),
    fault("HP0 without a clock", DESIGN, "ps7/S_AXI_HP0_ACLK ", "", "expected ps7/S_AXI_HP0_ACLK"),
    fault(
        "replies go nowhere",
        DESIGN,
        "  link replies engine/m_axis dma/S_AXIS_S2MM\n",
        "",
        "engine/m_axis connected to dma/S_AXIS_S2MM",
    ),
    fault(
        "interrupt not connected",
        DESIGN,
        "  wire interrupt engine/interrupt ps7/IRQ_F2P\n",
        "",
        "engine/interrupt connected to ps7/IRQ_F2P",
    ),
    fault(
        "fabric interrupts off",
        DESIGN,
        "PCW_USE_FABRIC_INTERRUPT 1",
        "PCW_USE_FABRIC_INTERRUPT 0",
        "expected PCW_USE_FABRIC_INTERRUPT of ps7",
    ),
    fault(
        "PCW name misspelt in the design",
        DESIGN,
        "CONFIG.PCW_USE_S_AXI_HP0 1",
        "CONFIG.PCW_USE_S_AXI_HPO 1",
        "found PCW_USE_S_AXI_HPO",
    ),
    fault(
        "PCW name misspelt in the board",
        PS7,
        "PCW_UIPARAM_DDR_PARTNO",
        "PCW_UIPARAM_DDR_PARTN0",
        "found PCW_UIPARAM_DDR_PARTN0",
    ),
    fault(
        "HP0 of 32 bits",
        DESIGN,
        "PCW_S_AXI_HP0_DATA_WIDTH $deltascope::stream_bits",
        "PCW_S_AXI_HP0_DATA_WIDTH 32",
        "PCW_S_AXI_HP0_DATA_WIDTH 64",
    ),
    fault(
        "IP with a version",
        DESIGN,
        "xilinx.com:ip:processing_system7 ps7",
        "xilinx.com:ip:processing_system7:5.5 ps7",
        "without a version",
    ),
    fault("command that Vivado has not", DESIGN, "  save_bd_design", "  save_bd_desing", "found \"save_bd_desing\""),
    fault("option that the command has not", DESIGN, "-target_address_space", "-address_space", "found -address_space"),
    fault(
        "pin that the IP has not",
        DESIGN,
        "control/aclk",
        "control/clk",
        "smartconnect): expected a pin of the IP, found clk",
    ),
    fault(
        "DRAM as a slave",
        DESIGN,
        "-mode Master -vlnv xilinx.com:interface:ddrx_rtl:1.0",
        "-mode Slave -vlnv xilinx.com:interface:ddrx_rtl:1.0",
        "expected DDR as a Master",
    ),
    fault(
        "port of a kind that there is not",
        DESIGN,
        "xilinx.com:interface:gpio_rtl:1.0",
        "xilinx.com:interface:gpio:1.0",
        "expected panel as a Master of xilinx.com:interface:gpio_rtl:1.0",
    ),
    fault("design not validated", DESIGN, "  validate_bd_design\n", "", "expected validate_bd_design"),
    fault(
        "clock of 142.857 MHz",
        CLOCK,
        "    CONFIG.PCW_OVERRIDE_BASIC_CLOCK 1 \\\n",
        "",
        "found that Vivado makes 142.857",
    ),
    fault(
        "Vivado makes another clock than asked",
        ACTUAL,
        "",
        "PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ 149.253738\n",
        "makes 149.253738",
    ),
    fault(
        "actual clock not looked at",
        DESIGN,
        "  clock::check_actual [get_bd_cells ps7]\n",
        "",
        "PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ back",
    ),
    fault(
        "FCLK0 from the DDR PLL",
        CLOCK,
        "PCW_FCLK0_PERIPHERAL_CLKSRC {IO PLL}",
        "PCW_FCLK0_PERIPHERAL_CLKSRC {DDR PLL}",
        "makes 105.0",
    ),
    fault(
        "PLL beyond its range",
        CLOCK,
        "feedback_min 13",
        "feedback_min 31\n  set pll_max_hz {1 3000000000}",
        "between 780 and 1600 MHz, found 2250",
    ),
    fault(
        "Ethernet clock not exact",
        CLOCK,
        "$pll_hz / $ethernet_hz}]",
        "$pll_hz / $ethernet_hz + 1}]",
        "Ethernet clock at exactly",
    ),
    fault("Vivado widens the AXI DMA", ACTUAL, "", "c_m_axi_mm2s_data_width 128\n", "found that Vivado made it 128"),
    fault("pin twice", PINS, "PACKAGE_PIN P14", "PACKAGE_PIN R14", "one port on the pin R14"),
    fault("pin that the package has not", PINS, "PACKAGE_PIN P14", "PACKAGE_PIN AB14", "found AB14"),
    fault("pin of the PS", PINS, "PACKAGE_PIN P14", "PACKAGE_PIN E7", "found E7, which is PS_CLK"),
    fault("port that is not there", PINS, "{panel_tri_io[7]}", "{panel_tri_io[8]}", "found panel_tri_io[8]"),
    fault(
        "two voltages in a bank",
        PINS,
        "IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[3]}]",
        "IOSTANDARD LVCMOS18 [get_ports {panel_tri_io[3]}]",
        "one voltage in bank 35",
    ),
    fault(
        "I/O standard that the part has not",
        PINS,
        "IOSTANDARD LVCMOS33",
        "IOSTANDARD LVCMOS30",
        "I/O standard of the part for panel_tri_io[0]",
    ),
    fault(
        "MIO pin of two controllers",
        PS7,
        "PCW_UART0_UART0_IO MIO 14 .. 15",
        "PCW_UART0_UART0_IO MIO 46 .. 47",
        "one owner of MIO 46",
    ),
    fault("part of another size", BOARD, "part xc7z020clg400-1", "part xc7z010clg400-1", "found xc7z010clg400-1"),
    fault("package of another part", BOARD, "package clg400", "package clg484", "package of xc7z020clg400-1"),
    fault("value without a source", BOARD, "# source: Xilinx", "# Xilinx", "expected a line `# source"),
    fault("button without a GPIO line", BOARD, "buttons 4", "buttons 3", "constraints of 7 ports"),
    fault(
        "crystal of another board",
        BOARD,
        "crystal_hz 50000000",
        "crystal_hz 100000000/3",
        "the crystal of board.txt",
    ),
    fault(
        "setup slack below zero",
        TIMING,
        "      0.112 ",
        "     -0.112 ",
        "setup slack of at least 0 ns, found -0.112",
    ),
    fault("hold slack below zero", TIMING, "0.031  ", "-0.031 ", "hold slack of at least 0 ns, found -0.031"),
    fault("timing report of an unknown form", TIMING, "WNS(ns)", "WNS(ps)", "the table with WNS(ns)"),
    fault(
        "part too full",
        "vivado/check/known/reports/utilisation.txt",
        "| 40123 |",
        "| 52123 |",
        "at most 90 % of luts",
    ),
    fault(
        "unsafe crossing",
        "vivado/check/known/reports/cdc.txt",
        "8     8       0 ",
        "8     0       8 ",
        "no unsafe endpoint",
    ),
    fault(
        "critical finding of the methodology",
        "vivado/check/known/reports/methodology.txt",
        "| Warning  | Timing of a RAM",
        "| Critical Warning | Timing of a RAM",
        "no critical finding, found 2",
    ),
    fault("part too hot", "vivado/check/known/reports/power.txt", "50.4 ", "91.2 ", "junction of at most 85 C"),
    fault(
        "critical warning without a waiver",
        ACTUAL,
        "",
        "critical_warnings 1\n",
        "no critical warning that waivers.txt",
    ),
    fault("waiver without a reason", "vivado/waivers.txt", "# None", "[BD 41-1356]\n# None", "[ID] and a reason"),
    fault("USERID of another design", STEPS, "$deltascope::identity", "0", "the engine's identity, found 0x00000000"),
    fault(
        "USERID after the bitstream",
        STEPS,
        "  set_property BITSTREAM.CONFIG.USERID [format 0x%08X $deltascope::identity] [current_design]\n  set_property \
         BITSTREAM.GENERAL.COMPRESS TRUE [current_design]\n  write_bitstream -force [file join $output deltascope.bit]\n",
        "  write_bitstream -force [file join $output deltascope.bit]\n  set_property BITSTREAM.CONFIG.USERID [format \
         0x%08X $deltascope::identity] [current_design]\n",
        "found none when it is written",
    ),
    fault("platform that may be extended", STEPS, "-fixed ", "", "write_hw_platform -fixed"),
    fault("source file left out", "vivado/generated/sources.txt", "journal_lane.v\n", "", "expected journal_lane.v"),
    fault("device tree on an edge", "boards/zynq7020/generated/engine.dtsi", "<0 29 4>", "<0 29 1>", "level-high"),
    fault(
        "device tree with another clock",
        "boards/zynq7020/generated/engine.dtsi",
        "clock-frequency = <150000000>",
        "clock-frequency = <142857132>",
        "expected clock-frequency",
    ),
    fault(
        "hierarchy of the journal flattened",
        "rtl/verilog/journal_bank.v",
        "keep_hierarchy",
        "keep_nothing",
        "journal_bank.v: expected the attribute",
    ),
    fault(
        "copies of the reset merged",
        "rtl/verilog/reset_copy.v",
        "keep_hierarchy",
        "keep_nothing",
        "reset_copy.v: expected the attribute",
    ),
];
