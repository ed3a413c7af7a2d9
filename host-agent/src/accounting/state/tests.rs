use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_protocol::frame::Cursor;

use super::{AgentId, AgentState, Carried, Change, StateError};
use crate::accounting::{GroupTable, Rows, SavedGroups, Snapshot};
use crate::event::{OwnerId, OwnerKind, Owners};

thread_local! {
    static REPORTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn report(notice: &str) {
    REPORTED.with_borrow_mut(|reported| reported.push(notice.to_owned()));
}

/// What was reported since the last call.
fn reported() -> String {
    REPORTED.take().join("\n")
}

/// Opens what no other agent uses. A process that another test is about to start has the lock of an agent that has just
/// ended until it runs its program.
pub(super) fn when_free<T>(open: impl Fn() -> Result<T, StateError>) -> T {
    let begun = Instant::now();
    loop {
        match open() {
            Err(StateError::InUse { .. }) if begun.elapsed() < Duration::from_secs(60) => std::thread::yield_now(),
            opened => return opened.unwrap_or_else(|error| panic!("no other agent uses it: {error}")),
        }
    }
}

fn open(folder: &Path) -> AgentState {
    open_as(folder, None)
}

fn open_as(folder: &Path, id: Option<AgentId>) -> AgentState {
    when_free(|| AgentState::open(folder, id, report))
}

/// Begins a session of a boot id with nothing counted before it.
fn begin(state: &mut AgentState, boot_id: u64) {
    let carried = Carried { boot_id, rows: Vec::new(), losses: Losses::default(), cursors: Vec::new() };
    state.record(&[Change::Reset(carried)]);
}

/// Waits until the writer has written `count` times.
fn written(state: &mut AgentState, count: u64) {
    let begun = Instant::now();
    while state.status().written < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?} {}", state.status(), reported());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn rows(events: u64) -> Rows {
    let mut rows = Rows::default();
    rows[2] = CounterRow { events, bytes: events * 10, redundant_events: 1, redundant_bytes: 10 };
    rows
}

#[test]
fn saved_session_comes_back_to_its_agent_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("agent");
    let mut state = open(&folder);
    let id = state.id();
    let mode = |name: &str| fs::metadata(folder.join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("agent.id")), (0o700, 0o600));
    let second = AgentState::open(&folder, None, report);
    assert!(matches!(second, Err(StateError::InUse { .. })), "its owner is alive");

    let mut owners = Owners::default();
    let web = owners.intern(OwnerKind::Container, "web").0;
    let heap = owners.intern(OwnerKind::Region, "heap").0;
    let groups = SavedGroups {
        slots: vec![(3, heap)],
        baselines: vec![(3, rows(4))],
        folded: vec![(web, rows(1 << 60))],
        adopted: rows(2),
    };
    let mut losses = Losses::default();
    losses.add(LossReason::AgentRestart, 5);
    let cursors = [Cursor { source: 2, unit: 1, position: u64::MAX }];
    let carried = vec![CounterRow { events: 9, ..CounterRow::default() }; 8];
    let grant = Carried { boot_id: 7, rows: carried.clone(), losses, cursors: cursors.to_vec() };
    begin(&mut state, 6);
    state.record(&[Change::Regrant(grant)]);
    let mut session = state.session();
    session.set_groups(&owners, &groups);
    state.save(session);
    written(&mut state, 1);
    assert_eq!(mode("session.json"), 0o600);
    let number = state.number();
    drop(state);

    let state = open(&folder);
    assert_eq!((state.id(), state.number()), (id, number));
    assert!(state.saved(6).is_none(), "another boot of the server");
    let saved = state.saved(7).expect("the same boot");
    assert_eq!(saved.carried(), carried);
    assert_eq!(saved.mark(), (losses, cursors.to_vec()));
    assert_eq!(saved.groups(), Some((owners, groups)));
    drop(state);
    assert_eq!(reported(), "");

    let other: AgentId = "000000000000000000000000000000ff".parse().expect("an id");
    let state = open_as(&folder, Some(other));
    assert!(state.id() == other && state.saved(7).is_none(), "what another agent kept is not its own");
    drop(state);
    assert_eq!(open(&folder).id(), other);
}

