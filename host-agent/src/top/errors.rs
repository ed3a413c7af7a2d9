//! Standard error while a terminal is drawn on: its lines would be in the middle of the screen.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use super::sys::replace_stderr;

/// Lines that are kept for the end.
const KEPT: usize = 100;

/// Lines of standard error, kept until the terminal is given back.
#[derive(Debug)]
pub(super) struct Errors {
    /// Where standard error went before.
    before: Option<OwnedFd>,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Errors {
    /// Begins to keep the lines.
    pub fn keep() -> io::Result<Errors> {
        let (output, input) = io::pipe()?;
        let before = replace_stderr(input.as_fd())?;
        drop(input);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let shared = lines.clone();
        let read = move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let mut lines: std::sync::MutexGuard<'_, Vec<String>> =
                    shared.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push(line);
                let more = lines.len().saturating_sub(KEPT);
                lines.drain(..more);
            }
        };
        let reader = std::thread::Builder::new().name("errors".to_owned()).spawn(read)?;
        Ok(Errors { before: Some(before), lines, reader: Some(reader) })
    }

    /// The last line so far.
    pub fn last(&self) -> Option<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    /// Lets standard error go where it went before, and prints there what was kept.
    pub fn give_back(&mut self) {
        let Some(before) = self.before.take() else { return };
        // The only end of the pipe that is written to is closed by this, unless a child has it: then the reader continues.
        if replace_stderr(before.as_fd()).is_err() {
            return;
        }
        if let Some(reader) = self.reader.take() {
            for _ in 0..50 {
                if reader.is_finished() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let mut err = io::stderr().lock();
        for line in lines {
            // Where it has no reader, there is nothing to do.
            let _ = writeln!(err, "{line}");
        }
    }
}
