//! The table of faults.

use deltascope_abi::board::BUFFERS;
use deltascope_driver::axi_dma::{Completion, DmaSettings, Mode};
use deltascope_sim::axi_dma::pg021::Channel::{Mm2s, S2mm};

use deltascope_sim::axi_dma::{DmaConfig, Fault, Ram, Response};

/// How a case must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The driver does not open.
    Refused,
    /// The streams fail, and a reset of the engine brings them back.
    Recovered,
    /// The streams fail, and only the reset of the programmable logic brings them back.
    HardReset,
    /// Nothing fails.
    CarriedOn,
}

impl Expected {
    /// Name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Expected::Refused => "refused",
            Expected::Recovered => "recovered",
            Expected::HardReset => "recovered by the reset of the logic",
            Expected::CarriedOn => "carried on",
        }
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Of everything something.
    Mixed,
    /// Every record answers.
    Reads,
}

/// A fault and what must follow.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of the fault.
    pub name: &'static str,
    pub(super) config: DmaConfig,
    pub(super) settings: DmaSettings,
    pub(super) faults: &'static [Fault],
    pub(super) traffic: Traffic,
    /// Makes the buffer that the driver gets of the one that fits.
    pub(super) buffer: fn(Ram) -> Ram,
    pub(super) expected: Expected,
    /// What the error or notice says.
    pub says: &'static str,
    /// What the refusal before a hard reset says.
    pub(super) refuses: &'static str,
    /// Records that the fault may make.
    pub(super) invents: u64,
}

impl Case {
    /// The same fault with another end, to see that the end is looked at.
    pub fn expecting(self, expected: Expected, says: &'static str) -> Case {
        Case { expected, says, ..self }
    }
}

/// Limits that a simulation can wait for. A snapshot of every group takes 110 us.
const SETTINGS: DmaSettings = DmaSettings {
    mode: None,
    completion: Completion::Poll,
    batch_bytes: 32 << 10,
    batches: 4,
    reply_packets: 40,
    coalesce: 1,
    delay: 0,
    time_limit_us: 600,
    reset_limit_us: 300,
};

fn case(name: &'static str, scatter_gather: bool, expected: Expected, says: &'static str) -> Case {
    Case {
        name,
        config: DmaConfig::board(scatter_gather),
        settings: SETTINGS,
        faults: &[],
        traffic: Traffic::Mixed,
        buffer: |ram| ram,
        expected,
        says,
        refuses: "",
        invents: 0,
    }
}

/// A case with scatter-gather whose streams fail.
const fn failing(faults: &'static [Fault]) -> impl Fn(&'static str, &'static str) -> Case {
    move |name, says| Case { faults, ..case(name, true, Expected::Recovered, says) }
}

/// The same with the DMA in direct mode.
const fn failing_direct(faults: &'static [Fault]) -> impl Fn(&'static str, &'static str) -> Case {
    move |name, says| Case { faults, ..case(name, false, Expected::Recovered, says) }
}

/// A case that refuses to open because of a fault.
fn refusing(name: &'static str, faults: &'static [Fault], says: &'static str) -> Case {
    Case { faults, ..case(name, true, Expected::Refused, says) }
}

/// A case that refuses to open because of how the DMA was built.
fn built(name: &'static str, scatter_gather: bool, says: &'static str, change: fn(&mut DmaConfig)) -> Case {
    let mut case = case(name, scatter_gather, Expected::Refused, says);
    change(&mut case.config);
    case
}

/// A case that goes on, driven by interrupts.
fn interrupted(name: &'static str, faults: &'static [Fault], says: &'static str) -> Case {
    let settings = DmaSettings { completion: Completion::Interrupt { wait_us: 50 }, ..SETTINGS };
    Case { faults, settings, ..case(name, true, Expected::CarriedOn, says) }
}

/// Every case.
pub fn all() -> Vec<Case> {
    let mut cases = errors();
    cases.extend(stuck());
    cases.extend(interrupts());
    cases.extend(configurations());
    cases.extend(surroundings());
    cases
}

