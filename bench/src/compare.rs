//! Two rates, measured in turn: a machine that others use slows both, and the ratio of one turn shows more than either.

use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Time of one measurement.
    pub time: Duration,
    /// Turns, each of both measurements.
    pub turns: usize,
    /// Share of its rate that the part loses, and the rival does not: a planted loss, in which it waits.
    pub planted: f64,
}

impl Effort {
    /// For a run of a few minutes in all.
    pub const QUICK: Effort = Effort { time: Duration::from_millis(150), turns: 7, planted: 0.0 };
    /// For figures that are written down.
    pub const WHOLE: Effort = Effort { time: Duration::from_millis(300), turns: 11, planted: 0.0 };

    /// Whether the figures are to be written down.
    pub fn is_whole(&self) -> bool {
        self.time >= Effort::WHOLE.time
    }
}

/// What the turns gave.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Median of the part's rate, units a second.
    pub rate: f64,
    /// Median of the rival's rate, units a second.
    pub rival: f64,
    /// Median of the ratios of each turn.
    pub ratio: f64,
    /// Distance between the quartiles of the ratios, as a share of their median: the noise of this run.
    pub spread: f64,
}

/// Measures both in turn. Each closure runs for about the time that it gets and returns units a second.
///
/// # Errors
/// A measurement fails.
pub fn in_turn(
    effort: Effort,
    mut part: impl FnMut(Duration) -> Result<f64>,
    mut rival: impl FnMut(Duration) -> Result<f64>,
) -> Result<Pair> {
    ensure!(effort.turns > 0, "expected at least one turn");
    let mut part = |time| {
        let begun = Instant::now();
        let found = part(time)?;
        // The same units take longer by what is planted.
        let longer = begun.elapsed().div_f64(1.0 - effort.planted);
        while begun.elapsed() < longer {
            std::hint::spin_loop();
        }
        Ok::<f64, anyhow::Error>(found * (1.0 - effort.planted))
    };
    // Memory is mapped and caches are warm after this.
    part(effort.time / 4)?;
    rival(effort.time / 4)?;
    let mut turns = Vec::with_capacity(effort.turns);
    for turn in 0..effort.turns {
        // The second of the two may find the machine otherwise than the first.
        let (own, other) = if turn % 2 == 0 {
            let own = part(effort.time)?;
            (own, rival(effort.time)?)
        } else {
            let other = rival(effort.time)?;
            (part(effort.time)?, other)
        };
        turns.push((own, other));
    }
    let ratios = sorted(turns.iter().map(|(own, other)| own / other));
    let quartile = |share: usize| ratios[(ratios.len() - 1) * share / 4];
    Ok(Pair {
        rate: median(&sorted(turns.iter().map(|turn| turn.0))),
        rival: median(&sorted(turns.iter().map(|turn| turn.1))),
        ratio: median(&ratios),
        spread: (quartile(3) - quartile(1)) / median(&ratios),
    })
}

/// Repeats `pass`, which handles `units`, until `time` is over, and returns units a second.
///
/// # Errors
/// A pass fails.
pub fn rate(time: Duration, units: usize, mut pass: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    let mut passes = 0u64;
    loop {
        pass()?;
        passes += 1;
        let elapsed = start.elapsed();
        if elapsed >= time {
            return Ok(passes as f64 * units as f64 / elapsed.as_secs_f64());
        }
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::{Effort, in_turn};
    use std::time::Duration;

    /// A machine that is three times as slow for a while changes both rates, and no ratio.
    #[test]
    fn slow_machine_changes_rates_and_no_ratio() {
        let effort = Effort { time: Duration::ZERO, turns: 9, planted: 0.0 };
        let (mut own, mut other) = (0, 0);
        let slow = |turn: &mut u32| {
            *turn += 1;
            if (4..8).contains(turn) { 3.0 } else { 1.0 }
        };
        let pair = in_turn(effort, |_| Ok(80.0 / slow(&mut own)), |_| Ok(100.0 / slow(&mut other))).expect("rates");
        assert_eq!((pair.rate, pair.rival), (80.0, 100.0));
        assert!((pair.ratio - 0.8).abs() < 1e-9 && pair.spread < 1e-9, "{pair:?}");
    }

    #[test]
    fn planted_loss_is_that_of_the_part_alone() {
        let effort = Effort { time: Duration::ZERO, turns: 3, planted: 0.3 };
        let pair = in_turn(effort, |_| Ok(100.0), |_| Ok(100.0)).expect("rates");
        assert!((pair.ratio - 0.7).abs() < 1e-9 && pair.rival == 100.0, "{pair:?}");
    }
}
