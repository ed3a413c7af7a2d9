//! The text of a known round, metric by metric.

use super::Metrics;
use crate::report::round_example::round;

/// The text that `round` must give, checked by hand and by promtool.
const GOLDEN: &str = include_str!("golden.prom");

#[test]
fn known_round_gives_the_golden_text() {
    let text = Metrics::new(1).text(&round());
    if text != GOLDEN {
        let difference = text.lines().zip(GOLDEN.lines()).find(|(found, expected)| found != expected);
        panic!("expected the text of golden.prom, found at {difference:?}:\n{text}");
    }
}

#[test]
fn each_metric_of_the_golden_text_is_in_the_document() {
    let document = include_str!("../../../../docs/operator.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    // Names are between backquotes, with their labels behind them.
    let names = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter_map(|name| name.split('{').next());
    let documented: std::collections::BTreeSet<&str> = names.collect();
    let metrics: Vec<&str> =
        GOLDEN.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(metrics.len() > 30);
    for name in metrics {
        assert!(documented.contains(name), "{name} is not in docs/operator.md");
    }
}

#[test]
fn values_of_labels_cannot_break_the_text() {
    let mut round = round();
    let hostile = "a\"b\\c\nd";
    round.report.lines[0].name = hostile.to_owned();
    let text = Metrics::new(10).text(&round);
    let line = text.lines().find(|line| line.starts_with("deltascope_container_cow_copies_total{container=\"a"));
    let line = line.expect("the line is whole");
    // The name is escaped as in every output, and its backslashes again by the format.
    assert!(line.contains(r#"container="a\"b\\c\\u{a}d""#), "{line}");
}
