//! Every block has a page in `rtl/docs` with the same headings, and a picture of its waveform on it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use deltascope_rtl::emit::tops;
use std::fs;
use std::path::PathBuf;

/// Memories have no line in the catalogue.
const LEAVES: [&str; 2] = ["block_ram", "lut_ram"];
const HEADINGS: [&str; 4] =
    ["## Design overview", "## Software flow", "## Rejected configurations", "## Things that are not obvious"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// Pages: the blocks that the first line names, and the text.
fn pages() -> Vec<(Vec<String>, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let texts =
        files.filter(|path| path.extension().is_some_and(|e| e == "md")).map(|path| fs::read_to_string(path).unwrap());
    let named = |text: String| {
        let title = text.lines().next().unwrap().trim_start_matches("# ").replace(" and ", ", ");
        (title.split(", ").map(str::to_owned).collect(), text)
    };
    texts.map(named).collect()
}

#[test]
fn every_block_has_a_page_with_its_waveform() {
    let pages = pages();
    // A tree has its number of words behind its name.
    let name = |block: &'static str| block.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    for block in tops().map(|instance| name(instance.block)).chain(LEAVES) {
        let on: Vec<_> = pages.iter().filter(|(blocks, _)| blocks.iter().any(|name| name == block)).collect();
        assert_eq!(on.len(), 1, "pages of {block}");
        let picture = format!("waves/{block}.svg");
        assert!(on[0].1.contains(&format!("]({picture})")), "the page of {block} shows no {picture}");
        assert!(folder().join(&picture).exists(), "{picture}: draw it with `cargo xtask gen`");
    }
}

#[test]
fn pages_have_the_same_headings_and_say_their_latency() {
    for (blocks, text) in pages() {
        let found: Vec<_> = text.lines().filter(|line| line.starts_with("## ")).collect();
        let wanted = HEADINGS.iter().filter(|heading| found.contains(*heading)).count();
        assert_eq!(wanted, HEADINGS.len(), "{blocks:?} has {found:?}");
        assert!(text.contains("Latency"), "{blocks:?} does not say its latency");
    }
}
