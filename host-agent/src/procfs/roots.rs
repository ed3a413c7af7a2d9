//! Where the file systems of the kernel are, for an agent in a container that has those of its host at other places.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Places of this process.
static ROOTS: OnceLock<Roots> = OnceLock::new();

/// Where the file systems are mounted; `None` is the usual place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// The proc file system, else `/proc`.
    pub proc: Option<PathBuf>,
    /// The version 2 hierarchy of control groups, else where `mountinfo` has it.
    pub groups: Option<PathBuf>,
}

/// Sets the places for the whole process. To be called once, before anything is read; later calls change nothing.
pub fn set_roots(roots: Roots) {
    let _ = ROOTS.set(roots);
}

/// Where the proc file system is.
pub fn proc() -> &'static Path {
    ROOTS.get().and_then(|roots| roots.proc.as_deref()).unwrap_or(Path::new("/proc"))
}

/// Where the version 2 hierarchy was said to be.
pub(super) fn groups() -> Option<PathBuf> {
    ROOTS.get().and_then(|roots| roots.groups.clone())
}
