use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Class;
use serde_json::json;

use super::*;
use crate::accounting::Rows;

fn count(rows: &mut Rows, class: Class, pages: u64, redundant: u64) {
    (0..pages).for_each(|number| rows[class as usize].count(4096, number < redundant));
}

/// What a scan counts of one owner: of the redundant copies one equals a sibling only.
fn pages(copies: u64, redundant: u64, unjudged: u64) -> Rows {
    let (mut rows, sibling) = (Rows::default(), redundant.min(1));
    count(&mut rows, scanned::INHERITED, copies - unjudged - sibling, redundant - sibling);
    count(&mut rows, scanned::SIBLING_OR_UNJUDGED, sibling + unjudged, sibling);
    rows
}

fn report() -> Report {
    let mut owners = Owners::default();
    let mut totals = Totals::default();
    let (web, _) = owners.intern(OwnerKind::Scanned, "web");
    let (idle, _) = owners.intern(OwnerKind::Scanned, "idle");
    let (region, _) = owners.intern(OwnerKind::Region, "worker writes");
    let mut of_web = pages(10, 3, 2);
    count(&mut of_web, scanned::BORN_AFTER_FORK, 7, 5);
    count(&mut of_web, scanned::ORIGIN_UNKNOWN, 4, 0);
    totals.owners.insert(web, of_web);
    totals.owners.insert(idle, Rows::default());
    totals.owners.insert(region, pages(128, 64, 0));
    totals.other = pages(1, 0, 0);
    let mut lost = Losses::default();
    lost.add(LossReason::Ring, 4);
    Report::new("model", &owners, &totals, Conservation { counted: 139, lost, in_flight: 0, captured: 143 })
}

#[test]
fn lines_stand_by_waste_and_idle_owners_are_left_out() {
    let report = report();
    let names: Vec<&str> = report.lines.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["worker writes", "web", OTHER_NAME]);
    assert_eq!(report.unjudged, 2);
    assert_eq!(report.line(OwnerKind::Region, "worker writes").pages.redundant_events, 64);
    assert_eq!(report.line(OwnerKind::Scanned, "worker writes").pages.events, 0, "another kind is another owner");
}

