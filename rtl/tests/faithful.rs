//! The emission means what the Rust means, on the forms that rust-hdl's own Verilog gets wrong.
//!
//! Needs Verilator: `cargo test -p deltascope-rtl --features tools`.
#![allow(clippy::precedence, reason = "precedence is what this is about")]
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use deltascope_abi::random::Random;
use deltascope_rtl::{comment, emit};
use rust_hdl::core::atom::AtomKind;
use rust_hdl::prelude::*;

/// One output for each hostile form. The source lint rejects most of them; this is about the emission.
#[derive(LogicBlock, Default)]
struct Hostile {
    a: Signal<In, Bits<8>>,
    b: Signal<In, Bits<8>>,
    c: Signal<In, Bits<8>>,
    wide: Signal<In, Bits<16>>,
    place: Signal<In, Bits<3>>,
    s: Signal<In, Bit>,
    t: Signal<In, Bit>,
    u: Signal<In, Bit>,
    and_equal: Signal<Out, Bit>,
    xor_equal: Signal<Out, Bit>,
    or_differs: Signal<Out, Bit>,
    bit_and_equal: Signal<Out, Bit>,
    bit_xor_differs: Signal<Out, Bit>,
    shift_below: Signal<Out, Bit>,
    sum_and: Signal<Out, Bits<8>>,
    difference_chain: Signal<Out, Bits<8>>,
    difference_nested: Signal<Out, Bits<8>>,
    widened_sum: Signal<Out, Bits<16>>,
    widened_difference: Signal<Out, Bits<16>>,
    widened_shift: Signal<Out, Bits<16>>,
    widened_not: Signal<Out, Bits<16>>,
    widened_bit: Signal<Out, Bits<16>>,
    widened_in_sum: Signal<Out, Bits<16>>,
    literal_sum_equal: Signal<Out, Bit>,
    sum_above_literal: Signal<Out, Bit>,
    difference_below_literal: Signal<Out, Bit>,
    not_equal_zero: Signal<Out, Bit>,
    literal_sum_shifted: Signal<Out, Bits<8>>,
    sum_shifted: Signal<Out, Bits<8>>,
    shifted_by_signal: Signal<Out, Bits<8>>,
    bit_by_signal: Signal<Out, Bit>,
    bit_replaced: Signal<Out, Bits<8>>,
    reductions: Signal<Out, Bit>,
    sum_with_bit: Signal<Out, Bits<8>>,
    narrowed: Signal<Out, Bits<8>>,
    overridden: Signal<Out, Bits<8>>,
    early: Signal<Local, Bits<8>>,
}

impl Logic for Hostile {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module hostile");
        self.and_equal.next = self.a.val() & self.b.val() == self.c.val();
        self.xor_equal.next = self.a.val() ^ self.b.val() == self.c.val();
        self.or_differs.next = self.a.val() | self.b.val() != self.c.val();
        self.bit_and_equal.next = self.s.val() & self.t.val() == self.u.val();
        self.bit_xor_differs.next = self.s.val() ^ self.t.val() != self.u.val();
        self.shift_below.next = self.a.val() << 3 < self.b.val();
        self.sum_and.next = self.a.val() + self.b.val() & self.c.val();
        self.difference_chain.next = self.a.val() - self.b.val() - self.c.val();
        self.difference_nested.next = self.a.val() - (self.b.val() - self.c.val());
        self.widened_sum.next = bit_cast::<16, 8>(self.a.val() + self.b.val());
        self.widened_difference.next = bit_cast::<16, 8>(self.a.val() - self.b.val());
        self.widened_shift.next = bit_cast::<16, 8>(self.a.val() << 4);
        self.widened_not.next = bit_cast::<16, 8>(!self.a.val());
        self.widened_bit.next = bit_cast::<16, 1>((!self.s.val()).into());
        self.widened_in_sum.next = bit_cast::<16, 8>(self.a.val() + self.b.val()) + self.wide.val();
        self.literal_sum_equal.next = (self.a.val() + 1) == self.b.val();
        self.sum_above_literal.next = (self.a.val() + self.b.val()) > 200;
        self.difference_below_literal.next = (self.a.val() - self.b.val()) < 100;
        self.not_equal_zero.next = !self.a.val() == 0;
        self.literal_sum_shifted.next = (self.a.val() + 1) >> 1;
        self.sum_shifted.next = (self.a.val() + self.b.val()) >> 1;
        self.shifted_by_signal.next = self.a.val() << self.place.val();
        self.bit_by_signal.next = self.a.val().get_bit(self.place.val().index());
        self.bit_replaced.next = self.a.val().replace_bit(self.place.val().index(), self.s.val());
        self.reductions.next = !self.a.val().all() & self.b.val().any() ^ self.c.val().xor();
        self.sum_with_bit.next = self.a.val() + self.s.val();
        self.narrowed.next = bit_cast::<8, 16>(self.wide.val());
        self.early.next = self.a.val();
        if self.s.val() {
            self.early.next = self.b.val();
        } else if self.t.val() {
            self.early.next = self.c.val() + 1;
        }
        self.overridden.next = self.early.val();
        if self.u.val() {
            self.overridden.next = 0.into();
        }
    }
}

/// Inputs and the outputs that the Rust gives, as one number each, the first port lowest.
struct Vectors {
    inputs: Vec<(String, usize)>,
    outputs: Vec<(String, usize)>,
    lines: Vec<String>,
}

