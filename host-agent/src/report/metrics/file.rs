//! Metrics as a file for the textfile collector of node_exporter.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Replaces the file at once, so that a reader never sees half of it. Everybody may read it, whatever the umask: the
/// collector is another user.
///
/// # Errors
/// The folder is not there, or nothing can be written in it.
pub fn write_metrics(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&beside, path)
}
