//! Processes that do not answer: their memory's lock is held by a thread that waits for a file system that is dead.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Test;
use super::family::Family;
use super::look::{at, here};
use super::support::run::{Run, ends_within};
use super::support::{agent, boardd};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("process_that_hangs_is_named_and_hides_no_other", process_that_hangs_is_named_and_hides_no_other),
    ("signal_ends_each_command_beside_a_process_that_hangs", signal_ends_each_command_beside_a_process_that_hangs),
    ("run_reports_rounds_beside_a_process_that_hangs", run_reports_rounds_beside_a_process_that_hangs),
];

/// A file system with one file that opens and never gives a byte. When it goes, who waits for it is free.
struct DeadMount {
    folder: tempfile::TempDir,
    server: Option<File>,
}

impl DeadMount {
    /// Mounts it and answers what comes before the first read; a thread does that.
    fn new() -> DeadMount {
        let folder = tempfile::tempdir().expect("a folder");
        let server = File::options().read(true).write(true).open("/dev/fuse").expect("FUSE in this kernel");
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0,allow_other", server.as_raw_fd());
        let text = |text: &str| CString::new(text).expect("no zero in it");
        let (name, kind, at) = (text("dead"), text("fuse"), text(folder.path().to_str().expect("a plain name")));
        let options = text(&options);
        // SAFETY: five texts that end with a zero.
        let result =
            unsafe { libc::mount(name.as_ptr(), at.as_ptr(), kind.as_ptr(), libc::MS_NOSUID, options.as_ptr().cast()) };
        assert_eq!(result, 0, "mount: {}", std::io::Error::last_os_error());
        let mut file = server.try_clone().expect("a descriptor");
        std::thread::spawn(move || while answer(&mut file).is_some() {});
        DeadMount { folder, server: Some(server) }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("file")
    }
}

impl Drop for DeadMount {
    fn drop(&mut self) {
        drop(self.server.take());
        let at = CString::new(self.folder.path().to_str().expect("a plain name")).expect("no zero in it");
        // SAFETY: a text that ends with a zero.
        unsafe { libc::umount2(at.as_ptr(), libc::MNT_FORCE | libc::MNT_DETACH) };
    }
}

/// Answers one request (`include/uapi/linux/fuse.h`); `None` once the file system is gone.
fn answer(file: &mut File) -> Option<()> {
    let mut request = vec![0; 1 << 20];
    let length = file.read(&mut request).ok()?;
    let word = |at: usize| u64::from_ne_bytes(request[at..at + 8].try_into().expect("eight bytes"));
    let (opcode, unique, node) = (word(0) >> 32, word(8), word(16));
    assert!(length >= 40);
    let attributes = |inode: u64| {
        let mode: u32 = if inode == 1 { 0o40755 } else { 0o100_644 };
        let mut bytes = [inode, 1 << 20, 0, 0, 0, 0].map(u64::to_ne_bytes).concat();
        bytes.extend([0, 0, 0, mode, 2, 0, 0, 0, 4096, 0].map(u32::to_ne_bytes).concat());
        bytes
    };
    let body = match opcode {
        // INIT
        26 => [
            &[7, 31, 65_536, 0].map(u32::to_ne_bytes).concat()[..],
            &[12, 0, 10, 0],
            &65_536u32.to_ne_bytes(),
            &1u32.to_ne_bytes(),
            &256u16.to_ne_bytes(),
            &[0; 26],
        ]
        .concat(),
        // LOOKUP
        1 => [&[2u64, 1, 3600, 3600, 0].map(u64::to_ne_bytes).concat()[..], &attributes(2)].concat(),
        // GETATTR
        3 => [&[3600u64, 0].map(u64::to_ne_bytes).concat()[..], &attributes(node)].concat(),
        // OPEN: for writing means direct access, so that mmap waits for the pages that a read has begun.
        14 => {
            let writes = request[40] & 3 != 0;
            [&word(8).to_ne_bytes()[..], &u32::from(writes).to_ne_bytes(), &[0; 4]].concat()
        }
        // READ, which is never answered; FORGET, INTERRUPT and BATCH_FORGET, which have no answer.
        15 | 2 | 36 | 42 => return Some(()),
        _ => Vec::new(),
    };
    let mut reply = (16 + body.len() as u64).to_ne_bytes().to_vec();
    reply.extend(unique.to_ne_bytes());
    reply.extend(body);
    // A request may have been given up meanwhile.
    let _ = file.write(&reply);
    Some(())
}

