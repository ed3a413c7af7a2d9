//! Metrics as a file in the text format of Prometheus, for the textfile collector of its node exporter.

use crate::budget::{Used, Work};
use crate::status::Counters;
use deltascope_linux::xadc::Health;
use deltascope_protocol::frame::ErrorCode;
use deltascope_protocol::server::Stats;
use deltascope_tls::Rejection;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is counted now.
pub struct Metrics<'a> {
    /// The server's counters.
    pub stats: &'a Stats,
    /// The daemon's.
    pub counters: &'a Counters,
    /// What the loop's CPU went to.
    pub used: Used,
    /// Connections now.
    pub connections: usize,
    /// Handshakes now.
    pub handshakes: usize,
    /// Sessions now.
    pub sessions: usize,
    /// What the board's XADC measures, if it has one.
    pub health: Option<&'a Health>,
}

impl Metrics<'_> {
    /// As text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let stats = self.stats;
        let mut one =
            |name: &str, kind: &str, about: &str, value: f64| family(&mut text, name, kind, about, &[("", "", value)]);
        one("connections", "gauge", "Connections now.", self.connections as f64);
        one("sessions", "gauge", "Sessions now.", self.sessions as f64);
        one("handshakes", "gauge", "Handshakes now.", self.handshakes as f64);
        for (name, about, value) in stats.counters().chain(self.counters.counters()) {
            one(&format!("{name}_total"), "counter", about, value as f64);
        }
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        one(
            "loop_slept_seconds_total",
            "counter",
            "Sleep of the loop, at most 2 ms at a time.",
            seconds(self.used.slept),
        );
        let others = |times: [u64; 2]| Work::ALL.map(|(work, name)| ("work", name, seconds(times[work as usize])));
        let [accepting, handshakes] = others(self.used.others);
        let all = [("work", "sessions", seconds(self.used.sessions)), accepting, handshakes];
        family(&mut text, "loop_cpu_seconds_total", "counter", "CPU of the loop, by what it was for.", &all);
        let about = "Of that, what peers without a session used while a session had work.";
        let beside = others(self.used.others_beside);
        family(&mut text, "loop_cpu_beside_sessions_seconds_total", "counter", about, &beside);
        let errors: Vec<_> =
            ErrorCode::ALL.iter().map(|&code| ("code", format!("{code:?}"), stats.errors_of(code) as f64)).collect();
        family(&mut text, "errors_total", "counter", "Errors sent, by code.", &borrowed(&errors));
        let rejections: Vec<_> =
            self.counters.rejections().map(|(rejection, count)| ("reason", name(rejection), count as f64)).collect();
        family(&mut text, "rejected_peers_total", "counter", "Peers that did not get in.", &borrowed(&rejections));
        if let Some(health) = self.health {
            let about = "Temperature of the die in degrees Celsius.";
            family(&mut text, "board_temperature_celsius", "gauge", about, &[("", "", health.celsius)]);
            let supplies: Vec<_> = health.supplies.iter().map(|s| ("supply", s.name.clone(), s.volts)).collect();
            family(&mut text, "board_supply_volts", "gauge", "Supply voltages.", &borrowed(&supplies));
            let about = "Measurements of the board outside their limits.";
            family(&mut text, "board_complaints", "gauge", about, &[("", "", health.complaints().len() as f64)]);
        }
        text
    }
}

fn name(rejection: Rejection) -> String {
    rejection.name().to_owned()
}

fn borrowed<'a>(samples: &'a [(&'a str, String, f64)]) -> Vec<(&'a str, &'a str, f64)> {
    samples.iter().map(|(label, value, sample)| (*label, value.as_str(), *sample)).collect()
}

/// One family: its samples are (label, value of the label, sample), without a label when that is empty.
fn family(text: &mut String, name: &str, kind: &str, about: &str, samples: &[(&str, &str, f64)]) {
    _ = writeln!(text, "# HELP deltascope_boardd_{name} {about}\n# TYPE deltascope_boardd_{name} {kind}");
    for (label, value, sample) in samples {
        _ = match *label {
            "" => writeln!(text, "deltascope_boardd_{name} {sample}"),
            _ => writeln!(text, "deltascope_boardd_{name}{{{label}=\"{}\"}} {sample}", escaped(value)),
        };
    }
}

/// The value of a label: a supply is named by the kernel, which may have any characters in it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Replaces the file at once, so that a reader never sees half of it. Everybody may read it, whatever the umask: the
/// collector is another user, and there is no secret in it.
///
/// # Errors
/// The folder is not there, nothing can be written in it, or the path is one of a device, a pipe or a folder.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
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
