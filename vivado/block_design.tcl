# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the block design: PS7, AXI DMA, engine, two interconnects, reset. One clock drives everything.
#
# IP is named without a version, so that each Vivado takes its own. Addresses, widths and the interrupt are those of
# generated/deltascope_abi.tcl.

namespace eval block_design {
  variable name deltascope_system
}

# Makes a cell of an IP and sets its parameters, a list of names and values.
proc block_design::ip {cell ip parameters} {
  set object [create_bd_cell -type ip -vlnv xilinx.com:ip:$ip $cell]
  if {[llength $parameters] > 0} {
    set settings {}
    foreach {parameter value} $parameters {
      lappend settings CONFIG.$parameter $value
    }
    set_property -dict $settings $object
  }
  return $object
}

# Makes the PS7 with the board's settings, the clocks of clock.tcl and the ports that this design uses.
proc block_design::ps7 {board} {
  set ps7 [create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7 ps7]
  if {[dict exists $board preset]} {
    set_property CONFIG.preset [dict get $board preset] $ps7
  }
  set settings {}
  dict for {parameter value} [dict get $board ps7] {
    lappend settings CONFIG.$parameter $value
  }
  if {[llength $settings] > 0} {
    set_property -dict $settings $ps7
  }
  set_property -dict [clock::settings $board $ps7] $ps7
  set panel [expr {[dict get $board leds] + [dict get $board buttons]}]
  set_property -dict [list \
    CONFIG.PCW_EN_CLK0_PORT 1 \
    CONFIG.PCW_EN_RST0_PORT 1 \
    CONFIG.PCW_FPGA_FCLK0_ENABLE 1 \
    CONFIG.PCW_FPGA_FCLK1_ENABLE 0 \
    CONFIG.PCW_FPGA_FCLK2_ENABLE 0 \
    CONFIG.PCW_FPGA_FCLK3_ENABLE 0 \
    CONFIG.PCW_USE_M_AXI_GP0 1 \
    CONFIG.PCW_USE_S_AXI_HP0 1 \
    CONFIG.PCW_S_AXI_HP0_DATA_WIDTH $deltascope::stream_bits \
    CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
    CONFIG.PCW_IRQ_F2P_INTR 1 \
    CONFIG.PCW_IRQ_F2P_MODE DIRECT \
    CONFIG.PCW_GPIO_EMIO_GPIO_ENABLE 1 \
    CONFIG.PCW_GPIO_EMIO_GPIO_WIDTH $panel \
    CONFIG.PCW_GPIO_EMIO_GPIO_IO $panel] $ps7
  return $ps7
}

# Parameters of the AXI DMA. ps-driver/driver/src/axi_dma/README.md names what each must be; bursts of 16 beats are the
# longest of the AXI3 port HP0. `send_bits` is the width of the stream out of memory, and of the reads behind it.
proc block_design::dma_parameters {send_bits} {
  return [list \
    c_include_sg 1 \
    c_sg_include_stscntrl_strm 0 \
    c_sg_length_width $deltascope::dma_length_bits \
    c_addr_width $deltascope::dma_address_bits \
    c_micro_dma 0 \
    c_include_mm2s 1 \
    c_include_s2mm 1 \
    c_include_mm2s_dre 0 \
    c_include_s2mm_dre 0 \
    c_m_axi_mm2s_data_width $send_bits \
    c_m_axis_mm2s_tdata_width $send_bits \
    c_m_axi_s2mm_data_width $deltascope::stream_bits \
    c_s_axis_s2mm_tdata_width $deltascope::stream_bits \
    c_mm2s_burst_size 16 \
    c_s2mm_burst_size 16]
}

