//! `deltascope generate`: man pages and completions, from the same description as the command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folder for `man` and `completions`, to be made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Shells that complete the command line.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Writes a man page for each command, and the completions of each shell.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (man, completions) = (arguments.folder.join("man"), arguments.folder.join("completions"));
    let failed =
        |folder: &Path| format!("{}: cannot write to it; name a folder that this user may write", folder.display());
    for folder in [&man, &completions] {
        fs::create_dir_all(folder).with_context(|| failed(folder))?;
    }
    clap_mangen::generate_to(super::Arguments::command(), &man).with_context(|| failed(&man))?;
    for shell in SHELLS {
        let mut command = super::Arguments::command();
        clap_complete::generate_to(shell, &mut command, "deltascope", &completions)
            .with_context(|| failed(&completions))?;
    }
    Ok(())
}
