//! Totals over every grant of the session.

use super::EndpointError;
use super::error::bounded;
use crate::frame::Snapshot;
use alloc::vec;
use alloc::vec::Vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, MAX_LENGTH};

/// Rows of the groups that a snapshot is of. Groups that the grant got after it was asked for have counted nothing yet.
fn rows_of(snapshot: &Snapshot<'_>) -> usize {
    (snapshot.last as usize + 1) * CLASSES
}

/// Counters by group and class: row `4 * group + class`.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// As the last snapshot of the present grant had them, modulo their width.
    snapshot: Vec<CounterRow>,
    /// Since the session began, without wrap.
    totals: Vec<CounterRow>,
}

impl Totals {
    pub fn new(groups: u32) -> Totals {
        let rows = vec![CounterRow::default(); groups as usize * CLASSES];
        Totals { snapshot: rows.clone(), totals: rows }
    }

    /// The grant has this number of groups now; new ones have counted nothing.
    pub fn grow(&mut self, groups: u32) {
        let rows = self.totals.len().max(groups as usize * CLASSES);
        self.snapshot.resize(rows, CounterRow::default());
        self.totals.resize(rows, CounterRow::default());
    }

    /// A new grant: its counters begin at 0 and what was counted before stays.
    pub fn regranted(&mut self) {
        self.snapshot.fill(CounterRow::default());
    }

    /// Checks what a snapshot has more than the last one, and returns the sum of it.
    ///
    /// # Errors
    /// A row holds what no record can count: more redundant than there is, bytes without events, redundant unjudged
    /// pages.
    pub fn check(&self, snapshot: &Snapshot<'_>) -> Result<CounterRow, EndpointError> {
        let mut rows = snapshot.iter().peekable();
        let mut sum = CounterRow::default();
        for (index, before) in self.snapshot.iter().enumerate().take(rows_of(snapshot)) {
            let here = rows.next_if(|row| row.group as usize * CLASSES + row.class as usize == index);
            let new = here.map_or(CounterRow::default(), |row| row.row).since(before);
            let judged = index % CLASSES != Class::PageUnjudged as usize;
            let most_bytes = new.events.saturating_mul(MAX_LENGTH.into());
            bounded("new bytes of a row in Snapshot", 0, most_bytes, new.bytes)?;
            let (events, bytes) = if judged { (new.events, new.bytes) } else { (0, 0) };
            bounded("new redundant events of a row in Snapshot", 0, events, new.redundant_events)?;
            bounded("new redundant bytes of a row in Snapshot", 0, bytes, new.redundant_bytes)?;
            sum.add(&new);
        }
        Ok(sum)
    }

    /// Takes a snapshot of every group of the grant. Rows that it leaves out are 0.
    pub fn take(&mut self, snapshot: &Snapshot<'_>) {
        let mut rows = snapshot.iter().peekable();
        let asked = self.snapshot.iter_mut().zip(&mut self.totals).take(rows_of(snapshot));
        for (index, (before, total)) in asked.enumerate() {
            let here = rows.next_if(|row| row.group as usize * CLASSES + row.class as usize == index);
            let now = here.map_or(CounterRow::default(), |row| row.row);
            total.add(&now.since(before));
            *before = now;
        }
    }

    pub fn rows(&self) -> &[CounterRow] {
        &self.totals
    }

    /// Events in all rows.
    pub fn events(&self) -> u64 {
        self.totals.iter().map(|row| row.events).sum()
    }
}
