//! What an agent saves in a folder so that the next one resumes where it stopped.
//!
//! The board server keeps numbers, losses and cursors of an agent for 60 s after its connection was lost, and the
//! counters of its grant. What it cannot know is here: the agent's id, which owner each group belongs to, and
//! what was counted under earlier grants, before the server restarted.
//!
//! | file | content |
//! |---|---|
//! | `agent.id` | the id as 32 hex digits and a newline; locked while an agent runs with it |
//! | `agent.secret` | what proves that the id is this agent's, as 32 hex digits and a newline |
//! | `session.json` | a [`SavedSession`], replaced whole and made durable by a thread, at most once a second |
//! | `changes.N` | [`Change`]s since then, appended before a record that rests on them can be counted |
//!
//! A change of hands is 45 bytes or so. They wait in the page cache, which outlives the process, and the kernel writes them
//! out when it likes: at 10,000 changes of hands a second at most 0.5 MB a second, beside 0.3 MB of whole sessions.
//!
//! All have mode 0600: without TLS a program that knows id and secret can take the totals over. The id alone proves
//! nothing; it may be on a command line.
//!
//! The number of the last change travels with the records as a cursor ([`crate::sources::cursor::STATE`]). A folder that
//! holds less than the server has counted on, because the disk was full or the power failed, is known by it.

mod changes;
mod files;
mod folder;
mod id;
mod identity;
mod saved;
mod secret;
#[cfg(test)]
mod tests;
mod writer;

pub use changes::{Carried, Change};
pub use folder::{AgentState, StateStatus};
pub use id::AgentId;
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
        /// What the system reported.
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
    /// The file holds something else.
    #[error(
        "{path}: expected {expected}, found {found}; {then}",
        path = path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        expected: &'static str,
        /// What was found there.
        found: String,
        /// What happens now.
        then: &'static str,
    },
    /// The text is no agent id.
    #[error("agent id {found:?}: expected 32 hex digits that are not all 0")]
    Id {
        /// As given.
        found: String,
    },
    /// The system has no thread for the writer.
    #[error(
        "cannot start the thread that writes the state folder: {0}; end other programs or raise the limit of threads"
    )]
    Thread(#[source] std::io::Error),
    /// The system has no random numbers for a new id.
    #[error("cannot read /dev/urandom: {0}; an agent needs a random id")]
    Random(#[source] std::io::Error),
}
