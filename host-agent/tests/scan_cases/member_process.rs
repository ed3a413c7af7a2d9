//! Families of which the processes are special: their forks, threads and ends.

use std::ptr::null_mut;

use super::process::{Ready, announce, child, own, parent, rest};
use super::region::{PAGE, Region};

/// Starts a family of this kind and announces it, if it is one of these.
pub fn start(kind: &str, arguments: &[String], ready: Ready) -> bool {
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
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
        // Children that write and have become an ordinary user, who may read them and not their parent.
        "became-nobody" => {
            let region = Region::map(256, false).fill();
            let children: Vec<i32> = (0..number(1))
                .map(|_| {
                    child(|| {
                        become_nobody();
                        region.usual();
                        ready.report();
                    })
                })
                .collect();
            ready.wait(children.len());
            announce(region, &[&[own()], &children[..]].concat());
        }
        // The parent hides where it comes from once it has a child.
        "hides-after-fork" => {
            let region = Region::map(256, false).fill();
            let one = child(|| {
                region.usual();
                ready.report();
            });
            ready.wait(1);
            // SAFETY: numbers only.
            unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
            announce(region, &[own(), one]);
        }
        // Who has no capabilities may read the child and not the parent.
        "child-without-capabilities" => {
            let region = Region::map(256, false).fill();
            let one = child(|| {
                drop_capabilities();
                region.usual();
                ready.report();
            });
            ready.wait(1);
            announce(region, &[own(), one]);
        }
        // The parent of the member that writes has ended.
        "orphan" | "orphan-setsid" | "orphan-hidden" => {
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
                    if kind == "orphan-hidden" {
                        // SAFETY: numbers only.
                        unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
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
        // A child that borrows the memory of its parent.
        "borrower" => {
            let region = Region::map(256, false).fill();
            let stack = Region::map(64, false);
            let top = stack.start.wrapping_add(stack.pages * PAGE);
            // SAFETY: the child runs a function that uses nothing but its own stack and never returns.
            let one = unsafe { libc::clone(borrower, top.cast(), libc::CLONE_VM | libc::SIGCHLD, null_mut()) };
            assert!(one > 0, "clone");
            if arguments.get(1).is_some_and(|argument| argument == "busy") {
                // Its memory is in two states in turn.
                std::thread::spawn(|| {
                    loop {
                        Region::map(64, false).unmap();
                    }
                });
            }
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
        _ => return false,
    }
    true
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

/// Drops all capabilities, and lets the processes of its user read it (losing some hides a process).
fn drop_capabilities() {
    // `_LINUX_CAPABILITY_VERSION_3`, this process; then three sets of two words.
    let header = [0x2008_0522_u32, 0];
    let none = [0_u32; 6];
    // SAFETY: both have the layout of `linux/capability.h`, version 3, and live through the call.
    unsafe {
        assert_eq!(libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()), 0);
        assert_eq!(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
    }
}

/// Becomes an ordinary user whose other processes may read this one, as servers do that want their core dumps.
fn become_nobody() {
    use super::family::NOBODY;
    // SAFETY: numbers only.
    unsafe {
        assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
        assert_eq!(libc::setresgid(NOBODY, NOBODY, NOBODY), 0);
        assert_eq!(libc::setresuid(NOBODY, NOBODY, NOBODY), 0);
        assert_eq!(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
    }
}
