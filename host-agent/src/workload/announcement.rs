//! The line by which a family's root announces to the agent where to look.

use std::ops::Range;

use super::Pattern;
use crate::procfs::ParseError;
use crate::procfs::text::Cursor;

/// What the line is called in errors.
const FILE: &str = "the workload's announcement";
/// What it starts with: a name and the version of the form.
const HEAD: &[u8] = b"deltascope-workload 1 ";
/// Workers that an announcement may name at most.
const MAX_WORKERS: usize = 64;

/// What a family's root reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Who wrote.
    pub pattern: Pattern,
    /// Addresses of the region.
    pub range: Range<u64>,
    /// The root.
    pub root: u32,
    /// The workers.
    pub workers: Vec<u32>,
}

impl Announcement {
    /// The line, with its line end.
    pub(super) fn line(&self) -> String {
        let Range { start, end } = self.range;
        let mut line = format!("deltascope-workload 1 {} {start:x}-{end:x} {}", self.pattern.name(), self.root);
        for worker in &self.workers {
            line.push_str(&format!(" {worker}"));
        }
        line + "\n"
    }
}

/// Parses a announcement: `deltascope-workload 1 <pattern> <start>-<end> <root> <worker>...` and a
/// line end; addresses hexadecimal.
///
/// # Errors
/// The line has another form, the region is empty or not whole pages, or a number is missing.
pub fn parse_announcement(line: &[u8]) -> Result<Announcement, ParseError> {
    let mut cursor = Cursor::new(FILE, line, 0);
    cursor.literal(HEAD, "`deltascope-workload 1 `")?;
    let place = cursor.clone();
    let pattern = std::str::from_utf8(cursor.word("the name of a pattern")?)
        .ok()
        .and_then(Pattern::from_name)
        .ok_or_else(|| place.error("the name of a pattern"))?;
    cursor.literal(b" ", "a blank before the addresses")?;
    let place = cursor.clone();
    let start = cursor.hexadecimal("the start of the region")?;
    cursor.literal(b"-", "`-` between start and end")?;
    let end = cursor.hexadecimal("the end of the region")?;
    if start >= end || start % 4096 != 0 || end % 4096 != 0 {
        return Err(place.error("a region of whole pages, not empty"));
    }
    cursor.literal(b" ", "a blank before the root")?;
    let root = cursor.decimal32("the process number of the root")?;
    let mut workers = Vec::new();
    while cursor.peek() == Some(b' ') {
        if workers.len() == MAX_WORKERS {
            return Err(cursor.error("at most 64 workers"));
        }
        cursor.skip(1);
        workers.push(cursor.decimal32("the process number of a worker")?);
    }
    if cursor.rest() != b"\n" {
        return Err(cursor.error("another worker or the end of the line"));
    }
    Ok(Announcement { pattern, range: start..end, root, workers })
}