#[test]
fn the_json_names_every_reason_and_leaves_regions_out_of_containers() {
    let value = serde_json::to_value(ReportJson::from(&report())).expect("plain data");
    assert_eq!(value["engine"], "model");
    assert_eq!(value["captured"], 143);
    assert_eq!(value["conserved"], true);
    assert_eq!(value["unjudged"], 2);
    let lost = value["lost"].as_object().expect("an object");
    assert_eq!(lost.len(), LossReason::ALL.len());
    assert_eq!(lost["ring"], 4);
    assert_eq!(
        value["containers"][0],
        json!({"name": "web", "cow_copies": 10, "cow_redundant": 3, "cow_bytes_redundant": 3 * 4096,
               "cow_unjudged": 2, "cow_equal_to_source": 2, "cow_equal_to_sibling": 1, "born_after_fork": 7,
               "born_equal": 5, "born_bytes_equal": 5 * 4096, "origin_unknown": 4, "net_sends": 0, "net_redundant": 0, "net_bytes_redundant": 0})
    );
    assert_eq!(value["containers"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_table_is_aligned() {
    let text = render(&report());
    assert_eq!(
        text,
        "container        copies  redundant  unjudged  bytes wasted  = source  = sibling  born  = another  unknown\n\
         [worker writes]     128         64         0     256.0 KiB        63          1     0          0        0\n\
         web                  10          3         2      12.0 KiB         2          1     7          5        4\n\
         other                 1          0         0           0 B         0          0     0          0        0\n"
    );
}

#[test]
fn what_was_recorded_without_origins_has_no_such_columns() {
    let mut report = report();
    report.without_origins();
    assert_eq!(
        render(&report),
        "container        copies  redundant  unjudged  bytes wasted\n\
         [worker writes]     128         64         0     256.0 KiB\n\
         web                  10          3         2      12.0 KiB\n\
         other                 1          0         0           0 B\n"
    );
    let value = serde_json::to_value(ReportJson::from(&report)).expect("plain data");
    assert_eq!(value["containers"][0].get("born_after_fork"), None, "{value}");
}

#[test]
fn classes_of_a_container_are_judgements_and_sends() {
    let mut rows = Rows::default();
    count(&mut rows, Class::PageAfterT, 5, 2);
    count(&mut rows, Class::PageAtExit, 4, 1);
    count(&mut rows, Class::NetworkSend, 3, 3);
    count(&mut rows, Class::PageUnjudged, 2, 0);
    let line = Line::new(OwnerKind::Container, "web", &rows);
    assert_eq!((line.pages.events, line.pages.redundant_events, line.unjudged), (11, 3, 2));
    assert_eq!((line.sends.events, line.sends.redundant_events, line.origins), (3, 3, None));
}

#[test]
fn names_cannot_break_the_table_or_the_json() {
    let mut report = report();
    report.lines.truncate(1);
    report.lines[0].kind = OwnerKind::Scanned;
    report.lines[0].name = format!("a\n\x1b[31m\u{202e}{}z", "x".repeat(200));
    let text = render(&report);
    assert_eq!(text.lines().count(), 2);
    let json = serde_json::to_string(&ReportJson::from(&report)).expect("plain data");
    for text in [&text, &json] {
        assert!(!text.contains(['\x1b', '\u{202e}']) && text.contains("\\u{202e}"), "{text}");
    }
}

#[test]
fn names_are_whole_where_the_terminal_has_room() {
    let mut report = report();
    report.lines.truncate(2);
    report.lines[0].name = format!("a{}z", "x".repeat(98));
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max();
    let whole = table::render_within(&report, None);
    assert!(whole.contains(&report.lines[0].name));
    assert_eq!(table::render_within(&report, widest(&whole)), whole);
    let narrow = table::render_within(&report, Some(120));
    assert!(widest(&narrow) <= Some(120) && narrow.contains("...") && narrow.contains("xz]"), "{narrow}");
    // What distinguishes names stays, however narrow the terminal is.
    assert!(table::render_within(&report, Some(10)).contains("web"));
}

#[test]
fn the_json_has_the_container_behind_a_name() {
    let mut report = report();
    let details = Details {
        cgroup: "/kubepods/pod7/ab".to_owned(),
        runtime: Some("cri-containerd".to_owned()),
        id: Some("ab".to_owned()),
        pod: Some("7".to_owned()),
    };
    report.describe(|name| (name == "web").then(|| details.clone()));
    let value = serde_json::to_value(ReportJson::from(&report)).expect("plain data");
    let web = &value["containers"][0];
    assert_eq!((&web["name"], &web["cgroup"]), (&json!("web"), &json!("/kubepods/pod7/ab")));
    assert_eq!((&web["id"], &web["pod"], &web["runtime"]), (&json!("ab"), &json!("7"), &json!("cri-containerd")));
    assert_eq!(value["containers"][1].get("cgroup"), None, "of `other` there is none");
}

#[test]
fn nothing_counted_is_called_what_it_is() {
    let mut report = report();
    report.lines.clear();
    assert_eq!(render(&report), "nothing was copied or sent\n");
    report.lower_bound = true;
    assert_eq!(render(&report), "no copy was found in what was read\n");
    report.nothing_seen = true;
    assert_eq!(render(&report), "nothing could be looked at\n");
}

#[test]
fn conservation_line_reports_when_it_is_broken() {
    let report = report();
    assert_eq!(
        conservation_line(&report.conservation, report.unjudged),
        "captured 143 == counted 139 + in flight 0 + lost 4 (ring 4); unjudged 2 of the counted"
    );
    let broken = Conservation { counted: 138, ..report.conservation };
    assert!(conservation_line(&broken, 0).ends_with("CONSERVATION IS BROKEN"));
}

#[test]
fn bytes_have_units() {
    for (bytes, text) in [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1 << 20, "1.0 MiB"), (u64::MAX, "16.0 EiB")]
    {
        assert_eq!(table::bytes_text(bytes), text);
    }
}
