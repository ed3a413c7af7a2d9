//! Instructions by the address of their block.

use std::fmt::Write;

/// The counts, for code in a range of addresses; code elsewhere is in the sum only.
pub struct Profile {
    first: u32,
    counts: Vec<u64>,
}

impl Profile {
    /// Returns no counts, for code from `first` to below `end`.
    pub fn new(first: u32, end: u32) -> Profile {
        Profile { first, counts: vec![0; (end.saturating_sub(first) / 4) as usize] }
    }

    /// Counts a block.
    pub fn count(&mut self, address: u32, instructions: u32) {
        if let Some(count) = self.counts.get_mut((address.wrapping_sub(self.first) / 4) as usize) {
            *count += u64::from(instructions);
        }
    }

    /// Returns the lines that `xtask` reads: `entry ADDRESS`, then `ADDRESS INSTRUCTIONS` of each block.
    pub fn text(&self, entry: u32) -> String {
        let mut text = format!("entry {entry:x}\n");
        for (index, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let _ = writeln!(text, "{:x} {count}", self.first + 4 * index as u32);
        }
        text
    }
}
