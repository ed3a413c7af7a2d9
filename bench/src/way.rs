//! The way of an event from the agent to the engine's counters: how fast each stage is, and which limits where.

use crate::ladder::Step;
use anyhow::{Context, Result};
use deltascope_abi::board::{FCLK_HZ, RECORDS_PER_SECOND};
use deltascope_abi::record::RECORD_BYTES;
use serde::{Deserialize, Serialize};

/// Records a second that Gigabit Ethernet carries: 16-byte records in full TCP segments at an MTU of 1500, as
/// 1,448 of every 1,538 bytes on the wire. *Estimated.*
pub const GIGABIT_ETHERNET: f64 = 125e6 * 1448.0 / 1538.0 / RECORD_BYTES as f64;
/// Records a second that one 64-bit port carries at FCLK0. *Estimated.*
pub const HP_PORT: f64 = RECORDS_PER_SECOND as f64;
/// Instructions a clock of the board's processor, assumed: a Cortex-A9 issues two at most and waits for memory.
const PER_CLOCK: [f64; 2] = [0.5, 1.5];

/// What simulations of the board found; other commands make it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Events that the engine takes in a clock, of the Verilated engine.
    pub events_per_clock: f64,
    /// Clocks from a QUERY to the next record, of the Verilated engine.
    pub clocks_per_query: f64,
    /// Share of the port's beats that the DMA uses, with batches of 64 KiB.
    pub fed_share: f64,
    /// Clock of the board's processor in Hz.
    pub processor_hz: f64,
    /// Instructions an event costs the daemon on the board, the golden engine left out.
    pub daemon_instructions: Daemon,
    /// Instructions an event costs the bare-metal image.
    pub image_instructions: f64,
}

/// Instructions an event by path.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Daemon {
    /// Plain TCP.
    pub plain: f64,
    /// TLS with ChaCha20-Poly1305.
    pub chacha20: f64,
    /// TLS with AES-128-GCM.
    pub aes_gcm: f64,
}

/// Where a rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Arithmetic from a datasheet or from what was simulated.
    Estimated,
    /// On the machine that ran this.
    Measured,
}

/// How fast one stage is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stage {
    /// Name in tables and pictures.
    pub name: String,
    /// Where the rate comes from.
    pub label: Label,
    /// Events a second, from the least to the most.
    pub rates: [f64; 2],
    /// How the rate was found.
    pub source: String,
}

/// What limits one configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limited {
    /// The configuration.
    pub configuration: String,
    /// Events a second of the slowest stage, from the least to the most.
    pub rates: [f64; 2],
    /// The stage that is slowest at the least rates, and at the most.
    pub stages: [String; 2],
    /// What to do about the first of them.
    pub cure: String,
}

/// The way and its limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Way {
    /// Queries a second of the engine, *estimated*: its clocks were simulated.
    pub queries_per_s_estimated: f64,
    /// What was simulated.
    pub facts: Facts,
    /// Each stage, from the gates outwards.
    pub stages: Vec<Stage>,
    /// What limits each configuration.
    pub limits: Vec<Limited>,
}

const CORE: &str = "engine";
const FED: &str = "DMA and 64-bit port";
const WIRE: &str = "Gigabit Ethernet";
const PLAIN: &str = "daemon on the board, plain TCP";
const CHACHA20: &str = "daemon on the board, ChaCha20";
const AES_GCM: &str = "daemon on the board, AES-GCM";
const IMAGE: &str = "bare-metal image, plain TCP";
const RING: &str = "host: ring reader";
const AGENT: &str = "host: agent's end";
const WHOLE_AGENT: &str = "host: ring to engine over loopback";
const LOOPBACK: &str = "host: uplink over loopback";
const LOOPBACK_TLS: &str = "host: uplink over loopback, TLS";

/// Configurations: what they are and the stages that an event passes.
const CONFIGURATIONS: [(&str, &[&str]); 6] = [
    ("board with Linux, plain TCP", &[RING, AGENT, WIRE, PLAIN, FED, CORE]),
    ("board with Linux, TLS, ChaCha20-Poly1305", &[RING, AGENT, WIRE, CHACHA20, FED, CORE]),
    ("board with Linux, TLS, AES-128-GCM", &[RING, AGENT, WIRE, AES_GCM, FED, CORE]),
    ("board with the bare-metal image, plain TCP", &[RING, AGENT, WIRE, IMAGE, FED, CORE]),
    ("no board: daemon with the golden engine on the same machine", &[RING, LOOPBACK, WHOLE_AGENT]),
    ("the same with TLS", &[RING, LOOPBACK_TLS, WHOLE_AGENT]),
];

/// What to do when a stage is the slowest.
const CURES: [(&str, &str); 9] = [
    (PLAIN, "sampling on the host; the checksum is the largest part, and the logic could check it (not built)"),
    (CHACHA20, "plain TCP where the network is trusted; sampling on the host; fewer hosts a board"),
    (AES_GCM, "ChaCha20-Poly1305, which the daemon prefers on a processor without AES"),
    (IMAGE, "Linux on the board, or sampling on the host; checksum and copies are half of it"),
    (WIRE, "fewer hosts a board, or sampling on the host"),
    (
        RING,
        "only some control groups (`--cgroup` of the source bpf, the filter of the module), or sampling in the kernel",
    ),
    (WHOLE_AGENT, "sampling in the kernel; ring reader, accounting and daemon share the machine's cores"),
    (LOOPBACK, "sampling on the host; the daemon's time is the checks of each record and the copy from the socket"),
    (LOOPBACK_TLS, "a Unix host of its own needs no TLS on loopback"),
];

