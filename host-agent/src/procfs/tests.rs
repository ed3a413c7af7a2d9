//! The parsers on text that kernels write, and on text that no kernel should write.

use proptest::prelude::*;

use super::*;

/// A process whose command holds what makes the field order hard to find.
const STAT: &str = "4242 (a) b (c) S 17 4242 4200 0 -1 4194368 100 0 0 0 7 1 0 0 20 0 3 0 44116 \
    3133440 390 18446744073709551615 93981359017984 93981359037865 140732790326320 0 0 0 0 0 0 0 \
    0 0 17 0 0 0 0 0 0 93981359053872 93981359055488 93982209966080 140732790328034 \
    140732790328054 140732790328054 140732790329323 0\n";

const SMAPS: &str = "\
565265c75000-565265c77000 r--p 00001000 fe:00 247282                     /usr/bin/head
Size:                  8 kB
Rss:                   8 kB
Anonymous:             4 kB
Swap:                 12 kB
THPeligible:           0
VmFlags: rd mr mw me 
7f0000000000-7f0000400000 rw-s 00000000 00:0f 99                         /dev/hugepages/x y
Rss:                   0 kB
VmFlags: rd wr sh ht 
7f0000400000-7f0000401000 r--p 00000000 00:00 0                          [vvar]
VmFlags: rd mr pf io de dd 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

#[test]
fn a_stat_line_gives_its_numbered_fields() {
    let stat = parse_stat(STAT.as_bytes()).unwrap();
    assert_eq!((stat.pid, stat.state, stat.parent), (4242, b'S', 17));
    assert_eq!((stat.session, stat.start_time), (4200, 44116));
    assert!(stat.forked_without_exec && !stat.kernel_thread && stat.has_memory());
    let layout = ExecLayout { code: 93_981_359_017_984, stack: 140_732_790_326_320, heap: 93_982_209_966_080 };
    assert_eq!(stat.layout, Some(layout));
}

#[test]
fn flags_and_states_of_a_stat_line_count() {
    let zombie = parse_stat(STAT.replace(") S ", ") Z ").as_bytes()).unwrap();
    assert!(!zombie.has_memory());
    let kernel = parse_stat(STAT.replace(" 4194368 ", " 2129920 ").as_bytes()).unwrap();
    assert!(kernel.kernel_thread && !kernel.forked_without_exec && !kernel.has_memory());
    let hidden = STAT.replace(" 140732790326320 ", " 0 ");
    assert_eq!(parse_stat(hidden.as_bytes()).unwrap().layout, None);
}

#[test]
fn a_broken_stat_line_is_refused_with_its_place() {
    let error = parse_stat(b"12 (sh S 1").unwrap_err();
    assert_eq!(error.to_string(), "/proc/PID/stat: expected `)` after the command, found `sh S 1` at byte 4");
    let error = parse_stat(b"12 (sh) S x").unwrap_err();
    assert_eq!((error.expected, error.offset), ("a number", 10));
    let error = parse_stat(b"").unwrap_err();
    assert_eq!(error.found, "the end of the text");
    let error = parse_stat(b"99999999999 (x) S").unwrap_err();
    assert_eq!((error.expected, error.offset), ("a process number", 0));
}

#[test]
fn a_status_gives_sizes_in_bytes() {
    let text = "Name:\tsh\nRssAnon:\t     96 kB\nVmSwap:\t       4 kB\nThreads:\t1\n";
    let status = parse_status(text.as_bytes()).unwrap();
    assert_eq!(status.resident_anonymous, Some(96 << 10));
    assert_eq!(status.swapped, Some(4 << 10));
    assert_eq!(parse_status(b"Name:\tkthreadd\n").unwrap(), ProcessStatus::default());
    let error = parse_status(b"Name:\tsh\nRssAnon:\tmany\n").unwrap_err();
    assert_eq!((error.expected, error.offset), ("a size in kB", 18));
    assert!(parse_status(b"RssAnon: 99999999999999999 kB\n").is_err());
}

