//! Writes or checks the Verilog of the blocks.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use deltascope_rtl::emit::{CATALOGUE, find, tree};
use deltascope_rtl::paths;

/// Emits the rust-hdl blocks as Verilog.
#[derive(Parser)]
#[command(name = "emit")]
struct Arguments {
    /// Compare the folder with a fresh emission and write nothing.
    #[arg(long)]
    check: bool,
    /// Folder of the Verilog; rtl/verilog unless a block is named.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Emit one block and what is below it.
    #[arg(long, requires = "out")]
    block: Option<String>,
    /// Const generics of that block, as in CONTEXT_BITS=4,GROUP_BITS=2.
    #[arg(long, value_delimiter = ',', requires = "block")]
    set: Vec<String>,
    /// Print the blocks and configurations that there are.
    #[arg(long)]
    list: bool,
}

fn setting(text: &str) -> anyhow::Result<(String, usize)> {
    let (name, value) = text.split_once('=').with_context(|| format!("`{text}` is no NAME=VALUE"))?;
    let value = value.parse().with_context(|| format!("`{text}`: the value is a whole number"))?;
    Ok((name.trim().to_string(), value))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list {
        for instance in CATALOGUE {
            let mark = if instance.default { "default" } else { "" };
            println!("{:<22} {:<8} {}", instance.block, mark, instance.describe());
        }
        return Ok(());
    }
    let folder = match &arguments.out {
        Some(folder) => folder.clone(),
        None => paths::verilog_folder()?,
    };
    let files = match &arguments.block {
        Some(block) => {
            let settings = arguments.set.iter().map(|s| setting(s)).collect::<anyhow::Result<Vec<_>>>()?;
            tree::files(std::iter::once(find(block, &settings)?))?
        }
        None => tree::committed()?,
    };
    if arguments.check {
        let differences = tree::compare(&folder, &files)?;
        if !differences.is_empty() {
            bail!(
                "{} differs from a fresh emission:\n  {}\nrun `cargo xtask gen` and commit the result",
                folder.display(),
                differences.join("\n  ")
            );
        }
        println!("{} files equal a fresh emission", files.len());
        return Ok(());
    }
    tree::write(&folder, &files).with_context(|| format!("writing {}", folder.display()))?;
    if arguments.block.is_none() && arguments.out.is_none() {
        for name in tree::remove_stale(&folder, &files)? {
            println!("removed {name}");
        }
    }
    println!("{} files in {}", files.len(), folder.display());
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emit: {error:#}");
            ExitCode::FAILURE
        }
    }
}
