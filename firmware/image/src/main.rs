//! The board server on the bare metal of a Zynq-7000: `docs/firmware.md` describes start, log lines and LEDs.
//!
//! The server, the engine driver and the DMA driver are those of the workspace; this crate brings the hardware behind
//! their seams, and `firmware/core` what needs none.
//!
//! | module | content |
//! |---|---|
//! | [`start`] | order of the start, and the loop |
//! | [`settings`] | the block that `cargo xtask board fw --set` edits |
//! | [`address`] | the interface's address: of the settings, or by DHCP |
//! | [`board`] | pins, clocks and UART of each board |
//! | [`log`] | defmt over the UART |
//! | [`clock`] | the global timer: time and delays |
//! | [`interrupts`] | GIC, the tick, the line of the logic |
//! | [`logic`] | the logic is configured, clocked, out of reset, and then looked at |
//! | [`mmio`] | registers of the logic |
//! | [`buffers`] | DMA buffers in cached memory |
//! | [`engine`] | the engine: through the logic's registers, or the mailbox of an emulated board |
//! | [`flash`] | the QSPI flash, which keeps the number of starts |
//! | [`ethernet`] | the Ethernet controller and the PHY |
//! | [`remote`] | the engine for another machine, instead of agents |
//! | [`rings`] | its frames, as a device of smoltcp |
//! | [`text`] | short texts for log lines |
//! | [`memory`] | heap, stack, and the record that survives a reset |
//! | [`watchdog`] | the system watchdog, and resets |
//! | [`faults`] | panics and exceptions |
#![no_std]
#![no_main]

extern crate alloc;

mod address;
mod board;
mod buffers;
mod clock;
mod copy_cost;
mod engine;
mod ethernet;
mod faults;
mod flash;
mod interrupts;
mod log;
mod logic;
mod memory;
mod mmio;
mod remote;
mod rings;
mod settings;
mod start;
mod text;
mod watchdog;

use zynq7000_rt as _;

#[zynq7000_rt::entry]
fn main() -> ! {
    start::run()
}
