//! Options of an agent that answers over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use deltascope_agent::http::{DEFAULT_ADDRESS, Listen, Publisher, Server};
use deltascope_agent::stop::Stop;
use deltascope_system::listen::ListenAddress;
use deltascope_tls::Paths;

/// Where an agent answers.
#[derive(Args, Clone, Debug)]
pub struct ListenArguments {
    /// Serve metrics, state and a page over HTTP at this address or name and port, an IPv6 address in brackets with or
    /// without `%zone` [default of a missing ADDR: 127.0.0.1:9770]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = DEFAULT_ADDRESS)]
    listen: Option<ListenAddress>,
    /// Longest time that the start waits for an address that is not there yet and for a clock that is not set yet, in
    /// seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    listen_wait: u64,
    /// Certificate and key (PEM) to serve with TLS, as for --tls: needed where the address is not of this machine
    #[arg(long, value_name = "FILE", requires_all = ["listen", "listen_authority"])]
    listen_tls: Option<PathBuf>,
    /// Certificate of the authority (PEM) that must have signed the certificate of each client
    #[arg(long, value_name = "FILE", requires = "listen_tls")]
    listen_authority: Option<PathBuf>,
}

impl ListenArguments {
    /// Starts to answer, if that was asked for, and prints where; `stop` ends the wait for the address.
    pub fn serve(&self, stop: &Stop) -> Result<Option<(Server, Publisher)>> {
        let Some(address) = self.listen.clone() else { return Ok(None) };
        let tls = match (&self.listen_tls, &self.listen_authority) {
            (Some(own), Some(authority)) => Some(Paths { own: own.clone(), authority: authority.clone() }),
            _ => None,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (publisher, feed) = Publisher::new();
        let listen = Listen { address, tls, wait: Duration::from_secs(self.listen_wait), stop: stop.clone() };
        let server = Server::start(&listen, feed)?;
        eprintln!("deltascope: listening on {scheme}://{}", server.address());
        Ok(Some((server, publisher)))
    }
}
