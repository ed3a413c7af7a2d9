//! Figures of the clock in the documents: those of the abi crate.

use super::Tree;
use anyhow::Result;
use deltascope_abi::board::{FCLK_HZ, RECORDS_PER_SECOND};

/// The documents that name the clock or the rate of a port.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "docs/architecture.md",
    "docs/board.md",
    "docs/performance.md",
    "boards/zynq7020/README.md",
    "vivado/README.md",
];

/// Numbers of a line between two texts.
fn numbers<'a>(line: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = f64> + 'a {
    line.match_indices(after).filter_map(move |(at, _)| {
        let from = line[..at].rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |from| from + 1);
        line[..from].ends_with(before).then(|| line[from..at].parse().ok()).flatten()
    })
}

/// Lines of the documents with a figure that the clock of the abi crate does not give.
pub fn problems(tree: &Tree) -> Result<Vec<String>> {
    let (clock, records) = (f64::from(FCLK_HZ) / 1e6, f64::from(RECORDS_PER_SECOND) / 1e6);
    let mut problems = Vec::new();
    let mut seen = 0;
    for name in DOCUMENTS {
        for line in tree.text(name)?.lines() {
            let clocks = ["FCLK0 = ", "port at ", "a second at "].map(|before| numbers(line, before, " MHz"));
            let rates = numbers(line, " ", " M records a second").filter(|_| line.contains("*estimated*"));
            let figures = clocks.into_iter().flatten().map(|found| (found, clock, "MHz"));
            for (found, expected, unit) in figures.chain(rates.map(|found| (found, records, "M records a second"))) {
                seen += 1;
                if (found - expected).abs() > 1e-9 {
                    problems
                        .push(format!("{name}: expected {expected} {unit} (abi/src/board.rs), found {found}: {line}"));
                }
            }
        }
    }
    if seen < 4 {
        problems.push(format!("documents: expected at least four figures of the clock, found {seen}"));
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn only_numbers_between_both_texts_count() {
        let line = "A port at 150 MHz feeds 75 M records a second, not 7.35 M or 142.857 MHz.";
        assert_eq!(numbers(line, "port at ", " MHz").collect::<Vec<_>>(), [150.0]);
        assert_eq!(numbers(line, " ", " M records a second").collect::<Vec<_>>(), [75.0]);
    }
}
