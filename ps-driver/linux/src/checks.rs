//! Who vouches for the programmable logic: what was seen here, else the report of a check that root has run for this
//! start, else the user's word.
//!
//! The daemon of the shipped unit is no root and sees little. So the unit runs `deltascope-boardd check` as root first
//! (`ExecStartPre=+`), which writes a report. The daemon believes it when root owns it, no other user can write it, and it
//! names the same start of the unit (`INVOCATION_ID` of systemd): what was true at another time proves nothing.

use crate::error::LinuxError;
use std::fs;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// First line of a report.
const MAGIC: &str = "deltascope checks 1";
/// What to do about something unknown.
const REMEDY: &str = "run `deltascope-boardd check` as root (the unit does, and gives the report by --checks), or say \
                      --assume-configured if you know it: an access to logic that does not answer stops the processor";

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it must be; the text gives what was found.
    Good(String),
    /// It cannot be known here; the text gives why.
    Unknown(String),
    /// Not as it must be.
    Bad {
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
}

/// One look at the programmable logic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub finding: Finding,
}

/// What is taken for true without seeing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Whatever is unknown is assumed to be good.
    pub assume_configured: bool,
    /// Report of root's checks.
    pub report: Option<Report>,
}

/// Where the report of a check is, and for which start it must have been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file.
    pub path: PathBuf,
    /// `INVOCATION_ID` of this start.
    pub invocation: String,
    /// User that must own it: 0.
    pub owner: u32,
}

/// Fails at the first look that is bad, then at the first that is unknown and not vouched for: who is asked to vouch for one
/// thing must not have another in its way. Gives what was taken from elsewhere.
///
/// # Errors
/// [`LinuxError::Logic`], [`LinuxError::NotKnown`].
pub fn judge(looks: Vec<Look>, trust: &Trust) -> Result<Vec<String>, LinuxError> {
    for Look { what, finding } in &looks {
        if let Finding::Bad { expected, found, remedy } = finding {
            return Err(LinuxError::Logic { what, expected: expected.clone(), found: found.clone(), remedy });
        }
    }
    let report = trust.report.as_ref().map(Report::read);
    let mut taken = Vec::new();
    for Look { what, finding } in looks {
        let Finding::Unknown(why) = finding else { continue };
        let reported = match &report {
            Some(Ok(lines)) => lines.iter().find_map(|(name, found)| (name == what).then_some(found)),
            _ => None,
        };
        if let Some(found) = reported {
            taken.push(format!("programmable logic, {what}: {found}, in the report of the checks"));
        } else if trust.assume_configured {
            taken.push(format!(
                "programmable logic, {what}: assumed to be good (--assume-configured); not known: {why}"
            ));
        } else {
            // A report that cannot be used is why this is not known.
            let why = match report {
                Some(Err(error)) => format!("{why}; {error}"),
                _ => why,
            };
            return Err(LinuxError::NotKnown { what, why, remedy: REMEDY });
        }
    }
    Ok(taken)
}

impl Report {
    /// What it vouches for: name and finding of each look.
    fn read(&self) -> Result<Vec<(String, String)>, LinuxError> {
        let refused = |expected: String, found: String| LinuxError::Report { path: self.path.clone(), expected, found };
        let read = |source| LinuxError::Read { path: self.path.clone(), source };
        let about = fs::symlink_metadata(&self.path).map_err(read)?;
        if !about.is_file() || about.uid() != self.owner || about.mode() & 0o022 != 0 {
            let found = format!("user {}, mode {:o}", about.uid(), about.mode());
            return Err(refused(format!("a file of user {} that no other user can write", self.owner), found));
        }
        let text = crate::sysfs::text(&self.path)?;
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        if first != MAGIC {
            return Err(refused(format!("{MAGIC:?} in the first line"), format!("{first:?}")));
        }
        let start = lines.next().and_then(|line| line.strip_prefix("invocation ")).unwrap_or_default();
        if start.is_empty() || start != self.invocation {
            return Err(refused(format!("the checks of this start, {:?}", self.invocation), format!("{start:?}")));
        }
        let split = |line: &str| line.split_once(": ").map(|(name, found)| (name.to_owned(), found.to_owned()));
        Ok(lines.filter_map(split).collect())
    }
}

/// Judges the looks as root and writes the report, which is there only when nothing was wrong. Gives what was assumed.
///
/// # Errors
/// As [`crate::logic::check`]; the report cannot be written.
pub fn write(path: &Path, invocation: &str, looks: Vec<Look>, trust: &Trust) -> Result<Vec<String>, LinuxError> {
    use std::io::Write;
    let failed =
        |source| LinuxError::Write { path: path.to_path_buf(), value: "the report of the checks".into(), source };
    // An old report goes. A device, or a link such as /dev/stdout, is of the whole machine and stays.
    if fs::symlink_metadata(path).is_ok_and(|about| !about.is_file()) {
        let found = "a device, a link, a pipe or a folder".to_owned();
        return Err(LinuxError::Report { path: path.to_path_buf(), expected: "a file".to_owned(), found });
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut text = format!("{MAGIC}\ninvocation {invocation}\n");
    for Look { what, finding } in &looks {
        let found = match finding {
            Finding::Good(found) => format!("found good, {found}"),
            Finding::Unknown(_) => "assumed to be good by --assume-configured".to_owned(),
            // `judge` refuses it.
            Finding::Bad { .. } => continue,
        };
        text.push_str(&format!("{what}: {}\n", found.replace('\n', " ")));
    }
    let taken = judge(looks, trust)?;
    // The folder belongs to the unit's user: a file that is there by now is somebody else's, and is not written through.
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    // The umask of the unit keeps others from reading, and the unit's user is another.
    let readable = |file: &fs::File| file.set_permissions(fs::Permissions::from_mode(0o644));
    file.and_then(|mut file| readable(&file).and_then(|()| file.write_all(text.as_bytes()))).map_err(failed)?;
    Ok(taken)
}