fn vectors(count: usize) -> Vectors {
    let mut block = Hostile::default();
    block.connect_all();
    let mut random = Random::new(7);
    let mut lines = Vec::new();
    for n in 0..count {
        // Equal and extreme operands are rare among random ones.
        let mut byte =
            || if n % 3 == 0 { [0, 1, 127, 128, 254, 255][random.bits(16) as usize % 6] } else { random.bits(8) };
        block.a.next = byte().into();
        block.b.next = byte().into();
        block.c.next = byte().into();
        if n % 4 == 0 {
            block.b.next = block.a.next + 1_u64;
        }
        block.wide.next = random.bits(16).into();
        block.place.next = random.bits(3).into();
        block.s.next = random.bits(1) == 1;
        block.t.next = random.bits(1) == 1;
        block.u.next = random.bits(1) == 1;
        support::settle(&mut block);
        let mut digits = String::new();
        for (_, bits, value) in support::ports(&block, AtomKind::InputParameter)
            .iter()
            .chain(&support::ports(&block, AtomKind::OutputParameter))
        {
            digits.insert_str(0, &format!("{value:0bits$b}"));
        }
        lines.push(digits);
    }
    let names = |kind| support::ports(&block, kind).into_iter().map(|(name, bits, _)| (name, bits)).collect();
    Vectors { inputs: names(AtomKind::InputParameter), outputs: names(AtomKind::OutputParameter), lines }
}

/// Runs `verilog` with Verilator and counts, for each output, the vectors on which it differs.
fn mismatches(verilog: &str, top: &str, vectors: &Vectors, folder: &Path) -> BTreeMap<String, usize> {
    let total: usize = vectors.inputs.iter().chain(&vectors.outputs).map(|p| p.1).sum();
    let count = vectors.lines.len();
    let mut bench = String::from("`timescale 1ns/1ns\nmodule bench;\n");
    let mut connections = Vec::new();
    let mut at = 0;
    let (mut drive, mut compare, mut report) = (String::new(), String::new(), String::new());
    for (i, (name, bits)) in vectors.inputs.iter().chain(&vectors.outputs).enumerate() {
        let kind = if i < vectors.inputs.len() { "reg" } else { "wire" };
        let _ = writeln!(bench, "{kind} [{}:0] {name};", bits - 1);
        connections.push(format!(".{name}({name})"));
        if i < vectors.inputs.len() {
            let _ = writeln!(drive, "{name} = line[{at} +: {bits}];");
        } else {
            let _ = writeln!(bench, "integer wrong_{name} = 0;");
            let _ = writeln!(compare, "if ({name} !== line[{at} +: {bits}]) wrong_{name} = wrong_{name} + 1;");
            let _ = writeln!(report, "$display(\"wrong {name} %0d\", wrong_{name});");
        }
        at += bits;
    }
    let _ = write!(
        bench,
        "reg [{}:0] lines [0:{}];\nreg [{}:0] line;\ninteger n;\n{top} dut ({});\ninitial begin\n\
         $readmemb(\"vectors.txt\", lines);\nfor (n = 0; n < {count}; n = n + 1) begin\nline = lines[n];\n\
         {drive}#1;\n{compare}end\n{report}$finish;\nend\nendmodule\n",
        total - 1,
        count - 1,
        total - 1,
        connections.join(", ")
    );
    std::fs::write(folder.join("bench.sv"), bench).unwrap();
    std::fs::write(folder.join("dut.v"), verilog).unwrap();
    // $readmemb drops a last line without its end.
    std::fs::write(folder.join("vectors.txt"), vectors.lines.join("\n") + "\n").unwrap();
    let run = |command: &mut Command| {
        let output = command.current_dir(folder).output().expect("verilator: apt-get install verilator");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(Command::new("verilator").args([
        "--binary",
        "-Wno-fatal",
        "-Wno-lint",
        "--top-module",
        "bench",
        "bench.sv",
        "dut.v",
    ]));
    let text = run(&mut Command::new(folder.join("obj_dir/Vbench")));
    let counts = text.lines().filter_map(|l| l.strip_prefix("wrong ")?.split_once(' '));
    let counts: BTreeMap<String, usize> = counts.map(|(name, n)| (name.to_string(), n.parse().unwrap())).collect();
    assert_eq!(counts.len(), vectors.outputs.len(), "the bench reports every output:\n{text}");
    counts
}

#[test]
fn emitted_verilog_means_what_the_rust_means() {
    let vectors = vectors(4000);
    let mut block = Hostile::default();
    block.connect_all();

    let folder = tempfile::tempdir().unwrap();
    let design = emit::emit(&block, "hostile").unwrap();
    let ours = mismatches(&design.modules[0].text, "hostile", &vectors, folder.path());
    let wrong: Vec<_> = ours.iter().filter(|(_, n)| **n > 0).collect();
    assert!(wrong.is_empty(), "differs from the Rust: {wrong:?}\n{}", design.modules[0].text);

    // The vectors bite: rust-hdl's own Verilog of the same block fails on them.
    let folder = tempfile::tempdir().unwrap();
    let theirs = mismatches(&generate_verilog(&block), "top", &vectors, folder.path());
    let wrong: Vec<_> = theirs.iter().filter(|(_, n)| **n > 0).map(|(name, _)| name.as_str()).collect();
    println!("rust-hdl's own Verilog differs on {}: {}", wrong.len(), wrong.join(", "));
    for name in ["and_equal", "xor_equal", "bit_and_equal", "widened_sum", "widened_bit", "literal_sum_equal"] {
        assert!(wrong.contains(&name), "{name} should be wrong in rust-hdl's own Verilog, the vectors are too weak");
    }
}
