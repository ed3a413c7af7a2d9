//! `deltascope status`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use deltascope_agent::http::{self, DEFAULT_ADDRESS, RoundStatusJson, StatusJson};
use deltascope_agent::report::{budget_line, escape};
use deltascope_agent::runtimes::{NameCacheStatus, RuntimeStatus};
use deltascope_agent::uplink::{Address, Tls};

use super::exit::Failure;

/// Days before the end of a certificate from which it needs attention.
const CERTIFICATE_DAYS: f64 = 14.0;

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Address or name and port of the agent, as of its --listen: on this machine, or on any with --tls
    #[arg(value_name = "ADDR", default_value = DEFAULT_ADDRESS)]
    address: Address,
    /// Certificate and key (PEM) for an agent with --listen-tls: one that its authority has signed
    #[arg(long, value_name = "FILE", requires = "authority")]
    tls: Option<PathBuf>,
    /// Certificate of the authority (PEM) that has signed the agent's
    #[arg(long, value_name = "FILE", requires = "tls")]
    authority: Option<PathBuf>,
    /// Name or address in the agent's certificate [default: that of ADDR]
    #[arg(long, value_name = "NAME", requires = "tls")]
    server_name: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Asks a running agent for its state and prints it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let tls = match (&arguments.tls, &arguments.authority) {
        (Some(own), Some(authority)) => {
            // A zone is of this host and in no certificate.
            let host = arguments.address.host().split('%').next().unwrap_or_default();
            let name = arguments.server_name.as_deref().unwrap_or(host);
            Some(Tls::new(own.clone(), authority.clone(), name)?)
        }
        _ => None,
    };
    let status = http::status(&arguments.address, tls.as_ref())?;
    if arguments.json {
        super::print_json(&status, false)?;
    } else {
        super::print(&text(&status))?;
    }
    if !status.ready {
        return Err(Failure::NothingSeen(status.problems.join("; ")).into());
    }
    let needs = status.round.as_ref().map(attention).unwrap_or_default();
    if needs.is_empty() { Ok(()) } else { Err(Failure::Attention(needs.join("; ")).into()) }
}

fn text(status: &StatusJson) -> String {
    let mut text = format!("agent {}: {}\n", status.version, if status.ready { "ready" } else { "not ready" });
    let Some(round) = &status.round else { return text };
    let lost: u64 = round.lost.values().sum();
    let reasons = round.lost.iter().filter(|(_, count)| **count > 0);
    let reasons: Vec<String> = reasons.map(|(reason, count)| format!("{reason} {count}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    let days = round.certificate_days.map_or("no TLS".to_owned(), |days| format!("certificate for {days:.1} days"));
    if let Some(off) = &round.off {
        text += &format!("switched off: {off}\n");
    }
    text += &format!(
        "round {}: {:.1} s ago, took {:.3} s, one every {:.1} s; source {}, engine {}\n\
         captured {} {} counted {} + in flight {} + lost {lost}{reasons}\n\
         board server {}: {}, {} connections, {days}\n\
         agent: {:.1} s of processors, {} bytes resident\n",
        round.number,
        round.age_seconds,
        round.duration_seconds,
        round.interval_seconds,
        round.source,
        round.engine,
        round.captured,
        if round.conserved { "==" } else { "!=" },
        round.counted,
        round.in_flight,
        round.peer,
        if round.online { "connected" } else { "away" },
        round.connections,
        round.agent_cpu_seconds,
        round.agent_resident_bytes.map_or("unknown".to_owned(), |bytes| bytes.to_string()),
    );
    if let Some(budget) = &round.budget {
        text += &format!("{}\n", budget_line(budget));
    }
    if let Some(names) = &round.names {
        text += &names_text(names);
    }
    text
}

/// How names of containers are found: one line, and one for each runtime.
fn names_text(names: &NameCacheStatus) -> String {
    let NameCacheStatus { named, waiting, missing, runtimes } = names;
    let mut text = format!("names of containers: {named} known, {waiting} looked up, {missing} missing\n");
    for runtime in runtimes {
        let RuntimeStatus { runtime, lookups, failures, found, error } = runtime;
        let error = error.as_ref().map(|error| format!("; {}", escape(error))).unwrap_or_default();
        text += &format!("  {}: {found} names, {lookups} look-ups, {failures} failed{error}\n", escape(runtime));
    }
    text
}

/// What needs the attention of a person although the agent is ready.
fn attention(round: &RoundStatusJson) -> Vec<String> {
    let mut needs = Vec::new();
    if !round.conserved {
        needs.push("the law of conservation is broken: an event was lost or repeated".to_owned());
    }
    if !round.online {
        needs.push(format!("the board server {} is away", round.peer));
    }
    if let Some(days) = round.certificate_days.filter(|days| *days < CERTIFICATE_DAYS) {
        needs.push(format!("the certificate of the agent expires in {days:.1} days: renew it"));
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round() -> RoundStatusJson {
        RoundStatusJson { conserved: true, online: true, ..RoundStatusJson::default() }
    }

    #[test]
    fn what_needs_attention_is_named() {
        assert!(attention(&round()).is_empty());
        assert!(attention(&RoundStatusJson { certificate_days: Some(14.5), ..round() }).is_empty());
        let needs = attention(&RoundStatusJson {
            certificate_days: Some(-1.0),
            conserved: false,
            online: false,
            peer: "board:5770".to_owned(),
            ..round()
        });
        for (need, part) in needs.iter().zip(["conservation", "board:5770", "-1.0 days"]) {
            assert!(need.contains(part), "{need}");
        }
        assert_eq!(needs.len(), 3);
    }
}
