//! Families of which the memory is special: moved, huge, in swap, shared or merged.

use std::ptr::null_mut;

use super::process::{Ready, announce, child, own};
use super::region::{PAGE, Region};

/// Starts a family of this kind and announces it, if it is one of these.
pub fn start(kind: &str, arguments: &[String], ready: Ready) -> bool {
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    match kind {
        "moved" | "moved-by-a-page" => {
            let whole = Region::map(258, false);
            let region = Region { pages: 256, ..whole }.fill();
            let one = child(|| {
                let free = Region::map(256, false);
                let moved = region.move_to(free.start);
                match kind {
                    "moved" => moved.usual(),
                    _ => {
                        moved.move_to(region.start.wrapping_add(PAGE));
                    }
                }
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // The child has memory of its own where the parent's was not handed down, with equal contents.
        "dontfork" | "wipeonfork" => {
            let region = Region::map(number(1).max(256), false).fill();
            region.advise(if kind == "dontfork" { libc::MADV_DONTFORK } else { libc::MADV_WIPEONFORK });
            let one = child(|| {
                if kind == "dontfork" {
                    region.map_again();
                }
                region.fill();
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        "all-copied" => {
            let region = Region::map(number(1), false).fill();
            let one = child(|| {
                region.rewrite(0..region.pages);
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // Huge pages of which members write some parts, chosen by a seed.
        "huge" | "small" | "as-the-machine-has-it" => {
            let region = match kind {
                "as-the-machine-has-it" => Region::map_plain(number(1) * 512),
                _ => Region::map(number(1) * 512, kind == "huge"),
            };
            let region = region.fill();
            let seed = number(2) as u64;
            let children: Vec<i32> = (0..1 + seed % 3)
                .map(|child_number| {
                    child(|| {
                        write_some(region, seed * 16 + child_number);
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            if seed.is_multiple_of(2) {
                write_some(region, seed * 16 + 15);
            }
            announce(region, &[&[own()], &children[..]].concat());
        }
        // Memory of any size as the machine has it, of which members write some parts, chosen by a seed. Behind it are 16
        // pages that are not handed down, 16 of which each child copies all, 16 that are handed down empty, and 16 of which
        // one child may move 8.
        "mixed" => {
            let whole = Region::map_plain(number(1) * 512 + 64).fill();
            let (main, seed) = (whole.part(0, whole.pages - 64), number(2) as u64);
            let [kept, copied, wiped, moved] = [0, 1, 2, 3].map(|part| whole.part(main.pages + 16 * part, 16));
            kept.advise(libc::MADV_DONTFORK);
            wiped.advise(libc::MADV_WIPEONFORK);
            let children: Vec<i32> = (0..1 + seed % 3)
                .map(|child_number| {
                    child(|| {
                        kept.map_again();
                        kept.fill();
                        copied.rewrite(0..8);
                        copied.change(8..16);
                        wiped.fill();
                        if (seed + child_number).is_multiple_of(4) {
                            moved.part(0, 8).move_to(Region::map(8, false).start);
                        }
                        write_some(main, seed * 16 + child_number);
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            if seed.is_multiple_of(2) {
                write_some(main, seed * 16 + 15);
            }
            announce(whole, &[&[own()], &children[..]].concat());
        }
        // Of 256 pages the child copies 192, of which it puts 64 into swap; of 32 more both put their own there, and 32
        // are in swap since before the fork, where the child has copied 16 of them.
        "swapped" => {
            let region = Region::map(256, false).fill();
            region.page_out(224..256);
            let again = Ready::new();
            let one = child(|| {
                region.rewrite(0..96);
                region.change(96..192);
                region.change(192..240);
                region.page_out(128..224);
                ready.report();
                again.wait(1);
            });
            ready.wait(1);
            region.page_out(192..224);
            again.report();
            announce(region, &[own(), one]);
        }
        // The child has copied all of its pages and put them into swap.
        "swapped-whole" => {
            let region = Region::map(256, false).fill();
            let one = child(|| {
                region.rewrite(0..256);
                region.page_out(0..256);
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        "guard" => {
            let whole = Region::map(256 + number(1), false);
            let region = Region { pages: 256, ..whole }.fill();
            /// `MADV_GUARD_INSTALL` (`include/uapi/asm-generic/mman-common.h`, Linux 6.13).
            const INSTALL: libc::c_int = 102;
            Region { start: region.start.wrapping_add(256 * PAGE), pages: number(1) }.advise(INSTALL);
            let one = child(|| {
                region.usual();
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // Every second page read-only, so that each page is a mapping.
        "mappings" => {
            let region = Region::map(number(1), false).fill();
            for page in (0..region.pages).step_by(2) {
                // SAFETY: a page of our own.
                unsafe { libc::mprotect(region.word(page).cast(), PAGE, libc::PROT_READ) };
            }
            let children: Vec<i32> = (0..number(2))
                .map(|_| {
                    child(|| {
                        // More than any page was filled with: a number of a process alone may be that of a page.
                        let value = 1 << 32 | own() as u64;
                        (1..region.pages).step_by(200).for_each(|page| region.write(page, value));
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            announce(region, &[&[own()], &children[..]].concat());
        }
        // Memory that all members share on purpose, and a region of their own.
        "shared" => {
            let bytes = number(1) * PAGE;
            let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
            // SAFETY: a new mapping at an address that the kernel chooses.
            let start = unsafe { libc::mmap(null_mut(), bytes, protection, flags, -1, 0) };
            assert_ne!(start, libc::MAP_FAILED, "mmap");
            let shared = Region { start: start.cast(), pages: number(1) }.fill();
            let region = Region::map(64, false).fill();
            let children: Vec<i32> = (0..number(2))
                .map(|child_number| {
                    child(|| {
                        shared.rewrite(0..shared.pages);
                        region.rewrite(0..32);
                        (32..64)
                            .for_each(|page| region.write(page, (child_number + 2) as u64 * 1_000_003 + page as u64));
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            announce(region, &[&[own()], &children[..]].concat());
        }
        // A large reservation of which little is used.
        "sparse" => {
            let region = Region::map(number(1) << 18, false);
            let step = region.pages / 64;
            (0..64).for_each(|at| region.write(at * step, at as u64 + 1));
            let one = child(|| {
                (0..16).for_each(|at| region.rewrite(at * step..at * step + 1));
                (16..32).for_each(|at| region.change(at * step..at * step + 1));
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // Equal pages that the kernel may merge.
        "mergeable" => {
            let region = Region::map(1024, false);
            region.advise(libc::MADV_MERGEABLE);
            (0..1024).for_each(|page| region.write(page, if page < 512 { 3 } else { page as u64 }));
            let children: Vec<i32> = (0..3)
                .map(|number| {
                    child(|| {
                        for page in 0..1024 {
                            match page % 4 {
                                3 => region.rewrite(page..page + 1),
                                other if other == number => region.write(page, 1_000_000 + page as u64),
                                _ => {}
                            }
                        }
                        ready.report();
                    })
                })
                .collect();
            ready.wait(3);
            announce(region, &[&[own()], &children[..]].concat());
        }
        _ => return false,
    }
    true
}

/// Writes to parts of a region that a seed chooses, among them often the first of a huge page.
fn write_some(region: Region, seed: u64) {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..20 {
        let page = next(region.pages / 512) * 512 + if next(3) == 0 { 0 } else { next(512) };
        match next(2) {
            0 => region.rewrite(page..page + 1),
            _ => region.write(page, seed),
        }
    }
}
