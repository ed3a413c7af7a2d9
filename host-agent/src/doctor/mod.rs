//! What this machine lets the agent do: one check a line, each with what to do about it.
//!
//! A check tries what the agent will use and does not conclude from a version. Where only a copy of `/proc` and `/sys` is
//! looked at, what can only be tried is [`State::Unknown`].
//!
//! | file | content |
//! |---|---|
//! | `finding.rs`, `machine.rs` | what a check gives, and what it reads |
//! | `privileges.rs`, `namespaces.rs`, `cgroups.rs` | what this process may see |
//! | `names.rs` | runtimes that name containers |
//! | `kernel.rs`, `hooks.rs`, `memory.rs`, `limits.rs` | what the kernel has |
//! | `route.rs`, `nic.rs`, `interrupts.rs`, `softnet.rs`, `clock.rs` | the path to the board, and time |
//! | `board.rs` | what a board server reports of itself |
//! | `works.rs` | what works with which privilege |
//! | `render.rs` | text |
//! | `sys.rs` | system calls |

mod board;
mod cgroups;
mod clock;
mod finding;
mod hooks;
mod interrupts;
mod kernel;
mod limits;
mod machine;
mod memory;
mod names;
mod namespaces;
mod nic;
mod privileges;
mod render;
mod route;
mod softnet;
mod sys;
#[cfg(test)]
mod tests;
mod works;

use std::net::IpAddr;

use serde::Serialize;

pub use board::board;
pub use finding::{Check, State};
pub use machine::Machine;
pub use render::render;
pub use works::Works;

use finding::Finding;
use machine::Sample;

/// A check: its name, why its subject matters, and how to look at it.
struct Probe {
    name: &'static str,
    why: &'static str,
    look: fn(&Context<'_>) -> Finding,
}

/// What checks share.
struct Context<'a> {
    machine: &'a Machine,
    /// The interface that leads to the board; `None` for the loopback interface or without a route.
    interface: Option<String>,
    /// Counters at the start of the examination, where they change.
    before: Option<Sample>,
}

/// What an examination of a machine gave.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// The worst of the states: `failed`, `warning` or `ok`. What is unknown is no fault.
    pub worst: State,
    /// The checks, in the order of the table in `docs/doctor.md`.
    pub checks: Vec<Check>,
    /// What works with which privilege.
    pub works: Vec<Works>,
}

impl Examination {
    /// Adds a check.
    pub fn add(&mut self, check: Check) {
        self.worst = self.worst.max(check.state.fault());
        self.checks.push(check);
    }
}

/// All checks of a machine, in their order.
fn probes() -> impl Iterator<Item = &'static Probe> {
    [
        kernel::PROBES,
        privileges::PROBES,
        namespaces::PROBES,
        cgroups::PROBES,
        names::PROBES,
        hooks::PROBES,
        memory::PROBES,
        limits::PROBES,
        nic::PROBES,
        interrupts::PROBES,
        softnet::PROBES,
        clock::PROBES,
    ]
    .into_iter()
    .flatten()
}

/// Examines a machine. `board` is the address of the board, if it is known: the interface that leads there is looked at,
/// otherwise that of the default route. On this machine it takes a little more than a second, the time between two looks
/// at counters.
pub fn examine(machine: &Machine, board: Option<IpAddr>) -> Examination {
    let before = machine.is_live().then(|| Sample::take(machine));
    let context = Context { machine, interface: route::interface(machine, board), before };
    let mut examination = Examination { worst: State::Ok, checks: Vec::new(), works: Vec::new() };
    for probe in probes() {
        let Finding { state, found, action } = (probe.look)(&context);
        examination.add(Check { name: probe.name, state, found, why: probe.why, action });
    }
    examination.works = works::works(machine, &examination.checks);
    examination
}
