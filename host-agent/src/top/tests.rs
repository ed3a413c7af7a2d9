//! Views of rounds that are made up, on a screen of 80 x 24.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use super::key::Key;
use super::keys::action;
use super::order::{Sort, sort};
use super::rows::Row;
use super::view::{Request, View};
use super::{TopJson, once_text};
use crate::accounting::{Conservation, Operations, Rows};
use crate::event::OwnerKind;
use crate::procfs::pressure::Pressures;
use crate::procfs::{OwnCost, TcpSocket};
use crate::report::round::Round;
use crate::report::{Details, Line, Recent, Report};
use crate::uplink::LinkStatus;

const PAGE: u64 = 4_096;

fn copies(events: u64, redundant: u64) -> CounterRow {
    CounterRow { events, bytes: events * PAGE, redundant_events: redundant, redundant_bytes: redundant * PAGE }
}

fn line(name: &str, pages: CounterRow, recent: Option<CounterRow>) -> Line {
    Line {
        pages,
        unjudged: 1,
        recent: recent.map(|pages| Recent { pages, ..Recent::default() }),
        details: Some(Details { cgroup: format!("/unit/{name}"), runtime: None, id: None, pod: None }),
        ..Line::new(OwnerKind::Container, name, &Rows::default())
    }
}

fn round(number: u64, lines: Vec<Line>) -> Arc<Round> {
    let counted = lines.iter().map(|line| line.pages.events).sum();
    Arc::new(Round {
        number,
        at: SystemTime::UNIX_EPOCH,
        since_start: Duration::from_secs(number),
        since_last: Duration::from_secs(1),
        interval: Duration::from_secs(1),
        silence: Duration::from_secs(600),
        budget: None,
        off: None,
        names: None,
        source: "synth",
        is_state: false,
        source_status: vec![("seen", counted + 3), ("blind", 3)],
        report: Report {
            engine: "model",
            conservation: Conservation { counted, lost: Losses::default(), in_flight: 0, captured: counted },
            unjudged: 0,
            lines,
            lower_bound: false,
            nothing_seen: false,
            body_contexts: (0, 0),
            send_bytes: None,
            unknown_events: 0,
        },
        scan: None,
        estimates: None,
        estimated: None,
        silent: 0,
        state: None,
        link: LinkStatus { peer: "127.0.0.1:1".to_owned(), online: true, connections: 1, certificate_days: None },
        own: OwnCost { cpu: Duration::from_millis(20 * number), resident_bytes: Some(5 << 20), ..OwnCost::default() },
        operations: Operations::default(),
        took: Duration::from_millis(120),
        longest_round: Duration::from_millis(340),
    })
}

fn two(number: u64, a: u64, b: u64) -> Arc<Round> {
    let recent = |count| Some(copies(count, count));
    round(number, vec![line("a", copies(a, a), recent(a)), line("b", copies(b, b), recent(b))])
}

fn view() -> View {
    View::new(true, false)
}

fn screen(view: &View, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen in memory");
    terminal.draw(|frame| view.draw(frame)).expect("it draws");
    terminal
}

fn lines(view: &View) -> Vec<String> {
    let terminal = screen(view, 80, 24);
    let cells = terminal.backend().buffer().content();
    cells.chunks(80).map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned()).collect()
}

fn press(view: &mut View, codes: &[KeyCode]) -> Option<Request> {
    let mut request = None;
    for &code in codes {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        request = action(key, view.editing, view.position.is_some()).and_then(|action| view.act(action));
    }
    request
}

fn names(view: &View) -> Vec<String> {
    view.visible().iter().map(|row| row.name.clone()).collect()
}

#[test]
fn eighty_columns_hold_law_coverage_cost_and_rates() {
    let mut view = view();
    view.add(two(1, 50, 500));
    view.add(two(2, 60, 600));
    let lines = lines(&view);
    assert!(lines[0].starts_with("deltascope top: source synth, engine model, round 2 at 2 s"), "{lines:#?}");
    assert!(lines[1].starts_with("law: conserved: captured 660 == counted 660 + in flight 0 + lost 0"), "{lines:#?}");
    assert_eq!(lines[2], "coverage: 663 events seen, 3 of them blind");
    assert_eq!(lines[3], "own cost: 2.0 % of a core, 5.0 MiB, longest stall caused 0.0 ms");
    assert!(lines[4].starts_with("round 0.12 s, longest 0.34 s; memory pressure "), "{lines:#?}");
    let head: Vec<&str> = lines[6].split_whitespace().collect();
    assert_eq!(head[..5], ["CONTAINER", "COPIES", "REDUND", "WASTED", "WASTED/s"]);
    let row: Vec<&str> = lines[7].split_whitespace().collect();
    assert_eq!(row[..7], ["b", "600", "600", "2.3", "MiB", "2.3", "MiB"], "{lines:#?}");
    assert!(lines[7].ends_with("▇█"), "{lines:#?}");
    assert!(lines[8].starts_with("a "), "{lines:#?}");
    assert!(lines[23].starts_with("q quit"), "{lines:#?}");
}

