//! The module's setting for sends by content (`kmod/ABI/sysfs-class-misc-deltascope`), and the law of their bytes.

use std::fs::{OpenOptions, read_to_string};
use std::io::Write;
use std::path::{Path, PathBuf};

use deltascope_abi::ring::{RingKind, RingRecord, flag};

use super::KmodError;
use super::counters::ModuleCounters;
use crate::capture::PayloadBytes;

const SETTING: &str = "send_content";

/// The setting; it is off again when this is dropped.
#[derive(Debug)]
pub(super) struct SendContent {
    path: PathBuf,
    on: bool,
}

fn write(path: &Path, on: bool) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(if on { b"1\n" } else { b"0\n" })
}

impl SendContent {
    /// Switches it on or off, whatever an agent that was killed has left; the settings are in `folder`.
    ///
    /// # Errors
    /// It is not as it should be and cannot be written.
    pub(super) fn set(folder: &Path, on: bool) -> Result<SendContent, KmodError> {
        let path = folder.join(SETTING);
        let is_on = read_to_string(&path).map(|text| text.trim() == "1");
        let done = is_on.and_then(|is_on| if is_on == on { Ok(()) } else { write(&path, on) });
        match done {
            Ok(()) => Ok(SendContent { path, on }),
            Err(source) => Err(KmodError::Content { path, source }),
        }
    }

    /// Whether sends are captured by content.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }
}

impl Drop for SendContent {
    fn drop(&mut self) {
        if self.on {
            // The module has gone where this fails.
            _ = write(&self.path, false);
        }
    }
}

/// Bytes of a send by content; 0 of any other record.
pub(in crate::sources) fn bytes_of(record: &RingRecord) -> u64 {
    let by_content = record.kind == RingKind::Send as u16 && record.flags & flag::CONTENT != 0;
    if by_content { record.length.into() } else { 0 }
}

/// Bytes of the sends by content that one reader is given: captured == given + in the rings + lost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ContentBytes {
    /// The module's counters where this reader begins.
    captured_before: u64,
    lost_before: u64,
    given: u64,
    /// An agent before has given some, of whose heads nothing is known any more.
    is_resumed: bool,
}

impl ContentBytes {
    /// The reader that begins at `counters`, with `unread` bytes in the rings.
    pub(super) fn new(counters: &ModuleCounters, unread: u64) -> ContentBytes {
        ContentBytes {
            captured_before: counters.content_bytes.wrapping_sub(unread),
            lost_before: counters.content_bytes_lost,
            ..ContentBytes::default()
        }
    }

    /// A record was given to the sink.
    pub(super) fn given(&mut self, record: &RingRecord) {
        self.given += bytes_of(record);
    }

    /// An agent before this one has given some of the records.
    pub(super) fn resumed(&mut self) {
        self.is_resumed = true;
    }

    /// The bytes by now; nothing without any, nor after a restart of the agent: the engine has counted more than this
    /// reader was given.
    pub(super) fn payload(&self, counters: &ModuleCounters) -> Option<PayloadBytes> {
        let seen = counters.content_bytes.wrapping_sub(self.captured_before);
        let missing = counters.content_bytes_lost.wrapping_sub(self.lost_before);
        let in_flight = seen.wrapping_sub(missing).wrapping_sub(self.given);
        (seen > 0 && !self.is_resumed).then(|| PayloadBytes { seen, missing, in_flight, ..PayloadBytes::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(folder: &Path) -> String {
        read_to_string(folder.join(SETTING)).expect("the setting").trim().to_owned()
    }

    #[test]
    fn setting_is_cleared_at_the_end_and_by_the_next_start() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(SETTING), "0\n").expect("the setting");
        let on = SendContent::set(folder.path(), true).expect("it can be written");
        assert_eq!((setting(folder.path()), on.is_on()), ("1".to_owned(), true));
        drop(on);
        assert_eq!(setting(folder.path()), "0");
        // An agent that was killed has left it on.
        std::fs::write(folder.path().join(SETTING), "1\n").expect("the setting");
        let off = SendContent::set(folder.path(), false).expect("it can be written");
        assert_eq!((setting(folder.path()), off.is_on()), ("0".to_owned(), false));
    }

    #[test]
    fn module_without_the_setting_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = SendContent::set(folder.path(), true).expect_err("there is none");
        assert!(
            error.to_string().contains("send_content") && error.to_string().contains("--sends-by socket"),
            "{error}"
        );
    }

    #[test]
    fn bytes_are_given_in_the_rings_or_lost() {
        let start = ModuleCounters { content_bytes: 1000, content_bytes_lost: 100, ..ModuleCounters::default() };
        // 300 of them wait in the rings.
        let mut bytes = ContentBytes::new(&start, 300);
        let record = |flags| RingRecord { kind: RingKind::Send as u16, flags, length: 200, ..RingRecord::default() };
        bytes.given(&record(flag::CONTENT));
        bytes.given(&record(0));
        let later = ModuleCounters { content_bytes: 1900, content_bytes_lost: 150, ..start };
        let expected = PayloadBytes { seen: 1200, missing: 50, in_flight: 950, ..PayloadBytes::default() };
        assert_eq!(bytes.payload(&later), Some(expected));
        bytes.resumed();
        assert_eq!(bytes.payload(&later), None);
    }
}
