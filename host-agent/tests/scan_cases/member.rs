//! What the processes of a family do. Each kind prints where its region is and who is in the family, then waits until
//! its standard input closes, so that no member outlives the test.

use std::io::Write;
use std::ptr::null_mut;

use super::region::{PAGE, Region};

/// A pipe through which children report that they are ready.
#[derive(Clone, Copy)]
struct Ready([libc::c_int; 2]);

impl Ready {
    fn new() -> Ready {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0, "pipe");
        Ready(ends)
    }

    fn report(self) {
        // SAFETY: one byte of a constant.
        unsafe { libc::write(self.0[1], b"x".as_ptr().cast(), 1) };
    }

    /// Waits for the reports of children. Without an own end to write to, it is the end of the pipe when they have
    /// all ended without one.
    fn wait(self, children: usize) {
        let mut byte = 0u8;
        // SAFETY: the descriptor is our own and not used any more.
        unsafe { libc::close(self.0[1]) };
        for _ in 0..children {
            // SAFETY: room for one byte.
            assert_eq!(unsafe { libc::read(self.0[0], (&raw mut byte).cast(), 1) }, 1, "a child is ready");
        }
    }
}

/// Waits until standard input closes and ends the process with all its threads.
fn rest() -> ! {
    let mut byte = 0u8;
    // SAFETY: room for one byte; _exit does not return.
    unsafe {
        while libc::read(0, (&raw mut byte).cast(), 1) > 0 {}
        libc::_exit(0)
    }
}

/// Forks a child that does its work and rests; returns its number.
fn child(work: impl FnOnce()) -> i32 {
    // SAFETY: this process has one thread, so the child is a whole program.
    match unsafe { libc::fork() } {
        0 => {
            work();
            rest()
        }
        pid => {
            assert!(pid > 0, "fork");
            pid
        }
    }
}

fn announce(region: Region, members: &[i32]) {
    let members: Vec<String> = members.iter().map(i32::to_string).collect();
    println!("{} {} {}", region.start as usize, region.pages * PAGE, members.join(" "));
    std::io::stdout().flush().expect("standard output");
}

fn parent() -> i32 {
    // SAFETY: takes nothing and touches no memory.
    unsafe { libc::getppid() }
}

fn own() -> i32 {
    std::process::id() as i32
}

/// Ends the first thread while another one rests.
fn end_first_thread() -> ! {
    std::thread::spawn(|| rest());
    // SAFETY: ends this thread only; nothing of it is used any more.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!()
}

extern "C" fn borrower(_: *mut libc::c_void) -> libc::c_int {
    rest()
}

