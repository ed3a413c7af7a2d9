//! The cases, each run once for each user.

use std::collections::HashMap;

use deltascope_agent::scan::{RegionTag, ScanConfig, ScanRecord, ScanSummary, Scanner, Verdict};
use deltascope_agent::workload::{Truth, Workload};

/// Name and body of each case.
pub const CASES: [(&str, fn()); 1] = [("both_phases_are_exact", both_phases_are_exact)];

/// Whether this process may do everything.
pub fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, touches nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

fn scan(config: ScanConfig) -> (Vec<ScanRecord>, ScanSummary) {
    let mut records = Vec::new();
    let summary = Scanner::new(config).scan(&mut |record| records.push(record), &mut |_| ()).expect("the scan runs");
    (records, summary)
}

/// Copies and redundant copies of each tag.
fn by_tag(records: &[ScanRecord]) -> HashMap<Option<RegionTag>, Truth> {
    let mut sums = HashMap::new();
    for record in records {
        let sum = sums.entry(record.region).or_insert(Truth { copied: 0, redundant: 0 });
        sum.copied += 1;
        if let Verdict::Judged { before, after } = record.verdict {
            sum.redundant += u64::from(before == after);
        }
    }
    sums
}

fn both_phases_are_exact() {
    let workload = Workload::start().expect("the workload starts");
    let regions = [1, 2].map(RegionTag);
    let config = ScanConfig {
        regions: workload.families().iter().zip(regions).map(|(family, tag)| family.tagged(tag)).collect(),
        ..ScanConfig::default()
    };
    let (records, summary) = scan(config);
    eprintln!("{summary:#?}");
    let sums = by_tag(&records);
    let truth = Truth { copied: 128, redundant: 64 };
    assert_eq!(sums[&Some(regions[0])], truth, "{summary:?}");
    assert_eq!(sums[&Some(regions[1])], truth, "{summary:?}");
    workload.stop().expect("the workload stops");
}
