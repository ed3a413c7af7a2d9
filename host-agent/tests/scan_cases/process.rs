//! Forking the members of a family, and waiting for them.

use std::io::Write;

use super::region::{PAGE, Region};

/// A pipe through which children report that they are ready.
#[derive(Clone, Copy)]
pub struct Ready([libc::c_int; 2]);

impl Ready {
    pub fn new() -> Ready {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0, "pipe");
        Ready(ends)
    }

    pub fn report(self) {
        // SAFETY: one byte of a constant.
        unsafe { libc::write(self.0[1], b"x".as_ptr().cast(), 1) };
    }

    /// Waits for the reports of children. Without an own end to write to, it is the end of the pipe when they have
    /// all ended without one.
    pub fn wait(self, children: usize) {
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
pub fn rest() -> ! {
    let mut byte = 0u8;
    // SAFETY: room for one byte; _exit does not return.
    unsafe {
        while libc::read(0, (&raw mut byte).cast(), 1) > 0 {}
        libc::_exit(0)
    }
}

/// Forks a child that does its work and rests; returns its number.
pub fn child(work: impl FnOnce()) -> i32 {
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

pub fn announce(region: Region, members: &[i32]) {
    let members: Vec<String> = members.iter().map(i32::to_string).collect();
    println!("{} {} {}", region.start as usize, region.pages * PAGE, members.join(" "));
    std::io::stdout().flush().expect("standard output");
}

pub fn parent() -> i32 {
    // SAFETY: takes nothing and touches no memory.
    unsafe { libc::getppid() }
}

pub fn own() -> i32 {
    std::process::id() as i32
}
