//! `--identities FILE`: who is served, and how much each may have.
//!
//! One name a line, as in certificates, with limits that hold for all sessions of that name together. `*`
//! means every name that has no line; without it only the names listed are served, and taking a name off the
//! list is how a certificate is revoked.
//!
//! ```text
//! # name   limits
//! web-1    sessions=2 groups=64 contexts=1024
//! web-2
//! *        sessions=1 groups=16 contexts=256
//! ```

use deltascope_protocol::server::Quota;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Why the file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum IdentitiesError {
    /// It cannot be read.
    #[error("--identities {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line says something else.
    #[error(
        "--identities {}, line {line}: expected NAME [sessions=N] [groups=N] [contexts=N] with each name once, found {found:?}",
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

/// Names and quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities {
    named: BTreeMap<String, Quota>,
    others: Option<Quota>,
}

impl Default for Identities {
    /// Every name, with as much as the server has.
    fn default() -> Identities {
        Identities { named: BTreeMap::new(), others: Some(Quota::NONE) }
    }
}

impl Identities {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or a line says something else.
    pub fn load(path: &Path) -> Result<Identities, IdentitiesError> {
        let read = |source| IdentitiesError::Read { path: path.to_path_buf(), source };
        let text = std::fs::read_to_string(path).map_err(read)?;
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
            let quota = words.try_fold(Quota::NONE, limit).ok_or_else(wrong)?;
            let before = match name {
                "*" => identities.others.replace(quota),
                name if deltascope_tls::certificate::is_name(name) => {
                    identities.named.insert(deltascope_tls::certificate::canonical(name), quota)
                }
                _ => return Err(wrong()),
            };
            if before.is_some() {
                return Err(wrong());
            }
        }
        Ok(identities)
    }

    /// What a name may have; `None` if it is not served.
    pub fn quota(&self, name: &str) -> Option<Quota> {
        self.named.get(name).copied().or(self.others)
    }
}

/// The quota with the limit that a word sets.
fn limit(quota: Quota, word: &str) -> Option<Quota> {
    let (key, value) = word.split_once('=')?;
    Some(match key {
        "sessions" => Quota { sessions: value.parse().ok()?, ..quota },
        "groups" => Quota { groups: value.parse().ok()?, ..quota },
        "contexts" => Quota { contexts: value.parse().ok()?, ..quota },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Identities, Quota};

    #[test]
    fn a_list_serves_its_names_and_nobody_else() {
        let list = Identities::parse("# hosts\nWeb-1 groups=8 sessions=2 # racks\n\nweb-2\n").unwrap();
        assert_eq!(list.quota("web-1"), Some(Quota { sessions: 2, groups: 8, contexts: u32::MAX }));
        assert_eq!(list.quota("web-2"), Some(Quota::NONE));
        assert_eq!(list.quota("web-3"), None);
        let open = Identities::parse("web-1 contexts=1\n* groups=3").unwrap();
        assert_eq!(open.quota("x").map(|quota| quota.groups), Some(3));
        assert_eq!(open.quota("web-1").map(|quota| (quota.groups, quota.contexts)), Some((u32::MAX, 1)));
    }

    #[test]
    fn a_line_that_says_something_else_is_named() {
        for (text, line) in [
            ("web-1\nweb-1", 2),
            ("web-1 groups", 1),
            ("web-1 groups=many", 1),
            ("\nweb-1 colour=red", 2),
            ("-web", 1),
            ("*\n*", 2),
            ("a groups=-1", 1),
        ] {
            assert_eq!(Identities::parse(text).map_err(|(line, _)| line), Err(line), "{text}");
        }
    }
}