/// Gives the groups that a table and a folder hold after the same events; the order of use is not kept.
fn sorted(mut groups: SavedGroups) -> SavedGroups {
    groups.slots.sort();
    groups.baselines.sort_by_key(|(group, _)| *group);
    groups.folded.sort_by_key(|(owner, _)| *owner);
    groups
}

#[test]
fn changes_behind_the_session_are_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = open(folder.path());
    begin(&mut state, 7);
    let (mut owners, mut table, mut engine) = (Owners::default(), GroupTable::new(4), vec![Rows::default(); 4]);
    for event in 0..500u64 {
        let (owner, new) = owners.intern(OwnerKind::Container, &format!("c{}", event * event % 11));
        if new {
            state.record(&[Change::Owner(OwnerKind::Container, format!("c{}", event * event % 11))]);
        }
        let group = table.group(owner).unwrap_or_else(|| {
            table.fold(&Snapshot { sequence: event, groups: engine.clone() });
            table.group(owner).expect("folding makes room")
        });
        state.record(&table.take_changes());
        engine[group as usize][0].count(4096, event % 3 == 0);
        if event == 250 {
            let mut session = state.session();
            session.set_groups(&owners, &table.save());
            state.save(session);
        }
    }
    let number = state.number();
    // Killed: nothing is done at the end. The lock goes with the process, here with the value.
    drop(state);
    let state = open(folder.path());
    assert_eq!(state.number(), number);
    let (found_owners, found) = state.saved(7).expect("the same boot").groups().expect("whole");
    assert_eq!(found_owners, owners);
    assert_eq!(sorted(found), sorted(table.save()));
    assert_eq!(reported(), "");
}

#[test]
fn changes_of_a_process_that_saved_no_session_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let owner = |name: &str| Change::Owner(OwnerKind::Container, name.to_owned());
    let mut state = open(folder.path());
    begin(&mut state, 7);
    state.record(&[owner("a")]);
    state.save(state.session());
    written(&mut state, 1);
    drop(state);
    // Every file of changes was in the session and is gone.
    let mut state = open(folder.path());
    state.record(&[owner("b")]);
    let number = state.number();
    drop(state);
    assert_eq!(open(folder.path()).number(), number);
    assert_eq!(reported(), "");
}

#[test]
fn regrant_behind_the_session_is_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = open(folder.path());
    begin(&mut state, 7);
    let carried = vec![CounterRow { events: 3, ..CounterRow::default() }; 8];
    let cursors = vec![Cursor { source: 3, unit: 0, position: 9 }];
    let losses = Losses::default();
    state.record(&[Change::Regrant(Carried { boot_id: 8, rows: carried.clone(), losses, cursors: cursors.clone() })]);
    assert_eq!(state.saved(8).expect("the new boot").carried(), carried);
    drop(state);
    let state = open(folder.path());
    assert!(state.saved(7).is_none());
    let saved = state.saved(8).expect("the new boot");
    assert_eq!((saved.carried(), saved.mark()), (carried, (losses, cursors)));
}

#[test]
fn files_that_cannot_be_used_are_set_aside_and_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let (id, kept) = (folder.path().join("agent.id"), folder.path().join("session.json"));
    let whole = |folder: &Path| {
        let mut state = open(folder);
        begin(&mut state, 7);
        state.save(state.session());
        written(&mut state, 1);
        state.id()
    };
    let first = whole(folder.path());
    let session = fs::read_to_string(&kept).expect("a session");
    // The id is made again from the session.
    for text in ["", "0000", "00000000000000000000000000000000", "+000000000000000000000000000000f", "\0\0\0\0"] {
        fs::write(&id, text).expect("ours");
        assert_eq!(open(folder.path()).id(), first, "{text:?}");
        assert_eq!(reported().contains("expected 32 hex digits"), !text.is_empty(), "{text:?}");
        assert_eq!(fs::read_to_string(&id).expect("ours").trim(), first.to_string());
    }
    fs::remove_file(&id).expect("ours");
    assert_eq!(open(folder.path()).id(), first);
    // A session that is none is kept beside, and the id stays.
    let newer = session.replace("\"version\":2", "\"version\":3");
    assert_ne!(newer, session);
    for text in ["", "{}", "[1", &session[..session.len() / 2], &"\0".repeat(500), &newer] {
        fs::write(&kept, text).expect("ours");
        let state = open(folder.path());
        assert!(state.id() == first && state.saved(7).is_none(), "{text:?}");
        assert!(reported().contains("session.json: expected a session"), "{text:?}");
        assert_eq!(fs::read(folder.path().join("session.json.damaged")).expect("kept"), text.as_bytes());
    }
    assert_eq!(whole(folder.path()), first);
    // A copy that other users could read is closed.
    fs::set_permissions(&id, PermissionsExt::from_mode(0o644)).expect("ours");
    assert_eq!(open(folder.path()).id(), first);
    assert!(reported().contains("found 0644, set to 0600"));
    assert_eq!(fs::metadata(&id).expect("ours").permissions().mode() & 0o777, 0o600);
    // What an interrupted write has left does not matter.
    fs::write(folder.path().join("session.json.new"), "junk").expect("ours");
    assert!(open(folder.path()).saved(7).is_some());
    assert_eq!(reported(), "");
}

