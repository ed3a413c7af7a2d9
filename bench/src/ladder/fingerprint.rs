//! The fingerprint of a page.

use super::memory::{PAGE, beside_a_copy, source};
use super::step::{Step, Unit};
use crate::compare::{Effort, in_turn, rate};
use anyhow::Result;
use std::hint::black_box;
use std::time::Duration;

/// Applies `fingerprint` to page after page.
fn over_pages<'a>(
    pages: &'a [u8],
    fingerprint: impl Fn(&[u8]) -> u32 + 'a,
) -> impl FnMut(Duration) -> Result<f64> + 'a {
    let mut at = 0;
    move |time| {
        rate(time, 1 << 20, || {
            for _ in 0..(1 << 20) / PAGE {
                black_box(fingerprint(&pages[at..at + PAGE]));
                at = (at + PAGE) % pages.len();
            }
            Ok(())
        })
    }
}

/// CRC32C of pages out of memory, with the processor's instruction, beside a copy of them.
pub fn pages(effort: Effort) -> Result<Step> {
    let source = source();
    let pair = beside_a_copy(effort, 1, over_pages(&source, crc32c::crc32c))?;
    Ok(Step::new("fingerprint", "CRC32C of pages", "memcpy into 64 MiB", Unit::Bytes, pair, Some(0.8)))
}

/// The same with the processor's instruction, beside the table of the crate `crc`.
pub fn table(effort: Effort) -> Result<Step> {
    let source = source();
    let crc = crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISCSI);
    assert_eq!(crc.checksum(&source[..PAGE]), crc32c::crc32c(&source[..PAGE]), "the same function");
    let own = over_pages(&source, crc32c::crc32c);
    let pair = in_turn(effort, own, over_pages(&source, |page| crc.checksum(page)))?;
    Ok(Step::new("fingerprint_table", "CRC32C of pages", "crate `crc`, 16 tables", Unit::Bytes, pair, None))
}

/// The same beside `memcmp` of a page with an equal one, which needs both pages at one time.
pub fn against_comparison(effort: Effort) -> Result<Step> {
    let (source, other) = (source(), source());
    let mut at = 0;
    let compare = |time| {
        rate(time, 1 << 20, || {
            for _ in 0..(1 << 20) / PAGE {
                let pages = at..at + PAGE;
                assert!(black_box(&source[pages.clone()]) == black_box(&other[pages]), "equal pages");
                at = (at + PAGE) % source.len();
            }
            Ok(())
        })
    };
    let pair = in_turn(effort, over_pages(&source, crc32c::crc32c), compare)?;
    let rival = "memcmp with an equal page";
    Ok(Step::new("fingerprint_and_memcmp", "CRC32C of pages", rival, Unit::Bytes, pair, None))
}
