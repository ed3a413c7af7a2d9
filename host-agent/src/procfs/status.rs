//! `/proc/PID/status`: how much anonymous memory a process has, and whose it is.

use super::ParseError;
use super::text::Cursor;

/// What the file is called in errors.
const FILE: &str = "/proc/PID/status";

/// The fields of `/proc/PID/status` that the scan uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessStatus {
    /// `VmRSS` in bytes: resident memory; `None` without memory.
    pub resident: Option<u64>,
    /// `VmHWM` in bytes: the most that was resident since this program began; `None` without memory.
    pub peak_resident: Option<u64>,
    /// `RssAnon` in bytes: resident anonymous memory; `None` without memory.
    pub resident_anonymous: Option<u64>,
    /// `Uid`, the real one.
    pub user: Option<u32>,
    /// `VmExe` in bytes: the program's code, as exec has mapped it and fork hands it down.
    pub code: Option<u64>,
    /// `VmSwap` in bytes; `None` without memory.
    pub swapped: Option<u64>,
    /// `VmSize` in bytes: all addresses that are mapped; `None` without memory.
    pub mapped: Option<u64>,
}

/// Parses the text of `/proc/PID/status` (`proc_pid_status(5)`). Lines that are not used are
/// only checked to have the form `Key:` and a value.
///
/// # Errors
/// A line has no `:`, or a size is not a number of kB.
pub fn parse_status(text: &[u8]) -> Result<ProcessStatus, ParseError> {
    let mut status = ProcessStatus::default();
    let mut offset = 0u64;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let mut cursor = Cursor::new(FILE, content, offset);
        match cursor.until(b':', "a key and `:`")? {
            b"VmRSS" => status.resident = Some(kib(&mut cursor)?),
            b"VmHWM" => status.peak_resident = Some(kib(&mut cursor)?),
            b"RssAnon" => status.resident_anonymous = Some(kib(&mut cursor)?),
            b"Uid" => {
                cursor.blanks();
                status.user = Some(cursor.decimal32("a user id")?);
            }
            b"VmExe" => status.code = Some(kib(&mut cursor)?),
            b"VmSize" => status.mapped = Some(kib(&mut cursor)?),
            b"VmSwap" => status.swapped = Some(kib(&mut cursor)?),
            _ => {}
        }
        offset = offset.saturating_add(line.len() as u64);
    }
    Ok(status)
}

/// Takes `  N kB` and gives bytes.
pub(super) fn kib(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    cursor.blanks();
    let before = cursor.clone();
    let value = cursor.decimal("a size in kB")?;
    cursor.literal(b" kB", "` kB`")?;
    value.checked_mul(1024).ok_or_else(|| before.error("a size in kB below 2^54"))
}
