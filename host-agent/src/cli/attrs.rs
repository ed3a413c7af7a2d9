//! `deltascope attrs`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use deltascope_agent::attrs::{Attributes, Folder, attributes};
use deltascope_agent::signals;

use super::config::Settings;
use super::rounds::{self, RoundArguments};

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Print one JSON object by name
    #[arg(long)]
    json: bool,
    /// Keep the attributes as files of this folder, replaced at every interval, instead of printing them once
    #[arg(long, value_name = "DIR", conflicts_with = "json")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    rounds: RoundArguments,
}

impl Arguments {
    /// The rounds that they are of.
    pub fn rounds(&self) -> &RoundArguments {
        &self.rounds
    }
}

/// Prints the attributes after the first round, or after the last one of a source that ends by itself; or keeps files until the
/// end.
pub fn run(arguments: &Arguments, settings: &Settings) -> Result<()> {
    let stop = signals::catch()?;
    let folder = arguments.folder.as_ref().map(Folder::open).transpose()?;
    let mut last: Option<Attributes> = None;
    rounds::each_until(&arguments.rounds, settings, &stop, &mut |round| {
        let attributes = attributes(&round);
        if let Some(folder) = &folder {
            folder.write(&attributes, round.at)?;
        }
        last = Some(attributes);
        // The others end by themselves, or at --duration.
        let once = folder.is_none() && ["scan", "bpf", "kmod", "capture"].contains(&round.source);
        Ok(if once { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    match (last, &folder) {
        (_, Some(_)) => Ok(()),
        (Some(attributes), None) if arguments.json => super::print_json(&attributes, false),
        (Some(attributes), None) => super::print(&attributes.to_string()),
        (None, None) => bail!("expected a round before the end, found none; give it more time"),
    }
}
