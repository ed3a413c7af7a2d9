//! Every block has a page in `rtl/docs` with a picture of its waveform; a page has the headings that it has content for.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use deltascope_rtl::emit::tops;
use std::fs;
use std::path::PathBuf;

/// Memories have no line in the catalogue.
const LEAVES: [&str; 2] = ["block_ram", "lut_ram"];
const HEADINGS: [&str; 6] = [
    "Design overview",
    "Software flow",
    "Rejected configurations",
    "Things that are not obvious",
    "Soft errors",
    "How it is shown",
];

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
fn pages_have_known_headings_with_content_and_their_latency() {
    for (blocks, text) in pages() {
        let sections: Vec<_> = text.split("\n## ").skip(1).collect();
        let places = sections.iter().map(|section| {
            let (heading, content) = section.split_once('\n').unwrap_or((section, ""));
            assert!(!content.trim().is_empty(), "{blocks:?}: nothing under `{heading}`");
            HEADINGS.iter().position(|known| *known == heading).unwrap_or_else(|| panic!("{blocks:?}: `{heading}`"))
        });
        let places: Vec<_> = places.collect();
        assert!(places.is_sorted_by(|a, b| a < b) && places.first() == Some(&0), "{blocks:?}: order of {places:?}");
        assert!(text.contains("Latency"), "{blocks:?} does not say its latency");
    }
}
