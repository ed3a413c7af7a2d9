//! `/proc/self/mountinfo`: where the version 2 hierarchy of control groups is mounted.

use super::ParseError;
use super::text::Cursor;

/// What the file is called in errors.
const FILE: &str = "/proc/PID/mountinfo";

/// A mount of the version 2 hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupMount {
    /// The group that is mounted, `/` for the whole hierarchy.
    pub root: String,
    /// Where it is mounted.
    pub point: String,
}

/// Parses the text of `mountinfo` (`proc_pid_mountinfo(5)`) and gives the mounts of type
/// `cgroup2` in their order.
///
/// # Errors
/// A line lacks the fields up to the type of the file system.
pub fn parse_mountinfo(text: &[u8]) -> Result<Vec<CgroupMount>, ParseError> {
    let mut mounts = Vec::new();
    let mut offset = 0u64;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let mut cursor = Cursor::new(FILE, content, offset);
        cursor.decimal("the number of a mount")?;
        cursor.literal(b" ", "a blank before the parent")?;
        cursor.decimal("the number of the parent mount")?;
        cursor.literal(b" ", "a blank before the device")?;
        cursor.until(b' ', "a device number")?;
        let root = cursor.until(b' ', "the root of the mount")?;
        let point = cursor.until(b' ', "the mount point")?;
        // Options, then any number of optional fields, then `-`.
        while cursor.until(b' ', "` - ` before the type of the file system")? != b"-" {}
        if cursor.word("the type of the file system")? == b"cgroup2" {
            mounts.push(CgroupMount { root: unescape(root), point: unescape(point) });
        }
        offset = offset.saturating_add(line.len() as u64);
    }
    Ok(mounts)
}

/// Undoes the kernel's `\040` for blank, tab, line end and backslash.
fn unescape(field: &[u8]) -> String {
    let mut plain = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        let octal = field
            .get(at + 1..at + 4)
            .filter(|digits| field[at] == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
        match octal {
            Some([a, b, c]) if *a <= b'3' => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                at += 4;
            }
            _ => {
                plain.push(field[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
