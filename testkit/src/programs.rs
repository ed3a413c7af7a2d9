//! Programs that a test puts somewhere and starts.
//!
//! Another process writes them. What this one has open for writing is open in every program that another thread of it is just
//! starting, until that one runs, and Linux starts nothing that is open for writing ("Text file busy").

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Copies a program to where every user can run it, if the folders above can be entered.
///
/// # Panics
/// It cannot be copied.
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("install").args(["-m", "0755"]).args([from, to]).status().expect("starting `install`");
    assert!(status.success(), "copying {} to {}: {status}", from.display(), to.display());
}

/// Writes a script that every user can run, in place of what is there.
///
/// # Panics
/// It cannot be written.
pub fn write_script(to: &Path, text: &str) {
    let mut command = Command::new("install");
    command.args(["-m", "0755", "/dev/stdin"]).arg(to).stdin(Stdio::piped());
    let mut install = command.spawn().expect("starting `install`");
    install.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("writing the script");
    let status = install.wait().expect("waiting for `install`");
    assert!(status.success(), "writing {}: {status}", to.display());
}

#[cfg(test)]
mod tests {
    use super::{copy_program, write_script};
    use std::path::Path;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    /// Puts a program somewhere and runs it, again and again, while other threads start programs.
    fn put_and_run(put: impl Fn(&Path)) {
        let folder = tempfile::tempdir().expect("a folder");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        assert!(Command::new("true").status().expect("starting `true`").success());
                    }
                });
            }
            let outcome: Vec<_> = (0..200)
                .map(|number| {
                    let program = folder.path().join(format!("program-{number}"));
                    put(&program);
                    Command::new(program).status().map(|status| status.success())
                })
                .collect();
            done.store(true, Ordering::Relaxed);
            for (number, started) in outcome.into_iter().enumerate() {
                assert!(matches!(started, Ok(true)), "program {number}: {started:?}");
            }
        });
    }

    #[test]
    fn copy_can_be_started_at_once() {
        let path = std::env::var_os("PATH").expect("PATH");
        let mut found = std::env::split_paths(&path).map(|folder| folder.join("true"));
        let program = found.find(|path| path.is_file()).expect("`true`");
        put_and_run(|path| copy_program(&program, path));
    }

    #[test]
    fn script_can_be_started_at_once() {
        put_and_run(|path| write_script(path, "#!/bin/sh\nexit 0\n"));
    }
}
