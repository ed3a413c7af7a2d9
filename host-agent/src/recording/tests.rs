use std::fs::Permissions;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::{Class, MAX_LENGTH, RECORD_BYTES, Record};
use proptest::prelude::*;

use super::*;
use crate::event::{Event, OwnerId, OwnerKind, Unjudged, What};
use crate::report::Details;
use crate::sink::Sink;

const PATH: &str = "in-memory.rec";

fn events() -> impl Strategy<Value = Vec<(u8, Event)>> {
    let what = prop_oneof![
        (prop::sample::select(vec![Class::PageAfterT, Class::PageAtExit, Class::PageUnjudged]), any::<[u32; 2]>())
            .prop_map(|(class, [before, after])| What::Page { class, before, after }),
        any::<[u64; 2]>().prop_map(|[socket, fingerprint]| What::Send { socket, fingerprint }),
        (any::<[u64; 2]>(), any::<u32>()).prop_map(|([peer, fingerprint], head)| What::Body {
            peer,
            connection: 0,
            fingerprint,
            head
        }),
        (prop::sample::select(Unjudged::ALL.to_vec()), any::<u32>())
            .prop_map(|(why, head)| What::Unjudged { why, head }),
    ];
    let event = (0..=MAX_LENGTH, what).prop_map(|(length, what)| Event { owner: OwnerId(0), length, what });
    prop::collection::vec((0u8..6, event), 0..60)
}

/// A recording of these events, each with an owner of its number, and the items that a reader should give.
fn record(events: &[(u8, Event)], losses: Losses) -> (Vec<u8>, Vec<Item>) {
    let mut writer = Writer::new(Path::new(PATH), Vec::new()).expect("memory takes it");
    let mut items = Vec::new();
    let mut owners = 0;
    for &(owner, event) in events {
        let (kind, name) = (OwnerKind::ALL[owner as usize % 4], format!("container-{owner}-ä"));
        let owner = writer.owner(kind, &name).expect("memory takes it");
        if owner.0 == owners {
            owners += 1;
            items.push(Item::Owner(kind, name));
        }
        let event = Event { owner, ..event };
        writer.event(event).expect("memory takes it");
        items.push(Item::Event(event));
    }
    let captured = events.len() as u64 + losses.total();
    let bytes = writer.finish(captured, &losses).expect("memory takes it");
    items.push(Item::End(End { captured, events: events.len() as u64, losses }));
    (bytes, items)
}

fn read(bytes: &[u8]) -> Result<Vec<Item>, RecordingError> {
    let mut reader = Reader::new(Path::new(PATH), Cursor::new(bytes))?;
    let mut items = Vec::new();
    while let Some(item) = reader.next_item()? {
        items.push(item);
    }
    Ok(items)
}

