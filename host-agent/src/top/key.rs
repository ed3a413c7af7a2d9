//! What identifies a row.

/// What a row is of. It stays the same from round to round.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(pub String);
