//! The cases, each run once for each user.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use deltascope_agent::procfs::{PAGE_SIZE, PageEntry, ProcFs};
use deltascope_agent::scan::{
    FrameAccess, Origin, Probe, RegionTag, ScanConfig, ScanError, ScanRecord, ScanSummary, ScanTarget, Scanner, Verdict,
};
use deltascope_agent::workload::{DemoFamily, PAGES, Pattern, Reference, Workload};

/// Name and body of each case.
pub const CASES: [(&str, fn()); 9] = [
    ("both_phases_are_exact", both_phases_are_exact),
    ("k_frames_at_an_address_are_k_minus_1_copies", k_frames_at_an_address_are_k_minus_1_copies),
    ("both_ways_to_identify_frames_agree", both_ways_to_identify_frames_agree),
    ("a_scan_copies_nothing_itself", a_scan_copies_nothing_itself),
    ("families_with_equal_contents_stay_apart", families_with_equal_contents_stay_apart),
    ("threads_and_children_that_called_exec_are_no_family", threads_and_children_that_called_exec_are_no_family),
    ("a_family_that_ends_meanwhile_is_counted", a_family_that_ends_meanwhile_is_counted),
    ("the_workload_ends_without_a_trace", the_workload_ends_without_a_trace),
    ("the_workload_does_not_outlive_its_agent", the_workload_does_not_outlive_its_agent),
];

/// Whether this process may do everything.
pub fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, touches nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Starts the workload, reports who is in it, and waits to be killed.
pub fn hold() -> ! {
    let workload = Workload::start().expect("the workload starts");
    for family in workload.families() {
        println!("{}", family.root());
        family.workers().iter().for_each(|worker| println!("{worker}"));
    }
    println!("0");
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

fn scan(config: ScanConfig) -> (Vec<ScanRecord>, ScanSummary) {
    let mut records = Vec::new();
    let summary = Scanner::new(config).scan(&mut |record| records.push(record), &mut |_| ()).expect("the scan runs");
    assert_eq!(summary.origins.pages(), records.len() as u64);
    assert_eq!(summary.origins.pages(), summary.judged + summary.moved + summary.unreadable);
    let processes = summary.processes;
    let by_outcome = processes.without_memory
        + processes.alone
        + processes.sharing_memory
        + processes.scanned
        + processes.vanished
        + processes.unreadable;
    assert_eq!(processes.listed, by_outcome, "every process has one outcome: {processes:?}");
    if !is_root() {
        assert_eq!(summary.access, FrameAccess::ExclusiveBit);
    }
    let bracket = summary.copies_bracket();
    assert_eq!(bracket.at_least, summary.copies());
    assert!(bracket.at_most.is_none_or(|most| most >= summary.copies()), "{summary:?}");
    (records, summary)
}

/// A scan of some families only, each of which is tagged with its place in the list.
fn tagged<'a>(families: impl IntoIterator<Item = &'a DemoFamily>, target: ScanTarget) -> ScanConfig {
    let regions = families.into_iter().zip(0..).map(|(family, number)| family.tagged(RegionTag(number)));
    ScanConfig { target, regions: regions.collect(), ..ScanConfig::default() }
}

/// Copies and redundant copies in the region of each family of a list.
fn found(records: &[ScanRecord], families: usize) -> Vec<Reference> {
    let mut sums = HashMap::new();
    for record in records {
        assert!(
            record.region.is_none() || record.origin == Origin::Inherited,
            "the regions were handed down: {record:?}"
        );
        let sum = sums.entry(record.region).or_insert(Reference { copied: 0, redundant: 0 });
        sum.copied += 1;
        match record.verdict {
            Verdict::Judged { before, after } => sum.redundant += u64::from(before == after),
            Verdict::Unjudged(_) => {}
        }
        assert_eq!(record.length, 4096);
    }
    let none = Reference { copied: 0, redundant: 0 };
    let tags = (0..families as u32).map(|number| Some(RegionTag(number)));
    tags.map(|tag| sums.get(&tag).copied().unwrap_or(none)).collect()
}

fn both_phases_are_exact() {
    let workload = Workload::start().expect("the workload starts");
    let reference = Reference { copied: 128, redundant: 64 };
    // On the whole machine, and again: a scan is a state and leaves it as it was.
    let (records, summary) = scan(tagged(workload.families(), ScanTarget::Machine));
    assert_eq!(found(&records, 2), [reference; 2], "{summary:?}");
    let roots = workload.families().iter().map(DemoFamily::root).collect();
    let (records, summary) = scan(tagged(workload.families(), ScanTarget::Pids(roots)));
    assert_eq!(found(&records, 2), [reference; 2], "{summary:?}");
    assert_eq!((summary.families, summary.processes.scanned), (2, 10));
    workload.stop().expect("the workload stops");
}

fn k_frames_at_an_address_are_k_minus_1_copies() {
    let family = DemoFamily::start(Pattern::EveryWorkerWrites).expect("the family starts");
    let (records, summary) = scan(tagged([&family], ScanTarget::Pids(vec![family.workers()[2]])));
    // Five frames at 128 addresses; at half of those all five are equal.
    assert_eq!(found(&records, 1), [Reference { copied: 512, redundant: 256 }], "{summary:?}");
    assert_eq!(family.reference(), Reference { copied: 512, redundant: 256 });
}