# Connects two interface pins.
proc block_design::link {name from to} {
  connect_bd_intf_net -intf_net $name [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

# Connects an interface of the analyser to a net that is there, beside one of its pins.
proc block_design::watch {name pin monitor} {
  set net [get_bd_intf_nets $name]
  connect_bd_intf_net -intf_net $net [get_bd_intf_pins $pin] [get_bd_intf_pins $monitor]
  set_property HDL_ATTRIBUTE.DEBUG true $net
}

# Connects a pin to others.
proc block_design::wire {name from args} {
  foreach to $args {
    connect_bd_net -net $name [get_bd_pins $from] [get_bd_pins $to]
  }
}

# Gives a segment its place in an address space.
proc block_design::assign {space segment base bytes} {
  assign_bd_address -offset $base -range $bytes -target_address_space [get_bd_addr_spaces $space] \
    [get_bd_addr_segs $segment] -force
}

# Makes an AXI DMA: its registers behind `registers` of the interconnect `control` at `base`, its three masters on the
# `ports` of the interconnect `memory` with all of DDR, its clocks and its reset. Its streams are left to the caller.
proc block_design::dma {cell send_bits registers ports base bytes} {
  ip $cell axi_dma [dma_parameters $send_bits]
  link ${cell}_registers control/$registers $cell/S_AXI_LITE
  assign ps7/Data $cell/S_AXI_LITE/Reg $base $bytes
  foreach master {SG MM2S S2MM} port $ports {
    link ${cell}_[string tolower $master] $cell/M_AXI_$master memory/$port
    assign $cell/Data_$master ps7/S_AXI_HP0/HP0_DDR_LOWOCM $deltascope::ddr_base $deltascope::ddr_bytes
  }
  wire clock ps7/FCLK_CLK0 $cell/s_axi_lite_aclk $cell/m_axi_sg_aclk $cell/m_axi_mm2s_aclk $cell/m_axi_s2mm_aclk
  wire peripheral_reset_n reset/peripheral_aresetn $cell/axi_resetn
}

# Makes the cells and connects them. With `ila` set, a logic analyser watches both streams and the interrupt under the
# names `records`, `replies` and `interrupt`; with `fingerprint` set the fingerprint block is there.
proc block_design::create {board ila fingerprint} {
  variable name
  if {$deltascope::irq_f2p != 0} {
    error "expected the interrupt on IRQ_F2P\[0\], found irq_f2p $deltascope::irq_f2p: the design drives one line"
  }
  create_bd_design $name

  set ps7 [ps7 $board]
  ip control smartconnect [list NUM_SI 1 NUM_MI [expr {2 + $fingerprint}]]
  ip memory smartconnect [list NUM_SI [expr {3 + 3 * $fingerprint}] NUM_MI 1]
  # FCLK_RESET0_N is active low.
  ip reset proc_sys_reset {C_EXT_RESET_HIGH 0}
  create_bd_cell -type module -reference deltascope_board engine

  # Pins of the package that the PS owns, and the LEDs and buttons on its EMIO GPIO.
  create_bd_intf_port -mode Master -vlnv xilinx.com:interface:ddrx_rtl:1.0 DDR
  create_bd_intf_port -mode Master -vlnv xilinx.com:display_processing_system7:fixedio_rtl:1.0 FIXED_IO
  create_bd_intf_port -mode Master -vlnv xilinx.com:interface:gpio_rtl:1.0 panel
  connect_bd_intf_net [get_bd_intf_ports DDR] [get_bd_intf_pins ps7/DDR]
  connect_bd_intf_net [get_bd_intf_ports FIXED_IO] [get_bd_intf_pins ps7/FIXED_IO]
  connect_bd_intf_net [get_bd_intf_ports panel] [get_bd_intf_pins ps7/GPIO_0]

  # Registers: M_AXI_GP0 to the engine and to the AXI DMA. Memory: descriptors, records and replies through HP0.
  link gp0 ps7/M_AXI_GP0 control/S00_AXI
  link engine_registers control/M00_AXI engine/s_axi
  assign ps7/Data engine/s_axi/reg0 $deltascope::engine_base $deltascope::engine_bytes
  link hp0 memory/M00_AXI ps7/S_AXI_HP0
  dma dma $deltascope::stream_bits M01_AXI {S00_AXI S01_AXI S02_AXI} $deltascope::axi_dma_base \
    $deltascope::axi_dma_bytes

  # Streams.
  link records dma/M_AXIS_MM2S engine/s_axis
  link replies engine/m_axis dma/S_AXIS_S2MM

  wire clock ps7/FCLK_CLK0 ps7/M_AXI_GP0_ACLK ps7/S_AXI_HP0_ACLK reset/slowest_sync_clk control/aclk memory/aclk \
    engine/aclk
  wire ps_reset_n ps7/FCLK_RESET0_N reset/ext_reset_in
  wire interconnect_reset_n reset/interconnect_aresetn control/aresetn memory/aresetn
  wire peripheral_reset_n reset/peripheral_aresetn engine/aresetn

  # The wrapper ORs the three interrupts into one level: the device tree has one line.
  wire mm2s_interrupt dma/mm2s_introut engine/mm2s_introut
  wire s2mm_interrupt dma/s2mm_introut engine/s2mm_introut
  wire interrupt engine/interrupt ps7/IRQ_F2P

  if {$ila} {
    analyser
  }
  if {$fingerprint} {
    fingerprint
  }
}

# Adds the fingerprint block with an AXI DMA of its own. Its driver looks by itself, so no interrupt is connected. The
# block takes 128 bits a clock; HP0 has 64, and the interconnect joins two words.
proc block_design::fingerprint {} {
  create_bd_cell -type module -reference deltascope_fingerprint fingerprint
  dma fingerprint_dma $deltascope::fingerprint_stream_bits M02_AXI {S03_AXI S04_AXI S05_AXI} \
    $deltascope::fingerprint_dma_base $deltascope::fingerprint_dma_bytes
  link packets fingerprint_dma/M_AXIS_MM2S fingerprint/s_axis
  link fingerprints fingerprint/m_axis fingerprint_dma/S_AXIS_S2MM
  wire clock ps7/FCLK_CLK0 fingerprint/aclk
  wire peripheral_reset_n reset/peripheral_aresetn fingerprint/aresetn
}

# Adds the logic analyser.
proc block_design::analyser {} {
  set stream xilinx.com:interface:axis_rtl:1.0
  ip ila system_ila [list \
    C_MON_TYPE MIX C_DATA_DEPTH 2048 C_NUM_MONITOR_SLOTS 2 \
    C_SLOT_0_INTF_TYPE $stream C_SLOT_0_APC_EN 0 \
    C_SLOT_1_INTF_TYPE $stream C_SLOT_1_APC_EN 0 \
    C_NUM_OF_PROBES 1 C_PROBE0_WIDTH 1 C_PROBE0_TYPE 0]
  watch records engine/s_axis ila/SLOT_0_AXIS
  watch replies engine/m_axis ila/SLOT_1_AXIS
  wire interrupt engine/interrupt ila/probe0
  wire clock ps7/FCLK_CLK0 ila/clk
  wire peripheral_reset_n reset/peripheral_aresetn ila/resetn
}

# Stops the build unless an AXI DMA kept the parameters that it was given.
proc block_design::check_dma {cell send_bits} {
  set dma [get_bd_cells $cell]
  foreach {parameter expected} [dma_parameters $send_bits] {
    set actual [get_property CONFIG.$parameter $dma]
    if {$actual != $expected} {
      error "AXI DMA $cell: expected $parameter $expected, found that Vivado made it $actual"
    }
  }
}

# Validates the design, checks what Vivado made of it, generates its sources and returns the path of its top module.
# The folder of generated files is called `gen` since Vivado 2020.2 and was `srcs` before.
proc block_design::finish {fingerprint} {
  variable name
  validate_bd_design
  clock::check_actual [get_bd_cells ps7]
  check_dma dma $deltascope::stream_bits
  if {$fingerprint} {
    check_dma fingerprint_dma $deltascope::fingerprint_stream_bits
  }
  save_bd_design
  set file [get_files $name.bd]
  # The whole design in one synthesis: no checkpoints of its cells.
  set_property synth_checkpoint_mode None $file
  generate_target all $file
  make_wrapper -files $file -top
  set folder [get_property DIRECTORY [current_project]]
  set found [glob -nocomplain -directory $folder deltascope.{gen,srcs}/sources_1/bd/$name/hdl/${name}_wrapper.v]
  if {[llength $found] != 1} {
    error "expected one wrapper of the block design below $folder, found \"$found\""
  }
  return [lindex $found 0]
}
