//! Files of one value below /sys, /proc and /dev, or below folders in their place.

use crate::error::LinuxError;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file that is read: a file of sysfs holds a page at most, and nothing here needs more.
const MAX_BYTES: u64 = 64 << 10;

/// The folders that are read as /sys, /dev and /proc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// For /sys.
    pub sys: PathBuf,
    /// For /dev.
    pub dev: PathBuf,
    /// For /proc.
    pub proc: PathBuf,
}

impl Default for Roots {
    fn default() -> Roots {
        Roots::below(Path::new("/"))
    }
}

impl Roots {
    /// The folders `sys`, `dev` and `proc` in `root`.
    pub fn below(root: &Path) -> Roots {
        Roots { sys: root.join("sys"), dev: root.join("dev"), proc: root.join("proc") }
    }

    /// Path of a folder of /sys/class.
    pub fn class(&self, class: &str) -> PathBuf {
        self.sys.join("class").join(class)
    }
}

/// The text of a file without the white space around it.
///
/// # Errors
/// The file cannot be read, or is no short text.
pub fn text(path: &Path) -> Result<String, LinuxError> {
    use std::io::Read;
    let read = |source| LinuxError::Read { path: path.to_path_buf(), source };
    let mut text = String::new();
    fs::File::open(path).map_err(read)?.take(MAX_BYTES).read_to_string(&mut text).map_err(read)?;
    Ok(text.trim().to_owned())
}

/// A whole number, decimal or with `0x`.
///
/// # Errors
/// See [`text`]; or the text is no such number.
pub fn number(path: &Path) -> Result<u64, LinuxError> {
    let text = text(path)?;
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| LinuxError::Parse { path: path.to_path_buf(), expected: "a whole number", found: text })
}

/// A number with a fraction.
///
/// # Errors
/// See [`number`].
pub fn fraction(path: &Path) -> Result<f64, LinuxError> {
    let text = text(path)?;
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(LinuxError::Parse { path: path.to_path_buf(), expected: "a number", found: text }),
    }
}

/// Writes a value into an existing file.
///
/// # Errors
/// The file is not there or refuses the value.
pub fn write(path: &Path, value: &str) -> Result<(), LinuxError> {
    use std::io::Write;
    let written = fs::OpenOptions::new().write(true).truncate(true).open(path);
    let written = written.and_then(|mut file| file.write_all(value.as_bytes()));
    written.map_err(|source| LinuxError::Write { path: path.to_path_buf(), value: value.to_owned(), source })
}

/// Names in a folder, sorted; none when there is no such folder.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn names(folder: &Path) -> Result<Vec<String>, LinuxError> {
    let read = |source| LinuxError::Read { path: folder.to_path_buf(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(read)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(read)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
