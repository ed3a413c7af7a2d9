//! Parsers of what the kernel gives, on anything; and owners of sockets on a tree that looks like `/proc`.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use proptest::prelude::*;

use super::netlink::read_socket;
use super::owners::{Charge, Owners};
use super::ring::packets;
use crate::procfs::ProcFs;
use crate::recording::{Item, Reader, Writer};

proptest! {
    /// A block whose numbers lead anywhere gives packets that are in it, or an error.
    #[test]
    fn damaged_blocks_are_errors_and_no_panics(
        count in 0u32..5,
        words in prop::collection::vec(prop_oneof![0u32..200, any::<u32>()], 8..100),
    ) {
        let mut block: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        block[12..16].copy_from_slice(&count.to_ne_bytes());
        let mut found = 0;
        if let Some(given) = packets(&block, &mut |_| found += 1) {
            prop_assert_eq!((given, found), (u64::from(count), count));
        }
    }

    #[test]
    fn answers_about_sockets_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        _ = read_socket(&bytes);
    }
}

/// Adds a process with its sockets and its group of version 1.
fn process(root: &Path, pid: u32, sockets: &[u32], group: &str) {
    let files = root.join(format!("{pid}/fd"));
    std::fs::create_dir_all(&files).expect("ours");
    for (number, socket) in sockets.iter().enumerate() {
        symlink(format!("socket:[{socket}]"), files.join(number.to_string())).expect("ours");
    }
    symlink("/dev/null", files.join("99")).expect("ours");
    std::fs::write(root.join(format!("{pid}/cgroup")), format!("4:memory:{group}\n")).expect("ours");
}

#[test]
fn a_socket_is_charged_to_its_process_then_to_its_listener() {
    let tree = tempfile::tempdir().expect("a folder");
    let root = tree.path();
    // The first process of the system has kept the listener that it made for the second server.
    process(root, 1, &[20], "/init");
    process(root, 7, &[10, 11], "/one");
    process(root, 8, &[20, 21], "/two");
    let mut owners = Owners::of(ProcFs::new(root));
    let mut writer = Writer::new(Path::new("in memory"), Vec::new()).expect("memory takes it");
    let charge = |inode, listener| Charge { cgroup: None, inode, listener, is_gone: inode == 0 };
    let mut number = |owners: &mut Owners, charge, at_once| {
        owners.owner(charge, Instant::now(), at_once, &mut writer).expect("memory takes it").map(|owner| owner.0)
    };
    assert_eq!(number(&mut owners, charge(11, 0), false), Some(0));
    assert_eq!(number(&mut owners, charge(21, 20), false), Some(1));
    assert_eq!((owners.listener_events, owners.unknown_events), (0, 0));
    assert_eq!(number(&mut owners, charge(0, 20), false), Some(1), "its connection is gone");
    assert_eq!(number(&mut owners, charge(0, 0), false), Some(2), "nothing is known");
    // A socket that is new asks for another look, which is not due.
    process(root, 9, &[30], "/three");
    assert_eq!(number(&mut owners, charge(30, 20), false), None);
    assert_eq!(number(&mut owners, charge(30, 20), true), Some(3));
    assert_eq!(number(&mut owners, charge(40, 10), true), Some(0), "its process has closed it");
    assert_eq!((owners.listener_events, owners.unknown_events), (2, 1));
    let bytes = writer.finish(0, &Default::default()).expect("nothing was captured");
    let mut reader = Reader::new(Path::new("in memory"), &bytes[..]).expect("a recording");
    let mut names = Vec::new();
    while let Some(item) = reader.next_item().expect("a recording") {
        if let Item::Owner(_, name) = item {
            names.push(name);
        }
    }
    assert_eq!(names, ["/one", "/two", "unknown", "/three"]);
}
