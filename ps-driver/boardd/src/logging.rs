//! The log: lines on standard error, or entries with a priority when the journal of systemd reads them.

use clap::ValueEnum;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// What is logged; each level also logs what those above it log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verbosity {
    /// What ends the daemon or makes it useless.
    Error,
    /// What was wrong and was put right.
    Warn,
    /// What it does.
    Info,
    /// Each connection, and each refusal with its reason and peer.
    Debug,
    /// Each read and write of a connection.
    Trace,
}

impl Verbosity {
    const fn filter(self) -> LevelFilter {
        match self {
            Verbosity::Error => LevelFilter::ERROR,
            Verbosity::Warn => LevelFilter::WARN,
            Verbosity::Info => LevelFilter::INFO,
            Verbosity::Debug => LevelFilter::DEBUG,
            Verbosity::Trace => LevelFilter::TRACE,
        }
    }
}

/// Begins to log. systemd sets `JOURNAL_STREAM` when standard error goes to the journal (systemd.exec(5)).
///
/// There may be no reader of standard error; that is no reason to stop, so errors of writing are dropped.
pub fn start(verbosity: Verbosity) {
    let lines = Lines { for_journal: std::env::var_os("JOURNAL_STREAM").is_some() };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(verbosity.filter())
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .event_format(lines)
        .finish();
    // It fails when somebody logs already: a test, which then keeps its own log.
    _ = tracing::subscriber::set_global_default(subscriber);
}

/// One line for each event.
struct Lines {
    for_journal: bool,
}

/// Priority of an entry as in sd-daemon(3), and what comes before the text of a line.
const fn marks(level: Level) -> (u8, &'static str) {
    match level {
        Level::ERROR => (3, "error: "),
        Level::WARN => (4, "warning: "),
        Level::INFO => (6, ""),
        Level::DEBUG => (7, "debug: "),
        Level::TRACE => (7, "trace: "),
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (priority, mark) = marks(*event.metadata().level());
        if self.for_journal {
            write!(writer, "<{priority}>")?;
        } else {
            write!(writer, "deltascope-boardd: {mark}")?;
        }
        let mut text = Text { writer, result: Ok(()) };
        event.record(&mut text);
        text.result?;
        writeln!(text.writer)
    }
}

/// Writes the message of an event and drops what else it has.
struct Text<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // A peer's words may be in it: they stay on their line.
            let text = format!("{value:?}").replace('\n', " ");
            self.result = self.result.and_then(|()| self.writer.write_str(&text));
        }
    }
}
