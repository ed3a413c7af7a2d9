//! `--identities FILE`: who is served, and how much each may have.
//!
//! One name a line, as in certificates, with limits that hold for all sessions of that name together. `*`
//! means every name that has no line; without it only the names listed are served, and taking a name off the
//! list is how a certificate is revoked.
//!
//! ```text
//! # name   limits
//! web-1    sessions=2 groups=64 contexts=1024 connections=4
//! web-2
//! *        sessions=1 groups=16 contexts=256
//! ```

use deltascope_protocol::server::Quota;
use deltascope_system::file;
use std::collections::BTreeMap;
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

/// Why the file is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentitiesError {
    /// It cannot be read.
    #[error("--identities {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line reports something else.
    #[error(
        "--identities {}, line {line}: expected NAME [sessions=N] [groups=N] [contexts=N] [connections=N] with each name once and each N from 1, found {found:?}; a name that is not to be served has no line",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What was found there.
        found: String,
    },
}

/// Longest file that is read, in bytes: a line for each of some hundred thousand names.
const LONGEST: u64 = 16 << 20;

/// Connections of a name beyond its sessions when its line does not say: one for a reconnect that the server learns of before
/// the end of the old connection, and one for a Hello that is refused.
const SPARE_CONNECTIONS: usize = 2;

/// What the peers with one name may have together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Sessions and what they are granted.
    pub quota: Quota,
    /// Connections at a time, with a session or without; `None`: as many as its sessions and [`SPARE_CONNECTIONS`] more.
    connections: Option<usize>,
}

impl Allowance {
    /// As much as the server has.
    pub const NONE: Allowance = Allowance { quota: Quota::NONE, connections: None };

    /// Returns the number of connections at a time.
    pub fn connections(&self) -> usize {
        self.connections.unwrap_or(self.quota.sessions.saturating_add(SPARE_CONNECTIONS))
    }
}

/// Names and what each may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities {
    named: BTreeMap<String, Allowance>,
    others: Option<Allowance>,
}

impl Default for Identities {
    /// Every name, with as much as the server has.
    fn default() -> Identities {
        Identities { named: BTreeMap::new(), others: Some(Allowance::NONE) }
    }
}

impl Identities {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or a line reports something else.
    pub fn load(path: &Path) -> Result<Identities, IdentitiesError> {
        let read = |source| IdentitiesError::Read { path: path.to_path_buf(), source };
        let text = file::read_text(path, LONGEST).map_err(read)?;
        Identities::parse(&text).map_err(|(line, found)| IdentitiesError::Line {
            path: path.to_path_buf(),
            line,
            found,
        })
    }

    /// Reads the text of a file; the error is the line's number and the line.
    fn parse(text: &str) -> Result<Identities, (usize, String)> {
        let mut identities = Identities { named: BTreeMap::new(), others: None };
        for (index, line) in text.lines().enumerate() {
            let content = line.split('#').next().unwrap_or_default();
            let mut words = content.split_whitespace();
            let Some(name) = words.next() else { continue };
            let wrong = || (index + 1, line.to_owned());
            let allowance = words.try_fold(Allowance::NONE, limit).ok_or_else(wrong)?;
            let before = match name {
                "*" => identities.others.replace(allowance),
                name if deltascope_tls::certificate::is_name(name) => {
                    identities.named.insert(deltascope_tls::certificate::canonical(name), allowance)
                }
                _ => return Err(wrong()),
            };
            if before.is_some() {
                return Err(wrong());
            }
        }
        Ok(identities)
    }

    /// Returns what a name may have; `None` if it is not served.
    pub fn allowance(&self, name: &str) -> Option<Allowance> {
        self.named.get(name).copied().or(self.others)
    }
}

/// The allowance with the limit that a word sets.
fn limit(allowance: Allowance, word: &str) -> Option<Allowance> {
    let (key, value) = word.split_once('=')?;
    let Allowance { mut quota, mut connections } = allowance;
    match key {
        "sessions" => quota.sessions = value.parse::<NonZeroUsize>().ok()?.get(),
        "groups" => quota.groups = value.parse::<NonZeroU32>().ok()?.get(),
        "contexts" => quota.contexts = value.parse::<NonZeroU32>().ok()?.get(),
        "connections" => connections = Some(value.parse::<NonZeroUsize>().ok()?.get()),
        _ => return None,
    }
    Some(Allowance { quota, connections })
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Identities, Quota};

    #[test]
    fn a_list_serves_its_names_and_nobody_else() {
        let list = Identities::parse("# hosts\nWeb-1 groups=8 sessions=2 # racks\n\nweb-2\n").unwrap();
        let quota = |allowance: Allowance| allowance.quota;
        let web_1 = list.allowance("web-1").unwrap();
        assert_eq!(web_1.quota, Quota { sessions: 2, groups: 8, contexts: u32::MAX });
        assert_eq!(web_1.connections(), 4, "two sessions and two more");
        assert_eq!(list.allowance("web-2").map(quota), Some(Quota::NONE));
        assert_eq!(list.allowance("web-3"), None);
        let open = Identities::parse("web-1 contexts=1 connections=1\n* groups=3").unwrap();
        assert_eq!(open.allowance("x").map(|found| (found.quota.groups, found.connections())), Some((3, usize::MAX)));
        let web_1 = open.allowance("web-1").unwrap();
        assert_eq!((web_1.quota.groups, web_1.quota.contexts, web_1.connections()), (u32::MAX, 1, 1));
    }

    #[test]
    fn line_with_anything_else_is_named() {
        for (text, line) in [
            ("web-1\nweb-1", 2),
            ("web-1 groups", 1),
            ("web-1 groups=many", 1),
            ("\nweb-1 colour=red", 2),
            ("-web", 1),
            ("*\n*", 2),
            ("a groups=-1", 1),
            ("a groups=0", 1),
            ("a contexts=0", 1),
            ("a sessions=0", 1),
            ("* connections=0", 1),
        ] {
            assert_eq!(Identities::parse(text).map_err(|(line, _)| line), Err(line), "{text}");
        }
    }
}
