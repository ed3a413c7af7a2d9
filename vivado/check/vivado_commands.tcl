# SPDX-License-Identifier: MIT OR Apache-2.0
# Vivado's commands for recorder.tcl: UG835, as far as the Tcl of this tree uses them.
# They keep the cells of a block design and know which parameters, pins and interfaces each IP has (known/*.txt).

namespace eval vivado {
  # Cell to IP; cell and parameter to value; IP to its lines of known/*.txt.
  variable ip
  variable value
  variable has
  array set ip {}
  array set value {}
  array set has {}
  variable ports {}
  variable links {}
}

# Returns what is known of an IP.
proc vivado::lines {name} {
  variable has
  if {![info exists has($name)]} {
    set has($name) [recorder::known_lines $name]
    if {$has($name) eq {}} {
      error "expected an IP or module of vivado/check/known, found \"$name\""
    }
  }
  return $has($name)
}

# Returns the value of a parameter of a cell, its default where none was set.
proc vivado::parameter {cell name} {
  variable ip
  variable value
  if {[info exists value($cell,$name)]} {
    return $value($cell,$name)
  }
  foreach line [lines $ip($cell)] {
    if {[lindex $line 0] eq "parameter" && [lindex $line 1] eq $name} {
      return [join [lrange $line 2 end]]
    }
  }
  error "$cell ($ip($cell)): expected a parameter of the IP, found $name"
}

# Sets a parameter of a cell.
proc vivado::set_parameter {cell name to} {
  variable value
  parameter $cell $name
  set value($cell,$name) $to
  if {$name eq "preset"} {
    foreach line [recorder::known_lines preset_$to] {
      set value($cell,[lindex $line 0]) [join [lrange $line 1 end]]
    }
  }
}

# Whether a pin or interface is there with the parameters as they are.
proc vivado::holds {cell condition} {
  if {$condition eq ""} {
    return 1
  }
  if {[regexp {^(\w+)>(\d+)$} $condition -> name than]} {
    return [expr {[parameter $cell $name] > $than}]
  }
  return [expr {[parameter $cell $condition] == 1}]
}

# Checks that a cell has a pin, interface, space or segment; `position` is the word of its condition.
proc vivado::find {kind path position} {
  variable ip
  set path [string trimleft $path /]
  set cell [lindex [::split $path /] 0]
  set name [string range $path [string length $cell]+1 end]
  if {![info exists ip($cell)]} {
    error "expected a cell of the block design, found \"$cell\" in $path"
  }
  foreach line [lines $ip($cell)] {
    if {[lindex $line 0] eq $kind && [lindex $line 1] eq $name} {
      set condition [lindex $line $position]
      if {![holds $cell $condition]} {
        error "$path: expected $condition of $cell for this $kind, found that it is not set"
      }
      return $kind:$path
    }
  }
  error "$cell ($ip($cell)): expected a $kind of the IP, found $name"
}

# Returns the rate in MHz that Vivado makes of the settings of a PS7, as it prints it.
proc vivado::actual_fclk0 {cell} {
  foreach line [recorder::known_lines actual] {
    if {[lindex $line 0] eq "PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ"} {
      return [lindex $line 1]
    }
  }
  set crystal [parameter $cell PCW_CRYSTAL_PERIPHERAL_FREQMHZ]
  if {[parameter $cell PCW_OVERRIDE_BASIC_CLOCK] != 1} {
    # Vivado then chooses by itself and keeps 1000 MHz, which suits the Ethernet clock.
    set asked [parameter $cell PCW_FPGA0_PERIPHERAL_FREQMHZ]
    return [format %.6f [expr {1000.0 / ceil(1000.0 / $asked)}]]
  }
  set pll [lindex [parameter $cell PCW_FCLK0_PERIPHERAL_CLKSRC] 0]
  set rate [expr {double($crystal) * [parameter $cell PCW_${pll}PLL_CTRL_FBDIV]}]
  set divider [parameter $cell PCW_FCLK0_PERIPHERAL_DIVISOR0]
  return [format %.6f [expr {$rate / ($divider * [parameter $cell PCW_FCLK0_PERIPHERAL_DIVISOR1])}]]
}

# Writes a report: the text of known/reports.
proc vivado::report {name options} {
  set from [file join $recorder::known reports $name.txt]
  file copy -force $from [dict get $options -file]
}

# Writes a file that a later step may look for.
proc vivado::touch {path} {
  close [open $path w]
}

recorder::define create_project {-part} {-force -in_memory} 0 2 {return project:}
recorder::define current_project {} {-quiet} 0 0 {return project:}
recorder::define current_design {} {-quiet} 0 0 {return design:}
recorder::define set_msg_config {-id -severity -new_severity -string} {-suppress} 0 0
recorder::define get_msg_config {-severity -id} {-count} 0 0 {
  foreach line [recorder::known_lines actual] {
    if {[lindex $line 0] eq "critical_warnings"} {
      return [lindex $line 1]
    }
  }
  return 0
}
recorder::define current_fileset {} {-constrset} 0 0 {return fileset:}
recorder::define add_files {-fileset} {-norecurse} 1 1 {
  foreach file [lindex $arguments 0] {
    if {![file exists $file]} {
      error "add_files: expected a file, found none at $file"
    }
    if {[dict get $options -fileset] eq "constrs_1"} {
      source $file
    }
  }
}
recorder::define update_compile_order {-fileset} {} 0 0
recorder::define get_files {-of_objects} {-quiet} 1 1 {return "file:[lindex $arguments 0]"}