proptest! {
    #[test]
    fn what_is_written_is_read(events in events(), ring in 0u64..100) {
        let mut losses = Losses::default();
        losses.add(LossReason::Ring, ring);
        let (bytes, items) = record(&events, losses);
        prop_assert_eq!(read(&bytes).expect("a whole recording"), items);
    }

    /// A recording that ends anywhere gives what is in its whole chunks, and reports where it was cut.
    #[test]
    fn cut_recording_gives_its_whole_chunks(events in events(), cut in any::<prop::sample::Index>()) {
        let (bytes, all) = record(&events, Losses::default());
        let cut = cut.index(bytes.len());
        match read(&bytes[..cut]) {
            Err(error) => {
                prop_assert!(cut < HEADER_BYTES, "{error}");
                prop_assert!(matches!(error, RecordingError::Truncated { .. } | RecordingError::Magic { .. }), "{error}");
            }
            Ok(mut items) => {
                let Some(Item::Cut(end)) = items.pop() else { panic!("no cut in {items:?}") };
                prop_assert_eq!(end.at + end.torn_bytes, cut as u64);
                prop_assert_eq!(items.iter().filter(|item| matches!(item, Item::Event(_))).count() as u64, end.events);
                prop_assert_eq!(&items[..], &all[..items.len()]);
                // Chunks end where they end: a byte more or less of the torn one changes nothing.
                prop_assert_eq!(read(&bytes[..end.at as usize]).expect("whole chunks").len(), items.len() + 1);
            }
        }
    }

    #[test]
    fn zeros_behind_a_cut_are_part_of_it(events in events(), cut in any::<prop::sample::Index>(), zeros in 0usize..10_000) {
        let (bytes, all) = record(&events, Losses::default());
        let cut = HEADER_BYTES + cut.index(bytes.len() - HEADER_BYTES);
        let mut left = bytes[..cut].to_vec();
        left.resize(cut + zeros, 0);
        let mut items = read(&left).expect("whole chunks, then a cut");
        match items.pop().expect("an end") {
            Item::Cut(end) => prop_assert_eq!(end.at + end.torn_bytes, left.len() as u64),
            // The last checksum ended in zeros itself.
            end => prop_assert!(matches!(end, Item::End(_)) && cut + 4 > bytes.len(), "{end:?}"),
        }
        prop_assert_eq!(&items[..], &all[..items.len()]);
    }

    #[test]
    fn every_flipped_bit_is_an_error(events in events(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (mut bytes, _) = record(&events, Losses::default());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // A length that became longer reads as a cut.
        let cut = |items: Vec<Item>| matches!(items.last(), Some(Item::Cut(_)));
        prop_assert!(read(&bytes).map_or(true, cut));
    }

    #[test]
    fn random_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }

    /// Chunks with right checksums and random contents: the fields' own checks hold.
    #[test]
    fn random_chunks_do_not_panic(
        chunks in prop::collection::vec((0u32..6, prop::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..140)), 0..6),
    ) {
        let (whole, _) = record(&[], Losses::default());
        let mut bytes = whole[..HEADER_BYTES].to_vec();
        for (kind, body) in chunks {
            let start = bytes.len();
            bytes.extend(kind.to_le_bytes());
            bytes.extend((body.len() as u32).to_le_bytes());
            bytes.extend(body);
            bytes.extend(crc32c(&bytes[start..]).to_le_bytes());
        }
        if let Ok(items) = read(&bytes) {
            prop_assert!(matches!(items.last(), Some(Item::End(_) | Item::Cut(_))));
        }
    }
}

#[test]
fn a_foreign_file_is_refused_by_name() {
    let error = read(b"\x7fELF and so on, long enough for a header").expect_err("not a recording");
    let text = error.to_string();
    assert!(text.contains(PATH) && text.contains("offset 0") && text.contains("deltascope record"), "{text}");
}

#[test]
fn another_version_is_refused_by_number() {
    let (mut bytes, _) = record(&[], Losses::default());
    bytes[8] = 9;
    let text = read(&bytes).expect_err("another version").to_string();
    assert!(text.contains("expected 2 to 3, found 9"), "{text}");
}

