//! The block design as a record of calls makes it.

use super::record::Call;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What is known of an IP or module: a line of `vivado/check/known`.
#[derive(Clone, Debug)]
struct Feature {
    /// `parameter`, `pin`, `intf`, `space` or `segment`.
    sort: String,
    name: String,
    /// The words after the name.
    words: Vec<String>,
}

/// A cell.
#[derive(Debug)]
pub struct Cell {
    /// IP or module.
    pub ip: String,
    /// `-vlnv` of an IP.
    pub vlnv: String,
    /// Parameters that were set.
    pub set: BTreeMap<String, String>,
    features: Vec<Feature>,
}

impl Cell {
    /// Value of a parameter, its default where it was not set.
    pub fn parameter(&self, name: &str) -> String {
        if let Some(value) = self.set.get(name) {
            return value.clone();
        }
        let feature = self.features.iter().find(|feature| feature.sort == "parameter" && feature.name == name);
        feature.map(|feature| feature.words.join(" ")).unwrap_or_default()
    }

    /// Whether a condition of a feature holds.
    fn holds(&self, condition: Option<&String>) -> bool {
        let Some(condition) = condition else { return true };
        match condition.split_once('>') {
            Some((name, than)) => self.parameter(name).parse::<u32>().unwrap_or(0) > than.parse().unwrap_or(0),
            None => self.parameter(condition) == "1",
        }
    }

    /// Interfaces that the cell has with its parameters: name and mode.
    pub fn interfaces(&self) -> Vec<(&str, &str)> {
        let there = |feature: &&Feature| feature.sort == "intf" && self.holds(feature.words.get(1));
        self.features.iter().filter(there).map(|f| (f.name.as_str(), f.words[0].as_str())).collect()
    }

    /// Pins that the cell has with its parameters: name, direction and kind.
    pub fn pins(&self) -> Vec<(&str, &str, &str)> {
        let there = |feature: &&Feature| feature.sort == "pin" && self.holds(feature.words.get(2));
        let pins = self.features.iter().filter(there);
        pins.map(|pin| (pin.name.as_str(), pin.words[0].as_str(), pin.words[1].as_str())).collect()
    }

    /// Address spaces.
    pub fn spaces(&self) -> impl Iterator<Item = &str> {
        self.features.iter().filter(|feature| feature.sort == "space").map(|feature| feature.name.as_str())
    }
}

/// A segment in an address space.
#[derive(Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Space, `cell/name`.
    pub space: String,
    /// Segment, `cell/interface/name`.
    pub segment: String,
    /// First address.
    pub base: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A block design, its sources, its constraints and the steps of its build.
#[derive(Debug, Default)]
pub struct Design {
    /// Cells by name.
    pub cells: BTreeMap<String, Cell>,
    /// Interface ports: `-mode` and `-vlnv` by name.
    pub ports: BTreeMap<String, (String, String)>,
    /// Nets: names of pins by name of the net.
    pub nets: BTreeMap<String, BTreeSet<String>>,
    /// Pairs of connected interfaces: pins as `cell/name`, ports as `port:name`.
    pub links: Vec<(String, String)>,
    /// Assigned segments.
    pub assigned: Vec<Assigned>,
    /// Verilog files.
    pub verilog: Vec<String>,
    /// Properties of ports from constraints: port, property and value.
    pub constraints: Vec<(String, String, String)>,
    /// Ports that a timing exception names.
    pub exceptions: Vec<String>,
    /// Properties of the whole design.
    properties: BTreeMap<String, String>,
    /// Those that it has when the bitstream is written.
    pub bitstream: BTreeMap<String, String>,
    /// Parameters that were read back, by name.
    pub read_back: BTreeSet<String>,
    /// Every command, with its options, in order.
    pub steps: Vec<(String, BTreeMap<String, String>)>,
}

fn number(text: &str) -> Result<u64> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    value.with_context(|| format!("expected a number, found {text:?}"))
}

/// Splits a Tcl list of words, braced words and escaped braces as `list` writes it.
pub fn words(list: &str) -> Vec<String> {
    let (mut found, mut word, mut depth, mut any) = (Vec::new(), String::new(), 0_u32, false);
    let mut characters = list.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.extend(characters.next()),
            '{' => {
                if depth > 0 {
                    word.push('{');
                }
                (depth, any) = (depth + 1, true);
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth > 0 {
                    word.push('}');
                }
            }
            _ if character.is_whitespace() && depth == 0 => {
                if any || !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
                any = false;
            }
            _ => word.push(character),
        }
    }
    if any || !word.is_empty() {
        found.push(word);
    }
    found
}

/// The name in an object that the recording commands returned: `pin:dma/aclk`.
fn object<'a>(text: &'a str, kind: &str) -> Result<&'a str> {
    text.strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix(':'))
        .with_context(|| format!("expected a {kind}, found {text:?}"))
}

fn features(known: &Path, ip: &str) -> Result<Vec<Feature>> {
    let path = known.join(format!("{ip}.txt"));
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let feature = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(sort), Some(name)) = (words.next(), words.next()) else { bail!("{ip}: expected two words: {line}") };
        Ok(Feature { sort, name, words: words.collect() })
    };
    lines.map(feature).collect()
}

impl Design {
    /// Rebuilds the design from the calls; `known` is the folder of what each IP has.
    pub fn rebuild(known: &Path, calls: &[Call]) -> Result<Design> {
        let mut design = Design::default();
        for call in calls {
            design.steps.push((call.command.clone(), call.options.clone()));
            design.take(known, call).with_context(|| format!("{} {:?}", call.command, call.arguments))?;
        }
        Ok(design)
    }

