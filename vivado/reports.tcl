# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes the reports of the routed design, parses them into one JSON file and holds them against limits.

namespace eval reports {
  # Share of the part in percent that may be used, and the junction temperature in degrees Celsius of a commercial part
  # (DS187, recommended operating conditions).
  variable limits {luts 90 registers 90 block_rams 100 dsps 100 junction_c 85}
}

# Makes the critical warnings of a file of waivers plain ones. A line has an identifier in brackets, as Vivado prints
# it, then the reason.
proc reports::waive {path} {
  set channel [open $path]
  set text [read $channel]
  close $channel
  foreach line [split $text \n] {
    set line [string trim $line]
    if {$line eq "" || [string index $line 0] eq "#"} {
      continue
    }
    if {![regexp {^\[([A-Za-z_]+ \d+-\d+)\]\s+\S} $line -> id]} {
      error "waivers.txt: expected \[ID\] and a reason, found \"$line\""
    }
    set_msg_config -id $id -new_severity WARNING
  }
}

# Writes the reports into `output`.
proc reports::write {output} {
  report_timing_summary -delay_type min_max -report_unconstrained -file [file join $output timing.rpt]
  report_utilization -file [file join $output utilisation.rpt]
  report_cdc -file [file join $output cdc.rpt]
  report_methodology -file [file join $output methodology.rpt]
  report_power -file [file join $output power.rpt]
}

# Returns the text of a report.
proc reports::text {output name} {
  set channel [open [file join $output $name.rpt]]
  set text [read $channel]
  close $channel
  return $text
}

# Returns slacks and failing endpoints of a timing summary. The row of numbers follows a row of dashes under the header.
proc reports::timing {text} {
  set names {wns_ns tns_ns setup_failing setup_endpoints whs_ns ths_ns hold_failing hold_endpoints
    wpws_ns tpws_ns pulse_failing pulse_endpoints}
  set lines [split $text \n]
  for {set n 0} {$n < [llength $lines]} {incr n} {
    if {[string match "*WNS(ns)*TPWS Total Endpoints*" [lindex $lines $n]]} {
      set values [regexp -all -inline {\S+} [lindex $lines [expr {$n + 2}]]]
      if {[llength $values] != [llength $names]} {
        break
      }
      set result [dict create]
      foreach name $names value $values {
        # A design without paths has NA.
        if {![string is double -strict $value]} {
          error "timing: expected a number for $name, found \"$value\""
        }
        dict set result $name $value
      }
      return $result
    }
  }
  error "timing: expected the table with WNS(ns), found none"
}

# Returns the columns `Used` and `Available` of a row of the utilisation report.
proc reports::row {text name} {
  foreach line [split $text \n] {
    set cells {}
    foreach cell [lrange [split $line |] 1 end-1] {
      lappend cells [string trim $cell]
    }
    if {[string trimright [lindex $cells 0] *] eq $name && [llength $cells] >= 5} {
      # A column `Prohibited` came with Vivado 2021.1: count from the right.
      return [list [lindex $cells 1] [lindex $cells end-1]]
    }
  }
  error "utilisation: expected a row \"$name\", found none"
}

# Returns used and available cells of each kind.
proc reports::utilisation {text} {
  set result [dict create]
  foreach {key name} {luts "Slice LUTs" registers "Slice Registers" block_rams "Block RAM Tile" dsps "DSPs"} {
    lassign [row $text $name] used available
    dict set result ${key}_used $used
    dict set result ${key}_available $available
  }
  return $result
}

