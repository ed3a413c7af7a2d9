//! What the tests of the whole agent share: programs, runs with a time limit, and what must be counted.
#![allow(dead_code, reason = "each test program uses its own part")]

pub mod board;
pub mod held;
pub mod reference;
pub mod refusing;
pub mod report;
pub mod run;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The agent's program.
pub const AGENT: &str = env!("CARGO_BIN_EXE_deltascope");
/// Longest run of one command: for hangs, and far from what a busy machine takes.
pub const LIMIT: Duration = Duration::from_secs(300);

/// The daemon's program: the one that the variable `DELTASCOPE_BOARDD` names, or the one beside the agent's, which
/// cargo brings up to date.
pub fn boardd() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(path) = std::env::var_os("DELTASCOPE_BOARDD") {
            return path.into();
        }
        let path = Path::new(AGENT).with_file_name("deltascope-boardd");
        let mut build = deltascope_testkit::cargo::cargo();
        build.args(["build", "--quiet", "--locked", "-p", "deltascope-boardd", "--bin", "deltascope-boardd"]);
        build.arg("--target-dir").arg(path.parent().and_then(Path::parent).expect("target/profile/program"));
        if path.parent().and_then(Path::file_name).is_some_and(|profile| profile == "release") {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(status.success() && path.is_file(), "the daemon builds");
        path
    })
}

/// What a command did.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Outcome {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts success.
    pub fn ok(self) -> Outcome {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Asserts a failure with a message and not a panic, and that its message holds every one of `parts`.
    pub fn fails(self, parts: &[&str]) -> Outcome {
        assert!(matches!(self.code, Some(code) if code != 0 && code != 101), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in {self:?}");
        }
        self
    }
}

/// Runs a command to its end, which must come within [`LIMIT`].
pub fn finish(mut command: Command) -> Outcome {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    end(command.spawn().expect("the program starts"))
}

/// Waits for a child, at most [`LIMIT`].
pub fn end(mut child: Child) -> Outcome {
    let read = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut pipe) = pipe {
                pipe.read_to_end(&mut text).expect("a pipe");
            }
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let out = read(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let err = read(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().expect("a child");
            child.wait().expect("a child");
            panic!("no end within {LIMIT:?}: {:?}", err.join());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Outcome { code: status.code(), out: out.join().expect("a reader"), err: err.join().expect("a reader") }
}

/// The agent with these arguments.
pub fn agent(arguments: &[&str]) -> Command {
    let mut command = Command::new(AGENT);
    command.args(arguments);
    command
}

/// Runs the agent with a daemon of its own.
pub fn with_daemon(arguments: &[&str]) -> Outcome {
    let mut command = agent(arguments);
    command.arg("--boardd").arg(boardd());
    finish(command)
}
