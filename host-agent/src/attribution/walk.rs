//! A bounded walk over the version 2 hierarchy: from inode numbers to paths.

use std::collections::VecDeque;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::procfs::lossless;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Inode and path from the mount point on, `/` first.
    pub groups: Vec<(u64, String)>,
    /// The walk stopped at its bound, so an id that it did not meet may exist all the same.
    pub cut: bool,
}

/// Lists at most `limit` groups, the upper levels first. Groups that vanish meanwhile, and
/// those that may not be listed, are passed over.
pub(crate) fn walk(mount: &Path, limit: usize) -> Walk {
    let mut found = Walk::default();
    let Ok(metadata) = std::fs::metadata(mount) else {
        return found;
    };
    found.groups.push((metadata.ino(), "/".to_owned()));
    let mut pending: VecDeque<(PathBuf, String)> = VecDeque::from([(mount.to_owned(), String::new())]);
    while let Some((directory, prefix)) = pending.pop_front() {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if found.groups.len() >= limit {
                found.cut = true;
                return found;
            }
            let path = format!("{prefix}/{}", lossless::text(entry.file_name().as_bytes()));
            found.groups.push((entry.ino(), path.clone()));
            pending.push_back((entry.path(), path));
        }
    }
    found
}
