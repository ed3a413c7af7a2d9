//! The command line.

use crate::engines::EngineName;
use crate::logging::Verbosity;
use bytesize::ByteSize;
use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use deltascope_abi::board::{UDMABUF_NAME, UIO_NAME};
use deltascope_driver::axi_dma::{Completion, DmaSettings};
use deltascope_linux::checks::Report;
use deltascope_linux::panel::PinName;
use deltascope_linux::{Options, Roots, Trust};
use deltascope_system::listen::ListenAddress;
use deltascope_tls::Cipher;
use std::path::PathBuf;

/// Numbers from `least` on. How many there may be at most is decided by `--memory`.
fn number(least: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..)
}

/// Serves one delta engine to the agents of many hosts.
#[derive(Debug, Clone, Parser)]
#[command(name = "deltascope-boardd", version)]
pub struct Cli {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The engine, and where it is.
    #[command(flatten)]
    pub board: BoardArguments,

    /// What the log states.
    #[arg(long, value_enum, global = true, value_name = "LEVEL", default_value_t = Verbosity::Info)]
    pub log: Verbosity,

    /// Address or name and port to listen on, an IPv6 address in brackets with or without `%zone`; port 0 takes a free one.
    /// The line `listening on ADDR` on standard output names it, once connections are accepted.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5770")]
    pub listen: ListenAddress,

    /// Longest time that a start waits for an address that is not there yet and for a clock that is not set yet, in
    /// seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub start_wait: u64,

    /// Certificate and key of this server (PEM), in one file, or the key beside it in a file that ends with `.key` (tls.crt
    /// and tls.key); mode 0600, or 0640 of root with a group. Speak TLS 1.3, and only with agents that have
    /// a certificate of the authority. SIGHUP reads this and the files below again.
    #[arg(long, value_name = "FILE", requires = "authority")]
    pub tls: Option<PathBuf>,

    /// Certificate of the authority of agents and servers (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub authority: Option<PathBuf>,

    /// Speak TLS with this cipher only: aes-128-gcm, aes-256-gcm or chacha20-poly1305. By default the agent's offer decides, and
    /// of it what this processor is fastest at.
    #[arg(long, value_name = "CIPHER", requires = "tls")]
    pub tls_cipher: Option<Cipher>,

    /// Names that are served, and what each may have: lines of `NAME [sessions=N] [groups=N] [contexts=N]
    /// [connections=N]`, with `*` for every other name. Without this file every certificate of the authority is served.
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub identities: Option<PathBuf>,

    /// Most connections at a time whose peer is not authenticated yet. One source address has half of them at most; beyond half
    /// of all, connections are dropped at random.
    #[arg(long, value_name = "N", default_value_t = 256, requires = "tls", value_parser = number(4))]
    pub max_handshakes: usize,

    /// Serve an address that other machines reach, although nothing is encrypted and no peer is authenticated.
    #[arg(long, conflicts_with = "tls")]
    pub insecure: bool,

    /// Most sessions at a time, those waiting for a reconnect among them.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = number(1))]
    pub max_sessions: usize,

    /// Most memory of the whole daemon, the kernel's buffers of its sockets among it. The default leaves a board of 512 MiB enough
    /// for the system.
    #[arg(long, value_name = "SIZE", default_value = "384MiB")]
    pub memory: ByteSize,

    /// LED that is lit while the daemon serves and flickers while records come: one of /sys/class/leds, or gpiochipN:LINE;
    /// `!` in front turns its sense around.
    #[arg(long, value_name = "PIN")]
    pub led: Option<PinName>,

    /// Button that makes the daemon print its status, as SIGUSR1 does: gpiochipN:LINE, `!` in front when low is pressed.
    #[arg(long, value_name = "PIN")]
    pub button: Option<PinName>,

    /// File of metrics in the text format of Prometheus, written again every 10 s.
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Seconds without any movement of an engine that has work, or that failed, after which systemd's watchdog is not fed.
    /// The driver of a board gives up by itself after a second; this is for what it does not see.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub stall_limit: u64,

