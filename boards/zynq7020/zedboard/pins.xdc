# LEDs and buttons of the ZedBoard on the EMIO GPIO: line 54 + n of the PS GPIO is panel_tri_io[n].
# source: Xilinx/XilinxBoardStore@20bbb12 boards/Avnet/zedboard/1.4/part0_pins.xml
# LED 0
set_property PACKAGE_PIN T22 [get_ports {panel_tri_io[0]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[0]}]
# LED 1
set_property PACKAGE_PIN T21 [get_ports {panel_tri_io[1]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[1]}]
# LED 2
set_property PACKAGE_PIN U22 [get_ports {panel_tri_io[2]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[2]}]
# LED 3
set_property PACKAGE_PIN U21 [get_ports {panel_tri_io[3]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[3]}]
# LED 4
set_property PACKAGE_PIN V22 [get_ports {panel_tri_io[4]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[4]}]
# LED 5
set_property PACKAGE_PIN W22 [get_ports {panel_tri_io[5]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[5]}]
# LED 6
set_property PACKAGE_PIN U19 [get_ports {panel_tri_io[6]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[6]}]
# LED 7
set_property PACKAGE_PIN U14 [get_ports {panel_tri_io[7]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[7]}]
# No clock of the logic has a say in a LED or a button.
set_false_path -to [get_ports {panel_tri_io[*]}]
set_false_path -from [get_ports {panel_tri_io[*]}]
