//! A family of which it is known where each page came from.

use super::process::{Ready, announce, child, own, parent};
use super::region::{PAGE, Region};

/// What the writes of [`start`] come to, by construction.
pub struct Known {
    /// Inherited copies, of these equal to their source, and equal to a sibling only.
    pub inherited: [u64; 3],
    /// Pages born after the fork, and of these equal to another.
    pub born: [u64; 2],
    /// Pages of unknown origin.
    pub unknown: u64,
}

/// The numbers of the family `origins`.
pub const KNOWN: Known = Known {
    // Handed down: 20 rewritten and 10 by the grandchild and 5 by an orphan, 2 x 20 that equal each other, 20 changed; of the
    // pages that the child allocated itself, the grandchild rewrote 4.
    inherited: [20 + 10 + 5 + 2 * 20 + 20 + 4, 20 + 10 + 5 + 4, 2 * 20],
    // 44 of the second child equal those of the first, 24 of the third equal nothing.
    born: [44 + 24, 44],
    // 10 of two orphans at addresses where the root has none; 10 beside pages that the root gave back.
    unknown: 10 + 10,
};

/// Starts the family if it is the one that is asked for, and announces the root, three children, a grandchild and two orphans.
pub fn start(kind: &str, ready: Ready) -> bool {
    if kind != "origins" {
        return false;
    }
    let region = Region::map(512, false);
    (0..256).for_each(|page| region.write(page, page as u64 + 1));
    let numbers = Numbers::new();
    let first = child(|| {
        region.rewrite(0..20);
        region.change(20..40);
        (40..60).for_each(|page| region.write(page, 7_000_000 + page as u64));
        (256..300).for_each(|page| region.write(page, 9_000 + page as u64));
        let pid = child(|| {
            region.rewrite(60..70);
            region.rewrite(256..260);
            ready.report();
        });
        numbers.note(0, pid);
        ready.report();
    });
    let second = child(|| {
        region.change(20..40);
        (256..300).for_each(|page| region.write(page, 9_000 + page as u64));
        region.change(200..210);
        ready.report();
    });
    let third = child(|| {
        (256..280).for_each(|page| region.write(page, 8_000 + page as u64));
        ready.report();
    });
    let between = child(move || {
        let ending = own();
        for number in 0..2 {
            let pid = child(move || {
                while parent() == ending {
                    std::thread::yield_now();
                }
                if number == 0 {
                    region.rewrite(70..75);
                }
                (400..410).for_each(|page| region.write(page, 5_000 + page as u64));
                ready.report();
            });
            numbers.note(1 + number, pid);
        }
        // SAFETY: ends this process only.
        unsafe { libc::_exit(0) }
    });
    // SAFETY: a null status is allowed.
    unsafe { libc::waitpid(between, std::ptr::null_mut(), 0) };
    ready.wait(6);
    Region { start: region.word(200).cast(), pages: 20 }.advise(libc::MADV_DONTNEED);
    let [grandchild, one, other] = [0, 1, 2].map(|at| numbers.get(at));
    announce(region, &[own(), first, second, third, grandchild, one, other]);
    true
}

/// Numbers of processes in memory that a family shares on purpose.
#[derive(Clone, Copy)]
struct Numbers(*mut i32);

impl Numbers {
    fn new() -> Numbers {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "mmap");
        Numbers(start.cast())
    }

    fn note(self, at: usize, pid: i32) {
        // SAFETY: the first words of the page; each has one writer.
        unsafe { self.0.wrapping_add(at).write_volatile(pid) }
    }

    fn get(self, at: usize) -> i32 {
        // SAFETY: the first words of the page, read after the writers have reported through a pipe.
        unsafe { self.0.wrapping_add(at).read_volatile() }
    }
}
