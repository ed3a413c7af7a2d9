//! The numbers are those of everybody's SplitMix64, today and in every recording.

use deltascope_abi::random::{Random, hash, mix};

fn first<const N: usize>(seed: u64) -> [u64; N] {
    let mut random = Random::new(seed);
    std::array::from_fn(|_| random.next())
}

/// Published with the task "Pseudo-random numbers/Splitmix64" of Rosetta Code.
#[test]
fn seed_1234567_gives_the_published_numbers() {
    let published = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    assert_eq!(first(1_234_567), published);
}

/// What the reference implementation in C (prng.di.unimi.it/splitmix64.c) gives from 0.
#[test]
fn seed_0_gives_the_published_numbers() {
    let published = [
        0xE220_A839_7B1D_CDAF,
        0x6E78_9E6A_A1B9_65F4,
        0x06C4_5D18_8009_454F,
        0xF88B_B8A8_724C_81EC,
        0x1B39_896A_51A8_749B,
    ];
    assert_eq!(first(0), published);
}

#[test]
fn a_hash_is_the_first_number_of_its_seed_and_zero_stays_only_under_mix() {
    for seed in [0, 1, 77, u64::MAX, 0xDEAD_BEEF_0000_0001] {
        assert_eq!([hash(seed)], first(seed));
    }
    assert_eq!((mix(0), hash(0)), (0, 0xE220_A839_7B1D_CDAF));
    assert!((1..10_000).all(|value| mix(value) != 0));
}

#[test]
fn one_bit_changes_half_of_them() {
    for bit in 0..64 {
        let changed: u32 = (0..1_000).map(|n| (mix(n) ^ mix(n ^ 1 << bit)).count_ones()).sum();
        assert!((30_000..34_000).contains(&changed), "bit {bit}: {changed} of 64,000 bits changed");
    }
}

#[test]
fn below_stays_below_and_reaches_every_value() {
    let mut random = Random::new(1);
    let mut seen = [0_u32; 5];
    for _ in 0..10_000 {
        seen[random.below(5) as usize] += 1;
    }
    assert!(seen.iter().all(|n| (1_700..2_300).contains(n)), "{seen:?}");
}

#[test]
fn every_form_keeps_its_bounds() {
    let mut random = Random::new(2);
    let (mut least, mut most) = (1.0_f64, 0.0_f64);
    for width in (1..=64).cycle().take(10_000) {
        assert_eq!(random.bits(width).checked_shr(width).unwrap_or(0), 0);
        assert!((7..=9).contains(&random.between(7, 9)));
        assert!(random.one_in(1));
        assert!([3, 5].contains(&random.pick(&[3, 5])));
        let unit = random.unit();
        (least, most) = (least.min(unit), most.max(unit));
    }
    assert!((0.0..0.01).contains(&least) && (0.99..1.0).contains(&most), "{least} to {most}");
    let mut again = random.clone();
    let (fork, high, low) = (random.fork().next(), again.next(), again.next());
    assert_eq!(fork, hash(high), "a fork begins with a number of its parent");
    assert_eq!(random.next(), low, "and takes one number of it");
    let whole = (high as u128) << 64 | low as u128;
    assert_ne!(whole, random.next128());
}
