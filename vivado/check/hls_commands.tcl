# SPDX-License-Identifier: MIT OR Apache-2.0
# Commands of Vitis HLS for recorder.tcl: UG1399, as far as the Tcl of this tree uses them.

recorder::define open_project {} {-reset} 1 1
recorder::define set_top {} {} 1 1
recorder::define add_files {-cflags -csimflags -blackbox} {-tb} 1 1
recorder::define open_solution {-flow_target} {-reset} 1 1
recorder::define set_part {} {} 1 1
recorder::define create_clock {-period -name} {} 0 0
recorder::define set_clock_uncertainty {} {} 1 2
recorder::define config_interface {-m_axi_addr64 -default_slave_interface} {} 0 4
recorder::define config_rtl {-reset -reset_level -module_prefix -register_reset_num} {} 0 0
recorder::define config_compile {-pipeline_loops -unsafe_math_optimizations} {} 0 0
recorder::define config_export \
  {-format -output -rtl -vendor -library -ipname -version -description -display_name} {} 0 0
recorder::define csim_design {-argv -ldflags -mflags} {-clean -O -setup} 0 0
recorder::define csynth_design {} {} 0 0
recorder::define cosim_design {-argv -rtl -tool -trace_level -ldflags -mflags} {-setup -O} 0 0
recorder::define export_design \
  {-format -rtl -output -flow -vendor -library -ipname -version -description -display_name} {} 0 0
recorder::define close_solution {} {} 0 0
recorder::define close_project {} {} 0 0
