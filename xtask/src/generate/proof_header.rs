//! `rtl/formal/generated/deltascope_abi.svh`: numbers of the ABI for the proofs.

use deltascope_abi::ABI_VERSION;
use deltascope_abi::layout::BeatField;
use deltascope_abi::record::{self, Op};
use deltascope_abi::registers::{ADDRESS_BITS, COUNTERS, Counter, IDENTITY_VALUE, MAP, offset};
use deltascope_abi::reply;
use std::fmt::Write;

/// `7:6`, or `4` for one bit.
fn range(low: u32, bits: u32) -> String {
    if bits == 1 { low.to_string() } else { format!("{}:{low}", low + bits - 1) }
}

fn beat(out: &mut String, of: &str, fields: &[BeatField]) {
    let _ = writeln!(out, "\n// Bits of a {}.", of.to_lowercase());
    for field in fields {
        let _ = writeln!(out, "`define {of}_{} {}", field.name, range(field.low, field.bits));
    }
}

/// The header.
pub fn text() -> String {
    // Writing to a String cannot fail.
    let mut out = String::from(
        "// Made from abi/src by `cargo xtask gen`; do not edit.\n`ifndef DELTASCOPE_ABI_SVH\n`define DELTASCOPE_ABI_SVH\n",
    );
    out.push_str("\n// Op codes.\n");
    for op in Op::ALL {
        let _ = writeln!(out, "`define OP_{} 4'd{}", op.name().to_uppercase(), op as u8);
    }
    beat(&mut out, "RECORD", record::field::ALL);
    beat(&mut out, "REPLY", reply::field::ALL);

    out.push_str("\n// Registers: byte offsets, then the bits of their fields.\n");
    let _ = writeln!(out, "`define ADDRESS_BITS {ADDRESS_BITS}");
    for register in &MAP {
        let _ = writeln!(out, "`define AT_{} {ADDRESS_BITS}'h{:03x}", register.name, register.offset);
    }
    let _ = writeln!(out, "`define AT_COUNTERS {ADDRESS_BITS}'h{:03x}", offset::COUNTERS);
    for register in &MAP {
        for field in register.fields {
            let _ = writeln!(out, "`define {}_{} {}", register.name, field.name, range(field.shift, field.bits));
        }
    }
    let _ = writeln!(out, "`define IDENTITY_VALUE 32'h{IDENTITY_VALUE:08x}");
    let _ = writeln!(out, "`define ABI_VERSION_VALUE 32'h{ABI_VERSION:08x}");

    out.push_str("\n// Latched counters: places in the set of all, 64 bits each.\n");
    let _ = writeln!(out, "`define COUNTERS {COUNTERS}");
    for counter in Counter::ALL {
        let _ = writeln!(out, "`define COUNTER_{} {}", counter.signal().to_uppercase(), counter as u32);
    }

    out.push_str("\n// Whether a register below the counters is at `a`.\n");
    let is_at: Vec<_> = MAP.iter().map(|register| format!("(a) == `AT_{}", register.name)).collect();
    let _ = writeln!(out, "`define IS_REGISTER(a) ({})", is_at.join(" || "));
    out.push_str("\n// The decoder of the read side: its wires, and that each says the register at `a`.\n");
    let wires: Vec<_> =
        MAP.iter().map(|r| format!("(* hierconn *) wire \\dut.reader.decode_hit_{} ;", r.signal)).collect();
    let _ = writeln!(out, "`define READ_HIT_WIRES {}", wires.join(" \\\n    "));
    let same = |r: &deltascope_abi::registers::Register| {
        format!("assert (\\dut.reader.decode_hit_{} == ((a) == `AT_{}));", r.signal, r.name)
    };
    let _ =
        writeln!(out, "`define READ_HITS_ARE_RIGHT(a) {}", MAP.iter().map(same).collect::<Vec<_>>().join(" \\\n    "));
    out.push_str("\n`endif\n");
    out
}
