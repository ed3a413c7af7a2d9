//! Which row is above which. A row keeps its place until another one is clearly above it, so that the eye can follow.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::key::Key;
use super::rows::Row;

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Waste times the share of time under memory pressure; among rows without pressure, waste.
    #[default]
    Pressure,
    /// Wasted bytes, in a second where there is a rate.
    Waste,
    /// Copies.
    Copies,
    /// Sends.
    Sends,
    /// Name.
    Name,
}

impl Sort {
    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Pressure => "waste under pressure",
            Sort::Waste => "waste",
            Sort::Copies => "copies",
            Sort::Sends => "sends",
            Sort::Name => "name",
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Sort {
        match self {
            Sort::Pressure => Sort::Waste,
            Sort::Waste => Sort::Copies,
            Sort::Copies => Sort::Sends,
            Sort::Sends => Sort::Name,
            Sort::Name => Sort::Pressure,
        }
    }

    /// Two values to compare, of which the first that is not 0 counts.
    fn values(self, row: &Row) -> [f64; 2] {
        match self {
            Sort::Pressure => [row.waste_under_pressure(), row.waste()],
            Sort::Waste => [row.waste(), row.bytes_redundant as f64],
            Sort::Copies => [row.copies as f64, row.bytes_redundant as f64],
            Sort::Sends => [row.sends as f64, row.bytes_redundant as f64],
            Sort::Name => [0.0, 0.0],
        }
    }

    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let (of_a, of_b) = (self.values(a), self.values(b));
        of_b[0].total_cmp(&of_a[0]).then(of_b[1].total_cmp(&of_a[1])).then(a.name.cmp(&b.name))
    }

    /// Whether `a` is so far above `b`, which was above it, that they change places.
    fn overtakes(self, a: &Row, b: &Row) -> bool {
        const CLEARLY: f64 = 1.1;
        let (of_a, of_b) = (self.values(a), self.values(b));
        let at = usize::from(of_a[0] == 0.0 && of_b[0] == 0.0);
        of_a[at] > of_b[at] * CLEARLY
    }
}

/// Puts rows in order. `before` are the rows in the order of the round before: a row that was above another stays above it
/// unless that one has clearly overtaken it. Without rows before, and by name, the order is exact.
pub(super) fn sort(rows: &mut [Row], by: Sort, before: &[Key]) {
    rows.sort_by(|a, b| by.compare(a, b));
    if before.is_empty() || by == Sort::Name {
        return;
    }
    let places: HashMap<&Key, usize> = before.iter().enumerate().map(|(at, key)| (key, at)).collect();
    let place = |row: &Row| places.get(&row.key).copied();
    // Rows that were there take their old order among themselves; new ones stay where they are.
    let slots: Vec<usize> = (0..rows.len()).filter(|&at| place(&rows[at]).is_some()).collect();
    let mut known: Vec<Row> = slots.iter().map(|&at| rows[at].clone()).collect();
    known.sort_by_key(|row| place(row));
    for at in 1..known.len() {
        let mut here = at;
        while here > 0 && by.overtakes(&known[here], &known[here - 1]) {
            known.swap(here, here - 1);
            here -= 1;
        }
    }
    for (slot, row) in slots.into_iter().zip(known) {
        rows[slot] = row;
    }
}