# Returns the endpoints of clock domain crossings by what Vivado thinks of them. The columns are Severity, Source Clock,
# Destination Clock, CDC Type, Exceptions (since 2017), Endpoints, Safe, Unsafe, Unknown, No ASYNC_REG.
proc reports::cdc {text} {
  set result [dict create critical 0 unsafe 0 unknown 0]
  if {![regexp {CDC Report} $text]} {
    error "cdc: expected the heading \"CDC Report\", found none"
  }
  foreach line [split $text \n] {
    if {[regexp {^(Critical|Warning|Info)\s.*\s(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$} $line -> severity endpoints \
      safe unsafe unknown none]} {
      if {$severity eq "Critical"} {
        dict incr result critical $endpoints
      }
      dict incr result unsafe $unsafe
      dict incr result unknown $unknown
    }
  }
  return $result
}

# Returns the number of findings of each severity in a methodology report.
proc reports::methodology {text} {
  set result [dict create critical 0 warning 0 advisory 0]
  if {![regexp {Checks found|Violations found} $text]} {
    error "methodology: expected the line \"Checks found\", found none"
  }
  foreach line [split $text \n] {
    if {[regexp {^\|\s*[A-Z]+-\d+\s*\|\s*([A-Za-z ]+?)\s*\|.*\|\s*(\d+)\s*\|\s*$} $line -> severity count]} {
      switch -- $severity {
        Error - {Critical Warning} {
          dict incr result critical $count
        }
        Warning {
          dict incr result warning $count
        }
        default {
          dict incr result advisory $count
        }
      }
    }
  }
  return $result
}

# Returns watts and the junction temperature of a power report. They are Vivado's estimate.
proc reports::power {text} {
  set result [dict create]
  foreach {key name} {total_w "Total On-Chip Power (W)" dynamic_w "Dynamic (W)" junction_c "Junction Temperature (C)"} {
    set found ""
    foreach line [split $text \n] {
      set cells [split $line |]
      if {[string trim [lindex $cells 1]] eq $name} {
        set found [string trim [lindex $cells 2]]
        break
      }
    }
    if {![string is double -strict $found]} {
      error "power: expected a number for \"$name\", found \"$found\""
    }
    dict set result $key $found
  }
  return $result
}

# Returns everything that the reports in `output` say, by report.
proc reports::parse {output} {
  set result [dict create]
  foreach name {timing utilisation cdc methodology power} {
    dict set result $name [$name [text $output $name]]
  }
  dict set result messages [dict create critical [get_msg_config -severity {CRITICAL WARNING} -count]]
  return $result
}

# Returns what in the parsed reports is beyond its limit, one sentence for each.
proc reports::beyond {parsed} {
  variable limits
  set found {}
  foreach {key what} {wns_ns setup whs_ns hold wpws_ns "pulse width"} {
    set slack [dict get $parsed timing $key]
    if {$slack < 0} {
      lappend found "timing: expected a $what slack of at least 0 ns, found $slack ns"
    }
  }
  foreach key {luts registers block_rams dsps} {
    set used [dict get $parsed utilisation ${key}_used]
    set available [dict get $parsed utilisation ${key}_available]
    set percent [expr {100.0 * $used / $available}]
    if {$percent > [dict get $limits $key]} {
      lappend found "utilisation: expected at most [dict get $limits $key] % of $key, found $used of $available"
    }
  }
  foreach key {critical unsafe unknown} {
    set count [dict get $parsed cdc $key]
    if {$count > 0} {
      lappend found "cdc: expected no $key endpoint in a design with one clock, found $count"
    }
  }
  if {[dict get $parsed methodology critical] > 0} {
    lappend found "methodology: expected no critical finding, found [dict get $parsed methodology critical]"
  }
  set junction [dict get $parsed power junction_c]
  if {$junction > [dict get $limits junction_c]} {
    lappend found "power: expected a junction of at most [dict get $limits junction_c] C, found $junction C"
  }
  if {[dict get $parsed messages critical] > 0} {
    lappend found "messages: expected no critical warning that waivers.txt does not have, found\
      [dict get $parsed messages critical]"
  }
  return $found
}

# Returns a dictionary of dictionaries of numbers as JSON.
proc reports::json {parsed} {
  set groups {}
  dict for {name group} $parsed {
    set fields {}
    dict for {key value} $group {
      lappend fields "\"$key\": $value"
    }
    lappend groups "  \"$name\": \{[join $fields {, }]\}"
  }
  return "\{\n[join $groups ",\n"]\n\}\n"
}

# Parses the reports, writes reports.json and stops the build at what is beyond its limit.
proc reports::check {output} {
  set parsed [parse $output]
  set channel [open [file join $output reports.json] w]
  puts -nonewline $channel [json $parsed]
  close $channel
  set found [beyond $parsed]
  if {[llength $found] > 0} {
    error "the design is not good enough for a bitstream:\n  [join $found "\n  "]"
  }
}