/// A family whose root hangs. The file system goes first, or the family could not end.
struct Hanging {
    mount: Option<DeadMount>,
    family: Family,
}

impl Hanging {
    /// Starts one and waits until its mappings cannot be read.
    fn start() -> Hanging {
        let mount = DeadMount::new();
        let family = Family::start(&["hanging", mount.file().to_str().expect("a plain name")]);
        let hanging = Hanging { mount: Some(mount), family };
        let deadline = Instant::now() + Duration::from_secs(60);
        let waits = |task: PathBuf| {
            let stat = std::fs::read_to_string(task.join("stat"));
            stat.is_ok_and(|stat| stat.contains("(mapper) D "))
        };
        // It has the lock, and waits for the page that the reader is to get.
        while !std::fs::read_dir(format!("/proc/{}/task", hanging.root()))
            .expect("its threads")
            .flatten()
            .any(|task| waits(task.path()))
        {
            assert!(Instant::now() < deadline, "it does not hang");
            std::thread::sleep(Duration::from_millis(5));
        }
        hanging
    }

    fn root(&self) -> u32 {
        self.family.root()
    }
}

fn process_that_hangs_is_named_and_hides_no_other() {
    let other = Family::start(&["plain"]);
    let mut hanging = Hanging::start();
    let begun = Instant::now();
    let found = at(&hanging.family);
    assert_eq!((found.unread("hung"), found.scan.coverage.members.seen), (1, 2), "{found:#?}");
    assert_eq!(found.scan.hung.iter().map(|hung| hung.pid).collect::<Vec<_>>(), [hanging.root()]);
    assert!(found.text().contains(&format!("hung: process {}", hanging.root())), "{}", found.text());
    found.is_bracketed(128);
    // The machine has others, and these are read.
    let found = here(0, other.range.clone(), None);
    assert!(found.unread("hung") >= 1, "{found:#?}");
    assert!(found.scan.hung.iter().any(|hung| hung.pid == hanging.root()), "{found:#?}");
    let machine = here(other.root(), other.range.clone(), None);
    machine.is_exactly(100, 50);
    assert!(found.scan.copies.at_least >= 100, "{found:#?}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    // With the file system it is free, and all of it is read.
    hanging.mount = None;
    let deadline = Instant::now() + Duration::from_secs(60);
    while at(&hanging.family).unread("hung") > 0 {
        assert!(Instant::now() < deadline, "it is free");
    }
    at(&hanging.family).is_exactly(128, 0);
}

/// Starts the agent with a daemon of its own.
fn start(arguments: &[&str]) -> Run {
    let mut command = agent(arguments);
    command.arg("--boardd").arg(boardd());
    Run::of(command)
}

fn signal_ends_each_command_beside_a_process_that_hangs() {
    let hanging = Hanging::start();
    let pid = hanging.root().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording");
    let file = file.to_str().expect("a plain name");
    for command in
        [&["run", "--source", "scan", "--pid", &pid][..], &["scan", "--pid", &pid], &["record", file, "--pid", &pid]]
    {
        for signal in ["TERM", "INT"] {
            let outcome = ends_within(Duration::from_secs(2), signal, || {
                let run = match command[0] {
                    // It needs no daemon.
                    "record" => Run::of(agent(&[command, &["--force"]].concat())),
                    _ => start(command),
                };
                wait_until_reading(run.child.id());
                run
            });
            assert!(outcome.code.is_some(), "{command:?}: {outcome:?}");
        }
    }
}

/// Waits until a program has a thread that reads processes, or has ended.
fn wait_until_reading(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let reads = |path: &Path| std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name == "reader\n");
    while let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) {
        if tasks.flatten().any(|task| reads(&task.path())) || Instant::now() > deadline {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn run_reports_rounds_beside_a_process_that_hangs() {
    let (hanging, other) = (Hanging::start(), Family::start(&["plain"]));
    let (pid, plain) = (hanging.root().to_string(), other.root().to_string());
    let mut run = start(&["run", "--pid", &pid, "--pid", &plain, "--interval", "0.2", "--json-lines"]);
    for _ in 0..3 {
        let line = run.line();
        assert_eq!(line["coverage"]["members"]["unread"]["hung"], 1, "{line}");
        assert_eq!(line["coverage"]["members"]["read"], 3, "{line}");
        assert!(line["copies"]["at_least"].as_u64() >= Some(100), "{line}");
        assert_eq!(line["hung"][0]["pid"], hanging.root(), "{line}");
    }
    run.signal("INT");
    let outcome = run.end();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}
