//! The committed Verilog is a fresh emission, the comparison sees every edit, and what has no faithful
//! Verilog is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use deltascope_rtl::emit::{self, EmitError, tree};
use deltascope_rtl::{comment, paths};
use rust_hdl::prelude::*;

fn emitted<B: Block + Default>(name: &str) -> Result<String, EmitError> {
    let mut block = B::default();
    block.connect_all();
    Ok(emit::emit(&block, name)?.modules.last().unwrap().text.clone())
}

#[test]
fn the_committed_verilog_is_a_fresh_emission() {
    let differences = tree::compare(&paths::verilog_folder().unwrap(), &tree::committed().unwrap()).unwrap();
    assert!(differences.is_empty(), "run `cargo xtask gen`:\n{}", differences.join("\n"));
}

#[test]
fn an_edited_a_missing_and_a_stale_file_are_seen() {
    let instance = emit::find("context_table", &[("CONTEXT_BITS".into(), 4)]).unwrap();
    let files = tree::files(std::iter::once(instance)).unwrap();
    assert_eq!(files, tree::files(std::iter::once(instance)).unwrap(), "the emission is deterministic");
    let folder = tempfile::tempdir().unwrap();
    tree::write(folder.path(), &files).unwrap();
    assert_eq!(tree::compare(folder.path(), &files).unwrap(), [""; 0]);

    let path = folder.path().join("context_table.v");
    let text = std::fs::read_to_string(&path).unwrap();
    // A dropped forward: one condition gone.
    let edited = text.replace("if (s2_from_s4)", "if (1'b0)");
    assert_ne!(edited, text);
    std::fs::write(&path, edited).unwrap();
    let differences = tree::compare(folder.path(), &files).unwrap();
    assert_eq!(differences.len(), 1);
    assert!(differences[0].starts_with("context_table.v: line ") && differences[0].contains("if (1'b0)"));

    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("old_block.v"), "").unwrap();
    let differences = tree::compare(folder.path(), &files).unwrap();
    assert_eq!(differences, ["context_table.v: is missing", "old_block.v: no block emits it"]);
}

#[test]
fn every_file_list_is_complete_and_ordered() {
    let files = tree::committed().unwrap();
    let manifest: Vec<tree::Entry> = serde_json::from_str(&files[tree::MANIFEST]).unwrap();
    // Every block has a list of its own; leaf cells and the private parts of the fingerprint block, of the counters and of
    // the engine are parts of others.
    let private = ["fingerprint_queue.v", "reset_copy.v", "split_counter.v"];
    let is_part = |file: &str| file.contains("_ram_") || file.starts_with("crc32c_") || private.contains(&file);
    let (parts, blocks): (Vec<_>, Vec<_>) = files.keys().filter(|f| f.ends_with(".v")).partition(|f| is_part(f));
    for part in parts {
        assert!(manifest.iter().any(|entry| entry.files.contains(part)), "{part} is a part of no block");
    }
    assert_eq!(
        manifest.iter().map(|e| format!("{}.v", e.block)).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
        blocks
    );
    for entry in manifest {
        assert_eq!(entry.files.last().unwrap(), &format!("{}.v", entry.block));
        for (i, file) in entry.files.iter().enumerate() {
            let text = &files[file];
            let used = |other: &String| text.contains(&format!("\n    {} ", other.trim_end_matches(".v")));
            assert!(!entry.files[i..].iter().any(used), "{}: {file} comes before its children", entry.block);
            assert!(
                !text.lines().any(|l| l.split("//").next().unwrap().contains(['$', '\\']) && !l.contains("$urandom"))
            );
        }
    }
}

#[derive(LogicBlock, Default)]
struct SliceOfExpression {
    a: Signal<In, Bits<8>>,
    b: Signal<In, Bits<8>>,
    x: Signal<Out, Bits<4>>,
}

impl Logic for SliceOfExpression {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module slice_of_expression");
        self.x.next = (self.a.val() + self.b.val()).get_bits::<4>(0);
    }
}

#[derive(LogicBlock, Default)]
struct SlicePastEnd {
    a: Signal<In, Bits<8>>,
    x: Signal<Out, Bits<8>>,
}

impl Logic for SlicePastEnd {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module slice_past_end");
        self.x.next = self.a.val().get_bits::<8>(4);
    }
}

#[derive(LogicBlock, Default)]
struct IndexPastEnd {
    a: Signal<In, Bits<6>>,
    i: Signal<In, Bits<3>>,
    x: Signal<Out, Bit>,
}

impl Logic for IndexPastEnd {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module index_past_end");
        self.x.next = self.a.val().get_bit(self.i.val().index());
    }
}

#[derive(LogicBlock, Default)]
struct NarrowedSum {
    a: Signal<In, Bits<8>>,
    b: Signal<In, Bits<8>>,
    x: Signal<Out, Bits<4>>,
}

impl Logic for NarrowedSum {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module narrowed_sum");
        self.x.next = bit_cast::<4, 8>(self.a.val() + self.b.val());
    }
}

#[derive(LogicBlock, Default)]
struct Keyword {
    table: Signal<In, Bit>,
    x: Signal<Out, Bit>,
}

