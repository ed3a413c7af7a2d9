//! A figure: which signals of which trace it shows, and how it is cut out.

use super::WaveError;
use super::scenario::Phases;
use super::svg::{Row, picture};
use super::trace::Trace;

/// Which trace a figure is cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// `delta_engine` alone: a record in each clock.
    Core,
    /// `deltascope_top`.
    Top,
    /// `fingerprint`, which is no part of the top.
    Fingerprint,
}

impl Run {
    /// The design.
    pub const fn top(self) -> &'static str {
        match self {
            Run::Core => "delta_engine",
            Run::Top => "deltascope_top",
            Run::Fingerprint => "fingerprint",
        }
    }
}

/// One picture.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The block; the file has its name.
    pub block: &'static str,
    /// What is to be seen.
    pub title: &'static str,
    /// The trace.
    pub run: Run,
    /// Path of the instance below the top; empty for the top itself.
    pub instance: &'static str,
    /// Phase of the scenario, clocks after its beginning at which the picture begins, and its clocks.
    pub window: (&'static str, usize, usize),
    /// `SIGNAL[HIGH:LOW] as NAME when SIGNAL`: bits, name and condition may be left out. Without its condition a
    /// value means nothing and is not drawn.
    pub rows: &'static [&'static str],
}

impl Figure {
    /// Cuts the figure out of a trace.
    ///
    /// # Errors
    /// When the trace has no such signal or ends too early.
    pub fn draw(&self, trace: &Trace, phases: &Phases) -> Result<String, WaveError> {
        let (phase, skip, length) = self.window;
        let begin = phases.iter().find(|(name, _)| *name == phase).map(|(_, clock)| *clock);
        let (from, to) = begin.map_or((0, usize::MAX), |begin| (begin + skip, begin + skip + length));
        if to > trace.clocks {
            return Err(WaveError::NoPhase { figure: self.block, phase, from, to, clocks: trace.clocks });
        }
        let path = |text: &str| {
            let name = bits(text).0;
            if self.instance.is_empty() { name.to_owned() } else { format!("{}.{name}", self.instance) }
        };
        let cut = |text: &str| -> Result<Vec<String>, WaveError> {
            let (path, bits) = (path(text), bits(text).1);
            let samples = trace.signal(&path, bits);
            let samples = samples.ok_or(WaveError::NoSignal { figure: self.block, signal: path })?;
            Ok(samples[from..to].to_vec())
        };
        let mut rows = Vec::new();
        for text in self.rows {
            let (text, condition) = text.split_once(" when ").map_or((*text, None), |(a, b)| (a, Some(b)));
            let (signal, name) = text.split_once(" as ").unwrap_or((text, text));
            let mut values: Vec<_> = cut(signal)?.into_iter().map(Some).collect();
            if let Some(condition) = condition {
                for (value, holds) in values.iter_mut().zip(cut(condition)?) {
                    if holds == "0" {
                        *value = None;
                    }
                }
            }
            if name == "op" {
                values.iter_mut().flatten().for_each(|value| *value = op(value));
            }
            rows.push(Row { name: name.to_owned(), values, is_bit: trace.is_bit(&path(signal)) });
        }
        Ok(picture(&format!("{}: {}", self.block, self.title), &rows))
    }
}

/// Name and bits of `NAME[HIGH:LOW]`.
fn bits(text: &str) -> (&str, Option<(usize, usize)>) {
    let split = text.strip_suffix(']').and_then(|text| text.split_once('['));
    let Some((name, range)) = split else { return (text, None) };
    let (high, low) = range.split_once(':').unwrap_or((range, range));
    (name, high.parse().ok().zip(low.parse().ok()))
}

fn op(code: &str) -> String {
    let number = u8::from_str_radix(code, 16).unwrap_or(u8::MAX);
    deltascope_abi::record::Op::from_code(number).map_or_else(|| format!("op {code}"), |op| op.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_apart() {
        assert_eq!(bits("s_tdata[127:64]"), ("s_tdata", Some((127, 64))));
        assert_eq!(bits("data[3]"), ("data", Some((3, 3))));
        assert_eq!(bits("valid"), ("valid", None));
        assert_eq!((op("3"), op("F")), ("read".to_owned(), "op F".to_owned()));
    }
}
