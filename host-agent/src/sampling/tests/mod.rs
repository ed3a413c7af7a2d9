mod control;
mod estimate;
mod sample;

use deltascope_abi::random::mix;

/// Hash of a unit under a seed.
pub fn hash(seed: u64, unit: u64) -> u64 {
    mix(mix(unit.wrapping_add(seed)) ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[test]
fn samples_are_nested_and_of_the_right_size() {
    let units: Vec<u64> = (0..100_000).map(|unit| hash(7, unit)).collect();
    let mut before = units.len();
    for shift in 0..=12 {
        let kept: Vec<u64> = units.iter().copied().filter(|&unit| super::is_kept(unit, shift)).collect();
        assert!(kept.iter().all(|&unit| shift == 0 || super::is_kept(unit, shift - 1)));
        let expected = 100_000.0 / f64::from(1u32 << shift);
        let off = (kept.len() as f64 - expected).abs();
        assert!(off <= 5.0 * expected.sqrt(), "k {shift}: expected about {expected}, found {}", kept.len());
        assert!(kept.len() <= before);
        before = kept.len();
    }
    assert!(super::is_kept(u64::MAX, 0) && !super::is_kept(1, 64) && super::is_kept(0, 64));
}
