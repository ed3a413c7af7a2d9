//! Metrics as a file for the textfile collector of node_exporter.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Replaces the file at once, so that a reader never sees half of it. Everybody may read it, whatever the umask: the
/// collector is another user.
///
/// # Errors
/// The folder is not there, nothing can be written in it, or the path is one of a device, a pipe or a folder.
pub fn write_metrics(path: &Path, text: &str) -> io::Result<()> {
    let path = place(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // Where others may write too, a link of that name would lead the text elsewhere.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&beside, path)
}

/// The place that the file takes: behind a link, which stays. A device or a pipe has none, and would be gone.
fn place(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(about) if about.is_file() => fs::canonicalize(path),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "expected a file, found a device, a pipe or a folder")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::write_metrics;
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;

    #[test]
    fn only_a_file_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        write_metrics(&at("a.prom"), "a\n").expect("a new file");
        // As /dev/null and /dev/stdout are.
        assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
        symlink(at("pipe"), at("to-pipe")).expect("a link");
        for name in ["pipe", "to-pipe", "."] {
            let error = write_metrics(&at(name), "a\n").expect_err("no file");
            assert!(error.to_string().contains("expected a file"), "{name}: {error}");
        }
        assert!(fs::metadata(at("to-pipe")).expect("ours").file_type().is_fifo());
        symlink("a.prom", at("to-file")).expect("a link");
        write_metrics(&at("to-file"), "b\n").expect("a link to a file");
        assert!(fs::symlink_metadata(at("to-file")).expect("ours").is_symlink());
        assert_eq!(fs::read_to_string(at("a.prom")).expect("ours"), "b\n");
    }

    #[test]
    fn a_link_beside_it_is_not_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("another"), "kept").expect("ours");
        symlink("another", at("a.prom.new")).expect("a link");
        write_metrics(&at("a.prom"), "a\n").expect("a new file");
        assert_eq!(fs::read_to_string(at("another")).expect("ours"), "kept");
        assert_eq!(fs::read_to_string(at("a.prom")).expect("ours"), "a\n");
    }
}