#[test]
fn law_that_is_broken_is_said_in_words_and_without_colour() {
    let mut broken = two(1, 5, 6).as_ref().clone();
    broken.report.conservation.captured += 1;
    let mut view = View::new(false, true);
    view.add(Arc::new(broken));
    assert!(lines(&view)[1].starts_with("law: NOT CONSERVED: captured 12 != counted 11"));
    let terminal = screen(&view, 80, 24);
    let cells = terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)), "no colour");
    assert!(cells.iter().all(|cell| cell.symbol().is_ascii()), "nothing but ASCII");
    assert!(cells.iter().any(|cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED)), "the selected row");
}

#[test]
fn row_keeps_its_place_until_another_is_a_tenth_above() {
    let mut view = view();
    view.add(two(1, 100, 90));
    assert_eq!(names(&view), ["a", "b"]);
    view.add(two(2, 100, 109));
    assert_eq!(names(&view), ["a", "b"], "not clearly above");
    view.add(two(3, 100, 112));
    assert_eq!(names(&view), ["b", "a"]);
    view.add(two(4, 109, 100));
    assert_eq!(names(&view), ["b", "a"]);
}

#[test]
fn selection_follows_its_container() {
    let mut view = view();
    view.add(two(1, 100, 90));
    press(&mut view, &[KeyCode::Down]);
    assert_eq!(view.selected_place(), 1);
    view.add(two(2, 100, 900));
    assert_eq!((names(&view), view.selected_place()), (vec!["b".to_owned(), "a".to_owned()], 0));
}

#[test]
fn filter_is_of_names_and_groups_in_any_case() {
    let mut view = view();
    view.add(two(1, 100, 90));
    press(&mut view, &[KeyCode::Char('/'), KeyCode::Char('T'), KeyCode::Char('/'), KeyCode::Char('b')]);
    assert_eq!(lines(&view)[5], "filter: T/b_");
    press(&mut view, &[KeyCode::Enter]);
    assert_eq!(names(&view), ["b"]);
    assert!(lines(&view)[5].starts_with("filter \"T/b\": 1 containers"));
    press(&mut view, &[KeyCode::Esc]);
    assert_eq!(names(&view).len(), 2);
}

#[test]
fn frozen_screen_stays_and_history_goes_on() {
    let mut view = view();
    view.add(two(1, 100, 90));
    press(&mut view, &[KeyCode::Char('f')]);
    view.add(two(2, 100, 900));
    let frozen = lines(&view);
    assert!(frozen[0].contains("round 1 ") && frozen[5].contains("FROZEN"), "{frozen:#?}");
    assert_eq!(names(&view), ["a", "b"]);
    press(&mut view, &[KeyCode::Char('f')]);
    view.add(two(3, 100, 900));
    assert_eq!(names(&view), ["b", "a"]);
    assert_eq!(view.history.last(&Key("b".to_owned()), 8).len(), 3);
}

#[test]
fn pressure_is_the_share_of_the_round_in_which_a_task_waited() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut view = view();
    let mut add = |number: u64, micros: u64| {
        let text = format!("some avg10=0.00 avg60=0.00 avg300=0.00 total={micros}\n");
        std::fs::write(folder.path().join("memory.pressure"), text).expect("a file");
        let mut pressed = line("a", copies(1, 1), None);
        pressed.pressure = Pressures::read(folder.path());
        view.add(round(number, vec![pressed, line("b", copies(9, 9), None)]));
        let rows = view.visible();
        let percent = |name: &str| rows.iter().find(|row| row.name == name).expect("a row").memory_pressure_percent;
        (percent("a"), percent("b"), rows[0].name.clone())
    };
    assert_eq!(add(1, 5_000_000), (None, None, "b".to_owned()));
    // A quarter of a second in one second: the smaller waste under pressure comes first.
    assert_eq!(add(2, 5_250_000), (Some(25.0), None, "a".to_owned()));
    assert_eq!(add(3, 5_250_000), (Some(0.0), None, "b".to_owned()));
}

fn row(name: &str, bytes: u64, pressure: Option<f64>) -> Row {
    Row {
        name: name.to_owned(),
        cgroup: None,
        copies: 1,
        copies_redundant: 1,
        copies_unjudged: 0,
        sends: 0,
        sends_redundant: 0,
        bytes_redundant: bytes,
        bytes_redundant_per_second: None,
        memory_pressure_percent: pressure,
        key: Key(name.to_owned()),
        path: None,
    }
}

