//! What a check gives.

use serde::Serialize;

/// How a check ended, the better one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It could not be found out.
    Unknown,
    /// Something works less well than it could.
    Warning,
    /// Something that is needed does not work.
    Failed,
}

impl State {
    /// Its name in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Unknown => "unknown",
            State::Warning => "warning",
            State::Failed => "failed",
        }
    }

    /// The state as far as it is a fault: what is unknown is none.
    pub(super) fn fault(self) -> State {
        if self == State::Unknown { State::Ok } else { self }
    }
}

/// One check of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, stable for scripts.
    pub name: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found.
    pub found: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about it; nothing where all is well.
    #[serde(rename = "do", skip_serializing_if = "String::is_empty")]
    pub action: String,
}

/// What one look gave.
pub(super) struct Finding {
    pub state: State,
    pub found: String,
    pub action: String,
}

impl Finding {
    pub fn ok(found: impl Into<String>) -> Finding {
        Finding { state: State::Ok, found: found.into(), action: String::new() }
    }

    pub fn unknown(found: impl Into<String>, action: impl Into<String>) -> Finding {
        Finding { state: State::Unknown, found: found.into(), action: action.into() }
    }

    pub fn warning(found: impl Into<String>, action: impl Into<String>) -> Finding {
        Finding { state: State::Warning, found: found.into(), action: action.into() }
    }

    pub fn failed(found: impl Into<String>, action: impl Into<String>) -> Finding {
        Finding { state: State::Failed, found: found.into(), action: action.into() }
    }

    /// What can only be tried on the machine itself.
    pub fn not_tried() -> Finding {
        Finding::unknown(
            "not tried: a tree of files shows nothing of it",
            "run `deltascope doctor` on the machine itself",
        )
    }

    /// A file that cannot be read.
    pub fn unread(path: &str, error: &std::io::Error) -> Finding {
        let action = match error.kind() {
            std::io::ErrorKind::PermissionDenied => "run as root, with CAP_SYS_PTRACE",
            _ => "mount it, or run where it can be read",
        };
        Finding::unknown(format!("/{path}: {error}"), action)
    }
}
