//! A value change dump as Verilator writes it, sampled once in each clock.

use std::collections::HashMap;

/// Time units of a clock. In its first half the clock is low and the signals stand as the coming edge takes them.
const CLOCK: u64 = 10;

/// What a signal was in each clock, most significant bit first.
type Samples = Vec<String>;

/// Every signal at and below one module.
#[derive(Debug, Default)]
pub struct Trace {
    signals: HashMap<String, (usize, Samples)>,
    /// Clocks sampled.
    pub clocks: usize,
}

impl Trace {
    /// Reads `text`; signals are named by their path below the module `top`, without it.
    pub fn read(text: &str, top: &str) -> Trace {
        let mut scopes: Vec<String> = Vec::new();
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        let mut values: HashMap<String, String> = HashMap::new();
        let mut samples: HashMap<String, Samples> = HashMap::new();
        let mut widths: HashMap<String, usize> = HashMap::new();
        let (mut clock, mut clocks) = (0, 0);
        for line in text.lines().map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["$scope", _, name, ..] => scopes.push(name.to_owned()),
                ["$upscope", ..] => drop(scopes.pop()),
                ["$var", _, bits, id, name, ..] => {
                    widths.insert(id.to_owned(), bits.parse().unwrap_or(0));
                    if let Some(at) = scopes.iter().rposition(|scope| scope == top) {
                        let path = scopes[at + 1..].iter().map(String::as_str).chain([name]).collect::<Vec<_>>();
                        names.entry(id.to_owned()).or_default().push(path.join("."));
                    }
                }
                [word] if word.starts_with('#') => {
                    let time: u64 = word[1..].parse().unwrap_or(0);
                    // What stands before the rising edge of a clock is known when the edge comes.
                    while clock * CLOCK + CLOCK / 2 <= time {
                        for (id, value) in &values {
                            samples.entry(id.clone()).or_default().push(value.clone());
                        }
                        clock += 1;
                        clocks += 1;
                    }
                }
                [bits, id] if bits.starts_with('b') => drop(values.insert(id.to_owned(), bits[1..].to_owned())),
                [word] if word.starts_with(['0', '1', 'x', 'z']) => {
                    values.insert(word[1..].to_owned(), word[..1].to_owned());
                }
                _ => {}
            }
        }
        let mut trace = Trace { signals: HashMap::new(), clocks };
        for (id, paths) in names {
            for path in paths {
                let width = widths.get(&id).copied().unwrap_or(0);
                trace.signals.insert(path, (width, samples.get(&id).cloned().unwrap_or_default()));
            }
        }
        trace
    }

    /// Whether a signal has one bit.
    pub fn is_bit(&self, path: &str) -> bool {
        self.signals.get(path).is_some_and(|(width, _)| *width == 1)
    }

    /// Bits `high` to `low` of a signal in each clock, or the whole signal, without leading zeros.
    pub fn signal(&self, path: &str, bits: Option<(usize, usize)>) -> Option<Vec<String>> {
        let (_, samples) = self.signals.get(path)?;
        let part = |value: &String| {
            let value = match bits {
                None => value.as_str(),
                Some((high, low)) => {
                    let width = value.len();
                    // A dump leaves out leading zeros.
                    let (from, to) = (width.saturating_sub(high + 1), width.saturating_sub(low));
                    &value[from..to]
                }
            };
            hexadecimal(value)
        };
        Some(samples.iter().map(part).collect())
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
                    $var wire 8 $ b [7:0] $end\n$upscope $end\n$upscope $end\n$upscope $end\n#0\n0#\nb10100101 $\n#5\n1#\n\
                    #10\nb1 $\n#15\n#20\n#25\n";
        let trace = Trace::read(text, "top");
        assert_eq!(trace.clocks, 3);
        assert_eq!(trace.signal("a", None).unwrap(), ["0", "1", "1"]);
        assert_eq!(trace.signal("in.b", None).unwrap(), ["A5", "1", "1"]);
        assert_eq!(trace.signal("in.b", Some((7, 4))).unwrap(), ["A", "0", "0"]);
        assert!(trace.is_bit("a") && !trace.is_bit("in.b") && trace.signal("b", None).is_none());
    }
}