/// The error bits of both channels.
fn errors() -> Vec<Case> {
    use Fault::{Data, Fetch, Internal, Stale, Update};
    use Response::{DecodeError, SlaveError};
    vec![
        failing(&[Internal(Mm2s)])("MM2S DMAIntErr", "MM2S DMAIntErr"),
        failing(&[Data(Mm2s, SlaveError)])("MM2S DMASlvErr", "MM2S DMASlvErr"),
        failing(&[Data(Mm2s, DecodeError)])("MM2S DMADecErr", "MM2S DMADecErr"),
        failing(&[Stale(Mm2s)])("MM2S SGIntErr", "MM2S SGIntErr"),
        failing(&[Fetch(Mm2s, SlaveError)])("MM2S SGSlvErr", "MM2S SGSlvErr"),
        failing(&[Fetch(Mm2s, DecodeError)])("MM2S SGDecErr", "MM2S SGDecErr"),
        failing(&[Update(Mm2s, SlaveError)])("MM2S SGSlvErr on write-back", "MM2S SGSlvErr"),
        failing(&[Internal(S2mm)])("S2MM DMAIntErr", "S2MM DMAIntErr"),
        failing(&[Data(S2mm, SlaveError)])("S2MM DMASlvErr", "S2MM DMASlvErr"),
        failing(&[Data(S2mm, DecodeError)])("S2MM DMADecErr", "S2MM DMADecErr"),
        failing(&[Stale(S2mm)])("S2MM SGIntErr", "S2MM SGIntErr"),
        failing(&[Fetch(S2mm, SlaveError)])("S2MM SGSlvErr", "S2MM SGSlvErr"),
        failing(&[Fetch(S2mm, DecodeError)])("S2MM SGDecErr", "S2MM SGDecErr"),
        failing(&[Update(S2mm, DecodeError)])("S2MM SGDecErr on write-back", "S2MM SGDecErr"),
        failing_direct(&[Data(Mm2s, SlaveError)])("MM2S DMASlvErr, direct", "MM2S DMASlvErr"),
        failing_direct(&[Data(S2mm, DecodeError)])("S2MM DMADecErr, direct", "S2MM DMADecErr"),
        failing_direct(&[Internal(S2mm)])("S2MM DMAIntErr, direct", "S2MM DMAIntErr"),
    ]
}

/// What stops without an error bit, and what goes missing.
fn stuck() -> Vec<Case> {
    use Fault::{Halt, LoseRecord, LoseReply, NoData, NoWriteBack, NoWrites, RepeatRecord};
    vec![
        failing(&[Halt(Mm2s)])("MM2S halted", "MM2S: expected it to run, found it halted"),
        failing(&[Halt(S2mm)])("S2MM halted", "S2MM: expected it to run, found it halted"),
        failing_direct(&[Halt(S2mm)])("S2MM halted, direct", "S2MM: expected it to run, found it halted"),
        failing(&[NoWriteBack(Mm2s)])("MM2S descriptor never completed", "expected Cmplt"),
        failing(&[NoWriteBack(S2mm)])("S2MM descriptor never completed", "expected Cmplt"),
        failing(&[NoData])("memory never answers a read", "does the memory port answer"),
        failing(&[NoWrites])("memory never answers a write", "does the memory port accept writes"),
        failing_direct(&[NoData])("memory never answers a read, direct", "does the memory port answer"),
        failing(&[LoseRecord])("record lost on the way", "records were lost or repeated"),
        Case { invents: 1, ..failing(&[RepeatRecord])("record repeated on the way", "records were lost or repeated") },
        failing(&[LoseReply])("reply lost on the way", "replies were lost or repeated"),
        Case {
            expected: Expected::HardReset,
            refuses: "expected DMACR.Reset clear",
            ..failing(&[Halt(Mm2s), Fault::EndlessReset])("reset that never ends", "found it halted")
        },
    ]
}