/// What is read of one page of an owner of this kind and class, in a recording of this version.
fn read_page(kind: OwnerKind, class: u8, version: u8) -> Result<What, RecordingError> {
    let mut writer = Writer::new(Path::new(PATH), Vec::new()).expect("memory takes it");
    let owner = writer.owner(kind, "a").expect("memory takes it");
    let what = What::Page { class: Class::from_code(class), before: 7, after: 7 };
    writer.event(Event { owner, length: 4096, what }).expect("memory takes it");
    let mut bytes = writer.finish(1, &Losses::default()).expect("memory takes it");
    bytes[8] = version;
    let crc = crc32c(&bytes[..HEADER_BYTES - 4]);
    bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    match &read(&bytes)?[1] {
        Item::Event(event) => Ok(event.what),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_known_of_a_container_is_read_as_it_was_written() {
    let details = |id: Option<&str>| Details {
        cgroup: "/kubepods/pod7/\u{202e}ab".to_owned(),
        runtime: id.map(|_| "cri-containerd".to_owned()),
        id: id.map(str::to_owned),
        pod: Some("7".to_owned()),
    };
    let mut writer = Writer::new(Path::new(PATH), Vec::new()).expect("memory takes it");
    let [web, idle] = ["web", "idle"].map(|name| writer.owner(OwnerKind::Scanned, name).expect("memory takes it"));
    for _ in 0..2 {
        writer.describe(idle, &details(None)).expect("memory takes it");
        writer.describe(web, &details(Some("ab"))).expect("memory takes it");
    }
    assert!(matches!(writer.add_details(OwnerId(2), &details(None)), Err(RecordingError::Owner { found: 2, .. })));
    let bytes = writer.finish(0, &Losses::default()).expect("memory takes it");
    let container = |owner, details| Item::Container(owner, Box::new(details));
    let items = read(&bytes).expect("a whole recording");
    assert_eq!(items[2..4], [container(idle, details(None)), container(web, details(Some("ab")))], "each once");
    // With a right checksum, an owner that is not there and text that is no object are refused.
    let chunk = |body: &[u8]| {
        let mut file = bytes[..HEADER_BYTES].to_vec();
        let start = file.len();
        file.extend(5u32.to_le_bytes());
        file.extend((body.len() as u32).to_le_bytes());
        file.extend(body);
        file.extend(crc32c(&file[start..]).to_le_bytes());
        read(&file).expect_err("no container").to_string()
    };
    assert!(chunk(b"ab").contains("container chunk length"));
    assert!(chunk(b"\0\0\0\0{}").contains("owner of a container"));
}

#[test]
fn a_page_of_a_scan_has_any_class_and_one_of_a_container_not() {
    for class in 0..4 {
        let page = What::Page { class: Class::from_code(class), before: 7, after: 7 };
        for kind in [OwnerKind::Scanned, OwnerKind::Region] {
            assert_eq!(read_page(kind, class, 3).expect("a page"), page);
        }
        let of_container = read_page(OwnerKind::Container, class, 3);
        match class {
            2 => assert!(matches!(of_container, Err(RecordingError::Field { what: "kind of an event", .. }))),
            _ => assert_eq!(of_container.expect("a page"), page),
        }
    }
}

#[test]
fn an_older_recording_keeps_what_was_not_judged() {
    // Class 3 was what had not been compared; of pages that were, the class is the same.
    let page = |class, before, after| What::Page { class, before, after };
    let unjudged = page(crate::event::scanned::SIBLING_OR_UNJUDGED, 0, 1);
    assert_eq!(read_page(OwnerKind::Scanned, 3, 2).expect("a page"), unjudged);
    assert_eq!(read_page(OwnerKind::Scanned, 0, 2).expect("a page"), page(Class::PageAfterT, 7, 7));
    assert_eq!(read_page(OwnerKind::Container, 3, 2).expect("a page"), page(Class::PageUnjudged, 7, 7));
}

#[test]
fn bytes_after_the_end_are_refused() {
    let (mut bytes, _) = record(&[], Losses::default());
    bytes.push(0);
    assert!(matches!(read(&bytes), Err(RecordingError::Field { what: "byte after the end", .. })));
}

#[test]
fn an_end_that_breaks_the_law_is_refused() {
    let writer = Writer::new(Path::new(PATH), Vec::new()).expect("memory takes it");
    let bytes = writer.finish(1, &Losses::default()).expect("memory takes it");
    assert!(matches!(read(&bytes), Err(RecordingError::Field { what: "events captured", .. })));
}

#[test]
fn an_event_of_nobody_is_refused() {
    let mut writer = Writer::new(Path::new(PATH), Vec::new()).expect("memory takes it");
    let event = Event { owner: OwnerId(0), length: 1, what: What::Send { socket: 1, fingerprint: 2 } };
    assert!(matches!(writer.add_event(event), Err(RecordingError::Owner { expected: 0, found: 0 })));
}

#[test]
fn files_are_private_and_replaced_only_when_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new.rec");
    let create = |replace| Writer::create(&path, replace, &[]);
    create(false)
        .expect("a new file")
        .finish(0, &Losses::default())
        .expect("an empty recording")
        .finish()
        .expect("ours");
    let mode = |path: &Path| std::fs::metadata(path).expect("the file").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    let text = create(false).map(|_| ()).expect_err("it exists").to_string();
    assert!(text.contains("--force"), "{text}");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("my file");
    let before = std::fs::read(&path).expect("the file");
    let mut writer = create(true).expect("it may be replaced");
    writer.add_owner(OwnerKind::Container, "web").expect("the disk takes it");
    assert_eq!(std::fs::read(&path).expect("the file"), before, "until the recording is whole");
    assert_eq!((writer.at(), mode(writer.at())), (&*folder.path().join("new.rec.new"), 0o600));
    writer.finish(0, &Losses::default()).expect("whole").finish().expect("ours");
    assert_ne!(std::fs::read(&path).expect("the file"), before);
    assert_eq!((mode(&path), folder.path().join("new.rec.new").exists()), (0o600, false));
}

#[test]
fn recording_that_is_read_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, link) = (folder.path().join("a.rec"), folder.path().join("link.rec"));
    std::fs::write(&path, "a recording").expect("ours");
    std::os::unix::fs::symlink(&path, &link).expect("ours");
    for output in [&path, &link] {
        for replace in [false, true] {
            let error = Output::open(output, replace, &[&path]).map(|_| ()).expect_err("it is read");
            assert!(matches!(error, RecordingError::Itself { .. }), "{error}");
        }
    }
    assert_eq!(std::fs::read_to_string(&path).expect("ours"), "a recording");
}