#[test]
fn id_and_secret_that_are_no_files_are_set_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = open(folder.path());
    begin(&mut state, 7);
    state.save(state.session());
    written(&mut state, 1);
    let (first, mut secret) = (state.id(), state.secret());
    drop(state);
    let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    let device = |path: &Path| symlink("/dev/zero", path).expect("a link");
    let filled = |path: &Path| fs::create_dir_all(path.join("below")).expect("ours");
    let socket = |path: &Path| drop(UnixListener::bind(path).expect("a socket"));
    for make in [&pipe as &dyn Fn(&Path), &device, &filled, &socket] {
        for name in ["agent.id", "agent.secret"] {
            let path = folder.path().join(name);
            fs::remove_file(&path).expect("ours");
            make(&path);
            let state = open(folder.path());
            assert_eq!(state.id(), first, "the session has it too");
            assert_eq!(state.secret() == secret, name == "agent.id");
            secret = state.secret();
            assert!(reported().contains(&format!("{name}: expected a file, found a device, a pipe")));
            let aside = folder.path().join(format!("{name}.damaged"));
            assert!(fs::symlink_metadata(&aside).is_ok());
            _ = fs::remove_file(&aside);
            _ = fs::remove_dir_all(&aside);
        }
    }
    assert!(open(folder.path()).saved(7).is_some());
    assert_eq!(reported(), "");
}

#[test]
fn torn_changes_end_before_the_damage_and_are_continued_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = open(folder.path());
    begin(&mut state, 7);
    state.save(state.session());
    written(&mut state, 1);
    let owner = |name: &str| Change::Owner(OwnerKind::Container, name.to_owned());
    state.record(&[owner("a"), Change::Take(1, OwnerId(0))]);
    let before = state.number();
    state.record(&[owner("b")]);
    drop(state);
    let changes = folder.path().join("changes.1");
    let bytes = fs::read(&changes).expect("changes");
    fs::write(&changes, &bytes[..bytes.len() - 1]).expect("ours");
    let mut state = open(folder.path());
    assert_eq!(state.number(), before);
    state.record(&[owner("c")]);
    drop(state);
    let state = open(folder.path());
    assert_eq!(state.number(), before + 1);
    let (owners, _) = state.saved(7).expect("the same boot").groups().expect("whole");
    let names: Vec<&str> = owners.iter().map(|(_, owner)| &*owner.name).collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn folder_that_is_none_is_reported_and_the_agent_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").expect("ours");
    for path in [file.clone(), file.join("below"), Path::new("/proc/none").to_path_buf()] {
        let mut state = open(&path);
        let notice = reported();
        assert!(notice.contains("begins at 0") && notice.contains("--state-dir"), "{notice}");
        begin(&mut state, 7);
        state.record(&[Change::Owner(OwnerKind::Container, String::from("a"))]);
        assert!(!state.wants_whole() && state.number() == 2);
    }
    let fixed: AgentId = "000000000000000000000000000000ff".parse().expect("an id");
    assert_eq!(open_as(&file, Some(fixed)).id(), fixed);
}
