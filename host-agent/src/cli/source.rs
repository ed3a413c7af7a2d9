//! Sources of events as options.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deltascope_agent::capture::AddressNames;
use deltascope_agent::scan::ScanConfig;
use deltascope_agent::sources::{
    Capture, CaptureOptions, Kmod, KmodOptions, Pcap, Replay, Scan, Source, SourceError, auto, bpf,
};
use deltascope_agent::stop::Stop;
use deltascope_agent::tuning::Tuner;

use super::bpf::BpfArguments;
use super::synth::SynthArguments;

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SourceKind {
    /// Scans of this machine, one at every interval
    Scan,
    /// Events made up from a seed
    Synth,
    /// A recording, given with --file
    Replay,
    /// The packets that this machine sends: every send by content
    Capture,
    /// The sends in a file of packets, given with --pcap
    Pcap,
    /// The first of bpf, kmod and scan that this kernel permits; prints which on standard error, and why
    Auto,
    /// BPF programs: every copy and every send, as they happen
    Bpf,
    /// The capture module: the same
    Kmod,
}

/// What a send is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SendsBy {
    /// The send before on the same socket
    Socket,
    /// What the same container sent before, to the same peer and to any, without heads of HTTP/1
    Content,
}

/// A scope that is counted on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MoreScope {
    /// The same body as just before on the same connection
    Connection,
}

/// Options that name a source.
#[derive(Args, Debug)]
pub struct SourceArguments {
    /// Where events come from
    #[arg(long, value_enum, default_value_t = SourceKind::Scan)]
    source: SourceKind,
    /// replay: the recording
    #[arg(long, value_name = "FILE", required_if_eq("source", "replay"))]
    file: Option<PathBuf>,
    /// capture: count the packets of this interface only, in every network namespace (may be given more than once)
    #[arg(long = "interface", value_name = "NAME")]
    interfaces: Vec<String>,
    /// pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)
    #[arg(long, value_name = "FILE", required_if_eq("source", "pcap"))]
    pcap: Option<PathBuf>,
    /// pcap: who sends from an address, or from one port of it (may be given more than once)
    #[arg(long = "map", value_name = "ADDRESS[:PORT]=NAME", value_parser = name)]
    names: Vec<String>,
    /// scan: only the families of these processes (may be given more than once)
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// bpf, kmod: what a send is compared with [default: content]
    #[arg(long, value_enum, value_name = "BY")]
    sends_by: Option<SendsBy>,
    /// bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings
    #[arg(long)]
    no_sampling: bool,
    #[command(flatten)]
    bpf: BpfArguments,
    #[command(flatten)]
    synth: SynthArguments,
}

impl SourceArguments {
    /// Whether the scopes asked for beside those that are always counted are of connections.
    ///
    /// # Errors
    /// The source does not know connections.
    pub fn connections(&self, asked: Option<MoreScope>) -> Result<bool> {
        let Some(MoreScope::Connection) = asked else { return Ok(false) };
        match self.source {
            SourceKind::Capture | SourceKind::Pcap => Ok(true),
            SourceKind::Bpf | SourceKind::Kmod | SourceKind::Auto if self.is_by_content() => Ok(true),
            SourceKind::Bpf | SourceKind::Kmod | SourceKind::Auto => {
                bail!("--scope connection: expected --sends-by content, found socket; leave one of the two out")
            }
            _ => bail!(
                "--scope connection: expected --source bpf, kmod, auto, capture or pcap, found another one; leave it out"
            ),
        }
    }

    /// Whether sends are captured by content where a source can do that or not.
    fn is_by_content(&self) -> bool {
        self.sends_by != Some(SendsBy::Socket)
    }

    /// Checks that what sends are compared by was chosen for a source that has the choice.
    fn check_sends_by(&self) -> Result<()> {
        let chooses = matches!(self.source, SourceKind::Bpf | SourceKind::Kmod | SourceKind::Auto);
        if self.sends_by.is_some() && !chooses {
            bail!("--sends-by: expected --source bpf, kmod or auto, found another one; leave it out");
        }
        Ok(())
    }

    /// Files that the source reads.
    pub fn files(&self) -> Vec<&Path> {
        let file = match self.source {
            SourceKind::Replay => &self.file,
            SourceKind::Pcap => &self.pcap,
            _ => &None,
        };
        file.as_deref().into_iter().collect()
    }

    /// The source. Scans end early once `stop` is asked for; with a `tuner` they keep within its budget and stall no
    /// process.
    pub fn open(&self, stop: &Stop, tuner: Option<&Tuner>) -> Result<Box<dyn Source>> {
        self.check_sends_by()?;
        let kmod = KmodOptions { sampling: !self.no_sampling, by_content: self.is_by_content() };
        let bpf_options = || self.bpf.options(!self.no_sampling, self.is_by_content());
        let scan = || {
            let config = ScanConfig { may_stall: tuner.is_none(), ..super::scan::config(&self.pids) };
            let scan = Scan::new(config, []).ended_by(stop);
            match tuner {
                Some(tuner) => scan.tuned_by(tuner),
                None => scan,
            }
        };
        Ok(match self.source {
            SourceKind::Scan => Box::new(scan()),
            SourceKind::Synth => Box::new(self.synth.source()),
            SourceKind::Auto => {
                let choice = auto::open(&bpf_options(), &kmod, scan);
                eprintln!("deltascope: {choice}");
                choice.source
            }
            SourceKind::Bpf => bpf::open(&bpf_options()).map_err(SourceError::from)?,
            SourceKind::Kmod => Box::new(Kmod::open(&kmod).map_err(SourceError::from)?),
            SourceKind::Capture => {
                let interfaces = self.interfaces.clone();
                let options = CaptureOptions { interfaces, ring_bytes: self.bpf.ring_bytes() };
                let capture = Capture::open(&options).map_err(SourceError::from)?;
                if let Some(notice) = capture.notice() {
                    eprintln!("deltascope: {notice}");
                }
                Box::new(capture)
            }
            SourceKind::Pcap => match &self.pcap {
                Some(file) => {
                    let mut names = AddressNames::default();
                    for text in &self.names {
                        names.add(text)?;
                    }
                    Box::new(Pcap::open(file, names).map_err(SourceError::from)?)
                }
                None => bail!("--source pcap: expected --pcap with a file of packets, found none"),
            },
            SourceKind::Replay => match &self.file {
                Some(file) => Box::new(Replay::open(file)?),
                None => bail!("--source replay: expected --file with a recording, found none"),
            },
        })
    }
}

/// A text that names who sends from an address.
fn name(text: &str) -> Result<String, String> {
    AddressNames::default().add(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}
