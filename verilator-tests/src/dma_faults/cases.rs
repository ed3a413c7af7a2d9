//! The table of faults.

use deltascope_abi::board::BUFFERS;
use deltascope_abi::registers::IRQ_BATCH_END;
use deltascope_driver::axi_dma::{Completion, DmaSettings, Mode};
use deltascope_sim::axi_dma::pg021::Channel::{Mm2s, S2mm};
use std::time::Duration;

use deltascope_sim::axi_dma::{DmaConfig, Fault, Response, Timing};

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
    /// No record answers: only the beats that end batches come back.
    Silent,
}

/// What is wrong with the buffer that the driver gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffer {
    /// Nothing.
    Fits,
    /// The driver takes it to be at this bus address.
    At(u32),
    /// It is this many bytes too small.
    Short(usize),
    /// The DMA sees other memory at its address.
    Elsewhere,
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
    pub(super) buffer: Buffer,
    /// IRQ_MASK of the engine as another program has left it.
    pub(super) irq_mask: u32,
    pub(super) expected: Expected,
    /// What the error or notice reports.
    pub says: &'static str,
    /// What it reports behind `UioHost`, where Linux itself finds the fault.
    pub(super) says_uio: &'static str,
    /// What the refusal before a hard reset reports.
    pub(super) refuses: &'static str,
    /// Records that the fault may make.
    pub(super) invents: u64,
}

impl Case {
    /// The same fault with another end, to see that the end is looked at.
    pub fn expecting(self, expected: Expected, says: &'static str) -> Case {
        Case { expected, says, says_uio: says, ..self }
    }

    /// The same fault, which Linux finds before the driver does.
    fn under_linux(self, says_uio: &'static str) -> Case {
        Case { says_uio, ..self }
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
    time_limit: Duration::from_micros(600),
    reset_limit: Duration::from_micros(300),
};

fn case(name: &'static str, scatter_gather: bool, expected: Expected, says: &'static str) -> Case {
    Case {
        name,
        config: DmaConfig::board(scatter_gather),
        settings: SETTINGS,
        faults: &[],
        traffic: Traffic::Mixed,
        buffer: Buffer::Fits,
        irq_mask: 0,
        expected,
        says,
        says_uio: says,
        refuses: "",
        invents: 0,
    }
}

/// A case with scatter-gather whose streams fail.
const fn failing(faults: &'static [Fault]) -> impl Fn(&'static str, &'static str) -> Case {
    move |name, says| Case { faults, ..case(name, true, Expected::Recovered, says) }
}

/// A case whose memory owes an answer: a reset of the DMA waits for it, so only that of the logic helps.
fn unanswered(name: &'static str, scatter_gather: bool, faults: &'static [Fault], says: &'static str) -> Case {
    let refuses = "expected DMACR.Reset clear";
    Case { faults, refuses, ..case(name, scatter_gather, Expected::HardReset, says) }
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

/// A case whose memory takes 400 clocks for each answer: an error shows long after the other channel has halted.
fn in_slow_memory(case: Case) -> Case {
    let timing = Timing { ddr_latency: 400, ..Timing::default() };
    Case { config: DmaConfig { timing, ..case.config }, ..case }
}

/// A case that continues, driven by interrupts.
fn interrupted(name: &'static str, faults: &'static [Fault], says: &'static str) -> Case {
    let settings = DmaSettings { completion: Completion::Interrupt { wait: Duration::from_micros(50) }, ..SETTINGS };
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
        in_slow_memory(failing(&[Data(Mm2s, DecodeError)])("MM2S DMADecErr in slow memory", "MM2S DMADecErr")),
        in_slow_memory(failing(&[Data(S2mm, SlaveError)])("S2MM DMASlvErr in slow memory", "S2MM DMASlvErr")),
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
        Case {
            traffic: Traffic::Silent,
            ..failing(&[NoWriteBack(Mm2s)])("MM2S descriptor never completed, no reply due", "expected Cmplt")
        },
        failing(&[NoWriteBack(S2mm)])("S2MM descriptor never completed", "expected Cmplt"),
        unanswered("memory never answers a read", true, &[NoData], "does the memory port answer"),
        unanswered("memory never answers a write", true, &[NoWrites], "does the memory port accept writes"),
        unanswered("memory never answers a read, direct", false, &[NoData], "does the memory port answer"),
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
    let coalesced = |name, ddr_latency| {
        let case = interrupted(name, &[], "");
        let settings = DmaSettings { coalesce: 4, delay: 1, ..case.settings };
        let timing = Timing { ddr_latency, ..Timing::default() };
        Case { settings, config: DmaConfig { timing, ..case.config }, ..case }
    };
    vec![
        interrupted("interrupt lost", &[LoseInterrupt], "interrupt lost"),
        interrupted("interrupt late", &[DelayInterrupt(30_000)], "interrupt late"),
        interrupted("interrupt spurious", &[SpuriousInterrupt], "interrupt spurious"),
        Case {
            irq_mask: IRQ_BATCH_END.mask(),
            ..interrupted("interrupts of the engine left enabled by another program", &[], "")
        },
        coalesced("interrupts of several packets", 40),
        coalesced("interrupts of several packets in slow memory", 400),
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
        built("addresses of 64 bits, direct", false, "`Address Width` of the AXI DMA to 32", |config| {
            config.address_bits = 64;
        }),
        built("addresses of 64 bits, scatter-gather", true, "`Address Width` of the AXI DMA to 32", |config| {
            config.address_bits = 64;
        }),
        built("Micro DMA, direct", false, "disable `Enable Micro DMA`", |config| config.micro = true),
        built(
            "Micro DMA, scatter-gather",
            true,
            "complete descriptor, found 0; disable `Enable Micro DMA`",
            |config| {
                config.micro = true;
            },
        ),
        buffer("buffer unaligned", Buffer::At(BUFFERS.base + 0x20), "Allow Unaligned Transfers"),
        buffer("buffer above 4 GiB", Buffer::At(0xFFFF_F000), "Address Width"),
        buffer("buffer too small", Buffer::Short(64), "DMA buffer: expected at least"),
        buffer("buffer at another bus address", Buffer::At(0x1E00_0000), "DecErr"),
        buffer("buffer not the memory that the DMA sees", Buffer::Elsewhere, "does the DMA see this memory"),
    ]
}

/// A case that refuses to open because of its buffer.
fn buffer(name: &'static str, buffer: Buffer, says: &'static str) -> Case {
    Case { buffer, ..case(name, true, Expected::Refused, says) }
}

/// What is around the DMA.
fn surroundings() -> Vec<Case> {
    vec![
        refusing("programmable logic not configured", &[Fault::Unconfigured], "expected state `operating`")
            .under_linux("expected state operating, found fpga0 power off"),
        refusing("programmable logic without a clock", &[Fault::NoClock], "expected FCLK0 to run")
            .under_linux("clock: expected fclk0 running"),
        refusing("programmable logic in reset", &[Fault::HeldInReset], "expected its reset released")
            .under_linux("reset: expected FCLK_RESET0_N released"),
        refusing("identity mismatch", &[Fault::Identity], "IDENTITY: expected 0x444c5453"),
        refusing("SLVERR from the engine", &[Fault::EngineSlaveError], "the bus answered 2"),
        refusing("SLVERR from the DMA", &[Fault::DmaSlaveError], "the bus answered 2"),
    ]
}
