//! From rust-hdl blocks to the Verilog under `rtl/verilog/`.
//!
//! rust-hdl's own writer drops the precedence of operators, gives every literal 32 bits and does not
//! size operands, so that it can write Verilog that means something else than the Rust it came from.
//! This module reads the same syntax tree that rust-hdl hands to its writer and writes it faithfully:
//! parentheses follow the tree, every literal takes the width of its partner, a widening cast evaluates
//! its operand at the operand's own width, and a construct without a faithful form is an error that
//! names the block. Flip-flops become `always @(posedge clock)`, plain wiring becomes port connections,
//! identical modules are written once.
//!
//! Conditions become functions in continuous assignments and not `always @(*)`, which waits for a change of an
//! input: of values that stand from time zero on, a 4-state simulator makes X. Registers have no initial value
//! but those of [`crate::power_up`].
//!
//! A block states its module name in its first statement, `comment!("@module group_counters")`; a part of
//! the name in braces means the width of that port or for the value of that constant, as in
//! `@module lut_ram_{waddr}x{wdata}`. Hand-written leaf cells say it in their text: `// @module name`.
//! Comments directly after it become the head of the module.

mod catalogue;
mod collect;
mod complete;
mod design;
mod draft;
mod error;
mod expr;
mod flow;
mod function;
mod leaf;
mod lower;
mod module;
mod names;
pub mod tree;
mod visit;

pub use catalogue::{CATALOGUE, Instance, Setting, find, tops};
pub use design::{Design, Module, emit};
pub use error::EmitError;

/// A comment for the Verilog: nothing in simulation, copied by the emission.
#[macro_export]
macro_rules! comment {
    ($text:expr) => {};
}