#[test]
fn smaps_gives_each_mapping_with_its_fields() {
    let mappings = parse_mappings(SMAPS.as_bytes()).unwrap();
    let [file, huge, device, gate] = mappings[..] else {
        panic!("four mappings: {mappings:?}");
    };
    assert_eq!((file.start, file.end, file.pages()), (0x5652_65c7_5000, 0x5652_65c7_7000, 2));
    assert_eq!((file.offset, file.device, file.inode), (0x1000, (0xfe, 0), 247_282));
    assert_eq!((file.resident, file.anonymous, file.swapped), (Some(8192), Some(4096), Some(12_288)));
    assert!(!file.shared && !file.hugetlb && !file.device_memory && !file.gate);
    assert!(huge.shared && huge.hugetlb);
    assert!(device.device_memory && !device.gate);
    assert!(gate.gate && gate.anonymous.is_none());
}

#[test]
fn a_broken_mapping_is_refused_with_its_place() {
    let refuse = |text: &str| parse_mappings(text.as_bytes()).unwrap_err();
    assert_eq!(refuse("Rss: 4 kB\n").expected, "the address of a mapping before its fields");
    assert_eq!(refuse("1000-1000 r--p 0 0:0 0\n").offset, 0);
    assert_eq!(refuse("1000-2001 r--p 0 0:0 0\n").offset, 0);
    assert_eq!(refuse("1000-2000 r--x 0 0:0 0\n").offset, 10);
    assert_eq!(refuse("\n").found, "the end of the text");
}

#[test]
fn addresses_that_a_moving_list_names_twice_count_once() {
    // The kernel resumed behind 3000, where two mappings had become one meanwhile.
    let text =
        "1000-3000 rw-p 0 0:0 0\nRss: 8 kB\nAnonymous: 8 kB\n1000-5000 rw-p 0 0:0 0\nRss: 16 kB\nAnonymous: 16 kB\n";
    let mappings = parse_mappings(text.as_bytes()).unwrap();
    assert_eq!(mappings.iter().map(|m| (m.start, m.end)).collect::<Vec<_>>(), [(0x1000, 0x5000)]);
    let file = "1000-3000 r--p 0 8:1 5\n2000-4000 r--p 1000 8:1 5\n";
    let mappings = parse_mappings(file.as_bytes()).unwrap();
    let places: Vec<_> = mappings.iter().map(|m| (m.start, m.end, m.offset)).collect();
    assert_eq!(places, [(0x1000, 0x3000, 0), (0x3000, 0x4000, 0x2000)]);
    // All of it was named before: neither the mapping nor its fields count.
    let text = "1000-5000 rw-p 0 0:0 0\nAnonymous: 4 kB\n2000-3000 r--p 0 0:0 0\nAnonymous: 0 kB\nVmFlags: ht\n";
    let mappings = parse_mappings(text.as_bytes()).unwrap();
    let [one] = mappings[..] else { panic!("one mapping: {mappings:?}") };
    assert!(one.end == 0x5000 && one.anonymous == Some(4096) && !one.hugetlb);
}

