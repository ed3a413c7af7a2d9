//! The network namespaces of this machine, as its processes have them, and entering them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;

use super::sys;
use crate::procfs::ProcFs;

/// What identifies a network namespace: device and inode of its file.
pub(super) type Id = (u64, u64);

/// Finds the network namespaces of all processes.
#[derive(Debug)]
pub(super) struct Finder {
    proc: ProcFs,
    /// Processes whose namespace the last look could not see.
    pub(super) unseen_processes: u64,
}

impl Finder {
    pub(super) fn new(proc: ProcFs) -> Finder {
        Finder { proc, unseen_processes: 0 }
    }

    /// Returns the network namespace of this process.
    pub(super) fn own(&self) -> io::Result<Id> {
        let of = self.proc.metadata("self/ns/net")?;
        Ok((of.dev(), of.ino()))
    }

    /// Returns each network namespace with a process that has it.
    pub(super) fn all(&mut self) -> BTreeMap<Id, u32> {
        let mut found = BTreeMap::new();
        self.unseen_processes = 0;
        for pid in self.proc.pids().unwrap_or_default() {
            match self.proc.metadata(&format!("{pid}/ns/net")) {
                Ok(of) => _ = found.entry((of.dev(), of.ino())).or_insert(pid),
                // A process that has ended has no namespaces.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => self.unseen_processes += 1,
            }
        }
        found
    }

    /// Opens the network namespace of a process, if it is still this one.
    pub(super) fn open(&self, id: Id, pid: u32) -> io::Result<File> {
        let file = self.proc.open(&format!("{pid}/ns/net"))?;
        let of = file.metadata()?;
        if (of.dev(), of.ino()) != id {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(file)
    }
}

/// Does something in a network namespace, in a thread of its own that ends with it.
pub(super) fn inside<T: Send>(namespace: &File, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("netns".to_owned());
        let thread = thread.spawn_scoped(scope, || sys::enter_network(namespace).and_then(|()| work()))?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that enters a network namespace ended")))
    })
}