fn both_ways_to_identify_frames_agree() {
    let best = Probe::new(&ProcFs::default()).expect("the probe works").access;
    for pattern in Pattern::ALL {
        let family = DemoFamily::start(pattern).expect("the family starts");
        let mut config = tagged([&family], ScanTarget::Pids(vec![family.root()]));
        for access in [FrameAccess::ExclusiveBit, FrameAccess::Frames] {
            config.access = Some(access);
            match Scanner::new(config.clone()).scan(&mut |_| (), &mut |_| ()) {
                Err(ScanError::NoFrames) if best == FrameAccess::ExclusiveBit => continue,
                outcome => assert_eq!(outcome.expect("the scan runs").access, access),
            }
            let (records, summary) = scan(config.clone());
            assert_eq!(found(&records, 1), [pattern.reference()], "{pattern:?} {summary:?}");
        }
    }
}

/// What every member shows for every page of the region.
fn entries(family: &DemoFamily) -> Vec<Vec<PageEntry>> {
    let members = [family.root()].into_iter().chain(family.workers().iter().copied());
    members
        .map(|pid| {
            let mut entries = vec![PageEntry::default(); PAGES];
            let pagemap = ProcFs::default().pagemap(pid).expect("the pagemap of a member");
            pagemap.read(family.range().start, &mut entries).expect("the entries of a member");
            entries
        })
        .collect()
}

fn a_scan_copies_nothing_itself() {
    for pattern in Pattern::ALL {
        let family = DemoFamily::start(pattern).expect("the family starts");
        let before = entries(&family);
        let all = before.iter().flatten().filter(|entry| entry.present()).count();
        assert_eq!(all, 5 * PAGES, "small pages, all of them there");
        let (_, summary) = scan(tagged([&family], ScanTarget::Pids(vec![family.root()])));
        assert!(summary.bytes_read >= 256 * PAGE_SIZE as u64);
        assert_eq!(entries(&family), before, "{pattern:?}");
    }
}

fn families_with_equal_contents_stay_apart() {
    let patterns = [Pattern::WorkerWrites, Pattern::WorkerWrites, Pattern::ParentWrites];
    let families = patterns.map(|pattern| DemoFamily::start(pattern).expect("the family starts"));
    let (records, summary) = scan(tagged(&families, ScanTarget::Machine));
    assert_eq!(found(&records, 3), [Reference { copied: 128, redundant: 64 }; 3], "{summary:?}");
    let (_, summary) = scan(tagged(&families, ScanTarget::Pids(vec![families[1].root()])));
    assert_eq!((summary.families, summary.processes.scanned), (1, 5));
}

fn threads_and_children_that_called_exec_are_no_family() {
    // The children of this process have called exec, and its threads share its memory.
    let _family = DemoFamily::start(Pattern::WorkerWrites).expect("the family starts");
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    let (records, summary) =
        scan(ScanConfig { target: ScanTarget::Pids(vec![std::process::id()]), ..ScanConfig::default() });
    assert!(records.is_empty(), "{summary:?}");
    assert_eq!((summary.processes.alone, summary.families), (1, 0));
    drop(go);
    thread.join().expect("the thread ends").expect_err("nothing was sent");
}

fn a_family_that_ends_meanwhile_is_counted() {
    let mut family = Some(DemoFamily::start(Pattern::WorkerWrites).expect("the family starts"));
    let root = family.as_ref().map_or(0, DemoFamily::root);
    let config = ScanConfig { target: ScanTarget::Pids(vec![root]), ..ScanConfig::default() };
    let mut copies = 0;
    // The first word of progress comes when the family has been listed and not yet opened.
    let mut end = |_| {
        if let Some(family) = family.take() {
            family.stop().expect("the family stops");
        }
    };
    let summary = Scanner::new(config).scan(&mut |_| copies += 1, &mut end).expect("the scan runs");
    assert_eq!((summary.processes.listed, summary.processes.vanished), (5, 5));
    assert_eq!((summary.copies(), copies), (0, 0));
}

/// Whether a process is there, and no zombie.
fn lives(pid: u32) -> bool {
    ProcFs::default().stat(pid).is_ok_and(|stat| stat.has_memory())
}

fn the_workload_ends_without_a_trace() {
    let workload = Workload::start().expect("the workload starts");
    let members: Vec<u32> =
        workload.families().iter().flat_map(|family| family.workers().iter().copied().chain([family.root()])).collect();
    assert_eq!(members.len(), 10);
    assert!(members.iter().all(|pid| lives(*pid)));
    workload.stop().expect("the workload stops");
    for pid in members {
        assert!(ProcFs::default().stat(pid).is_err_and(|error| error.is_vanished()), "{pid} is left");
    }
}

fn the_workload_does_not_outlive_its_agent() {
    let mut agent =
        Command::new("/proc/self/exe").arg("--hold").stdout(Stdio::piped()).spawn().expect("the holder starts");
    let lines = BufReader::new(agent.stdout.take().expect("its output")).lines();
    let members: Vec<u32> = lines
        .map(|line| line.expect("a line").parse().expect("a process number"))
        .take_while(|pid| *pid != 0)
        .collect();
    assert_eq!(members.len(), 10);
    assert!(members.iter().all(|pid| lives(*pid)));
    agent.kill().expect("the holder is killed");
    agent.wait().expect("the holder is reaped");
    let deadline = Instant::now() + Duration::from_secs(60);
    while members.iter().any(|pid| lives(*pid)) {
        assert!(Instant::now() < deadline, "a member outlives its agent");
        std::thread::sleep(Duration::from_millis(5));
    }
}
