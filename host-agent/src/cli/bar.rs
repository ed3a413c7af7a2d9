//! A progress bar on standard error, if that is a terminal.

use std::io::IsTerminal;

use deltascope_agent::sources::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar that disappears when it is dropped.
pub struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar for `what`; invisible when standard error is no terminal.
    pub fn new(what: &'static str) -> Bar {
        if !std::io::stderr().is_terminal() {
            return Bar(None);
        }
        let bar = ProgressBar::new(0).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent}%  {elapsed}") {
            bar.set_style(style);
        }
        Bar(Some(bar))
    }

    /// Shows how far it is.
    pub fn show(&self, progress: Progress) {
        if let Some(bar) = &self.0 {
            match progress.total {
                Some(total) => bar.set_length(total.max(progress.done)),
                None => bar.unset_length(),
            }
            bar.set_position(progress.done);
        }
    }

    /// Removes the bar, for output that must not mix with it.
    pub fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}
