//! SIGHUP: the file is read again, and what can change while a run is under way changes.

use anyhow::{Result, bail};
use deltascope_agent::signals;
use deltascope_agent::tuning::{Switch, Tuner, Tuning};

use super::layers::{Layers, Setting};
use super::{Given, Origin, ParseError, parse};
use crate::cli::Command;

/// Settings that change while a run is under way. The others need another one.
const TUNED: [&str; 5] = ["interval", "off", "scan-cpu", "scan-rate", "silence"];

/// What may change while a command is under way, of a command that has something; the function is where a setting comes from.
type TuningOf = fn(&Command, &dyn Fn(&str) -> Origin) -> Option<Tuning>;

/// The settings of a run, with what it takes to read them again.
#[derive(Clone, Debug)]
pub struct Settings {
    given: Given,
    layers: Layers,
    tuning_of: TuningOf,
}

impl Settings {
    /// Settings that were read from what the process was started with.
    pub fn new(given: Given, layers: Layers, tuning_of: TuningOf) -> Settings {
        Settings { given, layers, tuning_of }
    }

    /// The settings themselves.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Where a setting comes from.
    pub fn origin(&self, name: &str) -> Origin {
        self.layers.origin(name)
    }

    /// Starts to obey SIGHUP, if there is a file to read again; without one the signal ends the program as usual.
    pub fn watch(&self, tuner: &Tuner) -> Result<()> {
        if self.layers.file.is_none() {
            return Ok(());
        }
        let (mut settings, tuner) = (self.clone(), tuner.clone());
        Ok(signals::on_hangup(move || {
            for line in settings.reload(&tuner) {
                eprintln!("deltascope: {line}");
            }
        })?)
    }

    /// Reads the file again, changes what can change, and returns what to print of it.
    fn reload(&mut self, tuner: &Tuner) -> Vec<String> {
        let file = self.layers.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let (layers, tuning) = match self.read(tuner) {
            Ok(read) => read,
            Err(error) => return vec![format!("{error}; all settings stay as they were")],
        };
        let mut lines = Vec::new();
        let mut kept = self.layers.settings.clone();
        for (name, new) in &layers.settings {
            let Some(old) = kept.get_mut(name).filter(|old| old.values != new.values) else { continue };
            let change = format!("{name}: {} -> {} ({})", text(old), text(new), new.origin);
            if !TUNED.contains(&name.as_str()) {
                lines.push(format!("{change}: cannot change while the agent runs; it stays {}; restart it", text(old)));
            } else if name == "off" && tuner.switch() == Switch::None {
                lines.push(format!(
                    "{change}: this source cannot be switched off; it stays {}; stop the agent instead",
                    text(old)
                ));
            } else {
                lines.push(change);
                *old = new.clone();
            }
        }
        let off = tuning.off.clone().filter(|off| tuner.switch().obeys(off));
        let before = tuner.get().off;
        match (&before, &off) {
            (None, Some(off)) => lines.push(format!("the source is switched off: {}", off.reason)),
            (Some(_), None) => lines.push("the source is switched on".to_owned()),
            _ => {}
        }
        tuner.set(Tuning { off, ..tuning });
        self.layers = Layers { settings: kept, ..layers };
        if lines.is_empty() {
            lines.push(format!("{file}: read again, nothing has changed"));
        }
        lines
    }

    fn read(&self, tuner: &Tuner) -> Result<(Layers, Tuning)> {
        let (arguments, layers) = match parse(&self.given) {
            Ok(parsed) => parsed,
            Err(ParseError::Config(error)) => return Err(error.into()),
            Err(ParseError::Clap { error, origins }) => {
                let message = super::layers::first_paragraph(&error);
                bail!("{}", [&[message][..], &origins].concat().join("; "));
            }
        };
        let tuning = (self.tuning_of)(&arguments.command, &|name| layers.origin(name));
        let tuning = tuning.unwrap_or_else(|| tuner.get());
        Ok((layers, tuning))
    }
}

fn text(setting: &Setting) -> String {
    match (setting.values.as_slice(), setting.is_switch) {
        ([], true) => "false".to_owned(),
        ([], false) => "not set".to_owned(),
        (values, _) => values.join(","),
    }
}
