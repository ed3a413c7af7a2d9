//! Sends by content from a recording to the report: both scopes against sets of everything that was sent, whatever is killed.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use deltascope_abi::loss::Losses;
use deltascope_abi::random::Random;
use deltascope_abi::record::Class;
use deltascope_agent::event::{Event, OwnerKind, Unjudged, What, body_fingerprint};
use deltascope_agent::recording::Writer;
use deltascope_agent::sink::Sink;
use serde_json::{Value, json};
use support::board::Board;
use support::held::Recorded;
use support::run::Run;
use support::{agent, finish, with_daemon};

const CONTAINERS: u64 = 6;
/// Contexts, of a number with which no two of these bodies have the same one.
const CONTEXTS: &str = "7012";

/// What must be counted, by container.
#[derive(Clone, Default)]
struct Expected {
    pages: u64,
    bodies: u64,
    bytes: u64,
    peer: (u64, u64),
    container: (u64, u64),
    unjudged: (u64, u64),
    encrypted: u64,
    heads: u64,
}

impl Expected {
    fn check(&self, found: &Value, name: &str) {
        let scope = |(redundant, bytes): (u64, u64)| json!({"redundant": redundant, "bytes_redundant": bytes});
        let expected = json!({
            "bodies": self.bodies, "body_bytes": self.bytes,
            "peer": scope(self.peer), "container": scope(self.container),
            "not_judged": self.unjudged.0, "not_judged_bytes": self.unjudged.1,
            "encrypted_bytes": self.encrypted, "head_bytes": self.heads,
        });
        assert_eq!(found["sends_by_content"], expected, "{name}");
        assert_eq!(found["cow_copies"], self.pages, "{name}");
    }
}

/// Records random events, pages among them, of few enough bodies that none is evicted; returns what must be counted.
fn record(path: &Path, events: u64) -> BTreeMap<String, Expected> {
    let mut random = Random::new(7);
    let mut below = |limit: u64| random.next() % limit;
    let mut writer = Writer::create(path, false, &[]).expect("a new file");
    let (mut seen, mut expected) = (HashSet::new(), BTreeMap::<String, Expected>::new());
    for _ in 0..events {
        let name = format!("api-{}", below(CONTAINERS));
        let sum = expected.entry(name.clone()).or_default();
        let (kind, length, what) = match below(10) {
            0 => {
                sum.pages += 1;
                (OwnerKind::Container, 4096, What::Page { class: Class::PageAfterT, before: 1, after: 2 })
            }
            1 => {
                let why = Unjudged::ALL[below(3) as usize];
                let length = if why == Unjudged::NoBody { 0 } else { 1 + below(5_000) };
                sum.unjudged = (sum.unjudged.0 + 1, sum.unjudged.1 + length);
                sum.encrypted += if why == Unjudged::Encrypted { length } else { 0 };
                sum.heads += 40;
                (OwnerKind::Sends, length as u32, What::Unjudged { why, head: 40 })
            }
            _ => {
                let (peer, body, length) = (below(3), below(4), 100 + below(2));
                let head = 10 + below(3);
                sum.bodies += 1;
                sum.bytes += length;
                sum.heads += head;
                for (found, key) in [
                    (&mut sum.peer, (Some(peer), name.clone(), body, length)),
                    (&mut sum.container, (None, name.clone(), body, length)),
                ] {
                    if !seen.insert(key) {
                        *found = (found.0 + 1, found.1 + length);
                    }
                }
                let fingerprint = body_fingerprint(body as u32, length as u32);
                (OwnerKind::Sends, length as u32, What::Body { peer, connection: 0, fingerprint, head: head as u32 })
            }
        };
        let owner = writer.owner(kind, &name).expect("the disk takes it");
        writer.event(Event { owner, length, what }).expect("the disk takes it");
    }
    writer.finish(events, &Losses::default()).expect("the disk takes it").finish().expect("ours");
    expected
}

