//! The thread that asks runtimes, so that one that hangs delays no round.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::cri::Cri;
use super::docker::Docker;
use super::name_cache::{NameCache, RuntimeStatus};
use super::places::Places;
use super::podman::Podman;
use super::{Runtime, RuntimeNames};

/// Time between two looks whether anybody still wants names.
const LOOK: Duration = Duration::from_secs(1);
/// Time after a first failure in which a runtime is not asked; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest such time.
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// Longest text of an error that is kept.
const ERROR_CHARACTERS: usize = 200;

/// A runtime with its history.
struct Asked {
    runtime: Box<dyn Runtime>,
    /// The socket, of a runtime that has one.
    socket: Option<PathBuf>,
    status: RuntimeStatus,
    failures_in_a_row: u32,
    not_before: Option<Instant>,
}

impl Asked {
    fn new(name: &str, socket: Option<PathBuf>, runtime: Box<dyn Runtime>) -> Asked {
        let status = RuntimeStatus { runtime: name.to_owned(), ..RuntimeStatus::default() };
        Asked { runtime, socket, status, failures_in_a_row: 0, not_before: None }
    }

    /// Asks for names, unless it has failed lately.
    fn find(&mut self, wanted: &[String]) -> Vec<(String, RuntimeNames)> {
        if wanted.is_empty() || self.not_before.is_some_and(|time| Instant::now() < time) {
            return Vec::new();
        }
        self.status.lookups += 1;
        match self.runtime.find(wanted) {
            Ok(found) => {
                (self.failures_in_a_row, self.not_before, self.status.error) = (0, None, None);
                self.status.found += found.len() as u64;
                found
            }
            Err(error) => {
                self.status.failures += 1;
                self.status.error = Some(error.to_string().chars().take(ERROR_CHARACTERS).collect());
                let pause = LAST_PAUSE.min(FIRST_PAUSE * 2u32.saturating_pow(self.failures_in_a_row));
                self.failures_in_a_row += 1;
                self.not_before = Some(Instant::now() + pause);
                Vec::new()
            }
        }
    }
}

/// Begins to find the names that a cache is asked for, until nothing else holds the cache.
///
/// # Errors
/// The system refuses a thread.
pub fn ask(cache: &NameCache, places: Places) -> io::Result<()> {
    let cache = cache.clone();
    std::thread::Builder::new().name("names".to_owned()).spawn(move || work(&cache, &places))?;
    Ok(())
}

fn work(cache: &NameCache, places: &Places) {
    // Files first: they answer at once.
    let mut all = vec![
        Asked::new("docker", None, Box::new(Docker::new(places))),
        Asked::new("podman", None, Box::new(Podman::new(places))),
    ];
    while !cache.is_left() {
        let due = cache.due(LOOK);
        if due.is_empty() {
            continue;
        }
        for socket in places.sockets() {
            if all.iter().all(|asked| asked.socket.as_ref() != Some(&socket)) {
                let name = socket.display().to_string();
                all.push(Asked::new(&name, Some(socket.clone()), Box::new(Cri::new(socket))));
            }
        }
        let (mut found, mut open) = (HashMap::new(), due.clone());
        for asked in &mut all {
            found.extend(asked.find(&open));
            open.retain(|id| !found.contains_key(id));
        }
        let shown = all.iter().filter(|asked| asked.socket.is_some() || asked.status.found + asked.status.failures > 0);
        cache.enter(&due, found, shown.map(|asked| asked.status.clone()).collect());
    }
}
