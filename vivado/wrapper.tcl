# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes the identity of the sources into the wrapper around the engine.

namespace eval wrapper {}

# Returns the first 32 bits of the source revision as eight digits, and 1 if the sources differ from it.
proc wrapper::revision {root} {
  if {[catch {exec git -C $root rev-parse --short=8 HEAD} revision]} {
    error "expected a git checkout in $root, found: $revision; build from a checkout, the bitstream names its revision"
  }
  set changes [exec git -C $root status --porcelain --untracked-files=no]
  return [list [string range $revision 0 7] [expr {$changes ne ""}]]
}

# Copies the generated wrapper to `output` with the identity in it, and returns the path.
proc wrapper::write {root vivado_folder output} {
  lassign [revision $root] revision dirty
  set channel [open [file join $vivado_folder generated deltascope_board.v]]
  set text [read $channel]
  close $channel
  foreach {from to} [list \
    "localparam \[31:0\] BUILD_ID = 32'h00000000;" "localparam \[31:0\] BUILD_ID = 32'h$revision;" \
    "localparam BUILD_DIRTY = 1'b1;" "localparam BUILD_DIRTY = 1'b$dirty;"] {
    if {[string first $from $text] < 0} {
      error "generated/deltascope_board.v: expected \"$from\", found none; run `cargo xtask gen`"
    }
    set text [string map [list $from $to] $text]
  }
  set path [file join $output deltascope_board.v]
  set channel [open $path w]
  puts -nonewline $channel $text
  close $channel
  return $path
}
