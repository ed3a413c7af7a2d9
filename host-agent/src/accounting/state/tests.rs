use std::os::unix::fs::PermissionsExt;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_protocol::frame::Cursor;

use super::{AgentId, AgentState, SavedSession, StateError};
use crate::accounting::{Rows, SavedGroups};
use crate::event::{OwnerKind, Owners};

fn rows(events: u64) -> Rows {
    let mut rows = Rows::default();
    rows[2] = CounterRow { events, bytes: events * 10, redundant_events: 1, redundant_bytes: 10 };
    rows
}

#[test]
fn an_id_is_made_once_and_what_is_kept_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("agent");
    let mut state = AgentState::open(&folder, None).expect("a new folder");
    let id = state.id();
    let mode = |name: &str| std::fs::metadata(folder.join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("agent.id")), (0o700, 0o600));
    assert!(matches!(AgentState::open(&folder, None), Err(StateError::InUse { .. })), "its owner is alive");

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
    state
        .save(|saved| {
            *saved = SavedSession::new(6);
            saved.regranted(7, &carried, &losses, &cursors);
            saved.set_groups(&owners, &groups);
        })
        .expect("the folder takes it");
    assert_eq!(mode("session.json"), 0o600);
    drop(state);

    let state = AgentState::open(&folder, None).expect("the folder is free again");
    assert_eq!(state.id(), id);
    assert!(state.saved(6).is_none(), "another boot of the server");
    let saved = state.saved(7).expect("the same boot");
    assert_eq!(saved.carried(), carried);
    assert_eq!(saved.mark(), (losses, cursors.to_vec()));
    assert_eq!(saved.groups(), Some((owners, groups)));
    drop(state);

    let other: AgentId = "000000000000000000000000000000ff".parse().expect("an id");
    let state = AgentState::open(&folder, Some(other)).expect("the folder is free");
    assert!(state.id() == other && state.saved(7).is_none(), "what another agent kept is not its own");
    drop(state);
    assert_eq!(AgentState::open(&folder, None).expect("the folder is free").id(), other);
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (id, kept) = (folder.path().join("agent.id"), folder.path().join("session.json"));
    let error = |part: &str| {
        let error = AgentState::open(folder.path(), None).expect_err("something is wrong").to_string();
        assert!(error.contains(part) && error.contains("expected"), "{part:?} is not in {error}");
    };
    drop(AgentState::open(folder.path(), None).expect("a new id"));
    for text in ["0000", "00000000000000000000000000000000", "+000000000000000000000000000000f"] {
        std::fs::write(&id, text).expect("ours");
        error("agent.id");
    }
    std::fs::write(&id, "0123456789abcdef0123456789ABCDEF\n").expect("ours");
    std::fs::set_permissions(&id, PermissionsExt::from_mode(0o644)).expect("ours");
    error("0644");
    std::fs::set_permissions(&id, PermissionsExt::from_mode(0o600)).expect("ours");
    for text in ["", "{}", "[1", &format!("{:?}", [1; 100])] {
        std::fs::write(&kept, text).expect("ours");
        error("session.json");
    }
    std::fs::remove_file(&kept).expect("ours");
    let state = AgentState::open(folder.path(), None).expect("whole again");
    assert_eq!(state.id().to_string(), "0123456789abcdef0123456789abcdef");
}
