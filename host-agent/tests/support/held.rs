//! A recording that reaches an agent through a named pipe, as far as the test lets it: the agent cannot end before that,
//! however fast it is.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use deltascope_agent::sources::SynthConfig;

use super::{agent, finish};

/// The events of a generator, recorded by the agent.
pub struct Recorded {
    folder: tempfile::TempDir,
    bytes: Arc<[u8]>,
    pipes: usize,
}

/// The writing end of a pipe that holds a recording back.
pub struct Held {
    path: PathBuf,
    upto: Sender<usize>,
    bytes: usize,
}

impl Recorded {
    /// Records the events of a generator.
    pub fn new(config: &SynthConfig) -> Recorded {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("events");
        let SynthConfig { seed, events, containers, sockets, .. } = *config;
        let mut record = agent(&["record", "--source", "synth"]);
        record.arg(&file);
        for (name, value) in
            [("--seed", seed), ("--events", events), ("--containers", containers.into()), ("--sockets", sockets.into())]
        {
            record.args([name, &value.to_string()]);
        }
        finish(record).ok();
        Recorded::of(folder)
    }

    /// The recording `events` in a folder.
    pub fn of(folder: tempfile::TempDir) -> Recorded {
        let bytes = std::fs::read(folder.path().join("events")).expect("a recording").into();
        Recorded { folder, bytes, pipes: 0 }
    }

    /// The recording as a file.
    pub fn file(&self) -> String {
        self.folder.path().join("events").to_str().expect("a plain path").to_owned()
    }

    /// A pipe that gives one reader this share of the recording, a part of 1, and the rest when it is let go.
    pub fn held(&mut self, share: f64) -> Held {
        self.pipes += 1;
        let path = self.folder.path().join(format!("pipe-{}", self.pipes));
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let (upto, limits) = channel();
        let (bytes, pipe) = (Arc::clone(&self.bytes), path.clone());
        std::thread::spawn(move || {
            let mut pipe = File::options().write(true).open(pipe).expect("the pipe opens with its reader");
            let mut written = 0;
            for limit in limits {
                // A reader that was killed takes no more; one that has everything gets the end of the file.
                if pipe.write_all(&bytes[written..limit]).is_err() || limit == bytes.len() {
                    break;
                }
                written = limit;
            }
        });
        let held = Held { path, upto, bytes: self.bytes.len() };
        held.give(share);
        held
    }
}

impl Held {
    /// The path to give to the reader.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the recording pass up to this share of it.
    pub fn give(&self, share: f64) {
        // No process waits for it once the reader was killed.
        _ = self.upto.send((self.bytes as f64 * share) as usize);
    }
}
