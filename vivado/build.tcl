# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the bitstream and the hardware description of one board.
#
#   vivado -mode batch -source vivado/build.tcl -tclargs BOARD ?-ila? ?-fingerprint? ?-output FOLDER?
#
# BOARD is a folder of boards/zynq7020. The results are in build/vivado/BOARD unless -output names another folder.
# Vivado 2020.1 or newer is expected, for `assign_bd_address -target_address_space`. No version of it has run this file:
# `cargo xtask board vivado-check` runs it in tclsh, with commands that record the design instead of Vivado's.

set vivado_folder [file dirname [file normalize [info script]]]
set root [file dirname $vivado_folder]
foreach part {generated/deltascope_abi board clock wrapper block_design reports implement} {
  source [file join $vivado_folder $part.tcl]
}

# Returns a dictionary of the options in `arguments`: board, ila, fingerprint and output.
proc read_arguments {arguments root} {
  set options [dict create board "" ila 0 fingerprint 0 output ""]
  while {[llength $arguments] > 0} {
    set arguments [lassign $arguments word]
    if {$word eq "-ila"} {
      dict set options ila 1
    } elseif {$word eq "-fingerprint"} {
      dict set options fingerprint 1
    } elseif {$word eq "-output" && [llength $arguments] > 0} {
      set arguments [lassign $arguments folder]
      dict set options output $folder
    } elseif {[dict get $options board] eq "" && ![string match -* $word]} {
      dict set options board $word
    } else {
      error "expected BOARD ?-ila? ?-fingerprint? ?-output FOLDER?, found \"$word\""
    }
  }
  if {[dict get $options board] eq ""} {
    error "expected a board as the first argument; there are [board::names $root]"
  }
  if {[dict get $options output] eq ""} {
    dict set options output [file join $root build vivado [dict get $options board]]
  }
  return $options
}

set options [read_arguments $argv $root]
set output [dict get $options output]
set board [board::load $root [dict get $options board]]
file mkdir $output

# A critical warning stops the build at its end unless waivers.txt has it with a reason.
reports::waive [file join $vivado_folder waivers.txt]

create_project deltascope [file join $output project] -part [dict get $board part] -force
set_property target_language Verilog [current_project]
implement::read_sources $root $vivado_folder $output [dict get $options fingerprint]

block_design::create $board [dict get $options ila] [dict get $options fingerprint]
set wrapper [block_design::finish [dict get $options fingerprint]]

implement::run $board $wrapper $output
reports::write $output
reports::check $output
implement::write_results $output [dict get $options ila]
puts "built [dict get $board name]: [file join $output deltascope.bit] and [file join $output deltascope.xsa]"