/// Runs the member of a family: its kind, then a number.
pub fn run(arguments: &[String]) -> ! {
    let kind = arguments.first().map(String::as_str).unwrap_or_default();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let ready = Ready::new();
    match kind {
        "plain" => {
            let region = Region::map(256, false).fill();
            let one = child(|| {
                region.usual();
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // Children that map and fill memory of their own, with equal contents, at an address where their parent has none.
        "fresh" => {
            let region = Region::map(number(1), false).unmap();
            let children: Vec<i32> = (0..number(2))
                .map(|_| {
                    child(|| {
                        region.map_again();
                        region.fill();
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            announce(region, &[&[own()], &children[..]].concat());
        }
        // One process and no family.
        "alone" => announce(Region::map(256, false).fill(), &[own()]),
        // A child that has ended and was not waited for.
        "zombie" => {
            let one = child(|| {
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(0) }
            });
            announce(Region::map(1, false).fill(), &[own(), one]);
        }
        "many" => {
            let region = Region::map(64, false).fill();
            let children: Vec<i32> = (0..number(1))
                .map(|_| {
                    child(|| {
                        region.rewrite(0..16);
                        (16..32).for_each(|page| region.write(page, own() as u64 + page as u64 * 1_000_003));
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            announce(region, &[&[own()], &children[..]].concat());
        }
        // The parent of the member that writes has ended.
        "orphan" | "orphan-setsid" => {
            let region = Region::map(256, false).fill();
            let pipe = Ready::new();
            let between = child(|| {
                if kind == "orphan-setsid" {
                    // SAFETY: takes nothing and touches no memory.
                    unsafe { libc::setsid() };
                }
                let ending = own();
                child(|| {
                    // Not before init is its parent: then its own has ended.
                    while parent() == ending {
                        std::thread::yield_now();
                    }
                    region.usual();
                    ready.report();
                });
                pipe.report();
                // SAFETY: ends this process only.
                unsafe { libc::_exit(0) }
            });
            pipe.wait(1);
            // SAFETY: a null status is allowed.
            unsafe { libc::waitpid(between, null_mut(), 0) };
            ready.wait(1);
            announce(region, &[own()]);
        }
        // Two daemons of one parent that has ended; the second one writes.
        "siblings" => {
            let region = Region::map(256, false).fill();
            let daemon = |writes: bool| {
                child(move || {
                    // SAFETY: takes nothing and touches no memory.
                    unsafe { libc::setsid() };
                    if writes {
                        region.usual();
                    }
                    ready.report();
                })
            };
            let members = [daemon(false), daemon(true)];
            ready.wait(2);
            announce(region, &members);
            // SAFETY: ends this process only.
            unsafe { libc::_exit(0) }
        }
        "child-thread-ended" | "first-threads-ended" => {
            let region = Region::map(256, false).fill();
            let one = child(|| {
                region.usual();
                ready.report();
                end_first_thread();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
            if kind == "first-threads-ended" {
                end_first_thread();
            }
        }
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
        // A child that borrows the memory of its parent.
        "borrower" => {
            let region = Region::map(256, false).fill();
            let stack = Region::map(64, false);
            let top = stack.start.wrapping_add(stack.pages * PAGE);
            // SAFETY: the child runs a function that uses nothing but its own stack and never returns.
            let one = unsafe { libc::clone(borrower, top.cast(), libc::CLONE_VM | libc::SIGCHLD, null_mut()) };
            assert!(one > 0, "clone");
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
        // One thread reads a file that gives nothing, another one maps it and waits with the memory's lock.
        "hanging" => {
            let region = Region::map(256, false).fill();
            let one = child(|| {
                region.change(0..128);
                ready.report();
            });
            ready.wait(1);
            let open = |writes| std::fs::File::options().read(true).write(writes).open(&arguments[1]);
            // Opening waits as well once the reader has begun.
            let (mut read, map) = (open(false).expect("the file opens"), open(true).expect("the file opens"));
            std::thread::spawn(move || std::io::Read::read(&mut read, &mut [0; PAGE]));
            let mapper = move || {
                use std::os::fd::AsRawFd;
                // Once the reader has begun, this waits for its page.
                loop {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    // SAFETY: a new mapping at an address that the kernel chooses, which is taken away again.
                    unsafe {
                        let at = libc::mmap(null_mut(), PAGE, libc::PROT_READ, libc::MAP_PRIVATE, map.as_raw_fd(), 0);
                        libc::munmap(at, PAGE);
                    }
                }
            };
            // What is printed later may need memory.
            announce(region, &[own(), one]);
            std::thread::Builder::new().name("mapper".to_owned()).spawn(mapper).expect("a thread");
        }
        // Measures the longest time that a mapping takes it, and prints it each time that a line comes.
        "stalled" => {
            let region = Region::map(number(1), false).fill();
            let one = child(|| {
                // Standard input is the parent's.
                // SAFETY: takes numbers; the parent's first thread lives as long as the parent.
                unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
                region.usual();
                ready.report();
                loop {
                    std::thread::park();
                }
            });
            ready.wait(1);
            announce(region, &[own(), one]);
            measure_stalls()
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
        // Starts itself again without address space randomisation.
        "without-aslr" => {
            // SAFETY: takes a number and touches no memory.
            unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
            use std::os::unix::process::CommandExt;
            let mut again = std::process::Command::new("/proc/self/exe");
            again.args([super::family::MEMBER, "orphaned-at-once", &number(1).to_string()]);
            panic!("exec: {}", again.exec());
        }
        "orphaned-at-once" => {
            let region = Region::map(256, false);
            (0..256).for_each(|page| region.write(page, number(1) as u64));
            let ending = own();
            child(|| {
                // Until it has ended, its parent is a process of the same layout.
                while parent() == ending {
                    std::thread::yield_now();
                }
                announce(region, &[own()]);
            });
            // SAFETY: ends this process only.
            unsafe { libc::_exit(0) }
        }
        // Threads that split and merge mappings without end.
        "motion" => {
            let region = Region::map(number(1), false).fill();
            let one = child(|| {
                region.rewrite(0..500);
                region.change(500..1000);
                split_for_ever(region);
                ready.report();
            });
            ready.wait(1);
            split_for_ever(region);
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
                        (1..region.pages).step_by(200).for_each(|page| region.write(page, own() as u64));
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
        other => panic!("no kind {other:?}"),
    }
    rest()
}

/// Maps and unmaps a page over and over. For each line on standard input, prints the longest time since the line before, in
/// microseconds; at the end of the input, ends.
fn measure_stalls() -> ! {
    let worst = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = worst.clone();
    std::thread::spawn(move || {
        loop {
            let begun = std::time::Instant::now();
            let region = Region::mapped(1, false);
            // SAFETY: the mapping is our own and not used any more.
            unsafe { libc::munmap(region.start.cast(), PAGE) };
            seen.fetch_max(begun.elapsed().as_micros() as u64, std::sync::atomic::Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
    });
    for _ in std::io::stdin().lines() {
        println!("{}", worst.swap(0, std::sync::atomic::Ordering::Relaxed));
    }
    rest()
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

/// Changes the protection of single pages in eight threads without end.
fn split_for_ever(region: Region) {
    let (start, share) = (region.start as usize, region.pages / 8);
    for thread in 0..8 {
        std::thread::spawn(move || {
            for page in (thread * share + 1..(thread + 1) * share - 1).step_by(3).cycle() {
                for protection in [libc::PROT_READ, libc::PROT_READ | libc::PROT_WRITE] {
                    // SAFETY: a page of our own, that is not written any more.
                    unsafe { libc::mprotect((start + page * PAGE) as *mut libc::c_void, PAGE, protection) };
                    std::thread::sleep(std::time::Duration::from_micros(60));
                }
            }
        });
    }
}
