//! Families that move memory, or that exclude it from forks, or have it in huge pages of hugetlbfs.

use std::io::{BufRead, Write};
use std::ptr::null_mut;

use super::process::{Ready, announce, child, own};
use super::region::{PAGE, Region};

/// Starts a family of this kind and announces it, if it is one of these.
pub fn start(kind: &str, arguments: &[String], ready: Ready) -> bool {
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let is = |at: usize, word: &str| arguments.get(at).is_some_and(|argument| argument == word);
    match kind {
        // The parent or the child moves its memory away or back at each line, or without end from the first line on.
        "moves" => {
            let region = Region::map(256, false).fill();
            let free = Region::map(256, false);
            let (by_child, without_end) = (is(1, "child"), is(2, "without-end"));
            let mover = move || {
                let mut at = region;
                let mut turn = || at = at.move_to(if at.start == region.start { free.start } else { region.start });
                for _ in std::io::stdin().lock().lines() {
                    turn();
                    println!("moved");
                    std::io::stdout().flush().expect("standard output");
                    while without_end && !input_waits() {
                        std::thread::sleep(std::time::Duration::from_micros(300));
                        turn();
                    }
                }
            };
            let one = child(|| {
                // Standard input is the mover's.
                // SAFETY: takes numbers; the parent's first thread lives as long as the parent.
                unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
                region.usual();
                ready.report();
                match by_child {
                    true => mover(),
                    false => loop {
                        std::thread::park();
                    },
                }
                // SAFETY: ends this process only.
                unsafe { libc::_exit(0) }
            });
            ready.wait(1);
            announce(region, &[own(), one]);
            match by_child {
                // SAFETY: a null status is allowed.
                true => unsafe {
                    libc::waitpid(one, null_mut(), 0);
                },
                false => mover(),
            }
            // SAFETY: ends this process only.
            unsafe { libc::_exit(0) }
        }
        // The child has moved its memory and written all of it.
        "moved-whole" => {
            let region = Region::map(256, false).fill();
            // Where the parent has a mapping too, in one piece with nothing else.
            let common = Region::map(258, false);
            for page in [0, 257] {
                // SAFETY: a page of our own that is not used.
                unsafe { libc::mprotect(common.word(page).cast(), PAGE, libc::PROT_NONE) };
            }
            let one = child(|| {
                let free = Region::map(256, false);
                let moved = region.move_to(if is(1, "common") { common.word(1).cast() } else { free.start });
                moved.rewrite(0..50);
                moved.change(50..256);
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // The child writes more pages of a mapping of both, and the parent maps more. Nothing is moved.
        "grown" => {
            let region = Region::map(256, false);
            region.part(0, 200).fill();
            let one = child(|| {
                region.change(0..10);
                region.part(200, 50).fill();
                ready.report();
            });
            ready.wait(1);
            // Not joined with the region: it is not to be moved into huge pages.
            Region::mapped(64, true).fill();
            announce(region, &[own(), one]);
        }
        // One of two moves its memory by 100 pages, within a mapping in which the other one has none behind it, and writes all.
        "moved-within" => {
            let whole = Region::map(356, false);
            let region = whole.part(0, 256).fill();
            let shift = || {
                let free = Region::map(256, false).unmap();
                region.move_to(free.start);
                free.move_to(whole.word(100).cast()).change(0..256);
            };
            let by_child = is(1, "child");
            let one = child(|| {
                if by_child {
                    shift();
                }
                ready.report();
            });
            ready.wait(1);
            if !by_child {
                shift();
            }
            announce(whole, &[own(), one]);
        }
        // Children that exchange the two halves of their memory, and write pages of the first one then.
        "exchanged" => {
            let region = Region::map(256, false).fill();
            let half = |number: usize| Region { start: region.word(128 * number).cast(), pages: 128 };
            let children: Vec<i32> = (0..number(2))
                .map(|_| {
                    child(|| {
                        let free = Region::map(128, false);
                        half(0).move_to(free.start);
                        half(1).move_to(half(0).start);
                        free.move_to(half(1).start);
                        region.change(0..number(1));
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            announce(region, &[&[own()], &children[..]].concat());
        }
        // Memory that was moved and that several members have where others have memory of their own. No process writes it.
        "moved-and-forked" => {
            let region = Region::map(256, false).fill();
            let half = |number: usize| Region { start: region.word(128 * number).cast(), pages: 128 };
            let report_and_rest = || ready.report();
            let exchange = || {
                let free = Region::map(128, false);
                half(0).move_to(free.start);
                half(1).move_to(half(0).start);
                free.move_to(half(1).start);
            };
            let members = match arguments.get(1).map(String::as_str) {
                // One child exchanges its halves and forks; another one does nothing.
                Some("child") => {
                    let idle = child(report_and_rest);
                    let mover = child(|| {
                        exchange();
                        child(report_and_rest);
                        ready.report();
                    });
                    ready.wait(3);
                    [idle, mover]
                }
                // The parent does, between two forks.
                Some("parent") => {
                    let before = child(report_and_rest);
                    exchange();
                    let after = child(report_and_rest);
                    ready.wait(2);
                    [before, after]
                }
                // The parent moves a half away, as realloc does, and uses its place again.
                _ => {
                    let children = [child(report_and_rest), child(report_and_rest)];
                    half(0).move_to(Region::map(128, false).start);
                    half(0).map_again();
                    half(0).fill();
                    ready.wait(2);
                    children
                }
            };
            announce(region, &[&[own()], &members[..]].concat());
        }
        // A large mapping that is handed down, and a small one that is not, of which the child has pages of its own.
        "small-dontfork" | "small-wipeonfork" => {
            let large = Region::map(number(1), false).fill();
            let region = Region::map(number(2), false).fill();
            region.advise(if kind == "small-dontfork" { libc::MADV_DONTFORK } else { libc::MADV_WIPEONFORK });
            let one = child(|| {
                if kind == "small-dontfork" {
                    region.map_again();
                }
                region.fill();
                large.change(0..10);
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // Private huge pages of hugetlbfs, of which the child has written one in two.
        "hugetlb" => {
            let (pages, huge) = (number(1) * 512, libc::MAP_HUGETLB);
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | huge;
            // SAFETY: a new mapping at an address that the kernel chooses.
            let start =
                unsafe { libc::mmap(null_mut(), pages * PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
            assert_ne!(start, libc::MAP_FAILED, "huge pages of hugetlbfs");
            let region = Region { start: start.cast(), pages }.fill();
            let one = child(|| {
                if !is(2, "idle") {
                    (0..pages).step_by(1024).for_each(|page| region.change(page..page + 1));
                }
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        _ => return false,
    }
    true
}

/// Whether standard input has more to read, or has ended.
fn input_waits() -> bool {
    let mut entry = libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry that lives through the call.
    unsafe { libc::poll(&raw mut entry, 1, 0) > 0 }
}
