//! Where the folders of this crate are, for its command-line tools.

use std::path::PathBuf;

/// The crate's folder: what cargo states, else the nearest `rtl/` above the working directory.
///
/// # Errors
/// When neither leads to it.
pub fn crate_folder() -> std::io::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)
        && folder.join("src/emit.rs").exists()
    {
        return Ok(folder);
    }
    let here = std::env::current_dir()?;
    let found = here.ancestors().map(|a| a.join("rtl")).find(|f| f.join("src/emit.rs").exists());
    found.ok_or_else(|| {
        let text = format!("no rtl/ above {}: run inside the repository", here.display());
        std::io::Error::new(std::io::ErrorKind::NotFound, text)
    })
}

/// The committed Verilog.
///
/// # Errors
/// As [`crate_folder`].
pub fn verilog_folder() -> std::io::Result<PathBuf> {
    Ok(crate_folder()?.join("verilog"))
}
