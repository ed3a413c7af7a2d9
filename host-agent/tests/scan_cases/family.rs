//! Starting families and other copies of this program.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use deltascope_testkit::programs::copy_program;

/// First argument of a copy that is a member of a family.
pub const MEMBER: &str = "be-a-member";
/// A user without privileges: `nobody`.
pub const NOBODY: u32 = 65_534;

/// A family of real processes; it ends when this is dropped.
pub struct Family {
    child: Child,
    stop: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    /// Addresses of its region.
    pub range: Range<u64>,
    /// Members that it has named, the root first where that lives.
    pub members: Vec<u32>,
}

impl Family {
    /// Starts a family of a kind and waits until it has done its work.
    pub fn start(kind: &[&str]) -> Family {
        Self::started(kind, None)
    }

    /// Starts a family as `nobody`.
    pub fn start_as_nobody(kind: &[&str]) -> Family {
        Self::started(kind, Some(NOBODY))
    }

    fn started(kind: &[&str], user: Option<u32>) -> Family {
        let mut command = Command::new(program());
        command.arg(MEMBER).args(kind).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let mut child = command.spawn().expect("a family starts");
        let stop = child.stdin.take();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        lines.read_line(&mut line).expect("its announcement");
        let numbers: Vec<u64> = line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [start, bytes, members @ ..] = &numbers[..] else { panic!("{kind:?} announced {line:?}") };
        let members = members.iter().map(|&pid| pid as u32).collect();
        Family { child, stop, lines, range: *start..start + bytes, members }
    }

    /// Sends a line to a family that answers, and returns its answer.
    pub fn ask(&mut self) -> String {
        let stop = self.stop.as_mut().expect("its input");
        stop.write_all(b"\n").and_then(|()| stop.flush()).expect("it reads");
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("its answer");
        line.trim().to_owned()
    }

    /// The root, or the first member of a family that has lost it.
    pub fn root(&self) -> u32 {
        self.members[0]
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.child.wait().expect("the family ends");
    }
}

/// The copy of this program and its folder.
static COPY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();

/// Removes the copy of this program, if one was made.
pub fn remove_program() {
    if let Some((folder, _)) = COPY.get() {
        std::fs::remove_dir_all(folder.path()).expect("my folder");
    }
}

/// This program where every user can run it.
pub fn program() -> &'static Path {
    &COPY
        .get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder for the copy");
            let copy = folder.path().join("scan_cases");
            copy_program(&std::env::current_exe().expect("this program"), &copy);
            std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("my folder");
            (folder, copy)
        })
        .1
}
