//! Every layout that two parts of Deltascope share, each written down once.
//!
//! The C header of the kernel module, the register table in `docs/registers.md`, the constants of the proofs
//! (`rtl/formal/generated`), those of a block design (`vivado/generated`), the device tree includes and the default sizes
//! of the HDL are made from this crate (`cargo xtask gen`). All integers are little endian on every medium.
//!
//! | module | layout | between |
//! |---|---|---|
//! | [`record`] | event record, 16 bytes, one 128-bit beat | agent, board server, engine |
//! | [`reply`] | reply beats of the engine | engine, board server, agent |
//! | [`counters`] | a row of group counters | engine, board server, agent |
//! | [`frame`] | numbers and limits of the wire frames | agent, board server |
//! | [`registers`] | AXI4-Lite register map | programmable logic, driver |
//! | [`board`] | addresses and interrupt of the default board | block design, device tree, driver |
//! | [`mailbox`] | registers through shared memory | emulated board, the process that serves its logic |
//! | [`ring`] | per-CPU ring of the capture module | kernel, agent |
//! | [`bpf`] | settings and counters of the BPF capture programs | kernel, agent |
//! | [`loss`] | reasons for which an event is lost | all of them |
//!
//! [`random`] is no layout: the generator whose numbers every recording and every test seed depends on.
#![cfg_attr(not(feature = "std"), no_std)]

pub mod board;
pub mod bpf;
pub mod counters;
pub mod crc;
pub mod fingerprint;
pub mod frame;
pub mod layout;
pub mod loss;
pub mod mailbox;
pub mod random;
pub mod record;
pub mod registers;
pub mod reply;
pub mod ring;

/// Version of every layout in this crate, as in the register `ABI_VERSION` and in `Hello`.
/// The major half changes when an old reader would misread, the minor half when something is added.
pub const ABI_MAJOR: u16 = 1;
/// See [`ABI_MAJOR`].
pub const ABI_MINOR: u16 = 0;
/// Both halves in one word: major in bits 31:16, minor in 15:0.
pub const ABI_VERSION: u32 = ((ABI_MAJOR as u32) << 16) | ABI_MINOR as u32;

/// Contexts of the default configuration.
pub const DEFAULT_CONTEXTS: u32 = 16_384;
/// Groups of the default configuration.
pub const DEFAULT_GROUPS: u32 = 1_024;
/// Lanes of the journal of the default configuration.
pub const DEFAULT_JOURNAL_LANES: u32 = 256;
/// Rows of each lane: the journal of the default configuration holds lanes x rows deltas.
pub const DEFAULT_JOURNAL_DEPTH: u32 = 32;
/// Beats after which the engine closes a reply packet (TLAST) by itself.
pub const DEFAULT_REPLY_PACKET: u32 = 256;
/// Reply beats that the engine's queue holds in the default configuration.
pub const DEFAULT_REPLY_QUEUE: u32 = 32;
/// Width of both AXI4-Stream ports.
pub const DEFAULT_AXIS_BITS: u32 = 64;
