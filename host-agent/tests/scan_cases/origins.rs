//! Copies that were inherited, pages that were born after the fork, and pages of unknown origin.

use serde_json::Value;

use super::Test;
use super::family::Family;
use super::look::{at, without_numbers};
use super::member_origins::KNOWN;
use super::origin_reference::count;
use super::support::run::Run;
use super::support::{agent, boardd, finish, with_daemon};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("memory_filled_after_the_fork_is_no_copy", memory_filled_after_the_fork_is_no_copy),
    ("origins_are_those_of_the_workload_and_of_the_reference", origins_are_those_of_the_workload_and_of_the_reference),
    ("every_output_has_the_same_origins", every_output_has_the_same_origins),
    ("families_are_followed_over_rounds", families_are_followed_over_rounds),
];

fn memory_filled_after_the_fork_is_no_copy() {
    // The shape of workers that each build their own tables: 8 of them, 32 MiB each.
    let family = Family::start(&["fresh", "8192", "8"]);
    for found in [at(&family), without_numbers(&family)] {
        assert_eq!((found.copies, found.unknown), (0, 0), "{found:#?}");
        assert_eq!((found.born, found.born_equal), (7 * 8192, 7 * 8192), "{found:#?}");
    }
    assert_eq!(at(&family).scan.mode, "exact");
}

fn origins_are_those_of_the_workload_and_of_the_reference() {
    let family = Family::start(&["origins"]);
    let before = count(&family.members, &family.range);
    let found = at(&family);
    assert_eq!(count(&family.members, &family.range), before, "the family rests");
    let [inherited, to_source, to_sibling] = KNOWN.inherited;
    assert_eq!((found.copies, before.inherited), (inherited, inherited), "{found:#?}");
    assert_eq!((found.redundant - found.sibling_only, found.sibling_only), (to_source, to_sibling), "{found:#?}");
    assert_eq!([found.born, found.born_equal], KNOWN.born, "{found:#?}");
    assert_eq!(found.unknown, KNOWN.unknown, "{found:#?}");
    assert_eq!(found.copies + found.born + found.unknown, before.counted);
    // Of two siblings that equal each other one could be freed.
    assert_eq!(before.mergeable, to_source + to_sibling / 2);
    found.is_bracketed(inherited + KNOWN.unknown);
    let user = without_numbers(&family);
    assert!(user.copies <= inherited && user.redundant <= to_source + to_sibling, "{user:#?}");
    user.is_bracketed(inherited);
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a number, found {value}"))
}

fn every_output_has_the_same_origins() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain name").to_owned();
    let (metrics, recording) = (path("scan.prom"), path("scan.rec"));
    let family = Family::start(&["origins"]);
    let pid = family.root().to_string();
    let scan = with_daemon(&["scan", "--json", "--pid", &pid, "--metrics", &metrics]).ok().json();
    let (origins, container) = (&scan["origins"], &scan["containers"][0]);
    // The region is most of it, and all is in one container.
    assert!(number(&origins["inherited"]) >= KNOWN.inherited[0], "{scan}");
    assert!(number(&origins["born_after_fork"]["equal_to_another"]) >= KNOWN.born[1], "{scan}");
    assert!(number(&origins["origin_unknown"]["pages"]) >= KNOWN.unknown, "{scan}");
    for (of_all, of_container) in [
        (&origins["inherited"], "cow_copies"),
        (&scan["copies"]["at_least"], "cow_copies"),
        (&scan["redundant"]["at_least"], "cow_redundant"),
        (&origins["equal_to_source"], "cow_equal_to_source"),
        (&origins["equal_to_sibling"], "cow_equal_to_sibling"),
        (&origins["born_after_fork"]["pages"], "born_after_fork"),
        (&origins["born_after_fork"]["equal_to_another"], "born_equal"),
        (&origins["origin_unknown"]["pages"], "origin_unknown"),
    ] {
        assert_eq!(number(of_all), number(&container[of_container]), "{of_container}: {scan}");
    }
    let redundant = number(&origins["equal_to_source"]) + number(&origins["equal_to_sibling"]);
    assert_eq!(number(&scan["redundant"]["at_least"]), redundant);
    let text = std::fs::read_to_string(&metrics).expect("metrics");
    for line in [
        format!("scan_redundant_equal{{to=\"source\"}} {}", origins["equal_to_source"]),
        format!("scan_redundant_equal{{to=\"sibling\"}} {}", origins["equal_to_sibling"]),
        format!("scan_born_after_fork {}", origins["born_after_fork"]["pages"]),
        format!("scan_born_equal {}", origins["born_after_fork"]["equal_to_another"]),
        format!("scan_origin_unknown {}", origins["origin_unknown"]["pages"]),
        format!("scan_family_copies{{root=\"{pid}\",command=\"scan_cases\"}} {}", origins["inherited"]),
        format!("scan_family_copies_peak{{root=\"{pid}\",command=\"scan_cases\"}} {}", origins["inherited"]),
    ] {
        assert!(text.lines().any(|found| found == format!("deltascope_{line}")), "{line}: {text}");
    }
    let of_container = |name: &str| {
        let prefix = format!("deltascope_container_{name}{{");
        let line = text.lines().find(|line| line.starts_with(&prefix));
        line.and_then(|line| line.rsplit(' ').next()).unwrap_or_else(|| panic!("{name}: {text}")).to_owned()
    };
    for key in ["cow_equal_to_source", "cow_equal_to_sibling", "born_after_fork", "born_equal", "origin_unknown"] {
        assert_eq!(of_container(key), container[key].to_string(), "{key}");
    }
    finish(agent(&["record", &recording, "--source", "scan", "--pid", &pid])).ok();
    let replay = with_daemon(&["replay", "--json", &recording]).ok().json();
    assert_eq!((&replay["origins"], &replay["containers"]), (origins, &scan["containers"]));
    let table = with_daemon(&["scan", "--pid", &pid]).ok().out;
    assert!(table.contains("= source") && table.contains("born after the fork, no copies: "), "{table}");
}

fn families_are_followed_over_rounds() {
    let family = Family::start(&["origins"]);
    let pid = family.root().to_string();
    let mut rounds = agent(&["run", "--source", "scan", "--pid", &pid, "--interval", "0.2", "--json-lines"]);
    rounds.arg("--boardd").arg(boardd());
    let mut run = Run::of(rounds);
    let lines: Vec<Value> = (0..3).map(|_| run.line()).collect();
    run.signal("TERM");
    run.end();
    let mut before: Option<(u64, u64)> = None;
    for line in &lines {
        let one = &line["by_family"][0];
        assert_eq!((number(&one["root"]), number(&one["members"])), (family.root().into(), 7), "{line}");
        assert_eq!(one["command"], "scan_cases");
        let (copies, peak) = (number(&one["copies"]), number(&one["peak_copies"]));
        assert_eq!(copies, number(&line["origins"]["inherited"]), "{line}");
        assert_eq!(one["last_copies"].as_u64(), before.map(|(last, _)| last), "{line}");
        assert_eq!(peak, before.map_or(copies, |(_, peak)| peak.max(copies)), "{line}");
        let age = |name: &str| one[name].as_f64().expect("seconds");
        let (eldest, youngest) = (age("eldest_fork_seconds"), age("youngest_fork_seconds"));
        assert!(0.0 <= youngest && youngest <= eldest && eldest < 3600.0, "{line}");
        before = Some((copies, peak));
    }
}
