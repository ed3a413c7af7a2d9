//! The scan on families of our own making; real ones are in `tests/scan_workload.rs`.

mod compare;
mod fake;
mod families;
mod inheritance;
mod judging;
mod listed;
mod opening;
mod origins;
mod probing;
mod spans;
mod unsteady;
