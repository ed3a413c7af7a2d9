//! The third process itself is judged.

use anyhow::Result;
use deltascope_testkit::reference::Reference;

use crate::recording::generate;

#[test]
fn a_recording_and_its_reference_replay_from_a_seed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let make = |name: &str, seed| -> Result<(Vec<u8>, Reference)> {
        let (file, path) = (folder.path().join(format!("{name}.rec")), folder.path().join(format!("{name}.reference")));
        generate(seed, 5_000, &file, &path)?;
        Ok((std::fs::read(file)?, serde_json::from_slice(&std::fs::read(path)?)?))
    };
    let (recording, reference) = make("one", 3)?;
    assert_eq!(make("again", 3)?.0, recording);
    assert_ne!(make("other", 4)?.0, recording);
    let events: u64 = reference.containers.values().map(|one| one.events()).sum();
    assert_eq!((events, reference.captured, reference.ring), (5_000, 5_077, 77));
    let redundant = |one: &deltascope_testkit::reference::Container| one.cow_redundant.min(one.net_redundant) > 0;
    assert!(reference.containers.values().all(redundant), "{reference:?}");
    Ok(())
}
