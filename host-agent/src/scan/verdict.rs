//! What the contents of a counted page say.

/// Why a counted page was not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnjudgedReason {
    /// The kernel moved a frame at this address between the two looks, twice in a row.
    Moved,
    /// The content of the frame could not be read.
    Unreadable,
}

/// Outcome of one counted page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Its bytes were compared: they equal those of another frame at the address exactly when `before == after`.
    ///
    /// Both are CRC32C. For a page that has an equal both are that of its content; for another one
    /// `before` is that of its source page and `after` that of the page. Should those two
    /// meet by chance although the bytes differ, `before` is the complement of `after`: the
    /// comparison of the bytes decides, and the pair reports what it reported
    /// ([`ScanSummary::fingerprint_collisions`](super::ScanSummary)(super::ScanSummary::fingerprint_collisions) counts them).
    Judged {
        /// Fingerprint of the content that stood there before.
        before: u32,
        /// Fingerprint of the page.
        after: u32,
    },
    /// It was not judged.
    Unjudged(UnjudgedReason),
}
