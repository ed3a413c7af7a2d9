//! `docs/registers.md`: the register map as a page.

use deltascope_abi::registers::{Access, Counter, IDENTITY_VALUE, MAP, WINDOW_BYTES};
use std::fmt::Write;

/// The page.
pub fn text() -> String {
    let mut out = String::from(
        "# Registers\n\nMade from `abi/src/registers.rs` by `cargo xtask gen`; do not edit.\n\n\
         32-bit registers behind AXI4-Lite, little endian, all accesses 32 bits wide.\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "The window is {WINDOW_BYTES} bytes. An offset that is not in this table answers SLVERR. \
         `IDENTITY` reads {IDENTITY_VALUE:#010X}.\n"
    );
    out.push_str("| offset | name | access | after reset | what |\n|---|---|---|---|---|\n");
    // Declared in the order in which they came, listed in the order of their offsets.
    let mut registers = MAP;
    registers.sort_by_key(|register| register.offset);
    for register in &registers {
        let reset = register.reset.map_or_else(|| "as it is built or runs".to_owned(), |word| format!("`{word:#X}`"));
        let (offset, name, access, about) = (register.offset, register.name, register.access.short(), register.about);
        let _ = writeln!(out, "| `{offset:#05X}` | `{name}` | {access} | {reset} | {about} |");
        for field in register.fields {
            let bits = match field.bits {
                1 => field.shift.to_string(),
                bits => format!("{}:{}", field.shift + bits - 1, field.shift),
            };
            let _ = writeln!(out, "| | `{name}.{}` | bits {bits} | | {} |", field.name, field.about);
        }
    }
    out.push_str(
        "\n## Latched counters\n\n64 bits each, low word first. They are held between two writes of \
         `CONTROL.LATCH`, which copies all of them in one clock, two clocks after it: a \
         read that begins after the answer to that write gives the new copy.\n\n| offset | name |\n|---|---|\n",
    );
    for counter in Counter::ALL {
        let _ = writeln!(out, "| `{:#05X}` | `{}` |", counter.offset(), counter.signal().to_uppercase());
    }
    out.push_str("\n## Access\n\n");
    for (access, about) in [
        (Access::ReadOnly, "reads only; a write answers OKAY and changes nothing"),
        (Access::ReadWrite, "reads back what was written"),
        (Access::WriteOneToClear, "a one that is written clears the bit, a zero leaves it"),
        (Access::Command, "a one that is written acts once; reads as zero"),
    ] {
        let _ = writeln!(out, "- {}: {about}.", access.short());
    }
    out
}