impl Logic for Keyword {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module keyword");
        self.x.next = self.table.val();
    }
}

#[derive(LogicBlock, Default)]
struct Unnamed {
    a: Signal<In, Bit>,
    x: Signal<Out, Bit>,
}

impl Logic for Unnamed {
    #[hdl_gen]
    fn update(&mut self) {
        self.x.next = self.a.val();
    }
}

#[derive(LogicBlock, Default)]
struct Parent {
    a: Signal<In, Bit>,
    x: Signal<Out, Bit>,
    child: Unnamed,
}

impl Logic for Parent {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module parent");
        self.child.a.next = self.a.val();
        self.x.next = self.child.x.val();
    }
}

#[derive(LogicBlock, Default)]
struct Multiplied {
    a: Signal<In, Bits<16>>,
    b: Signal<In, Bits<16>>,
    x: Signal<Out, Bits<32>>,
}

impl Logic for Multiplied {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module multiplied");
        self.x.next = self.a.val() * self.b.val();
    }
}

// rust-hdl takes the second assignment for the value of `early` everywhere, Verilog would take the first.
#[derive(LogicBlock, Default)]
struct ReadEarly {
    a: Signal<In, Bit>,
    s: Signal<In, Bit>,
    x: Signal<Out, Bit>,
    y: Signal<Out, Bit>,
    early: Signal<Local, Bit>,
}

impl Logic for ReadEarly {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module read_early");
        self.early.next = self.a.val();
        self.x.next = false;
        self.y.next = false;
        if self.s.val() {
            self.x.next = self.early.val();
            self.early.next = false;
            self.y.next = true;
        }
    }
}

// `x` keeps its value when `s` is low: a latch.
#[derive(LogicBlock, Default)]
struct Held {
    a: Signal<In, Bits<4>>,
    s: Signal<In, Bit>,
    x: Signal<Out, Bits<4>>,
}

impl Logic for Held {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module held");
        if self.s.val() {
            self.x.next = self.a.val();
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Halves {
    low: Bits<4>,
    high: Bits<4>,
}

// Both halves on every path, though no path assigns the whole.
#[derive(LogicBlock, Default)]
struct Chosen {
    a: Signal<In, Bits<4>>,
    s: Signal<In, Bit>,
    x: Signal<Out, Halves>,
    y: Signal<Out, Halves>,
}

impl Logic for Chosen {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module chosen");
        self.x.next.low = self.a.val();
        if self.s.val() {
            self.x.next.high = self.a.val();
        } else {
            self.x.next.high = 0.into();
        }
        self.y.next.low = self.a.val();
        self.y.next.high = self.a.val();
    }
}

// rust-hdl's tree does not tell the loop variable from the port: `self.n.val()` would be the number of the round.
#[derive(LogicBlock, Default)]
struct ShadowedPort {
    n: Signal<In, Bits<2>>,
    x: [Signal<Out, Bits<2>>; 3],
}

impl Logic for ShadowedPort {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module shadowed_port");
        for n in 0..3 {
            self.x[n].next = self.n.val();
        }
    }
}

#[test]
fn what_has_no_faithful_verilog_is_refused() {
    let refused = |result: Result<String, EmitError>, part: &str| {
        let error = result.expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    };
    refused(emitted::<SliceOfExpression>("slice_of_expression"), "get_bits or get_bit of an expression");
    refused(emitted::<SlicePastEnd>("slice_past_end"), "stay inside");
    refused(emitted::<IndexPastEnd>("index_past_end"), "an index of 3 bits into `a`, which has 6");
    refused(emitted::<NarrowedSum>("narrowed_sum"), "a cast of an expression of 8 bits to 4");
    refused(emitted::<Keyword>("keyword"), "is a Verilog keyword");
    refused(emitted::<Parent>("parent"), "does not name its module");
    refused(emitted::<Multiplied>("multiplied"), "a multiplication");
    refused(emitted::<ReadEarly>("read_early"), "`early` is read before its last assignment");
    refused(emitted::<Held>("held"), "`x`, which some path leaves without a value");
    refused(emitted::<ShadowedPort>("shadowed_port"), "the loop variable `n`, which is also a signal");
    assert!(emitted::<Unnamed>("named_by_its_caller").unwrap().starts_with("module named_by_its_caller ("));
}

/// An `always @(*)` waits for a change of an input, and an initial value is none in SystemVerilog.
#[test]
fn committed_verilog_waits_for_no_event_at_time_zero() {
    for (name, text) in tree::committed().unwrap() {
        for line in text.lines().map(str::trim) {
            assert!(!line.starts_with("always") || line.starts_with("always @(posedge"), "{name}: {line}");
            assert!(!line.starts_with("reg ") || !line.contains('='), "{name}: {line}");
            assert!(!line.starts_with("initial ") || line == "initial clear_busy = 1'b1;" || name.contains("_ram_"));
        }
    }
}

#[test]
fn parts_are_assigned_and_conditions_are_functions() {
    let text = emitted::<Chosen>("chosen").unwrap();
    for line in ["assign y[3:0] = a;", "assign y[7:4] = a;", "assign x = choose_x(a, s);"] {
        assert!(text.lines().any(|found| found.trim() == line), "{line} is not in\n{text}");
    }
}
