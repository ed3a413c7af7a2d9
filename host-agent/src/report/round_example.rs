//! A round for tests.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Class;

use super::round::Round;
use super::{Details, Recent, Report};
use crate::accounting::{Conservation, Operations, Rows, Totals};
use crate::event::{OwnerKind, Owners};
use crate::procfs::OwnCost;
use crate::runtimes::{NameCacheStatus, RuntimeNames, RuntimeStatus};
use crate::uplink::LinkStatus;

/// What one container has counted: copies, those of them that are redundant, and sends, all of them redundant.
fn rows(copies: u64, redundant: u64, sends: u64) -> Rows {
    let mut rows = Rows::default();
    (0..copies).for_each(|number| rows[Class::PageAfterT as usize].count(4096, number < redundant));
    (0..sends).for_each(|_| rows[Class::NetworkSend as usize].count(100, true));
    rows
}

/// A round of a source with counters: two services, one of which wastes ten times what the other does, and `other`.
pub(crate) fn round() -> Round {
    let (mut owners, mut totals) = (Owners::default(), Totals::default());
    for (key, rows) in
        [("/system.slice/better.service", rows(40, 10, 1)), ("/system.slice/worse.service", rows(120, 100, 30))]
    {
        totals.owners.insert(owners.intern(OwnerKind::Container, key).0, rows);
    }
    totals.other = rows(7, 0, 0);
    let mut lost = Losses::default();
    lost.add(LossReason::Ring, 3);
    let law = Conservation { counted: 198, lost, in_flight: 5, captured: 206 };
    let mut report = Report::new("model", &owners, &totals, law);
    let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".to_owned();
    report.describe(|key| {
        let of_worse = key.ends_with("worse.service");
        let (runtime, id) = if of_worse { (Some("docker".to_owned()), Some(id.clone())) } else { (None, None) };
        key.starts_with('/').then(|| Details { cgroup: key.to_owned(), runtime, id, pod: None })
    });
    if let Some(line) = report.lines.first_mut() {
        let names = RuntimeNames { container: Some("web".to_owned()), ..RuntimeNames::default() };
        line.names = Some(Arc::new(names));
        line.recent = Some(Recent { pages: line.pages, ..Recent::default() });
    }
    Round {
        number: 3,
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        since_start: Duration::from_secs(30),
        since_last: Duration::from_secs(10),
        interval: Duration::from_secs(10),
        silence: Duration::from_secs(600),
        budget: None,
        off: None,
        names: Some(NameCacheStatus {
            named: 2,
            waiting: 1,
            missing: 4,
            runtimes: vec![RuntimeStatus {
                runtime: "docker".to_owned(),
                lookups: 9,
                failures: 3,
                found: 2,
                error: None,
            }],
        }),
        source: "bpf",
        is_state: false,
        source_status: vec![
            ("judge_after_ms", 1000),
            ("seen", 210),
            ("blind", 4),
            ("capture_pages", 1),
            ("capture_sends", 0),
        ],
        report,
        scan: None,
        estimates: None,
        estimated: None,
        silent: 2,
        state: None,
        link: LinkStatus { peer: "board:5770".to_owned(), online: true, connections: 2, certificate_days: Some(100.5) },
        operations: Operations::default(),
        own: OwnCost {
            cpu: Duration::from_millis(1500),
            resident_bytes: Some(20_000_000),
            peak_bytes: Some(30_000_000),
            longest_hold: Duration::from_millis(2),
        },
        took: Duration::from_millis(12),
        longest_round: Duration::from_millis(250),
    }
}
