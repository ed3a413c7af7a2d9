//! `docs/verification.md` lists every cover point with the name that the code uses, and no other.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use deltascope_verilator_tests::cover::Point;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verification.md");
const BEGIN: &str = "<!-- begin: cover points -->\n";
const END: &str = "<!-- end: cover points -->";

#[test]
fn the_document_lists_every_point_by_its_name() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let from = page.find(BEGIN).unwrap() + BEGIN.len();
    let found = &page[from..page.find(END).unwrap()];
    let rows = Point::ALL.iter().map(|point| format!("| `{point}` | {} |\n", point.about()));
    let expected: String = ["| point | met when |\n|---|---|\n".to_owned()].into_iter().chain(rows).collect();
    assert_eq!(found, expected, "print the table with `lockstep --points`");
}