#[test]
fn pieces_of_anonymous_memory_are_one_mapping() {
    let piece = |start: u64, anonymous: u64| {
        let end = start + 0x1000;
        format!("{start:x}-{end:x} rw-p 0 0:0 0\nRss: 4 kB\nAnonymous: {anonymous} kB\nSwap: 4 kB\nVmFlags: rd wr\n")
    };
    let text = piece(0x1000, 4) + &piece(0x2000, 4) + &piece(0x3000, 0) + &piece(0x5000, 4);
    let mappings = parse_mappings(text.as_bytes()).unwrap();
    let ranges: Vec<_> = mappings.iter().map(|m| (m.start, m.end)).collect();
    // What has no anonymous page stays apart, and a hole is a hole.
    assert_eq!(ranges, [(0x1000, 0x3000), (0x3000, 0x4000), (0x5000, 0x6000)]);
    assert_eq!(
        (mappings[0].resident, mappings[0].anonymous, mappings[0].swapped),
        (Some(8192), Some(8192), Some(8192))
    );
    let excluded = piece(0x1000, 4) + &piece(0x2000, 4).replace("rd wr", "rd wr dc");
    let mappings = parse_mappings(excluded.as_bytes()).unwrap();
    assert_eq!(mappings.iter().map(|m| m.not_inherited).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn guard_region_is_not_swap() {
    let swapped = PageEntry(1 << 62 | 5 << 5 | 1);
    assert!(swapped.swapped() && !swapped.guard());
    assert!(PageEntry(1 << 62 | 1 << 58).guard(), "the bit of Linux 6.15");
    assert!(PageEntry(1 << 62 | 31).guard(), "the kind of the entry, where it is shown");
    assert!(!PageEntry(1 << 63 | 31).guard(), "a present page has a frame there");
}

#[test]
fn the_best_group_is_version_2_unless_that_says_nothing() {
    let best = |text: &str| {
        let paths = parse_cgroup(text.as_bytes()).unwrap();
        paths.best().map(|(path, v2)| (path.to_owned(), v2))
    };
    let found = |path: &str, v2| Some((path.to_owned(), v2));
    assert_eq!(best("0::/system.slice/a.service\n"), found("/system.slice/a.service", true));
    let hybrid = "5:cpu,cpuacct:/c\n4:memory:/m\n2:pids:/\n1:name=systemd:/s\n0::/\n";
    assert_eq!(best(hybrid), found("/m", false));
    assert_eq!(best("5:cpu,cpuacct:/c\n1:name=systemd:/s\n"), found("/c", false));
    assert_eq!(best("9:pids:/p:q\n0::/\n"), found("/p:q", false));
    assert_eq!(best("1:freezer:/f\n"), found("/", false));
    assert_eq!(best("0::/\n"), found("/", true));
    assert_eq!(best("0::/gone (deleted)\n"), found("/gone (deleted)", true), "not the group that lives");
    assert_eq!(best(""), None);
    let error = parse_cgroup(b"0::/\n1:pids\n").unwrap_err();
    assert_eq!((error.expected, error.offset), ("`:` behind the controllers", 7));
    assert!(parse_cgroup(b"0::relative\n").is_err());
}

#[test]
fn mountinfo_gives_version_2_hierarchies_only() {
    let text = "31 23 0:28 / /sys/fs/cgroup rw shared:9 master:1 - tmpfs tmpfs rw\n\
        41 31 0:38 / /sys/fs/cgroup/un\\040ified rw - cgroup2 cgroup2 rw\n\
        42 31 0:38 /a /b rw,x shared:1 - cgroup2 none rw\n";
    let mounts = parse_mountinfo(text.as_bytes()).unwrap();
    let mount = |root: &str, point: &str| CgroupMount { root: root.to_owned(), point: point.to_owned() };
    assert_eq!(mounts, [mount("/", "/sys/fs/cgroup/un ified"), mount("/a", "/b")]);
    assert!(parse_mountinfo(b"1 2 0:1 / /x rw shared:1\n").is_err());
}

#[test]
fn the_bits_of_an_entry_are_those_of_the_manual() {
    let entry = PageEntry(0x8100_0000_0017_4e1e);
    assert!(entry.present() && entry.exclusive());
    assert!(!entry.swapped() && !entry.file_or_shared());
    assert_eq!(entry.frame(), 0x17_4e1e);
    assert!(PageEntry(1 << 62).swapped() && PageEntry(1 << 61).file_or_shared());
    assert_eq!(PageEntry(u64::MAX).frame(), (1 << 55) - 1);
}

#[test]
fn the_files_of_this_process_can_be_read() {
    let (proc, pid) = (ProcFs::default(), std::process::id());
    assert!(proc.pids().unwrap().contains(&pid));
    let stat = proc.stat(pid).unwrap();
    assert!(stat.pid == pid && stat.has_memory() && stat.layout.is_some());
    assert!(proc.status(pid).unwrap().resident_anonymous > Some(0));
    assert!(proc.cgroup(pid).is_ok());
    let mappings = proc.mappings(pid).unwrap();
    let here = mappings.as_ptr() as u64;
    let heap = mappings.iter().find(|m| (m.start..m.end).contains(&here)).unwrap();
    assert!(heap.anonymous > Some(0) && heap.inode == 0 && !heap.shared);
    assert!(mappings.iter().any(|m| m.device_memory), "vvar is such a mapping");
}

#[test]
fn contents_come_where_they_can_and_are_noted_where_not() {
    let own: Vec<u8> = (0..4 * PAGE_SIZE).map(|at| (at * 7 / 3) as u8).collect();
    let page = PAGE_SIZE as u64;
    let first = (own.as_ptr() as u64).next_multiple_of(page);
    // No process has the first and the last; the two between are neighbours.
    let addresses = [0, first, first + page, 1 << 46];
    let mut out = vec![0u8; 4 * PAGE_SIZE];
    let mut readable = [true; 4];
    let mut memory = ProcFs::default().memory(std::process::id());
    memory.read_pages(&addresses, &mut out, &mut readable);
    assert_eq!(readable, [false, true, true, false]);
    let skipped = (first - own.as_ptr() as u64) as usize;
    assert_eq!(out[PAGE_SIZE..3 * PAGE_SIZE], own[skipped..skipped + 2 * PAGE_SIZE]);
}

#[test]
fn process_that_is_gone_is_not_an_unreadable_one() {
    let proc = ProcFs::default();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let pid = child.id();
    let pagemap = proc.pagemap(pid);
    child.wait().unwrap();
    assert!(proc.stat(pid).unwrap_err().is_vanished());
    assert!(proc.mappings(pid).unwrap_err().is_vanished());
    assert!(proc.pagemap(pid).unwrap_err().is_vanished());
    if let Ok(pagemap) = pagemap {
        let error = pagemap.read(0x1000, &mut [PageEntry::default()]).unwrap_err();
        assert!(error.is_vanished(), "{error}");
    }
}

#[test]
fn files_are_bounded_and_errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let process = folder.path().join("7");
    std::fs::create_dir(&process).unwrap();
    let proc = ProcFs::new(folder.path());
    assert_eq!(proc.pids().unwrap(), [7]);
    std::fs::write(process.join("stat"), vec![b'1'; 70_000]).unwrap();
    assert!(matches!(proc.stat(7), Err(ProcError::TooLarge { limit: 65_536, .. })));
    std::fs::write(process.join("smaps"), vec![b'1'; 70_000]).unwrap();
    assert!(matches!(proc.mappings(7), Err(ProcError::TooLarge { limit: 32_768, .. })));
    std::fs::write(process.join("stat"), "7 (x) ?").unwrap();
    let message = proc.stat(7).unwrap_err().to_string();
    assert!(message.contains("7/stat: /proc/PID/stat: expected a letter"), "{message}");
    std::fs::write(process.join("smaps"), SMAPS).unwrap();
    assert_eq!(proc.mappings(7).unwrap(), parse_mappings(SMAPS.as_bytes()).unwrap());
}

/// Text that is almost right: a piece is cut out, and some bytes are replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let length = text.len();
    let places = proptest::collection::vec((0..length, any::<u8>()), 0..4);
    (0..=length, 0..=length, places).prop_map(move |(a, b, places)| {
        let mut bytes = text.as_bytes().to_vec();
        for (place, byte) in places {
            bytes[place] = byte;
        }
        bytes.drain(a.min(b)..a.max(b));
        bytes
    })
}