impl Way {
    /// Puts the way together from what was simulated and measured.
    ///
    /// # Errors
    /// A step that it needs was not measured.
    pub fn new(facts: Facts, steps: &[Step]) -> Result<Way> {
        let clock = FCLK_HZ as f64;
        let step = |name: &str| {
            let step = steps.iter().find(|step| step.name == name);
            step.map(|step| step.rate).with_context(|| format!("expected the step {name}, found none"))
        };
        let processor = |instructions: f64| PER_CLOCK.map(|per_clock| facts.processor_hz * per_clock / instructions);
        let instructions = |count: f64| format!("{count:.0} instructions an event (*simulated*), 0.5 to 1.5 a clock");
        let core = clock * facts.events_per_clock;
        let engine = format!("{:.2} events a clock (Verilated) at {} MHz", facts.events_per_clock, FCLK_HZ / 1_000_000);
        let fed = format!("{:.1} % of the port's beats (*simulated*)", 100.0 * facts.fed_share);
        let daemon = facts.daemon_instructions;
        let estimated = |name: &str, rates, source| (name.to_owned(), Label::Estimated, rates, source);
        let measured = |name: &str, of: &str| {
            let rate = step(of)?;
            Ok::<_, anyhow::Error>((name.to_owned(), Label::Measured, [rate; 2], format!("step `{of}`")))
        };
        let stages = [
            estimated(CORE, [core; 2], engine),
            estimated(FED, [HP_PORT * facts.fed_share; 2], fed),
            estimated(WIRE, [GIGABIT_ETHERNET; 2], String::from("1,448 of 1,538 bytes on the wire are records")),
            estimated(PLAIN, processor(daemon.plain), instructions(daemon.plain)),
            estimated(CHACHA20, processor(daemon.chacha20), instructions(daemon.chacha20)),
            estimated(AES_GCM, processor(daemon.aes_gcm), instructions(daemon.aes_gcm)),
            estimated(IMAGE, processor(facts.image_instructions), instructions(facts.image_instructions)),
            measured(RING, "ring_reader")?,
            measured(AGENT, "agent_encode")?,
            measured(LOOPBACK, "loopback_plain")?,
            measured(LOOPBACK_TLS, "loopback_tls")?,
            measured(WHOLE_AGENT, "ring_to_engine")?,
        ];
        let stages = stages.map(|(name, label, rates, source)| Stage { name, label, rates, source }).to_vec();
        let limits = CONFIGURATIONS.iter().map(|(name, on_it)| limited(name, on_it, &stages)).collect::<Result<_>>()?;
        Ok(Way { queries_per_s_estimated: clock / facts.clocks_per_query, facts, stages, limits })
    }
}

/// The slowest of the stages that a configuration passes, by their least and by their most.
fn limited(configuration: &str, on_it: &[&str], stages: &[Stage]) -> Result<Limited> {
    let slowest = |end: usize| {
        let passed = stages.iter().filter(|stage| on_it.contains(&stage.name.as_str()));
        passed.min_by(|a, b| a.rates[end].total_cmp(&b.rates[end])).context("expected a stage")
    };
    let (least, most) = (slowest(0)?, slowest(1)?);
    let cure = CURES.iter().find(|(stage, _)| *stage == least.name).map_or("-", |(_, cure)| *cure);
    Ok(Limited {
        configuration: configuration.to_owned(),
        rates: [least.rates[0], most.rates[1]],
        stages: [least.name.clone(), most.name.clone()],
        cure: cure.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{CURES, Daemon, Facts, Way};
    use crate::ladder::{Step, Unit};

    fn way() -> Way {
        let facts = Facts {
            events_per_clock: 1.0,
            clocks_per_query: 50.0,
            fed_share: 0.9,
            processor_hz: 600e6,
            daemon_instructions: Daemon { plain: 60.0, chacha20: 300.0, aes_gcm: 600.0 },
            image_instructions: 300.0,
        };
        let steps =
            ["ring_reader", "agent_encode", "loopback_plain", "loopback_tls", "ring_to_engine"].map(|name| Step {
                name: name.to_owned(),
                what: String::new(),
                rival: String::new(),
                unit: Unit::Events,
                rate: 40e6,
                rival_rate: 1.0,
                ratio: 1.0,
                spread: 0.0,
                bar: None,
            });
        Way::new(facts, &steps).expect("a way")
    }

    #[test]
    fn slowest_stage_limits_at_either_end_of_its_range() {
        let way = way();
        let plain = &way.limits[0];
        assert_eq!(plain.stages, ["daemon on the board, plain TCP", "Gigabit Ethernet"], "{plain:?}");
        assert!((plain.rates[0] - 5e6).abs() < 1.0 && (plain.rates[1] - 7.35e6).abs() < 1e5, "{plain:?}");
        assert_eq!(way.limits[2].rates.map(|rate| rate.round()), [5e5, 15e5]);
        assert!((way.queries_per_s_estimated - 3e6).abs() < 1.0, "{way:?}");
    }

    #[test]
    fn each_stage_that_can_limit_has_a_cure() {
        let way = way();
        assert!(way.limits.iter().all(|limit| limit.cure.len() > 1), "{:?}", way.limits);
        assert!(CURES.iter().all(|(stage, _)| way.stages.iter().any(|known| known.name == *stage)));
    }
}
