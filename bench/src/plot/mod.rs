//! Pictures of what was found.

pub mod curves;
pub mod ladder;
pub mod stages;
pub mod way;

use anyhow::anyhow;
use plotters::style::RGBColor;

const WIDTH: u32 = 1100;
const OWN: RGBColor = RGBColor(0, 90, 160);
const RIVAL: RGBColor = RGBColor(150, 150, 150);
const LIMIT: RGBColor = RGBColor(190, 60, 30);

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing: {error}")
}

/// A rate with a unit prefix, three digits.
pub fn short(rate: f64) -> String {
    let (value, prefix) = match rate {
        rate if rate >= 1e9 => (rate / 1e9, " G"),
        rate if rate >= 1e6 => (rate / 1e6, " M"),
        rate if rate >= 1e3 => (rate / 1e3, " k"),
        _ => (rate, ""),
    };
    let digits = if value >= 100.0 { 0 } else { 1 };
    format!("{value:.digits$}{prefix}")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn rates_have_a_prefix_and_three_digits() {
        assert_eq!([short(950.0), short(1.5e4), short(7.35e6), short(1.2e11)], ["950", "15.0 k", "7.3 M", "120 G"]);
    }
}
