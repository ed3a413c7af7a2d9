//! A trace of Verilator, sampled once in each clock.

use std::collections::HashMap;
use std::path::Path;

use wellen::SignalRef;
use wellen::simple::Waveform;

/// Time units of a clock. In its first half the clock is low and the signals are as the coming edge takes them.
const CLOCK: u64 = 10;

/// Every signal at and below one module.
#[derive(Debug)]
pub struct Trace {
    waveform: Waveform,
    signals: HashMap<String, SignalRef>,
    /// Clocks sampled.
    pub clocks: usize,
}

impl Trace {
    /// Reads a file; signals are named by their path below the module `top`, without it.
    ///
    /// # Errors
    /// When the file cannot be read or is no value change dump.
    pub fn read(path: &Path, top: &str) -> Result<Trace, wellen::WellenError> {
        wellen::simple::read(path).map(|waveform| Trace::new(waveform, top))
    }

    fn new(mut waveform: Waveform, top: &str) -> Trace {
        let mut signals = HashMap::new();
        let hierarchy = waveform.hierarchy();
        for variable in hierarchy.all_vars().map(|variable| &hierarchy[variable]) {
            let name = variable.full_name(hierarchy);
            let parts: Vec<&str> = name.split('.').collect();
            if let Some(at) = parts.iter().rposition(|part| *part == top).filter(|at| at + 1 < parts.len()) {
                signals.insert(parts[at + 1..].join("."), variable.signal_ref());
            }
        }
        let references: Vec<SignalRef> = signals.values().copied().collect();
        waveform.load_signals(&references);
        // What is there before the rising edge of a clock is known when the edge comes.
        let end = waveform.time_table().last().copied().unwrap_or(0);
        let clocks = (end + CLOCK / 2) / CLOCK;
        Trace { waveform, signals, clocks: usize::try_from(clocks).unwrap_or(usize::MAX) }
    }

    /// Whether a signal has one bit.
    pub fn is_bit(&self, path: &str) -> bool {
        let encoding = self.signals.get(path).and_then(|signal| self.waveform.hierarchy().get_signal_tpe(*signal));
        encoding.is_some_and(|encoding| encoding.is_1bit())
    }

    /// Returns bits `high` to `low` of a signal in each clock, or the whole signal, as hexadecimal digits without
    /// leading zeros.
    pub fn signal(&self, path: &str, bits: Option<(usize, usize)>) -> Option<Vec<String>> {
        let signal = self.waveform.get_signal(*self.signals.get(path)?)?;
        let times = self.waveform.time_table();
        let mut changes = signal.iter_changes().peekable();
        let (mut samples, mut value) = (Vec::new(), String::new());
        for clock in 0..self.clocks as u64 {
            let edge = clock * CLOCK + CLOCK / 2;
            while let Some((_, change)) = changes.next_if(|(time, _)| times[*time as usize] < edge) {
                value = change.to_bit_string().unwrap_or_default();
            }
            samples.push(hexadecimal(match bits {
                None => &value,
                Some((high, low)) => {
                    let width = value.len();
                    &value[width.saturating_sub(high + 1)..width.saturating_sub(low)]
                }
            }));
        }
        Some(samples)
    }
}

/// Hexadecimal digits of a binary number, without leading zeros.
fn hexadecimal(bits: &str) -> String {
    let digits: Vec<char> = bits.chars().rev().collect();
    let digit = |four: &[char]| {
        let value = four.iter().rev().fold(0, |value, bit| 2 * value + u32::from(*bit == '1'));
        char::from_digit(value, 16).unwrap_or('?').to_ascii_uppercase()
    };
    let text: String = digits.chunks(4).rev().map(digit).collect();
    let short = text.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_before_the_edge() {
        let text = "$scope module TOP $end\n$scope module top $end\n$var wire 1 # a $end\n$scope module in $end\n\
                    $var wire 8 $ b [7:0] $end\n$upscope $end\n$upscope $end\n$upscope $end\n$enddefinitions $end\n#0\n0#\n\
                    b10100101 $\n#5\n1#\n#10\nb1 $\n#15\n#20\n#25\n";
        let waveform = wellen::simple::read_from_reader(std::io::Cursor::new(text)).unwrap();
        let trace = Trace::new(waveform, "top");
        assert_eq!(trace.clocks, 3);
        assert_eq!(trace.signal("a", None).unwrap(), ["0", "1", "1"]);
        assert_eq!(trace.signal("in.b", None).unwrap(), ["A5", "1", "1"]);
        assert_eq!(trace.signal("in.b", Some((7, 4))).unwrap(), ["A", "0", "0"]);
        assert!(trace.is_bit("a") && !trace.is_bit("in.b") && trace.signal("b", None).is_none());
    }
}
