# SPDX-License-Identifier: MIT OR Apache-2.0
# Reads the data of a board: boards/zynq7020/BOARD/board.txt, ps7.txt and pins.xdc.

namespace eval board {}

# Returns the lines of a data file without comments, as a list of pairs: the first word, and the rest of the line.
proc board::pairs {path} {
  set channel [open $path]
  set text [read $channel]
  close $channel
  set pairs {}
  foreach line [split $text \n] {
    set line [string trim $line]
    if {$line eq "" || [string index $line 0] eq "#"} {
      continue
    }
    if {![regexp {^(\S+)\s+(.*)$} $line -> key value]} {
      error "$path: expected a name and a value, found \"$line\""
    }
    lappend pairs [list $key $value]
  }
  return $pairs
}

# Returns the names of the boards that there are.
proc board::names {root} {
  set files [glob -nocomplain -directory [file join $root boards zynq7020] */board.txt]
  set names {}
  foreach path $files {
    lappend names [file tail [file dirname $path]]
  }
  return [lsort $names]
}

# Returns the data of a board as a dictionary: the keys of board.txt, `ps7` (a dictionary of parameters) and `pins` (the
# path of the constraints).
proc board::load {root name} {
  set folder [file join $root boards zynq7020 $name]
  if {[lsearch -exact [names $root] $name] < 0} {
    error "expected a board of boards/zynq7020 ([names $root]), found \"$name\""
  }
  set board [dict create]
  foreach pair [pairs [file join $folder board.txt]] {
    dict set board {*}$pair
  }
  set ps7 [dict create]
  set settings [file join $folder ps7.txt]
  if {[file exists $settings]} {
    foreach pair [pairs $settings] {
      dict set ps7 {*}$pair
    }
  }
  dict set board ps7 $ps7
  dict set board pins [file join $folder pins.xdc]
  return $board
}
