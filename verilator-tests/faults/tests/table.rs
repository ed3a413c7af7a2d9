//! The table fits the committed Verilog, and no fault is in it twice.

use deltascope_faults::{BLOCKS, proved_rows, rows};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The proofs read the committed emission, so each of their places is in it.
#[test]
fn every_proved_fault_fits_the_committed_verilog() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rtl/verilog");
    for (job, row) in proved_rows() {
        let path = folder.join(format!("{}.v", row.block));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let broken = row.place.replace(&text, row.fault.to);
        let broken = broken.unwrap_or_else(|times| panic!("{job}: `{}` {times} times", row.place.line()));
        assert_ne!(broken, text, "{job}: {}", row.fault.what);
        assert_eq!(broken.lines().count(), text.lines().count(), "{job}: {}", row.fault.what);
    }
}

#[test]
fn every_place_has_one_expression_and_every_fault_changes_it() {
    let mut seen = HashSet::new();
    for row in rows() {
        let (expression, line) = (row.place.expression(), row.place.line());
        assert!(!expression.is_empty() && !line.contains(['«', '»']), "{}: {line}", row.block);
        assert_ne!(row.fault.to, expression, "{}: {}", row.block, row.fault.what);
        let broken = line.replacen(expression, row.fault.to, 1);
        assert!(seen.insert((row.block, line, broken)), "twice: {row:?}");
        assert!(row.fault.simulated || !row.fault.jobs.is_empty(), "no reader: {row:?}");
    }
}

#[test]
fn faults_of_a_block_have_names_of_their_own() {
    for block in BLOCKS {
        let faults: Vec<_> = block.places.iter().flat_map(|place| place.faults).map(|fault| fault.what).collect();
        assert_eq!(faults.iter().collect::<HashSet<_>>().len(), faults.len(), "{}: {faults:?}", block.name);
    }
}

#[test]
fn a_replaced_line_keeps_its_indentation() {
    let place = &BLOCKS.iter().find(|block| block.name == "reply_writer").expect("the block").places[0];
    let text = format!("a\n    {}\nb\n", place.line());
    assert_eq!(place.find(text.lines()), Ok(1));
    let broken = place.replace(&text, "X").expect("one line");
    assert!(broken.starts_with("a\n    ") && broken.ends_with("\nb\n") && broken.contains('X'), "{broken}");
    assert_eq!(
        place.column(text.lines().nth(1).expect("a line")),
        4 + place.line().find(place.expression()).expect("it")
    );
    assert_eq!(place.replace("a\n", "X"), Err(0));
    assert_eq!(place.find([place.line().as_str(), place.line().as_str()]), Err(2));
}
