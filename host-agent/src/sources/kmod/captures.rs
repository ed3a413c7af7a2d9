//! The module's captures, switched off and on again by its settings (`kmod/ABI/sysfs-class-misc-deltascope`).

use std::path::{Path, PathBuf};

use super::KmodError;

/// The settings, in the order of their bits in the header of a ring.
const SETTINGS: [&str; 2] = ["capture_pages", "capture_sends"];

/// See the module's documentation. What this has switched off is on again when it is dropped.
#[derive(Debug)]
pub(super) struct Captures {
    folder: PathBuf,
    /// What the module captures while this does not forbid it: bit 0 pages, bit 1 sends.
    wanted: u64,
    off: bool,
}

impl Captures {
    /// Those of the module with its settings in `folder`.
    pub(super) fn of(folder: &Path) -> Captures {
        let is_on = |setting| std::fs::read_to_string(folder.join(setting)).is_ok_and(|text| text.trim() == "1");
        let bits = (0u64..).zip(SETTINGS).map(|(bit, setting)| u64::from(is_on(setting)) << bit);
        Captures { wanted: bits.sum(), folder: folder.to_path_buf(), off: false }
    }

    /// Notes what the module captures. While its kill switch has stopped it for some seconds, that reports nothing.
    pub(super) fn note(&mut self, capturing: u64, stopped_s: u64) {
        if !self.off && stopped_s == 0 {
            self.wanted = capturing;
        }
    }

    /// Switches all captures off, or those on that were on before.
    ///
    /// # Errors
    /// A setting cannot be written; what was changed before it is changed back.
    pub(super) fn switch(&mut self, on: bool) -> Result<(), KmodError> {
        // Off is written for each: the kill switch would resume what it has stopped.
        let changed = (0u64..).zip(SETTINGS).filter(|(bit, _)| !on || self.wanted >> bit & 1 == 1);
        let mut done = Vec::new();
        for (_, setting) in changed {
            if let Err(error) = self.write(setting, on) {
                // The first error is the one to report.
                done.into_iter().for_each(|setting| _ = self.write(setting, !on));
                return Err(error);
            }
            done.push(setting);
        }
        self.off = !on;
        Ok(())
    }

    fn write(&self, setting: &str, on: bool) -> Result<(), KmodError> {
        let path = self.folder.join(setting);
        let written = std::fs::OpenOptions::new().write(true).open(&path);
        let written =
            written.and_then(|mut file| std::io::Write::write_all(&mut file, if on { b"1\n" } else { b"0\n" }));
        written.map_err(|source| KmodError::Switch { path, source })
    }
}

impl Drop for Captures {
    fn drop(&mut self) {
        if self.off {
            // The module has gone where this fails.
            _ = self.switch(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{read_to_string, write};

    fn settings(folder: &Path) -> [String; 2] {
        SETTINGS.map(|setting| read_to_string(folder.join(setting)).expect("a setting").trim().to_owned())
    }

    #[test]
    fn only_what_was_captured_is_switched_on_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        write(folder.join("capture_pages"), "1\n").expect("a setting");
        write(folder.join("capture_sends"), "0\n").expect("a setting");
        let mut captures = Captures::of(folder);
        captures.switch(false).expect("a setting");
        assert_eq!(settings(folder), ["0", "0"]);
        // What the module reports meanwhile is this switch's doing.
        captures.note(0, 0);
        captures.switch(true).expect("a setting");
        assert_eq!(settings(folder), ["1", "0"]);
        // An administrator's change counts, the kill switch's pause does not.
        captures.note(3, 0);
        captures.note(0, 60);
        captures.switch(false).expect("a setting");
        drop(captures);
        assert_eq!(settings(folder), ["1", "1"]);
    }

    #[test]
    fn setting_that_cannot_be_written_leaves_the_others_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        write(folder.join("capture_pages"), "1\n").expect("a setting");
        let mut captures = Captures::of(folder);
        let error = captures.switch(false).expect_err("there is no capture_sends");
        assert!(error.to_string().contains("capture_sends"), "{error}");
        assert_eq!(read_to_string(folder.join("capture_pages")).expect("a setting").trim(), "1");
    }
}
