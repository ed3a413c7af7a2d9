//! The side of the workload: what a family's root and its workers do.

use std::io::{self, PipeReader, PipeWriter, Read, Write};

use clap::Parser;

use super::os::{self, Fork, Region};
use super::{Announcement, Pattern, WORKERS};

/// First argument of an agent that is to be the root of a family.
pub const CHILD_MARKER: &str = "deltascope-workload-child";

#[derive(clap::Parser)]
#[command(name = CHILD_MARKER)]
struct Child {
    /// What the family writes
    #[arg(value_parser = pattern)]
    pattern: Pattern,
    /// The agent's process number
    agent: u32,
}

fn pattern(name: &str) -> Result<Pattern, String> {
    Pattern::from_name(name).ok_or_else(|| String::from("expected the name of a pattern"))
}

/// When this process was started as the root of a family, is one until asked to stop, and gives
/// the code to exit with; `None` otherwise. To be called first of all in `main`, before any
/// thread is started.
pub fn child_entry() -> Option<i32> {
    let mut arguments = std::env::args_os().skip(1).peekable();
    arguments.peek().filter(|first| **first == CHILD_MARKER)?;
    let Child { pattern, agent } = match Child::try_parse_from(arguments) {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{error}");
            return Some(2);
        }
    };
    match run(pattern, agent) {
        Ok(()) => Some(0),
        Err(error) => {
            eprintln!("{CHILD_MARKER}: {error}");
            Some(1)
        }
    }
}

/// Is the root of a family from first to last.
fn run(pattern: Pattern, agent: u32) -> io::Result<()> {
    os::die_with(agent)?;
    os::be_visible();
    let region = Region::new()?;
    let root = std::process::id();
    // Workers say that they are done, and live until the root drops its end of the lifeline.
    let (mut done, done_from_worker) = io::pipe()?;
    let (lifeline, hold) = io::pipe()?;
    let mut workers = Vec::with_capacity(WORKERS);
    for number in 0..WORKERS {
        match os::fork()? {
            Fork::Parent(pid) => workers.push(pid),
            Fork::Child => {
                drop(hold);
                let writes = pattern.worker_writes(number);
                let outcome = work(root, &region, writes.then_some(number), done_from_worker, lifeline);
                os::exit_now(i32::from(outcome.is_err()));
            }
        }
    }
    drop(done_from_worker);
    drop(lifeline);
    let mut all = [0u8; WORKERS];
    done.read_exact(&mut all).map_err(|_| io::Error::other("a worker ended before its work was done"))?;
    if pattern == Pattern::ParentWrites {
        region.write(WORKERS);
    }
    let announcement = Announcement { pattern, range: region.address()..region.end(), root, workers: workers.clone() };
    io::stdout().write_all(announcement.line().as_bytes())?;
    io::stdout().flush()?;
    until_closed(&mut io::stdin());
    drop(hold);
    for worker in workers {
        os::reap(worker);
    }
    Ok(())
}

/// Is a worker: writes as the writer of that number, if any, then keeps quiet.
fn work(
    root: u32,
    region: &Region,
    writer: Option<usize>,
    mut done: PipeWriter,
    mut lifeline: PipeReader,
) -> io::Result<()> {
    os::die_with(root)?;
    os::be_visible();
    if let Some(writer) = writer {
        region.write(writer);
    }
    done.write_all(&[1])?;
    drop(done);
    until_closed(&mut lifeline);
    Ok(())
}

/// Blocks until the other side has closed.
fn until_closed(pipe: &mut impl Read) {
    let mut byte = [0u8; 1];
    while pipe.read_exact(&mut byte).is_ok() {}
}
