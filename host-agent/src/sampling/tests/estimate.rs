//! The estimator against populations whose result is known.

use super::hash;
use crate::sampling::{LEAST_UNITS, Part, is_kept, ratio, t_quantile};
use deltascope_abi::random::Random;

/// Samples drawn from each population.
const DRAWS: u64 = 1_000;

fn share_of(population: &[Part]) -> f64 {
    let sum = |value: fn(&Part) -> f64| population.iter().map(value).sum::<f64>();
    sum(|unit| unit.part) / sum(|unit| unit.weight)
}

/// Of the samples with a bound: the share of intervals that hold the reference; and the mean error of the share.
fn coverage(population: &[Part], shift: u32) -> (f64, f64) {
    let reference = share_of(population);
    let (mut bounded, mut held, mut error) = (0u32, 0u32, 0.0);
    for seed in 0..DRAWS {
        let units = population.iter().enumerate();
        let sample: Vec<Part> =
            units.filter(|&(unit, _)| is_kept(hash(seed, unit as u64), shift)).map(|(_, &part)| part).collect();
        let Some(found) = ratio(&sample, 0.5f64.powi(shift as i32)) else { continue };
        let Some(half) = found.half_width else { continue };
        bounded += 1;
        held += u32::from((found.share - reference).abs() <= half);
        error += found.share - reference;
    }
    assert!(u64::from(bounded) > DRAWS * 9 / 10, "expected a bound nearly always, found {bounded}");
    (f64::from(held) / f64::from(bounded), error / f64::from(bounded))
}

fn population(units: usize, mut unit: impl FnMut(&mut Random) -> (u64, f64)) -> Vec<Part> {
    let mut random = Random::new(units as u64);
    let mut draw = || {
        let (weight, share) = unit(&mut random);
        let part = (0..weight).filter(|_| random.unit() < share).count();
        Part { weight: weight as f64, part: part as f64 }
    };
    (0..units).map(|_| draw()).collect()
}

/// Units of like sizes, each with a share of its own.
fn mixed(random: &mut Random) -> (u64, f64) {
    (1 + random.next() % 60, random.unit())
}

/// Units that are redundant as a whole or not at all.
fn all_or_nothing(random: &mut Random) -> (u64, f64) {
    (1 + random.next() % 20, f64::from(u8::from(random.unit() < 0.3)))
}

/// A few units hold most of the events (Pareto with exponent 2, cut at 100 times the least), the large ones less
/// redundant than the small.
fn heavy(random: &mut Random) -> (u64, f64) {
    let weight = (random.unit().max(1e-4).powf(-0.5) * 5.0) as u64;
    (weight, 0.9 / (1.0 + weight as f64 / 20.0))
}

#[test]
fn intervals_hold_the_reference_at_their_confidence() {
    for (name, of) in [("mixed", mixed as fn(&mut Random) -> _), ("all or nothing", all_or_nothing)] {
        let population = population(3_000, of);
        for shift in [1, 2, 4] {
            let (held, error) = coverage(&population, shift);
            // 1,000 draws: a standard error of 0.007 around 0.95. Without the correction for the finite population
            // it is 0.994 at k = 1.
            assert!((0.925..=0.975).contains(&held), "{name}, k {shift}: {held} of the intervals hold the reference");
            assert!(error.abs() < 0.01, "{name}, k {shift}: off by {error} on average");
        }
    }
}

/// A limit of the method, kept in view: a sample that misses the largest units does not know it.
#[test]
fn with_few_large_units_intervals_hold_less_often_the_smaller_the_sample() {
    let population = population(3_000, heavy);
    for (shift, least) in [(1, 0.90), (2, 0.87), (4, 0.80)] {
        let (held, error) = coverage(&population, shift);
        assert!((least..=0.975).contains(&held), "k {shift}: {held} of the intervals hold the reference");
        assert!(error.abs() < 0.01, "k {shift}: off by {error} on average");
    }
}

#[test]
fn units_that_all_agree_still_leave_room_for_others() {
    // One unit in 50 is redundant: many samples of about 30 units hold none.
    let population: Vec<Part> =
        (0..1_000).map(|unit| Part { weight: 4.0, part: if unit % 50 == 0 { 4.0 } else { 0.0 } }).collect();
    let (held, _) = coverage(&population, 5);
    assert!(held > 0.9, "{held} of the intervals hold the reference");
}

#[test]
fn a_whole_population_is_known() {
    let population = population(50, mixed);
    let found = ratio(&population, 1.0).expect("a share");
    assert_eq!((found.share, found.half_width, found.units), (share_of(&population), Some(0.0), 50));
}

#[test]
fn few_units_or_one_large_one_allow_no_bound() {
    let unit = Part { weight: 10.0, part: 3.0 };
    let other = Part { weight: 10.0, part: 6.0 };
    let mut units = vec![unit; LEAST_UNITS - 1];
    units[0] = other;
    assert_eq!(ratio(&units, 0.5).map(|found| found.half_width), Some(None));
    units.push(Part { weight: 0.0, part: 0.0 });
    assert_eq!(ratio(&units, 0.5).map(|found| found.half_width), Some(None), "a unit without weight is none");
    units.push(unit);
    assert!(ratio(&units, 0.5).and_then(|found| found.half_width).is_some_and(|half| half > 0.0));
    units.push(Part { weight: 100.0, part: 50.0 });
    assert!(ratio(&units, 0.5).and_then(|found| found.half_width).is_some(), "just half of the weight");
    units.push(Part { weight: 1000.0, part: 50.0 });
    assert_eq!(ratio(&units, 0.5).map(|found| found.half_width), Some(None), "nearly all of the weight");
    assert_eq!(ratio(&[], 0.5), None);
}

#[test]
fn quantiles_are_those_of_the_tables() {
    // Abramowitz and Stegun, table 26.10, column 0.975.
    for (degrees, expected) in
        [(9, 2.262), (10, 2.228), (15, 2.131), (20, 2.086), (30, 2.042), (60, 2.000), (120, 1.980)]
    {
        let found = t_quantile(degrees);
        assert!((found - expected).abs() < 0.001, "{degrees}: expected {expected}, found {found}");
    }
    for degrees in [9_999, 10_000, 1_000_000, usize::MAX] {
        let found = t_quantile(degrees);
        assert!((found - 1.960).abs() < 0.001, "{degrees}: found {found}");
    }
    assert!(t_quantile(0).is_infinite());
}
