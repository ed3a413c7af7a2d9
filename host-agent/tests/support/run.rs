//! An agent under way, and the lines that it prints.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{LIMIT, Outcome, agent, end, report};

/// Lines of a pipe, read by a thread so that the agent never waits for the test.
pub struct Lines(Receiver<String>);

impl Lines {
    fn of(pipe: impl std::io::Read + Send + 'static) -> Lines {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(pipe).lines();
            while let Some(Ok(line)) = lines.next() {
                _ = sender.send(line);
            }
        });
        Lines(receiver)
    }

    /// The next line; `None` at the end.
    pub fn next(&self) -> Option<String> {
        match self.0.recv_timeout(LIMIT) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {LIMIT:?}"),
        }
    }

    /// Waits for a line that holds `part`.
    pub fn until(&self, part: &str) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.next() {
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
        panic!("expected a line with {part:?}, found the end after {seen:?}");
    }

    /// What has come and was not taken.
    pub fn waiting(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

/// See the module. It ends with this.
pub struct Run {
    pub child: std::process::Child,
    pub lines: Lines,
    pub errors: Lines,
}

/// Sends a signal by its name. The shell has `kill` in itself; the program of that name is not on every system.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &child.id().to_string()]).status();
    assert!(sent.expect("a shell").success(), "{name}");
}

impl Run {
    /// Starts the agent with these arguments.
    pub fn start(arguments: &[&str]) -> Run {
        Run::of(agent(arguments))
    }

    /// Starts a command that runs the agent.
    pub fn of(mut command: Command) -> Run {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let out: ChildStdout = child.stdout.take().expect("standard output is piped");
        let err: ChildStderr = child.stderr.take().expect("standard error is piped");
        Run { child, lines: Lines::of(out), errors: Lines::of(err) }
    }

    /// The next report.
    pub fn line(&mut self) -> Value {
        report::next(|| self.lines.next()).unwrap_or_else(|| panic!("no line: {:?}", self.errors.waiting()))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// The first report with more events captured than `events`.
    pub fn line_after(&mut self, events: u64) -> Value {
        loop {
            let line = self.line();
            if line["captured"].as_u64() > Some(events) {
                return line;
            }
        }
    }

    /// Kills it behind the next report, which is that of a run with more to do.
    pub fn kill(mut self) {
        let line = self.line();
        assert_eq!(line["conserved"], true, "{line}");
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// Waits for its end.
    pub fn end(self) -> Outcome {
        let Run { child, lines, errors } = self;
        let outcome = end(child);
        let all = |lines: Lines| std::iter::from_fn(|| lines.next()).map(|line| line + "\n").collect();
        Outcome { out: all(lines), err: all(errors), ..outcome }
    }

    /// Waits for its end, which must be a success, and gives the last report.
    pub fn last_line(self) -> Value {
        report::last(&self.end().ok().out)
    }
}

/// Starts a program again and again until it ends within `limit` of `signal`; a busy machine makes it end late, but not
/// each time. Gives what the last one did.
pub fn ends_within(limit: Duration, signal: &str, start: impl Fn() -> Run) -> Outcome {
    let deadline = Instant::now() + LIMIT;
    loop {
        let run = start();
        let begun = Instant::now();
        run.signal(signal);
        let outcome = run.end();
        let time = begun.elapsed();
        if time < limit {
            println!("ended {time:?} after SIG{signal}");
            return outcome;
        }
        assert!(Instant::now() < deadline, "ended {time:?} after SIG{signal}: {outcome:?}");
    }
}

/// Waits until a process has taken every signal that was sent to it.
pub fn wait_until_taken(pid: u32) {
    let deadline = Instant::now() + LIMIT;
    // A process that has ended keeps the signal that ended it.
    let has_ended = |status: &str| status.lines().any(|line| line.starts_with("State:\tZ"));
    let waits = |status: &str| {
        let masks = status.lines().filter_map(|line| line.strip_prefix("ShdPnd:")).map(str::trim);
        masks.map(|mask| u64::from_str_radix(mask, 16).expect("a mask")).any(|mask| mask != 0)
    };
    while std::fs::read_to_string(format!("/proc/{pid}/status"))
        .is_ok_and(|status| waits(&status) && !has_ended(&status))
    {
        assert!(Instant::now() < deadline, "a signal is not taken");
        std::thread::sleep(Duration::from_millis(1));
    }
}
