//! The scanner as a source: one round is one scan.

use std::collections::HashMap;

use deltascope_abi::loss::Losses;

use super::{Progress, Round, Source, SourceError};
use crate::attribution::ContainerId;
use crate::event::{Event, OwnerKind, What, scanned};
use crate::report::{Details, ScanJson};
use crate::scan::{Origin, RegionTag, ScanConfig, ScanRecord, ScanSummary, Scanner, Verdict};
use crate::sink::Sink;
use crate::stop::Stop;
use crate::tuning::Tuner;

/// Records between two calls of `progress` while a round is given to the sink.
const PROGRESS_RECORDS: usize = 65_536;

/// Gives every page that a scan counts, as a PAIR of the class of its origin ([`scanned`]).
///
/// Owners are [`OwnerKind::Scanned`], or [`OwnerKind::Region`] in a tagged region, so that no copy of a scan
/// shares a group with a counter.
#[derive(Debug)]
pub struct Scan {
    scanner: Scanner,
    regions: HashMap<RegionTag, String>,
    summary: Option<ScanSummary>,
    /// Containers of the last round by key.
    keys: HashMap<String, ContainerId>,
    captured: u64,
}

impl Scan {
    /// A source that scans as `config` states; `regions` names the tags in it. A tag without a name is no region.
    pub fn new(config: ScanConfig, regions: impl IntoIterator<Item = (RegionTag, String)>) -> Scan {
        Scan {
            scanner: Scanner::new(config),
            regions: regions.into_iter().collect(),
            summary: None,
            keys: HashMap::new(),
            captured: 0,
        }
    }

    /// Ends rounds early once `stop` is asked for.
    #[must_use]
    pub fn ended_by(mut self, stop: &Stop) -> Scan {
        self.scanner.stop_with(stop.clone());
        self
    }

    /// Keeps rounds within the budget of `tuner`, and ends them early once it switches them off.
    #[must_use]
    pub fn tuned_by(mut self, tuner: &Tuner) -> Scan {
        self.scanner.tune_with(tuner.clone());
        self
    }

    /// The container behind a key of the last round.
    pub fn details(&self, key: &str) -> Option<Details> {
        let id = self.keys.get(key)?;
        Details::of(self.scanner.attribution().container(*id))
    }

    /// What the last round reported beside its events.
    pub fn summary(&self) -> Option<&ScanSummary> {
        self.summary.as_ref()
    }
}

/// The event of a record. Fingerprints of what was not compared differ, so that it is redundant in no class.
fn what(record: &ScanRecord) -> What {
    let (before, after) = match record.verdict {
        Verdict::Judged { before, after } => (before, after),
        Verdict::Unjudged(_) => (0, 1),
    };
    let unjudged = matches!(record.verdict, Verdict::Unjudged(_));
    let class = match record.origin {
        Origin::Inherited if unjudged || record.sibling_only => scanned::SIBLING_OR_UNJUDGED,
        Origin::Inherited => scanned::INHERITED,
        Origin::BornAfterFork => scanned::BORN_AFTER_FORK,
        Origin::Unknown => scanned::ORIGIN_UNKNOWN,
    };
    What::Page { class, before, after }
}

impl Source for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn is_state(&self) -> bool {
        true
    }

    /// Its switch is the tuner: a round under way ends early, and none is asked for.
    fn can_switch(&self) -> bool {
        true
    }

    fn is_lower_bound(&self) -> bool {
        self.summary.as_ref().is_some_and(ScanSummary::lower_bound)
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        // Names are known only after the scan, so a round is gathered before it is given on.
        let mut records: Vec<ScanRecord> = Vec::new();
        let captured = &mut self.captured;
        let mut idle = Ok(());
        let summary = self.scanner.scan(
            &mut |record| {
                *captured += 1;
                records.push(record);
            },
            &mut |state| {
                if idle.is_ok() {
                    idle = sink.idle();
                }
                progress(Progress { done: state.bytes_done, total: Some(state.bytes_total) });
            },
        )?;
        idle?;
        self.keys.clear();
        let mut owners = HashMap::new();
        for (number, record) in records.iter().enumerate() {
            let region = record.region.filter(|tag| self.regions.contains_key(tag));
            let key = region.ok_or(record.container);
            let owner = match owners.get(&key) {
                Some(&owner) => owner,
                None => {
                    let owner = match key {
                        Ok(tag) => sink.owner(OwnerKind::Region, &self.regions[&tag])?,
                        Err(id) => {
                            let container = self.scanner.attribution().container(id);
                            self.keys.insert(container.key().to_owned(), id);
                            let owner = sink.owner(OwnerKind::Scanned, container.key())?;
                            Details::of(container).map_or(Ok(()), |details| sink.describe(owner, &details))?;
                            owner
                        }
                    };
                    owners.insert(key, owner);
                    owner
                }
            };
            sink.event(Event { owner, length: record.length, what: what(record) })?;
            if number % PROGRESS_RECORDS == PROGRESS_RECORDS - 1 {
                progress(Progress { done: number as u64, total: Some(records.len() as u64) });
            }
        }
        sink.scan(&ScanJson::from(&summary))?;
        self.summary = Some(summary);
        Ok(Round::More)
    }

    fn scan_report(&self) -> Option<ScanJson> {
        self.summary.as_ref().map(ScanJson::from)
    }

    fn details(&self, name: &str) -> Option<Details> {
        Scan::details(self, name)
    }

    fn captured(&self) -> u64 {
        self.captured
    }

    fn losses(&self) -> Losses {
        Losses::default()
    }
}
