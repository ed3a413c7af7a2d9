# LEDs and buttons of the ALINX AX7020 on the EMIO GPIO: line 54 + n of the PS GPIO is panel_tri_io[n].
# source: alinxalinx/AX7020_2023.1@fcf1e4a course_s1_fpga/06_key/auto_create_project/src/constraints/key.xdc
# litex-hub/litex-boards@b5ad9d5 alinx_ax7020.py has J18 for LED 3, and buttons 2 and 3 the other way round;
# the figures here are those of the maker of the board.
# LED 0
set_property PACKAGE_PIN M14 [get_ports {panel_tri_io[0]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[0]}]
# LED 1
set_property PACKAGE_PIN M15 [get_ports {panel_tri_io[1]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[1]}]
# LED 2
set_property PACKAGE_PIN K16 [get_ports {panel_tri_io[2]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[2]}]
# LED 3
set_property PACKAGE_PIN J16 [get_ports {panel_tri_io[3]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[3]}]
# Button 0
set_property PACKAGE_PIN N15 [get_ports {panel_tri_io[4]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[4]}]
# Button 1
set_property PACKAGE_PIN N16 [get_ports {panel_tri_io[5]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[5]}]
# Button 2
set_property PACKAGE_PIN T17 [get_ports {panel_tri_io[6]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[6]}]
# Button 3
set_property PACKAGE_PIN R17 [get_ports {panel_tri_io[7]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[7]}]
# No clock of the logic has a say in a LED or a button.
set_false_path -to [get_ports {panel_tri_io[*]}]
set_false_path -from [get_ports {panel_tri_io[*]}]
