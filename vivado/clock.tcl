# SPDX-License-Identifier: MIT OR Apache-2.0
# Clocks of the PS that the IO PLL makes: FCLK0 exactly at deltascope::fclk_hz, the Ethernet controller exactly at
# 125 MHz, and the other controllers at the highest rate that the board asks for.
#
# The boards' presets run the IO PLL at 1000 MHz, whose nearest FCLK0 below 150 MHz is 1000 / 7 = 142.857 MHz. A PLL
# that makes 150 and 125 MHz exactly runs at a multiple of 750 MHz; DS187 allows 780 MHz to 1600 MHz at speed grade -1,
# so it is 1500 MHz. The ARM and the DDR PLL keep the board's settings.

namespace eval clock {
  # Lowest rate of a PS PLL, and the highest for each speed grade. DS187, switching characteristics of the PS PLL; the
  # figures as Elphel/ezynq@97cc5c6 ezynq_clkcfg_defs.py records them.
  variable pll_min_hz 780000000
  variable pll_max_hz {1 1600000000 2 1800000000 3 2000000000}
  # Feedback dividers of a PS PLL: UG585 v1.13, table 25-6.
  variable feedback_min 13
  variable feedback_max 66
  # Dividers of a peripheral clock have 6 bits: UG585 v1.13, registers *_CLK_CTRL.
  variable divider_max 63
  # RGMII at 1000 Mbit/s.
  variable ethernet_hz 125000000
}

# Returns the rate of a crystal as numerator and denominator in Hz: "33.333333 MHz" of the boards is 100 MHz / 3.
proc clock::crystal {board} {
  set hz [split [dict get $board crystal_hz] /]
  if {[llength $hz] == 1} {
    lappend hz 1
  }
  return $hz
}

# Returns the feedback divider of the slowest IO PLL that makes FCLK0 and the Ethernet clock exactly.
proc clock::feedback {board} {
  variable pll_min_hz
  variable pll_max_hz
  variable feedback_min
  variable feedback_max
  variable ethernet_hz
  lassign [crystal $board] numerator denominator
  set grade [string range [dict get $board part] end end]
  set highest [dict get $pll_max_hz $grade]
  for {set feedback $feedback_min} {$feedback <= $feedback_max} {incr feedback} {
    set scaled [expr {$numerator * $feedback}]
    if {$scaled < $pll_min_hz * $denominator || $scaled > $highest * $denominator} {
      continue
    }
    if {$scaled % ($denominator * $deltascope::fclk_hz) == 0 && $scaled % ($denominator * $ethernet_hz) == 0} {
      return $feedback
    }
  }
  error "expected a PS PLL between $pll_min_hz and $highest Hz that makes FCLK0 = $deltascope::fclk_hz Hz and\
    $ethernet_hz Hz exactly from a crystal of [dict get $board crystal_hz] Hz, found none"
}

# Returns the smallest divider that makes at most `mhz` from the IO PLL.
proc clock::divider {pll_hz mhz} {
  variable divider_max
  set limit [expr {round($mhz * 1e6)}]
  set divider [expr {($pll_hz + $limit - 1) / $limit}]
  if {$divider > $divider_max} {
    error "expected a divider of at most $divider_max for $mhz MHz from $pll_hz Hz, found $divider"
  }
  return $divider
}

# Returns the parameters of the PS7 for these clocks. `ps7` is the cell: the rates that the controllers ask for are read
# from it, after the board's settings were applied.
proc clock::settings {board ps7} {
  variable ethernet_hz
  lassign [crystal $board] numerator denominator
  set feedback [feedback $board]
  set pll_hz [expr {$numerator * $feedback / $denominator}]
  set settings [list \
    CONFIG.PCW_OVERRIDE_BASIC_CLOCK 1 \
    CONFIG.PCW_IOPLL_CTRL_FBDIV $feedback \
    CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ [expr {$deltascope::fclk_hz / 1e6}] \
    CONFIG.PCW_FCLK0_PERIPHERAL_CLKSRC {IO PLL} \
    CONFIG.PCW_FCLK0_PERIPHERAL_DIVISOR0 [expr {$pll_hz / $deltascope::fclk_hz}] \
    CONFIG.PCW_FCLK0_PERIPHERAL_DIVISOR1 1 \
    CONFIG.PCW_ENET0_PERIPHERAL_CLKSRC {IO PLL} \
    CONFIG.PCW_ENET0_PERIPHERAL_DIVISOR0 [expr {$pll_hz / $ethernet_hz}] \
    CONFIG.PCW_ENET0_PERIPHERAL_DIVISOR1 1]
  foreach controller {QSPI SDIO UART PCAP} {
    set mhz [get_property CONFIG.PCW_${controller}_PERIPHERAL_FREQMHZ $ps7]
    lappend settings \
      CONFIG.PCW_${controller}_PERIPHERAL_CLKSRC {IO PLL} \
      CONFIG.PCW_${controller}_PERIPHERAL_DIVISOR0 [divider $pll_hz $mhz]
  }
  return $settings
}

# Stops the build unless Vivado's own figure of FCLK0 is the one that is claimed, to 1 kHz: Vivado prints the rate of a
# crystal of 33.333333 MHz rounded.
proc clock::check_actual {ps7} {
  set expected [expr {$deltascope::fclk_hz / 1e6}]
  set actual [get_property CONFIG.PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ $ps7]
  if {abs($actual - $expected) > 0.001} {
    error "FCLK0: expected $expected MHz, found that Vivado makes $actual MHz;\
      compare the IO PLL and the dividers with vivado/clock.tcl"
  }
}
