//! Pages in swap: not brought back to be read, and in the bracket.

use std::ffi::CString;
use std::process::Command;

use super::Test;
use super::family::Family;
use super::look::{at, without_numbers};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("pages_in_swap_are_in_the_bracket", pages_in_swap_are_in_the_bracket),
    ("memory_that_is_in_swap_as_a_whole_is_in_the_bracket", memory_that_is_in_swap_as_a_whole_is_in_the_bracket),
];

/// Swap in a file, switched off when dropped.
struct Swap {
    path: CString,
    _folder: tempfile::TempDir,
}

impl Swap {
    fn on() -> Swap {
        // Not every file system can have swap, and that of /tmp often cannot.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let path = folder.path().join("swap");
        std::fs::write(&path, vec![0; 64 << 20]).expect("a file for swap");
        let made = Command::new("mkswap").arg(&path).output().expect("mkswap");
        assert!(made.status.success(), "{made:?}");
        let path = CString::new(path.to_str().expect("a plain name")).expect("no zero in it");
        // SAFETY: a path that ends with a zero.
        let result = unsafe { libc::swapon(path.as_ptr(), 0) };
        assert_eq!(result, 0, "swapon: {}", std::io::Error::last_os_error());
        Swap { path, _folder: folder }
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        // SAFETY: a path that ends with a zero.
        unsafe { libc::swapoff(self.path.as_ptr()) };
    }
}

fn pages_in_swap_are_in_the_bracket() {
    let _swap = Swap::on();
    let family = Family::start(&["swapped"]);
    let found = at(&family);
    // In memory in both: 128. In swap: 64 of the child beside those of the parent, 32 places of each, and 16 of the parent
    // beside those that the child has copied. One place in swap that both have is no copy.
    assert_eq!((found.copies, found.redundant), (128, 96), "{found:#?}");
    assert_eq!(found.doubt("swapped"), 64 + 32 + 16, "{found:#?}");
    assert_eq!(found.scan.mode, "bracket");
    found.is_bracketed(128 + 64 + 32 + 16);
    without_numbers(&family).is_bracketed(128 + 64 + 32 + 16);
    // Nothing was brought back.
    assert_eq!(at(&family).doubt("swapped"), 64 + 32 + 16);
}

fn memory_that_is_in_swap_as_a_whole_is_in_the_bracket() {
    let _swap = Swap::on();
    let family = Family::start(&["swapped-whole"]);
    for found in [at(&family), without_numbers(&family)] {
        assert_eq!(found.copies, 0, "{found:#?}");
        assert!(found.doubt("swapped") >= 256, "{found:#?}");
        found.is_bracketed(256);
    }
}
