//! The source that this kernel permits, and why it is that one.

use std::fmt;

use super::bpf::{self, BpfOptions};
use super::{Kmod, KmodOptions, Scan, Source};

/// A source and why it was chosen.
pub struct Choice {
    /// The source.
    pub source: Box<dyn Source>,
    /// What was tried before it, with the reason why it is not that one.
    pub rejected: Vec<(&'static str, String)>,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "source {}: chosen", self.source.name())?;
        if self.rejected.is_empty() {
            return write!(f, "; this kernel permits what captures most");
        }
        for (name, reason) in &self.rejected {
            write!(f, "; not {name}: {}", reason.lines().next().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Something that opens a source.
type Open<'a> = Box<dyn FnOnce() -> Result<Box<dyn Source>, String> + 'a>;

fn first(candidates: Vec<(&'static str, Open<'_>)>, last: impl FnOnce() -> Box<dyn Source>) -> Choice {
    let mut rejected = Vec::new();
    for (name, open) in candidates {
        match open() {
            Ok(source) => return Choice { source, rejected },
            Err(reason) => rejected.push((name, reason)),
        }
    }
    Choice { source: last(), rejected }
}

/// Opens the first of the BPF programs, the module and the scan that can be opened. The programs come first: nothing that
/// an observed process holds makes them miss another one's events.
pub fn open(bpf: &BpfOptions, kmod: &KmodOptions, scan: impl FnOnce() -> Scan) -> Choice {
    let candidates: Vec<(&'static str, Open<'_>)> = vec![
        ("bpf", Box::new(|| bpf::open(bpf).map_err(|error| error.to_string()))),
        ("kmod", Box::new(|| Ok(Box::new(Kmod::open(kmod).map_err(|error| error.to_string())?) as Box<dyn Source>))),
    ];
    first(candidates, || Box::new(scan()))
}

#[cfg(test)]
mod tests {
    use super::{Open, first};
    use crate::sources::{Source, Synth, SynthConfig};

    fn synth() -> Box<dyn Source> {
        let config = SynthConfig {
            seed: 1,
            events: 1,
            containers: 1,
            senders: 0,
            sockets: 1,
            sends_percent: 0,
            redundant_percent: 0,
        };
        Box::new(Synth::new(config))
    }

    #[test]
    fn first_that_opens_is_chosen_and_the_others_are_explained() {
        let refused: Open<'_> = Box::new(|| Err("no BTF\nand a long log".to_owned()));
        let choice = first(vec![("bpf", refused), ("kmod", Box::new(|| Ok(synth())))], || unreachable!("kmod opens"));
        assert_eq!(choice.to_string(), "source synth: chosen; not bpf: no BTF");
        let choice = first(vec![("bpf", Box::new(|| Ok(synth())))], || unreachable!("bpf opens"));
        assert_eq!(choice.to_string(), "source synth: chosen; this kernel permits what captures most");
        let refused = || -> Open<'_> { Box::new(|| Err("refused".to_owned())) };
        let choice = first(vec![("bpf", refused()), ("kmod", refused())], synth);
        assert_eq!(choice.to_string(), "source synth: chosen; not bpf: refused; not kmod: refused");
    }
}
