//! SIGBUS: a map whose file was cut short answers as a bus that reports an error.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_driver::seams::{BusError, Registers};
use deltascope_linux::guard::Guarded;
use deltascope_linux::mmio::Mmio;
use deltascope_linux::uio::page_bytes;
use memmap2::MmapOptions;
use std::fs::File;
use std::sync::{Mutex, MutexGuard};

/// A late abort counts in every map, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A file of two pages and a guarded map of it.
fn two_pages() -> (File, Mmio) {
    let file = tempfile::tempfile().unwrap();
    let bytes = 2 * page_bytes();
    file.set_len(bytes as u64).unwrap();
    let map = MmapOptions::new().len(bytes).map_raw(&file).unwrap();
    (file, Mmio::new(Guarded::new(map).unwrap(), 0, bytes as u32).unwrap())
}

fn is_lost(result: Result<u32, BusError>) -> bool {
    matches!(result, Err(BusError::Host { text, .. }) if text.contains("the bitstream has another register map"))
}

#[test]
fn a_bus_error_is_an_error_at_once_and_for_ever() {
    let _turn = turn();
    let (file, mut registers) = two_pages();
    let page = page_bytes() as u32;
    registers.write32(4, 5).unwrap();
    assert_eq!(registers.read32(4), Ok(5));
    file.set_len(page_bytes() as u64).unwrap();
    assert_eq!(registers.read32(4), Ok(5), "the first page is still there");
    assert!(is_lost(registers.read32(page + 8)));
    // What is in place of the page now reads as zeros, which must never pass for a register.
    assert!(is_lost(registers.read32(page + 8)));
    assert!(is_lost(registers.read32(4)), "nor is anything else in the map trusted");
}

#[test]
fn a_store_is_caught_as_a_load_is_and_other_maps_go_on() {
    let _turn = turn();
    let (file, mut registers) = two_pages();
    let (_other_file, mut other) = two_pages();
    file.set_len(0).unwrap();
    assert!(is_lost(registers.write32(0, 1).map(|()| 0)));
    other.write32(0, 9).unwrap();
    assert_eq!(other.read32(0), Ok(9));
}

#[test]
fn a_freed_guard_is_used_again_without_its_faults() {
    let _turn = turn();
    for _ in 0..40 {
        let (file, mut registers) = two_pages();
        assert_eq!(registers.read32(0), Ok(0));
        file.set_len(0).unwrap();
        assert!(is_lost(registers.read32(0)));
    }
}

#[test]
fn more_maps_than_can_be_guarded_are_refused() {
    let _turn = turn();
    let mut held = Vec::new();
    let refused = loop {
        let map = MmapOptions::new().len(page_bytes()).map_raw(&sized()).unwrap();
        match Guarded::new(map) {
            Ok(guard) => held.push(guard),
            Err(error) => break error,
        }
    };
    assert_eq!(held.len(), 16);
    assert!(refused.to_string().contains("at most 16"), "{refused}");
}

fn sized() -> File {
    let file = tempfile::tempfile().unwrap();
    file.set_len(page_bytes() as u64).unwrap();
    file
}

/// An aborted store is reported without an address on the Cortex-A9. The kernel lets a process queue that signal to
/// itself; the user mode of QEMU, in which the ARM build is tested, takes that signal for a fault of its own.
#[cfg(not(target_arch = "arm"))]
#[test]
fn an_abort_without_an_address_makes_every_map_suspect() {
    let _turn = turn();
    let (_file, mut registers) = two_pages();
    let (_other_file, mut other) = two_pages();
    // SAFETY: a siginfo of zeros is a valid value; the fields set are those of a SIGBUS without an address; the ids are
    // those of this process and thread.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        info.si_signo = libc::SIGBUS;
        info.si_code = 3;
        let (process, thread) = (libc::getpid(), libc::syscall(libc::SYS_gettid));
        let sent = libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, libc::SIGBUS, &raw const info);
        assert_eq!(sent, 0);
    }
    assert!(is_lost(registers.read32(0)));
    assert!(is_lost(other.read32(0)));
}

/// A bus error elsewhere still ends the process, as it does without the guard.
#[test]
fn a_bus_error_elsewhere_ends_the_process() {
    let _turn = turn();
    let (_file, mut registers) = two_pages();
    assert_eq!(registers.read32(0), Ok(0));
    let file = sized();
    let map = MmapOptions::new().len(page_bytes()).map_raw(&file).unwrap();
    file.set_len(0).unwrap();
    // SAFETY: the child only reads memory and leaves; nothing that another thread may hold is touched.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: the map is there; the read is meant to fail.
        unsafe {
            map.as_ptr().read_volatile();
            libc::_exit(0);
        }
    }
    let mut status = 0;
    // SAFETY: `child` is a child of this process that was not waited for.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGBUS, "{status:#x}");
}