    fn take(&mut self, known: &Path, call: &Call) -> Result<()> {
        match call.command.as_str() {
            "create_bd_cell" => {
                let vlnv = call.option("-vlnv").to_owned();
                let ip = vlnv.split(':').nth(2).unwrap_or(call.option("-reference")).to_owned();
                let features = features(known, &ip)?;
                let cell = Cell { ip, vlnv, set: BTreeMap::new(), features };
                self.cells.insert(call.argument(0).to_owned(), cell);
            }
            "create_bd_intf_port" => {
                let kind = (call.option("-mode").to_owned(), call.option("-vlnv").to_owned());
                self.ports.insert(call.argument(0).to_owned(), kind);
            }
            "connect_bd_net" => {
                let net = self.nets.entry(call.option("-net").to_owned()).or_default();
                for pin in &call.arguments {
                    net.insert(object(pin, "pin")?.to_owned());
                }
            }
            "connect_bd_intf_net" => {
                let end = |text: &str| match object(text, "intf") {
                    Ok(name) => name.to_owned(),
                    Err(_) => text.to_owned(),
                };
                self.links.push((end(call.argument(0)), end(call.argument(1))));
            }
            "assign_bd_address" => self.assigned.push(Assigned {
                space: object(call.option("-target_address_space"), "space")?.to_owned(),
                segment: object(call.argument(0), "segment")?.to_owned(),
                base: number(call.option("-offset"))?,
                bytes: number(call.option("-range"))?,
            }),
            "add_files" if call.option("-fileset") == "sources_1" => self.verilog.extend(words(call.argument(0))),
            "get_property" => {
                self.read_back.insert(call.argument(0).trim_start_matches("CONFIG.").to_owned());
            }
            "set_false_path" => {
                let ports = call.options.values().filter_map(|value| value.strip_prefix("ports:"));
                self.exceptions.extend(ports.map(str::to_owned));
            }
            "set_property" => self.property(known, call)?,
            "write_bitstream" => self.bitstream = self.properties.clone(),
            _ => {}
        }
        Ok(())
    }

    fn property(&mut self, known: &Path, call: &Call) -> Result<()> {
        let (pairs, on) = match call.options.contains_key("-dict") {
            true => (words(call.argument(0)), call.argument(1)),
            false => (call.arguments[..2].to_vec(), call.argument(2)),
        };
        for pair in pairs.chunks(2) {
            let [name, value] = pair else { bail!("expected names and values, found {pairs:?}") };
            if let Ok(cell) = object(on, "cell") {
                let cell = self.cells.get_mut(cell).with_context(|| format!("expected the cell {cell}"))?;
                let name = name.trim_start_matches("CONFIG.");
                if name == "preset" {
                    let settings = features(known, &format!("preset_{value}"))?;
                    cell.set.extend(settings.into_iter().map(|setting| (setting.sort, setting.name)));
                }
                cell.set.insert(name.to_owned(), value.clone());
            } else if let Ok(port) = object(on, "ports") {
                self.constraints.push((port.to_owned(), name.clone(), value.clone()));
            } else if on == "design:" {
                self.properties.insert(name.clone(), value.clone());
            }
        }
        Ok(())
    }

    /// The one cell of an IP.
    pub fn cell(&self, ip: &str) -> Result<(&str, &Cell)> {
        let mut found = self.cells.iter().filter(|(_, cell)| cell.ip == ip);
        match (found.next(), found.next()) {
            (Some((name, cell)), None) => Ok((name, cell)),
            (None, _) => bail!("cells: expected one {ip}, found none"),
            _ => bail!("cells: expected one {ip}, found several"),
        }
    }

    /// The cell of an IP with an interface that is connected to `interface`.
    pub fn cell_at(&self, ip: &str, interface: &str) -> Result<(&str, &Cell)> {
        let ends = self.other_end(interface);
        let names = ends.iter().filter_map(|end| end.split('/').next());
        let mut cells = names.filter_map(|name| self.cells.get_key_value(name)).filter(|(_, cell)| cell.ip == ip);
        let (name, cell) =
            cells.next().with_context(|| format!("cells: expected one {ip} at {interface}, found none"))?;
        Ok((name, cell))
    }

    /// Every pin that is connected to `pin`, itself among them.
    pub fn net_of(&self, pin: &str) -> BTreeSet<&str> {
        let nets = self.nets.values().filter(|net| net.contains(pin));
        nets.flatten().map(String::as_str).collect()
    }

    /// The other end of an interface; a monitor does not count.
    pub fn other_end(&self, interface: &str) -> Vec<&str> {
        let monitor = |end: &str| end.split('/').nth(1).is_some_and(|name| name.starts_with("SLOT_"));
        let ends = self.links.iter().filter_map(|(a, b)| match (a == interface, b == interface) {
            (true, _) => Some(b.as_str()),
            (_, true) => Some(a.as_str()),
            _ => None,
        });
        ends.filter(|end| monitor(interface) || !monitor(end)).collect()
    }

    /// Where a command was first called, and with which options.
    pub fn step(&self, command: &str) -> Option<(usize, &BTreeMap<String, String>)> {
        self.steps.iter().enumerate().find(|(_, step)| step.0 == command).map(|(n, step)| (n, &step.1))
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn tcl_lists_keep_braced_and_escaped_words() {
        assert_eq!(words("a {b c} {} {d {e f}} g\\ h"), ["a", "b c", "", "d {e f}", "g h"]);
    }
}