/// Interrupts that lie, and replies that flood.
fn interrupts() -> Vec<Case> {
    use Fault::{DelayInterrupt, LoseInterrupt, SpuriousInterrupt};
    let minimal = DmaSettings { batches: 2, reply_packets: 2, ..SETTINGS };
    let flood = |name, scatter_gather| Case {
        settings: minimal,
        traffic: Traffic::Reads,
        ..case(name, scatter_gather, Expected::CarriedOn, "")
    };
    vec![
        interrupted("interrupt lost", &[LoseInterrupt], "interrupt lost"),
        // Three, since a late one that falls into the work of a real one goes unnoticed.
        interrupted(
            "interrupt late",
            &[DelayInterrupt(30_000), DelayInterrupt(32_000), DelayInterrupt(34_500)],
            "interrupt late",
        ),
        interrupted("interrupt spurious", &[SpuriousInterrupt], "interrupt spurious"),
        flood("reply flood against minimal buffers", true),
        flood("reply flood against minimal buffers, direct", false),
    ]
}

/// How the DMA was built, wired or asked for.
fn configurations() -> Vec<Case> {
    let width = "Width of Buffer Length Register";
    vec![
        built("length of 14 bits, direct", false, width, |config| config.length_bits = 14),
        built("length of 14 bits, scatter-gather", true, width, |config| config.length_bits = 14),
        Case {
            settings: DmaSettings { batch_bytes: 24 << 10, ..SETTINGS },
            ..built("length of 14 bits, scatter-gather, cut", true, width, |config| config.length_bits = 14)
        },
        built("reply stream without TLAST, direct", false, "TLAST", |config| config.last_connected = false),
        built("reply stream without TLAST, scatter-gather", true, "TLAST", |config| config.last_connected = false),
        built("streams of 32 bits, direct", false, "Stream Data Width", |config| config.stream_bits = 32),
        built("streams of 32 bits, scatter-gather", true, "Stream Data Width", |config| config.stream_bits = 32),
        Case {
            settings: DmaSettings { mode: Some(Mode::ScatterGather), ..SETTINGS },
            ..case("the other mode", false, Expected::Refused, "Enable Scatter Gather Engine")
        },
        refusing("MM2S CyclicBDEnable set", &[Fault::Cyclic(Mm2s)], "MM2S DMACR: expected Cyclic BD Enable clear"),
        refusing("S2MM CyclicBDEnable set", &[Fault::Cyclic(S2mm)], "S2MM DMACR: expected Cyclic BD Enable clear"),
        Case {
            buffer: |ram| Ram::new(BUFFER + 0x20, ram_bytes(&ram)),
            ..case("buffer unaligned", true, Expected::Refused, "Allow Unaligned Transfers")
        },
        Case {
            buffer: |ram| Ram::new(0xFFFF_F000, ram_bytes(&ram)),
            ..case("buffer above 4 GiB", true, Expected::Refused, "Address Width")
        },
        Case {
            buffer: |ram| Ram::new(BUFFER, ram_bytes(&ram) - 64),
            ..case("buffer too small", true, Expected::Refused, "DMA buffer: expected at least")
        },
        Case {
            buffer: |ram| Ram::new(0x1E00_0000, ram_bytes(&ram)),
            ..case("buffer at another bus address", true, Expected::Refused, "DecErr")
        },
        Case {
            buffer: |ram| Ram::new(BUFFER, ram_bytes(&ram)),
            ..case("buffer not the memory that the DMA sees", true, Expected::Refused, "does the DMA see this memory")
        },
    ]
}

/// Where the buffer stands.
const BUFFER: u64 = BUFFERS.base as u64;

fn ram_bytes(ram: &Ram) -> usize {
    deltascope_driver::seams::DmaBuffer::len(ram)
}

/// What stands around the DMA.
fn surroundings() -> Vec<Case> {
    vec![
        refusing("programmable logic not configured", &[Fault::Unconfigured], "expected state `operating`"),
        refusing("programmable logic without a clock", &[Fault::NoClock], "expected FCLK0 to run"),
        refusing("programmable logic in reset", &[Fault::HeldInReset], "expected its reset released"),
        refusing("identity mismatch", &[Fault::Identity], "IDENTITY: expected 0x444c5453"),
        refusing("SLVERR from the engine", &[Fault::EngineSlaveError], "the bus answered 2"),
        refusing("SLVERR from the DMA", &[Fault::DmaSlaveError], "the bus answered 2"),
    ]
}
