//! Totals over every grant of the session.

use crate::frame::Snapshot;
use alloc::vec;
use alloc::vec::Vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::CLASSES;

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

    /// A new grant: its counters begin at 0 and what was counted before stays.
    pub fn regranted(&mut self) {
        self.snapshot.fill(CounterRow::default());
    }

    /// Takes a snapshot of every group of the grant. Rows that it leaves out are 0.
    pub fn take(&mut self, snapshot: &Snapshot<'_>) {
        let mut rows = snapshot.iter().peekable();
        for (index, (before, total)) in self.snapshot.iter_mut().zip(&mut self.totals).enumerate() {
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
