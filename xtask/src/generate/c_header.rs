//! `abi/include/deltascope_ring.h` and `host-agent/bpf/deltascope_bpf.h`: the capture ring, and the settings and
//! counters of the BPF programs, for C.

use deltascope_abi::bpf::{
    BPF_CPUS, BPF_FILTER_CGROUPS, BPF_PENDING_PAGES, BPF_SEND_LIMIT, BpfConfig, BpfCounters, BpfSettings,
};
use deltascope_abi::layout::StructLayout;
use deltascope_abi::loss::LossReason;
use deltascope_abi::ring::{
    RING_HEADER_BYTES, RING_MAGIC, RING_RECORD_BYTES, RING_VERSION, RingHeader, RingKind, RingRecord, flag,
};
use std::fmt::Write;

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn declare(out: &mut String, layout: &StructLayout) {
    let name = format!("deltascope_{}", snake(layout.name));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "struct {name} {{");
    for field in layout.fields {
        let about: Vec<_> = field.about.iter().map(|line| line.trim().replace(['[', ']', '`'], "")).collect();
        let _ = writeln!(out, "\t/* {} */", about.join(" "));
        let count = if field.count == 1 { String::new() } else { format!("[{}]", field.count) };
        let _ = writeln!(out, "\t__u{} {}{count};", field.bits, field.name);
    }
    out.push_str("};\n\n");
    let _ = writeln!(out, "DELTASCOPE_ASSERT(sizeof(struct {name}) == {}, {name}_size);", layout.bytes);
    for field in layout.fields {
        let _ = writeln!(
            out,
            "DELTASCOPE_ASSERT(offsetof(struct {name}, {0}) == {1}, {name}_{0});",
            field.name, field.offset
        );
    }
    out.push('\n');
}

/// The header.
pub fn text() -> String {
    let mut out = String::from(
        "/* SPDX-License-Identifier: GPL-2.0-only OR MIT OR Apache-2.0 */\n\
         /* Made from abi/src/ring.rs and abi/src/loss.rs by `cargo xtask gen`; do not edit. */\n\
         #ifndef DELTASCOPE_RING_H\n#define DELTASCOPE_RING_H\n\n\
         #ifdef __KERNEL__\n#include <linux/types.h>\n#include <linux/stddef.h>\n#else\n\
         #include <stddef.h>\n#include <linux/types.h>\n#endif\n\n\
         #define DELTASCOPE_ASSERT(condition, name) _Static_assert(condition, #name)\n\n",
    );
    let _ = writeln!(out, "#define DELTASCOPE_RING_MAGIC {RING_MAGIC:#018x}ULL");
    let _ = writeln!(out, "#define DELTASCOPE_RING_VERSION {RING_VERSION}");
    let _ = writeln!(out, "#define DELTASCOPE_RING_HEADER_BYTES {RING_HEADER_BYTES}");
    let _ = writeln!(out, "#define DELTASCOPE_RING_RECORD_BYTES {RING_RECORD_BYTES}\n");
    out.push_str("enum deltascope_ring_kind {\n");
    for (kind, name) in RingKind::ALL {
        let _ = writeln!(out, "\tDELTASCOPE_KIND_{name} = {},", kind as u16);
    }
    out.push_str("};\n\n");
    for (value, name) in flag::ALL {
        let _ = writeln!(out, "#define DELTASCOPE_FLAG_{name} {value:#06x}");
    }
    out.push_str("\nenum deltascope_loss_reason {\n");
    for reason in LossReason::ALL {
        let _ = writeln!(out, "\tDELTASCOPE_LOST_{} = {},", reason.name().to_uppercase(), reason as u8);
    }
    let _ = writeln!(out, "\tDELTASCOPE_LOSS_REASONS = {},\n}};\n", LossReason::ALL.len());
    declare(&mut out, &RingRecord::LAYOUT);
    declare(&mut out, &RingHeader::LAYOUT);
    out.push_str("#endif\n");
    out
}

/// The header of the BPF programs.
pub fn bpf_text() -> String {
    let mut out = String::from(
        "/* SPDX-License-Identifier: GPL-2.0-only OR MIT OR Apache-2.0 */\n\
         /* Made from abi/src/bpf.rs by `cargo xtask gen`; do not edit. */\n\
         #ifndef DELTASCOPE_BPF_H\n#define DELTASCOPE_BPF_H\n\n#include \"deltascope_ring.h\"\n\n",
    );
    let _ = writeln!(out, "#define DELTASCOPE_BPF_CPUS {BPF_CPUS}");
    let _ = writeln!(out, "#define DELTASCOPE_BPF_PENDING_PAGES {BPF_PENDING_PAGES}");
    let _ = writeln!(out, "#define DELTASCOPE_BPF_SEND_LIMIT {BPF_SEND_LIMIT}");
    let _ = writeln!(out, "#define DELTASCOPE_BPF_FILTER_CGROUPS {BPF_FILTER_CGROUPS}\n");
    declare(&mut out, &BpfConfig::LAYOUT);
    declare(&mut out, &BpfSettings::LAYOUT);
    declare(&mut out, &BpfCounters::LAYOUT);
    out.push_str("#endif\n");
    out
}