fn check(report: &Value, expected: &BTreeMap<String, Expected>, events: u64) {
    assert_eq!((&report["captured"], &report["counted"]), (&json!(events), &json!(events)), "{report}");
    assert_eq!((&report["conserved"], &report["in_flight"]), (&json!(true), &json!(0)));
    assert_eq!(report["body_contexts"]["evicted"], 0, "the test is about what is not evicted: {report}");
    let containers = report["containers"].as_array().expect("a list");
    assert_eq!(containers.len(), expected.len(), "{report}");
    for found in containers {
        let name = found["name"].as_str().expect("a name");
        expected[name].check(found, name);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// A recording in a folder of its own.
fn recorded(events: u64) -> (tempfile::TempDir, PathBuf, BTreeMap<String, Expected>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events");
    let expected = record(&file, events);
    (folder, file, expected)
}

#[test]
fn both_scopes_equal_the_reference_with_and_without_folding() {
    let (_folder, file, expected) = recorded(2_000);
    for (groups, more) in [("64", &[][..]), ("64", &["--permute"]), ("3", &[])] {
        let run = ["replay", text(&file), "--json", "--contexts", CONTEXTS, "--groups", groups];
        let report = with_daemon(&[&run, more].concat()).ok().json();
        check(&report, &expected, 2_000);
    }
    let table = with_daemon(&["replay", text(&file), "--contexts", CONTEXTS]).ok().out;
    assert!(table.contains("again to peer") && table.contains("again in container"), "{table}");
    let sizes = ["--groups", "1"];
    with_daemon(&[&["replay", text(&file)], &sizes[..]].concat())
        .fails(&["expected a grant of 2 groups or more, found 1", "--groups"]);
}

/// An agent that replays `file`.
fn replay(file: &Path, board: &str, state: &Path) -> Run {
    let mut command = agent(&["run", "--json-lines", "--interval", "0.001", "--source", "replay", "--connect", board]);
    command.args(["--contexts", CONTEXTS]).arg("--file").arg(file).arg("--state-dir").arg(state);
    Run::of(command)
}

#[test]
fn kills_of_agent_and_daemon_change_no_scope() {
    const EVENTS: u64 = 300_000;
    let (folder, _, expected) = recorded(EVENTS);
    let mut recorded = Recorded::of(folder);
    let state = tempfile::tempdir().expect("a folder");
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    for share in [0.2, 0.4] {
        replay(recorded.held(share).path(), &address, state.path()).kill();
    }
    let held = recorded.held(0.6);
    let mut run = replay(held.path(), &address, state.path());
    let before = run.line()["captured"].as_u64().expect("a number");
    board.restart();
    run.errors.until("resumed after");
    held.give(0.8);
    run.line_after(before);
    run.kill();
    check(&replay(Path::new(&recorded.file()), &address, state.path()).last_line(), &expected, EVENTS);
}

/// What groups held is then known in number only: no line has it, and nothing is counted twice.
#[test]
fn lost_state_leaves_events_of_unknown_kind_in_no_line() {
    const EVENTS: u64 = 300_000;
    let mut recorded = Recorded::of(recorded(EVENTS).0);
    let state = tempfile::tempdir().expect("a folder");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    replay(recorded.held(0.5).path(), &address, state.path()).kill();
    for entry in std::fs::read_dir(state.path()).expect("a folder").flatten() {
        if !entry.file_name().to_string_lossy().starts_with("agent.") {
            std::fs::remove_file(entry.path()).expect("what was kept");
        }
    }
    let report = replay(Path::new(&recorded.file()), &address, state.path()).last_line();
    assert_eq!((&report["captured"], &report["counted"]), (&json!(EVENTS), &json!(EVENTS)), "{report}");
    let unknown = report["unknown_events"].as_u64().expect("what the first agent gave");
    let sum: u64 = report["containers"].as_array().expect("a list").iter().fold(0, |sum, one| {
        let sends = &one["sends_by_content"];
        let of = |value: &Value| value.as_u64().unwrap_or(0);
        sum + of(&one["cow_copies"]) + of(&sends["bodies"]) + of(&sends["not_judged"])
    });
    assert_eq!(sum + unknown, EVENTS);
}

#[test]
fn raw_file_has_a_record_for_each_scope() {
    let (folder, file, _) = recorded(3_000);
    let raw = folder.path().join("sends.raw");
    finish(agent(&["record", text(&raw), "--raw", "--source", "replay", "--file", text(&file)])).ok();
    let bytes = std::fs::read(&raw).expect("ours");
    let sends = bytes.chunks(16).filter(|record| record[0] & 15 == 6).count();
    let pairs = bytes.chunks(16).filter(|record| record[0] & 15 == 5).count();
    assert_eq!((sends % 2, sends / 2 + pairs), (0, 3_000));
}