recorder::define create_bd_design {-dir} {} 1 1
recorder::define create_bd_cell {-type -vlnv -reference} {} 1 1 {
  set cell [lindex $arguments 0]
  if {[dict get $options -type] eq "module"} {
    set name [dict get $options -reference]
  } else {
    set name [lindex [::split [dict get $options -vlnv] :] 2]
    if {![string match xilinx.com:ip:* [dict get $options -vlnv]]} {
      error "create_bd_cell: expected an IP xilinx.com:ip:NAME, found [dict get $options -vlnv]"
    }
  }
  vivado::lines $name
  set vivado::ip($cell) $name
  return cell:$cell
}
recorder::define get_bd_cells {} {-quiet} 1 1 {
  set cell [string trimleft [lindex $arguments 0] /]
  if {![info exists vivado::ip($cell)]} {
    error "get_bd_cells: expected a cell of the block design, found \"$cell\""
  }
  return cell:$cell
}
recorder::define get_bd_pins {} {-quiet} 1 1 {return [vivado::find pin [lindex $arguments 0] 4]}
recorder::define get_bd_intf_pins {} {-quiet} 1 1 {return [vivado::find intf [lindex $arguments 0] 3]}
recorder::define get_bd_addr_spaces {} {-quiet} 1 1 {return [vivado::find space [lindex $arguments 0] 2]}
recorder::define get_bd_addr_segs {} {-quiet} 1 1 {return [vivado::find segment [lindex $arguments 0] 2]}
recorder::define get_bd_intf_nets {} {-quiet} 1 1 {
  if {[lindex $arguments 0] ni $vivado::links} {
    error "get_bd_intf_nets: expected a net of the block design ($vivado::links), found [lindex $arguments 0]"
  }
  return net:[lindex $arguments 0]
}
recorder::define create_bd_intf_port {-mode -vlnv} {} 1 1 {
  lappend vivado::ports [lindex $arguments 0]
  return port:[lindex $arguments 0]
}
recorder::define get_bd_intf_ports {} {-quiet} 1 1 {
  if {[lindex $arguments 0] ni $vivado::ports} {
    error "get_bd_intf_ports: expected a port of the block design ($vivado::ports), found [lindex $arguments 0]"
  }
  return port:[lindex $arguments 0]
}
recorder::define connect_bd_net {-net} {} 2 100
recorder::define connect_bd_intf_net {-intf_net} {} 2 2 {
  if {[dict exists $options -intf_net]} {
    lappend vivado::links [dict get $options -intf_net]
  }
}
recorder::define assign_bd_address {-offset -range -target_address_space} {-force} 1 1
recorder::define validate_bd_design {} {-force} 0 0
recorder::define save_bd_design {} {} 0 0
recorder::define generate_target {} {-force} 2 2
recorder::define make_wrapper {-files} {-top -force -import} 0 0 {
  set folder [file join $::output project deltascope.gen sources_1 bd deltascope_system hdl]
  file mkdir $folder
  vivado::touch [file join $folder deltascope_system_wrapper.v]
}

recorder::define set_property {} {-dict} 2 3 {
  if {[dict exists $options -dict]} {
    lassign $arguments pairs object
  } else {
    lassign $arguments name to object
    set pairs [list $name $to]
  }
  if {$object eq ""} {
    error "set_property: expected an object, found none for $pairs"
  }
  if {[string match cell:* $object]} {
    foreach {name to} $pairs {
      if {![string match CONFIG.* $name]} {
        error "set_property: expected CONFIG.PARAMETER for a cell, found $name"
      }
      vivado::set_parameter [string range $object 5 end] [string range $name 7 end] $to
    }
  }
}
recorder::define get_property {} {-quiet} 2 2 {
  lassign $arguments name object
  if {[string match cell:* $object] && [string match CONFIG.* $name]} {
    set cell [string range $object 5 end]
    set name [string range $name 7 end]
    if {$name eq "PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ"} {
      return [vivado::actual_fclk0 $cell]
    }
    foreach line [recorder::known_lines actual] {
      if {[lindex $line 0] eq $name} {
        return [lindex $line 1]
      }
    }
    return [vivado::parameter $cell $name]
  }
  if {$name eq "DIRECTORY" && $object eq "project:"} {
    return [file join $::output project]
  }
  error "get_property: expected CONFIG.PARAMETER of a cell, found $name of $object"
}

recorder::define synth_design {-top -part -flatten_hierarchy -mode} {} 0 0
recorder::define opt_design {-directive} {} 0 0
recorder::define place_design {-directive} {} 0 0
recorder::define phys_opt_design {-directive} {} 0 0
recorder::define route_design {-directive} {} 0 0
recorder::define write_checkpoint {} {-force} 1 1
recorder::define report_timing_summary {-delay_type -max_paths -file} {-report_unconstrained} 0 0 {
  vivado::report timing $options
}
recorder::define report_utilization {-file} {-hierarchical} 0 0 {vivado::report utilisation $options}
recorder::define report_cdc {-file} {-details} 0 0 {vivado::report cdc $options}
recorder::define report_methodology {-file} {} 0 0 {vivado::report methodology $options}
recorder::define report_power {-file} {} 0 0 {vivado::report power $options}
recorder::define write_bitstream {} {-force} 1 1
recorder::define write_hw_platform {-file} {-fixed -include_bit -force} 0 0
recorder::define write_debug_probes {} {-force} 1 1

# Of constraints.
recorder::define get_ports {} {-quiet} 1 1 {return "ports:[lindex $arguments 0]"}
recorder::define set_false_path {-from -to -through} {} 0 0
recorder::define create_clock {-period -name -waveform} {-add} 0 1
