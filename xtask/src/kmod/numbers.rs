//! Numbers of a console line by their names.

use std::collections::BTreeMap;

/// Numbers by name, as they are on a line: `name value name value ...`.
pub type Numbers = BTreeMap<String, u64>;

/// The numbers among the words of a line.
pub fn numbers(words: &[&str]) -> Numbers {
    words.chunks_exact(2).filter_map(|pair| Some((pair[0].to_owned(), pair[1].parse().ok()?))).collect()
}

/// A number by its name, 0 without one.
pub fn get(numbers: &Numbers, name: &str) -> u64 {
    numbers.get(name).copied().unwrap_or(0)
}
