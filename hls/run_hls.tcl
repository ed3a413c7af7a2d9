# SPDX-License-Identifier: MIT OR Apache-2.0
# Synthesises the fingerprint kernel and packs it as IP: `vitis_hls -f hls/run_hls.tcl -tclargs PART PERIOD_NS FOLDER`,
# or `vitis-run --mode hls --tcl hls/run_hls.tcl` with the newer tools.
#
# Not run anywhere yet: no Vitis HLS was available. The commands are those of UG1399.

set here [file dirname [file normalize [info script]]]

set part [expr {[llength $argv] > 0 ? [lindex $argv 0] : "xc7z020clg400-1"}]
set period [expr {[llength $argv] > 1 ? [lindex $argv 1] : "6.666"}]
set folder [expr {[llength $argv] > 2 ? [lindex $argv 2] : "fingerprint_hls"}]

open_project -reset $folder
set_top fingerprint
add_files [file join $here fingerprint.cpp] -cflags "-std=c++14"
open_solution -reset solution1 -flow_target vivado
set_part $part
create_clock -period $period -name default
# Every register that a packet depends on is set by its first beat; `in_packet` alone needs a reset.
config_rtl -reset control -reset_level low
csynth_design
export_design -format ip_catalog -vendor deltascope -library hls -ipname fingerprint -version 1.0
exit
