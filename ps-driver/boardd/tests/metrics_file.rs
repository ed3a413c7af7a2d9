//! The file of metrics, as the textfile collector of node_exporter takes it.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Checks a text against the text format of Prometheus: each family once, with HELP, TYPE and then its samples.
fn check(text: &str) -> BTreeMap<String, f64> {
    let (mut family, mut seen, mut samples) = (String::new(), Vec::new(), BTreeMap::new());
    assert!(text.ends_with('\n'));
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && !seen.contains(&name.to_owned()), "{line}");
            seen.push(name.to_owned());
            family = name.to_owned();
            let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap().split_once(' ').unwrap();
            assert_eq!(kind.0, name);
            assert_eq!(kind.1, if name.ends_with("_total") { "counter" } else { "gauge" }, "{name}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (bare, labels) = name.split_once('{').map_or((name, ""), |(bare, labels)| (bare, labels));
        assert_eq!(bare, family, "a sample outside its family");
        assert!(bare.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{bare}");
        assert!(labels.is_empty() || labels.ends_with("\"}"), "{line}");
        assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{name} twice");
    }
    samples
}

#[test]
fn another_user_reads_the_metrics_under_the_umask_of_the_unit() {
    let unit = include_str!("../../../boards/zynq7020/deltascope-boardd.service");
    let umask = unit.lines().find_map(|line| line.strip_prefix("UMask=")).unwrap();
    assert!(!unit.contains("RuntimeDirectoryMode="), "the default, 0755, lets others into the folder");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("boardd.prom");
    let daemon = support::command(&["--listen", "127.0.0.1:0", "--metrics", path.to_str().unwrap()]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("umask {umask} && exec \"$@\""), "sh"])
        .arg(daemon.get_program())
        .args(daemon.get_args());
    let child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut daemon = support::Daemon::of(child);
    // The file is there when the status is.
    daemon.status();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "{mode:o}");
    let samples = check(&std::fs::read_to_string(&path).unwrap());
    assert_eq!(samples["deltascope_boardd_sessions"], 0.0);
    assert_eq!(samples["deltascope_boardd_rejected_peers_total{reason=\"broken_record\"}"], 0.0);
    assert_eq!(samples["deltascope_boardd_accept_failures_total"], 0.0);
}

/// As root it would be gone for everybody.
#[test]
fn a_device_or_a_pipe_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut daemon = support::Daemon::start(&["--metrics", path.to_str().unwrap()]);
    daemon.status();
    assert!(std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(&path).unwrap().file_type()));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("boardd.prom", &link).unwrap();
    std::fs::write(folder.path().join("boardd.prom"), "").unwrap();
    let mut daemon = support::Daemon::start(&["--metrics", link.to_str().unwrap()]);
    daemon.status();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    check(&std::fs::read_to_string(folder.path().join("boardd.prom")).unwrap());
}

/// The counters of the page, of the status and of the metrics are the same.
#[test]
fn every_counter_is_in_the_status_the_metrics_and_the_page() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("boardd.prom");
    let mut daemon = support::Daemon::start(&["--metrics", path.to_str().unwrap()]);
    let status = daemon.status();
    let text = std::fs::read_to_string(&path).unwrap();
    let families =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE deltascope_boardd_")?.strip_suffix(" counter"));
    let metrics: BTreeSet<&str> = families.collect();
    let status: BTreeSet<&str> =
        status.as_object().unwrap().keys().map(String::as_str).filter(|key| key.ends_with("_total")).collect();
    assert_eq!(status, metrics);
    let page = include_str!("../../../docs/protocol.md").split_once("| counter | what it counts |").unwrap().1;
    let rows = page.lines().skip(2).map_while(|line| Some(line.strip_prefix("| ")?.split_once(" |")?.0));
    let page: BTreeSet<&str> = rows.chain(["errors_total", "rejected_peers_total"]).collect();
    assert_eq!(page, metrics);
    let stats = deltascope_protocol::server::Stats::default();
    for (name, ..) in stats.counters() {
        assert!(metrics.contains(&format!("{name}_total")[..]), "{name}");
    }
}
