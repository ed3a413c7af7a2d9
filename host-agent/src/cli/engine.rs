//! Options that name an engine, and the way to it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deltascope_agent::accounting::{Accounting, Conservation, Options};
use deltascope_agent::daemon::Daemon;
use deltascope_agent::permutation::Permutation;
use deltascope_agent::report::{Report, conservation_line};
use deltascope_agent::stop::Stop;
use deltascope_agent::uplink::{self, Address, Tls, UplinkError};

/// Engines that a daemon started here can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The golden model
    Model,
    /// The emitted Verilog in Verilator
    Rtl,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Engine::Model => "model",
            Engine::Rtl => "rtl",
        }
    }
}

/// Where the events go.
#[derive(Args, Clone, Debug)]
pub struct EngineArguments {
    /// Address of a running board server, as HOST:PORT: on this machine, or on any with --tls
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["engine", "boardd", "insecure_peer"])]
    connect: Option<String>,
    /// Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that
    /// ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group
    #[arg(long, value_name = "FILE", requires_all = ["authority", "connect"])]
    tls: Option<PathBuf>,
    /// Certificate of the authority of agents and board servers (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    authority: Option<PathBuf>,
    /// Name or address in the server's certificate [default: HOST of --connect]
    #[arg(long, value_name = "NAME", requires = "tls")]
    server_name: Option<String>,
    /// Send fingerprints through a permutation with a random key of this session: who sees the records cannot check
    /// a guess of a page against them
    #[arg(long)]
    permute: bool,
    /// Address of a board server on another machine, to be used without TLS
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["engine", "boardd"])]
    insecure_peer: Option<String>,
    /// Engine of the board server that is started for this command
    #[arg(long, value_enum, default_value_t = Engine::Model)]
    engine: Engine,
    /// Program of the board server that is started [default: deltascope-boardd beside this program]
    #[arg(long, value_name = "PATH")]
    boardd: Option<PathBuf>,
    /// Groups to ask for [default: the server's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    groups: Option<u32>,
    /// Contexts to ask for [default: the server's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    contexts: Option<u32>,
    /// Longest time without an answer on a connection with the board server, in seconds; then it is made again
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Longest time without progress of the session, in seconds, before the command ends with the reason
    /// [default: 60 until the first progress, no limit afterwards]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=315_360_000))]
    outage: Option<u64>,
}

impl EngineArguments {
    /// Whether the board server is one that runs without this program.
    pub fn is_remote(&self) -> bool {
        self.connect.is_some() || self.insecure_peer.is_some()
    }

    /// The address of a board server that runs without this program, as it was given.
    pub fn address(&self) -> Option<&str> {
        self.connect.as_deref().or(self.insecure_peer.as_deref())
    }

    /// The same options, with a longest time without progress where none was given, in seconds.
    pub fn with_outage(&self, seconds: u64) -> EngineArguments {
        EngineArguments { outage: self.outage.or(Some(seconds)), ..self.clone() }
    }

    /// Whether the board server learns from a certificate who this agent is.
    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Connects, after starting a daemon if no address is given; it is stopped when it is dropped, which must be after
    /// the session. A connection to a server that runs without this program is made again when it breaks. Uplink and
    /// permutation of `options` are made from these arguments; `stop` ends what waits for the server.
    pub fn open(&self, options: Options, stop: &Stop) -> Result<(Option<Daemon>, Accounting)> {
        let tls = self.tls()?;
        let (address, daemon) = match (&self.connect, &self.insecure_peer) {
            (Some(text), _) if tls.is_some() => (text.parse::<Address>()?, None),
            (Some(text), _) => (text.parse::<Address>()?.local_only(), None),
            (None, Some(text)) => (text.parse::<Address>()?, None),
            (None, None) => {
                let program = match &self.boardd {
                    Some(program) => program.clone(),
                    None => Daemon::beside_this_program()?,
                };
                let daemon = Daemon::start(&program, self.engine.name())?;
                (daemon.address().into(), Some(daemon))
            }
        };
        let uplink = uplink::Options {
            groups: self.groups.unwrap_or(0),
            contexts: self.contexts.unwrap_or(0),
            timeout: Duration::from_secs(self.timeout),
            tls,
            reconnect: daemon.is_none(),
            outage: self.outage.map(Duration::from_secs),
            stop: stop.clone(),
            report: |notice| eprintln!("deltascope: {notice}"),
            ..uplink::Options::default()
        };
        let permutation = self.permute.then(Permutation::random).transpose().map_err(UplinkError::Random)?;
        match Accounting::connect(address, Options { uplink, permutation, ..options }) {
            Ok(accounting) => Ok((daemon, accounting)),
            // The cause may be on the side of the server.
            Err(error) => match daemon.as_ref().map(Daemon::said).filter(|said| !said.is_empty()) {
                Some(said) => bail!("{error}; the board server that was started printed {said:?}"),
                None => Err(error.into()),
            },
        }
    }

    fn tls(&self) -> Result<Option<Tls>> {
        let (Some(own), Some(authority), Some(connect)) = (&self.tls, &self.authority, &self.connect) else {
            return Ok(None);
        };
        let address: Address = connect.parse()?;
        // A zone is of this host and in no certificate.
        let host = address.host().split('%').next().unwrap_or_default();
        let name = self.server_name.as_deref().unwrap_or(host);
        Ok(Some(Tls::new(own.clone(), authority.clone(), name)?))
    }
}

/// Table and conservation line, as every command shows them.
pub fn text(report: &Report) -> String {
    let unknown = match report.unknown_events {
        0 => String::new(),
        events => format!("{events} events are of no container: the state folder was lost that has what they were\n"),
    };
    format!(
        "{}{}{unknown}engine {}: {}\n",
        deltascope_agent::report::render(report),
        deltascope_agent::report::send_lines(report),
        report.engine,
        conservation_line(&report.conservation, report.unjudged)
    )
}

/// An error unless the law holds.
pub fn check(conservation: &Conservation) -> Result<()> {
    if !conservation.holds() {
        bail!("{}; an event was lost or repeated on the way to the engine", conservation_line(conservation, 0));
    }
    Ok(())
}