    /// Instead of serving: feed the bare records in FILE (`-`: standard input) to the engine and print what came of
    /// it as JSON.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "insecure", "max_sessions", "memory", "tls"])]
    pub raw: Option<PathBuf>,
}

/// The engine, and where it is.
#[derive(Debug, Clone, Args)]
pub struct BoardArguments {
    /// Engine behind the server.
    #[arg(long, value_enum, global = true, default_value_t = EngineName::Model)]
    pub engine: EngineName,

    /// Name of the UIO device of engine `uio`.
    #[arg(long, value_name = "NAME", global = true, default_value = UIO_NAME)]
    pub uio: String,

    /// Name of the u-dma-buf device with the DMA buffers, used when the UIO device shows no reserved memory.
    #[arg(long, value_name = "NAME", global = true, default_value = UDMABUF_NAME)]
    pub udmabuf: String,

    /// How engine `uio` learns that the DMA has moved something.
    #[arg(long, value_enum, global = true, default_value_t = CompletionName::Interrupt)]
    pub completion: CompletionName,

    /// Assume that the programmable logic is configured, clocked and out of reset where that cannot be seen. An access to
    /// logic that does not answer stops the processor. What is assumed is written to the log.
    #[arg(long, global = true)]
    pub assume_configured: bool,

    /// Report that `check --report` has written as root for the same start of the service: what it found good is believed.
    #[arg(long, value_name = "FILE", global = true)]
    pub checks: Option<PathBuf>,

    /// Folder with `sys`, `proc` and `dev` in place of the machine's own, for tests.
    #[arg(long, value_name = "DIR", global = true, hide = true, default_value = "/")]
    pub root: PathBuf,
}

/// How completion is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompletionName {
    /// By interrupt, at most one millisecond of waiting at a time.
    Interrupt,
    /// By looking.
    Poll,
}

impl BoardArguments {
    /// Where sysfs and devices are.
    pub fn roots(&self) -> Roots {
        Roots::below(&self.root)
    }

    /// What is taken for true of the programmable logic without seeing it.
    pub fn trust(&self) -> Trust {
        let report = self.checks.clone().map(|path| Report { path, invocation: invocation(), owner: 0 });
        Trust { assume_configured: self.assume_configured, report }
    }

    /// Which board.
    pub fn options(&self) -> Options {
        let defaults = Options::default();
        let settings = match self.completion {
            CompletionName::Interrupt => defaults.settings,
            CompletionName::Poll => DmaSettings { completion: Completion::Poll, ..defaults.settings },
        };
        Options {
            roots: self.roots(),
            trust: self.trust(),
            uio: self.uio.clone(),
            udmabuf: self.udmabuf.clone(),
            settings,
        }
    }
}

/// This start of the service, as systemd names it.
pub fn invocation() -> String {
    std::env::var("INVOCATION_ID").unwrap_or_default()
}

/// What the program does instead of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Prove that the engine counts what it is given: identity, scratch register, patterns through the streams,
    /// counters and replies against the model. The engine's tables are cleared.
    Selftest {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// Records of each test.
        #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        records: u32,
        /// Instead of the engine prove the fingerprint block beside it, where the bitstream has one: pages and payloads
        /// against their CRC32C. The engine is not touched.
        #[arg(long, conflicts_with = "records")]
        fingerprint: bool,
        /// Packets for the fingerprint block.
        #[arg(long, value_name = "N", requires = "fingerprint", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        packets: u32,
    },
    /// Measure what this board's processor and its engine carry: copies, checksums, a session in memory, the engine, the time to
    /// an answer. The engine's tables are cleared.
    Bench {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// Milliseconds of each row.
        #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
        time: u64,
    },
    /// Report whether the programmable logic may be touched, without touching it: configured, clocked, level shifters on, out of
    /// reset. Fails when it may not, or when that cannot be seen. Root sees most; the service runs it as root first.
    Check {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// Write what was found to FILE when all is well, for --checks of the service.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Print what the engine is, and how the board is. The engine's tables are cleared.
    Info {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}
