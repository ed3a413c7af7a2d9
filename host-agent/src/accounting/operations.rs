//! Records that a session has given to the engine, by operation.

use deltascope_abi::record::{Op, Record};

/// Records of a session, by operation. What restores contexts after another grant is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations([u64; Op::ALL.len()]);

impl Operations {
    /// Counts a record.
    pub(super) fn count(&mut self, record: &Record) {
        if let Some(op) = record.op() {
            self.0[op as usize] += 1;
        }
    }

    /// Returns the records of one operation.
    pub fn of(&self, op: Op) -> u64 {
        self.0[op as usize]
    }

    /// Returns all of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}