fn place_is_inside(error: &ParseError, text: &[u8]) -> bool {
    error.offset <= text.len() as u64
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        damaged(STAT),
        damaged(SMAPS),
        damaged("5:cpu,cpuacct:/c\n2:pids:/\n1:name=systemd:/s\n0::/a/b\n"),
        damaged("41 31 0:38 / /sys/fs\\040x rw shared:1 - cgroup2 cgroup2 rw\n"),
        damaged("Name:\tsh\nRssAnon:\t     96 kB\nVmSwap:\t       4 kB\n"),
    ]) {
        let errors = [
            parse_stat(&text).err(),
            parse_status(&text).err(),
            parse_mappings(&text).err(),
            parse_cgroup(&text).err(),
            parse_mountinfo(&text).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(place_is_inside(&error, &text), "{error}");
            prop_assert!(error.found.len() <= 100, "{error}");
        }
    }

    #[test]
    fn a_cut_stat_line_is_refused(length in 0..300usize) {
        let text = &STAT.as_bytes()[..length.min(STAT.len())];
        let error = parse_stat(text).err();
        // Every field up to 47 counts; cut inside that one, a shorter number is left.
        let last = STAT.find("93982209966080").unwrap();
        prop_assert_eq!(error.is_some(), length <= last);
    }

    #[test]
    fn mappings_are_ordered_and_whole_pages(text in damaged(SMAPS)) {
        let mappings = parse_mappings(&text).unwrap_or_default();
        for mapping in &mappings {
            prop_assert!(mapping.start < mapping.end && mapping.pages() > 0);
        }
        for pair in mappings.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start);
        }
    }
}
