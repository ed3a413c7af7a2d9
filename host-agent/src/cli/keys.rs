//! `deltascope keys`.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use deltascope_tls::{Authority, Role, Validity};

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an authority, the certificate of a board server, and the certificates of agents
    Init {
        /// Folder for them, to be made
        dir: PathBuf,
        /// Host name of the board server
        #[arg(long, value_name = "NAME", default_value = "localhost")]
        server: String,
        /// Address under which the board server is reached (may be given more than once)
        #[arg(long = "address", value_name = "IP", default_values = ["127.0.0.1", "::1"])]
        addresses: Vec<IpAddr>,
        /// Name of an agent (may be given more than once)
        #[arg(long = "agent", value_name = "NAME", default_value = "agent")]
        agents: Vec<String>,
        #[command(flatten)]
        days: Days,
    },
    /// Make or renew the certificate of an agent
    Agent {
        /// Folder of the authority
        dir: PathBuf,
        /// Name of the agent; the board server knows it by this name
        name: String,
        #[command(flatten)]
        days: Days,
    },
    /// Make or renew the certificate of a board server
    Server {
        /// Folder of the authority
        dir: PathBuf,
        /// Host name of the server
        name: String,
        /// Address under which it is reached (may be given more than once)
        #[arg(long = "address", value_name = "IP")]
        addresses: Vec<IpAddr>,
        #[command(flatten)]
        days: Days,
    },
}

#[derive(Args, Clone, Copy, Debug)]
struct Days {
    /// Days until a certificate of an agent or a server expires
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
}

/// Days of an authority: ten years, for its certificate must be replaced on every host at once.
const AUTHORITY_DAYS: u32 = 3_650;

/// Makes what was asked for and prints where it is.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut made = Vec::new();
    match &arguments.action {
        Action::Init { dir, server, addresses, agents, days } => {
            let authority = Authority::create(dir, Validity::days(AUTHORITY_DAYS.max(days.days)))?;
            made.push(authority.certificate());
            made.push(authority.issue(Role::Server, server, addresses, Validity::days(days.days))?);
            for agent in agents {
                made.push(authority.issue(Role::Agent, agent, &[], Validity::days(days.days))?);
            }
        }
        Action::Agent { dir, name, days } => {
            made.push(Authority::open(dir)?.issue(Role::Agent, name, &[], Validity::days(days.days))?);
        }
        Action::Server { dir, name, addresses, days } => {
            made.push(Authority::open(dir)?.issue(Role::Server, name, addresses, Validity::days(days.days))?);
        }
    }
    for path in made {
        super::print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}
