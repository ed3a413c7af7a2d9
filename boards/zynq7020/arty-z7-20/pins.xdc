# LEDs and buttons of the Arty Z7-20 on the EMIO GPIO: line 54 + n of the PS GPIO is panel_tri_io[n].
# source: Digilent/digilent-xdc@00a3404 Arty-Z7-20-Master.xdc
# LED 0
set_property PACKAGE_PIN R14 [get_ports {panel_tri_io[0]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[0]}]
# LED 1
set_property PACKAGE_PIN P14 [get_ports {panel_tri_io[1]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[1]}]
# LED 2
set_property PACKAGE_PIN N16 [get_ports {panel_tri_io[2]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[2]}]
# LED 3
set_property PACKAGE_PIN M14 [get_ports {panel_tri_io[3]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[3]}]
# Button 0
set_property PACKAGE_PIN D19 [get_ports {panel_tri_io[4]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[4]}]
# Button 1
set_property PACKAGE_PIN D20 [get_ports {panel_tri_io[5]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[5]}]
# Button 2
set_property PACKAGE_PIN L20 [get_ports {panel_tri_io[6]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[6]}]
# Button 3
set_property PACKAGE_PIN L19 [get_ports {panel_tri_io[7]}]
set_property IOSTANDARD LVCMOS33 [get_ports {panel_tri_io[7]}]
# No clock of the logic has a say in a LED or a button.
set_false_path -to [get_ports {panel_tri_io[*]}]
set_false_path -from [get_ports {panel_tri_io[*]}]