#[test]
fn full_disk_is_an_error_that_names_what_is_there() {
    let error = Writer::create(Path::new("/dev/full"), true, &[]).map(|_| ()).expect_err("no space").to_string();
    assert!(error.contains("incomplete") && error.contains("last whole chunk"), "{error}");
}

#[test]
fn raw_records_are_those_of_the_session() {
    let mut raw = RawWriter::new(Path::new(PATH), Vec::new(), 3, 2);
    let owners: Vec<_> =
        ["a", "b", "c"].map(|name| raw.owner(OwnerKind::Container, name).expect("memory takes it")).to_vec();
    let page = What::Page { class: Class::PageAtExit, before: 1, after: 2 };
    for &owner in &owners {
        raw.event(Event { owner, length: 4096, what: page }).expect("memory takes it");
    }
    let send = What::Send { socket: 77, fingerprint: 5 };
    raw.event(Event { owner: owners[0], length: u32::MAX, what: send }).expect("memory takes it");
    assert_eq!(raw.events(), 4);
    raw.end().expect("memory takes it");
    let bytes = raw.into_output();
    let expected = [
        Record::pair(1, Class::PageAtExit, 4096, 1, 2),
        Record::pair(2, Class::PageAtExit, 4096, 1, 2),
        Record::pair(0, Class::PageAtExit, 4096, 1, 2),
        Record::send(1, 0, MAX_LENGTH, 5),
    ];
    assert_eq!(bytes.len(), expected.len() * RECORD_BYTES);
    assert_eq!(bytes, expected.map(Record::to_bytes).concat());
}

#[test]
fn reserved_bytes_that_are_not_zero_are_refused() {
    let event =
        Event { owner: OwnerId(0), length: 4096, what: What::Page { class: Class::PageAfterT, before: 1, after: 2 } };
    let (whole, _) = record(&[(0, event)], Losses::default());
    // Behind the header and the chunk of the only owner.
    let events = HEADER_BYTES + CHUNK_HEAD_BYTES + 8 + "container-0-ä".len() + 4;
    let body = events + CHUNK_HEAD_BYTES;
    assert!(read(&whole).is_ok());
    // The two zeros, the socket of a page, the zeros behind the length.
    for at in [2, 3, 8, 15, 20, 23] {
        let mut bytes = whole.clone();
        bytes[body + at] = 1;
        let end = body + EVENT_BYTES;
        let crc = crc32c(&bytes[events..end]);
        bytes[end..end + 4].copy_from_slice(&crc.to_le_bytes());
        let text = read(&bytes).expect_err("a byte that is reserved").to_string();
        assert!(text.contains("reserved bytes of an event") && text.contains("expected zero"), "{at}: {text}");
    }
}

#[test]
fn what_a_scan_reported_is_read_as_it_was_written() {
    let scan = crate::report::ScanJson::from(
        &crate::scan::Scanner::new(crate::scan::ScanConfig {
            target: crate::scan::ScanTarget::Pids(vec![std::process::id()]),
            ..Default::default()
        })
        .scan(&mut |_| (), &mut |_| ())
        .expect("the scan runs"),
    );
    let mut writer = Writer::new(Path::new(PATH), Vec::new()).expect("memory takes it");
    writer.scan(&scan).expect("memory takes it");
    let mut bytes = writer.finish(0, &Losses::default()).expect("memory takes it");
    assert_eq!(read(&bytes).expect("a whole recording")[0], Item::Scan(Box::new(scan)));
    // With a right checksum, text that is none of this is refused.
    let (start, end) = (HEADER_BYTES, bytes.len() - CHUNK_HEAD_BYTES - END_BYTES - 4);
    bytes[start + CHUNK_HEAD_BYTES] = b'[';
    let crc = crc32c(&bytes[start..end - 4]);
    bytes[end - 4..end].copy_from_slice(&crc.to_le_bytes());
    let text = read(&bytes).expect_err("no report").to_string();
    assert!(text.contains("scan report at offset 32"), "{text}");
}
