//! The ratio estimator over units (Cochran, Sampling Techniques, 3rd edition, sections 2.11, 6.3 and 9A.2: clusters
//! of unequal sizes), with the correction for a finite population and Student's t. The variance is that of the jackknife
//! (section 6.17), which knows better than the linear one what a large unit may do.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Confidence of every interval: the share of intervals that hold the reference, were the sample drawn again and again.
pub const CONFIDENCE: f64 = 0.95;
/// With fewer units in a sample there is no bound.
pub const LEAST_UNITS: usize = 10;
/// With more of the weight than this in one unit there is no bound.
const LARGEST_WEIGHT: f64 = 0.5;

/// From this many degrees of freedom on, the quantile is that of the normal distribution: less than 0.0003 apart, and
/// the inverse that statrs computes for Student's t takes minutes from 10 million degrees on.
const NORMAL_FROM: usize = 10_000;

/// What one unit of a sample adds: `part` of `weight`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Events, or bytes, of the unit.
    pub weight: f64,
    /// Of those, the redundant ones.
    pub part: f64,
}

/// A share and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Sum of the parts by sum of the weights.
    pub share: f64,
    /// Half the width of the interval around `share`; none when the sample allows no bound.
    pub half_width: Option<f64>,
    /// Units that weigh anything.
    pub units: usize,
}

/// The share of the redundant in a population from which each unit was kept with probability `kept`. Nothing without
/// any weight.
pub fn ratio(units: &[Part], kept: f64) -> Option<Ratio> {
    let (mut count, mut weight, mut part, mut largest, mut squares) = (0usize, 0.0, 0.0, 0.0f64, 0.0);
    for unit in units.iter().filter(|unit| unit.weight > 0.0) {
        count += 1;
        weight += unit.weight;
        part += unit.part;
        largest = largest.max(unit.weight);
        squares += unit.weight * unit.weight;
    }
    if count == 0 {
        return None;
    }
    let share = part / weight;
    let bounded = count >= LEAST_UNITS && largest <= LARGEST_WEIGHT * weight;
    let units_less_one = count - 1;
    let half_width = bounded.then(|| {
        let left_out = 1.0 - kept.clamp(0.0, 1.0);
        if part == 0.0 || part == weight {
            return left_out * unanimous(weight * weight / squares);
        }
        // How far the share moves when one unit is taken away.
        let moved = |unit: &Part| ((unit.part - share * unit.weight) / (weight - unit.weight)).powi(2);
        let count = count as f64;
        let variance = left_out * (count - 1.0) / count * units.iter().map(moved).sum::<f64>();
        t_quantile(units_less_one) * variance.sqrt()
    });
    Some(Ratio { share, half_width, units: count })
}

/// How much may be otherwise when all units agree, where the variance of the sample is zero and reports nothing: with
/// more than this share of other units, one would be among `units` with the confidence of the interval.
fn unanimous(units: f64) -> f64 {
    1.0 - (1.0 - CONFIDENCE).powf(units.recip())
}

/// Returns the 0.975 quantile of Student's t: half of what [`CONFIDENCE`] leaves is above it. Infinite without a degree
/// of freedom.
pub fn t_quantile(degrees: usize) -> f64 {
    let probability = 0.5 + CONFIDENCE / 2.0;
    if degrees >= NORMAL_FROM {
        return Normal::standard().inverse_cdf(probability);
    }
    StudentsT::new(0.0, 1.0, degrees as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(probability))
}
