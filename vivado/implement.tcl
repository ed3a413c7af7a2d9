# SPDX-License-Identifier: MIT OR Apache-2.0
# Synthesis, place and route, bitstream and hardware description, by the commands of the non-project flow. A project on
# disk holds the sources, because a block design that refers to a module needs one; there are no runs.

namespace eval implement {}

# Returns the names in a list of sources.
proc implement::names {vivado_folder list} {
  set channel [open [file join $vivado_folder generated $list]]
  set names [split [string trim [read $channel]] \n]
  close $channel
  return $names
}

# Reads the committed Verilog of the engine, by its manifest, and the wrapper with the identity of the sources; with
# `fingerprint` set also that of the fingerprint block.
proc implement::read_sources {root vivado_folder output fingerprint} {
  set names [names $vivado_folder sources.txt]
  if {$fingerprint} {
    lappend names {*}[names $vivado_folder fingerprint_sources.txt]
  }
  set files {}
  foreach name [lsort -unique $names] {
    lappend files [file join $root rtl verilog $name]
  }
  lappend files [wrapper::write $root $vivado_folder $output]
  if {$fingerprint} {
    lappend files [file join $vivado_folder generated deltascope_fingerprint.v]
  }
  add_files -norecurse -fileset sources_1 $files
  update_compile_order -fileset sources_1
}

# Synthesises, places and routes.
proc implement::run {board wrapper output} {
  set top [file rootname [file tail $wrapper]]
  add_files -norecurse -fileset sources_1 $wrapper
  add_files -norecurse -fileset constrs_1 [dict get $board pins]
  set_property top $top [current_fileset]
  update_compile_order -fileset sources_1
  synth_design -top $top -part [dict get $board part] -flatten_hierarchy rebuilt
  opt_design
  place_design
  phys_opt_design
  route_design
  write_checkpoint -force [file join $output routed.dcp]
}

# Writes the bitstream with the engine's identity as USERID, the probes of the analyser, and the hardware description. A
# first stage is made from that; it has no bitstream in it, which Vivado takes from a run only.
proc implement::write_results {output ila} {
  set_property BITSTREAM.CONFIG.USERID [format 0x%08X $deltascope::identity] [current_design]
  set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
  write_bitstream -force [file join $output deltascope.bit]
  if {$ila} {
    write_debug_probes -force [file join $output deltascope.ltx]
  }
  write_hw_platform -fixed -force -file [file join $output deltascope.xsa]
}
