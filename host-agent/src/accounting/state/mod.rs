//! What an agent saves in a folder so that the next one resumes where it stopped.
//!
//! The board server keeps numbers, losses and cursors of an agent for 60 s after its connection was lost, and the
//! counters of its grant. What it cannot know stands here: the agent's id, which owner each group belongs to, and
//! what was counted under earlier grants, before the server restarted.
//!
//! | file | content |
//! |---|---|
//! | `agent.id` | the id as 32 hex digits and a newline; locked while an agent runs with it |
//! | `agent.secret` | what proves that the id is this agent's, as 32 hex digits and a newline |
//! | `session.json` | a [`SavedSession`], replaced whole whenever it changes |
//!
//! All have mode 0600: without TLS a program that knows id and secret can take the totals over. The id alone proves
//! nothing; it may stand on a command line.

mod folder;
mod identity;
mod saved;
mod secret;
#[cfg(test)]
mod tests;

pub use folder::{AgentId, AgentState};
pub use identity::AgentIdentity;
pub use saved::SavedSession;

use std::path::PathBuf;

/// Why a folder of an agent cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The operating system refused.
    #[error("{path}: cannot {action}: {source}; name a folder of this user with --state-dir", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the id.
    #[error(
        "{path}: expected no other agent with this id, found one that runs; stop it, or give this one a --state-dir of its own",
        path = path.display()
    )]
    InUse {
        /// The file with the id.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error("{path}: expected mode 0600, found {found:04o}; run `chmod 600` on it, or delete it", path = path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        found: u32,
    },
    /// The file holds something else.
    #[error(
        "{path}: expected {expected}, found {found}; delete it, then totals begin at 0",
        path = path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The text is no agent id.
    #[error("agent id {found:?}: expected 32 hex digits that are not all 0")]
    Id {
        /// As given.
        found: String,
    },
    /// The system has no random numbers for a new id.
    #[error("cannot read /dev/urandom: {0}; an agent needs a random id")]
    Random(std::io::Error),
}
