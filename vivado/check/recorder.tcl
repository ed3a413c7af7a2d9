# SPDX-License-Identifier: MIT OR Apache-2.0
# Commands in place of those of Vivado or Vitis HLS: each knows its options and records its call as a line of JSON.
# `cargo xtask board vivado-check` judges the record.
#
#   tclsh recorder.tcl RECORD COMMANDS KNOWN SCRIPT ?ARGUMENTS?
#
# RECORD is written, COMMANDS is vivado_commands.tcl or hls_commands.tcl, KNOWN the folder of what each IP has.

namespace eval recorder {
  variable record ""
  variable known ""
}

# Returns a string as JSON.
proc recorder::quote {text} {
  return "\"[string map [list \\ \\\\ \" \\\" \n \\n \t \\t \r \\r] $text]\""
}

# Returns a list of strings as JSON.
proc recorder::json_list {list} {
  set items {}
  foreach item $list {
    lappend items [quote $item]
  }
  return "\[[join $items ,]\]"
}

# Writes one call.
proc recorder::note {command options arguments} {
  variable record
  set fields {}
  dict for {name value} $options {
    lappend fields "[quote $name]:[quote $value]"
  }
  puts $record "\{\"command\":[quote $command],\"options\":\{[join $fields ,]\},\"arguments\":[json_list $arguments]\}"
}

# Makes a command. `valued` are options with a value, `flags` options without, `least` and `most` bound the number of
# other arguments, `body` sees the dictionary `options` and the list `arguments`.
proc recorder::define {command valued flags least most {body {}}} {
  # tclint asks for a braced body; these two are made of values.
  set define proc
  $define ::recorder::body_$command {options arguments} $body
  $define ::$command {args} [string map [list @C $command @V $valued @F $flags @L $least @M $most] {
    lassign [::recorder::take @C {@V} {@F} @L @M $args] options arguments
    ::recorder::note @C $options $arguments
    return [::recorder::body_@C $options $arguments]
  }]
}

# Splits arguments into options and the rest.
proc recorder::take {command valued flags least most arguments} {
  set options [dict create]
  set rest {}
  while {[llength $arguments] > 0} {
    set arguments [lassign $arguments word]
    if {$word in $flags} {
      dict set options $word 1
    } elseif {$word in $valued} {
      if {[llength $arguments] == 0} {
        error "$command: expected a value after $word, found none"
      }
      set arguments [lassign $arguments value]
      dict set options $word $value
    } elseif {[regexp {^-[a-z]} $word]} {
      error "$command: expected one of its options ([concat $valued $flags]), found $word"
    } else {
      lappend rest $word
    }
  }
  if {[llength $rest] < $least || [llength $rest] > $most} {
    error "$command: expected $least to $most arguments, found [llength $rest]: $rest"
  }
  return [list $options $rest]
}

# Returns the lines of a file in the folder of what is known, without comments, each as a list of words.
proc recorder::known_lines {name} {
  variable known
  set path [file join $known $name.txt]
  if {![file exists $path]} {
    return {}
  }
  set channel [open $path]
  set lines {}
  foreach line [::split [read $channel] \n] {
    set line [string trim $line]
    if {$line ne "" && [string index $line 0] ne "#"} {
      lappend lines [regexp -all -inline {\S+} $line]
    }
  }
  close $channel
  return $lines
}

# Vivado and Vitis HLS have Tcl's own commands; every other one must be defined.
proc unknown {args} {
  error "expected a command that vivado/check knows, found \"[lindex $args 0]\""
}

# A script may end by itself; the record is complete then too.
rename exit recorder::leave
proc recorder::finish {{code 0}} {
  close $recorder::record
  recorder::leave $code
}
rename recorder::finish exit

lassign $argv record_path commands_path recorder::known script
set recorder::record [open $record_path w]
source $commands_path
set argv [lrange $argv 4 end]
set argc [llength $argv]
set argv0 $script
if {[catch {source $script} message]} {
  recorder::note failed {} [list $message]
  puts stderr $message
  exit 1
}
exit 0
