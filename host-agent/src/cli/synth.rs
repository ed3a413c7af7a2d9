//! Options of the source `synth`.

use clap::Args;
use deltascope_agent::sources::{Synth, SynthConfig};

/// What to make up.
#[derive(Args, Clone, Debug)]
pub struct SynthArguments {
    /// synth: start of the random numbers; the same seed gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// synth: events in all, 0 for no end
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    events: u64,
    /// synth: containers
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    containers: u32,
    /// synth: containers that send, the first ones; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    senders: u32,
    /// synth: sockets
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sockets: u32,
    /// synth: sends out of 100 events, the others are pages
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100))]
    sends: u32,
    /// synth: redundant events out of 100
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=100))]
    redundant: u32,
}

impl SynthArguments {
    /// The source.
    pub fn source(&self) -> Synth {
        Synth::new(SynthConfig {
            seed: self.seed,
            events: self.events,
            containers: self.containers,
            senders: self.senders,
            sockets: self.sockets,
            sends_percent: self.sends,
            redundant_percent: self.redundant,
        })
    }
}