#[test]
fn waste_under_pressure_comes_before_waste() {
    let mut rows = [row("calm", 9_000, Some(0.0)), row("none", 8_000, None), row("stalled", 100, Some(50.0))];
    sort(&mut rows, Sort::Pressure, &[]);
    assert_eq!(rows.each_ref().map(|row| row.name.as_str()), ["stalled", "calm", "none"]);
    sort(&mut rows, Sort::Waste, &[]);
    assert_eq!(rows.each_ref().map(|row| row.name.as_str()), ["calm", "none", "stalled"]);
    // Equal ones have an order too.
    let mut rows = [row("y", 5, None), row("x", 5, None)];
    sort(&mut rows, Sort::Pressure, &[]);
    assert_eq!(rows.each_ref().map(|row| row.name.as_str()), ["x", "y"]);
}

#[test]
fn detail_shows_counters_and_goes_back() {
    let mut view = view();
    view.add(two(1, 100, 900));
    press(&mut view, &[KeyCode::Down, KeyCode::Enter]);
    let open = lines(&view);
    assert!(open[6].ends_with(" a") && open[7].ends_with("/unit/a"), "{open:#?}");
    assert_eq!(open[8], "copies     100, redundant 100, not judged 1");
    view.add(two(2, 200, 900));
    assert_eq!(lines(&view)[8], "copies     200, redundant 200, not judged 1");
    press(&mut view, &[KeyCode::Esc]);
    assert!(lines(&view)[6].starts_with("CONTAINER"));
}

#[test]
fn detail_lists_sockets_with_both_ends() {
    let mut view = view();
    view.add(two(1, 100, 900));
    press(&mut view, &[KeyCode::Down, KeyCode::Enter]);
    let socket = TcpSocket {
        local: "10.0.0.1:6379".parse().expect("an address"),
        remote: "10.0.0.2:40000".parse().expect("an address"),
        state: "ESTAB",
        unsent: 4_096,
        unread: 7,
        inode: 1,
    };
    view.detail.as_mut().expect("it is open").sockets.push((77, socket));
    let found = lines(&view);
    let line = found.iter().find(|line| line.contains("ESTAB")).unwrap_or_else(|| panic!("{found:#?}"));
    let fields: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(fields, ["77", "ESTAB", "4096", "7", "10.0.0.1:6379", "-", "10.0.0.2:40000"]);
}

#[test]
fn small_screens_and_many_rows_are_drawn() {
    let mut view = view();
    let rows = (0..500)
        .map(|at| line(&format!("container-{at:03}-with-a-name-that-is-far-too-long-for-it"), copies(at, at), None));
    view.add(round(1, rows.collect()));
    press(&mut view, &[KeyCode::End]);
    let lines = lines(&view);
    assert!(lines.iter().any(|line| line.starts_with("container-000-wi")), "the last is in view: {lines:#?}");
    for (width, height) in [(1, 1), (20, 5), (60, 12), (61, 13), (200, 60)] {
        screen(&view, width, height);
    }
}

#[test]
fn keys_of_a_recording_seek() {
    let mut view = view();
    view.set_position(super::Position { event: 10, events: 1_000 });
    assert_eq!(press(&mut view, &[KeyCode::Right]), Some(Request::SeekBy(10)));
    assert_eq!(press(&mut view, &[KeyCode::Char('[')]), Some(Request::SeekBy(-100)));
    assert_eq!(press(&mut view, &[KeyCode::Char('7')]), Some(Request::SeekTo(700)));
    assert_eq!(press(&mut view, &[KeyCode::End]), Some(Request::SeekTo(1_000)));
    assert_eq!(press(&mut view, &[KeyCode::Char(' ')]), Some(Request::Play(true)));
    let position = super::Position { event: 10, events: 1_000 };
    assert_eq!((position.moved(-100), position.moved(990), position.at(333)), (0, 1_000, 333));
    assert_eq!(super::Position { event: 5, events: 9 }.moved(-10), 4, "at least one event");
}

#[test]
fn one_round_is_the_same_as_text_and_as_json() {
    let mut view = view();
    assert!(TopJson::of(&view).is_none());
    view.add(two(1, 100, 900));
    view.set_filter("unit/b");
    let json = serde_json::to_value(TopJson::of(&view).expect("a round")).expect("JSON");
    assert_eq!(json["containers"][0]["name"], "b");
    assert_eq!(json["containers"][0]["bytes_redundant"], 900 * PAGE);
    assert_eq!(json["conserved"], true);
    assert_eq!(json["containers"].as_array().map(Vec::len), Some(1));
    let text = once_text(&view);
    assert!(text.lines().any(|line| line.starts_with("b ") && line.contains(" 900 ")), "{text}");
}
