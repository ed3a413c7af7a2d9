//! The thread that serves.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use deltascope_system::listen::{ListenAddress, Patience, Waiter, bind};
use deltascope_tls::certificate::now;
use deltascope_tls::{Credentials, KeyError, Paths};
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::connections::Connections;
use super::feed::Feed;
use super::routes;
use crate::stop::Stop;

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address or name and port; port 0 is one that is free.
    pub address: ListenAddress,
    /// Certificate and key of the server, and the authority whose certificates clients must have; `None` without TLS,
    /// which is for addresses of this machine only.
    pub tls: Option<Paths>,
    /// Longest time that the start waits for an address that is not there yet and for a clock that is not set yet.
    pub wait: Duration,
    /// Ends the wait.
    pub stop: Stop,
}

/// Why an agent cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Others would read it in the clear, and without authentication.
    #[error(
        "--listen {address}: expected an address of this machine (127.0.0.1 or [::1]), found one that others reach; give --listen-tls and --listen-authority too"
    )]
    NotLocal {
        /// As it was resolved.
        address: SocketAddr,
    },
    /// The address cannot be used.
    #[error("--listen {address}: {source}; give an address of this machine and a port that is free")]
    Bind {
        /// As given.
        address: String,
        /// What the system reported.
        source: io::Error,
    },
    /// A key or a certificate cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The process was asked to end.
    #[error("--listen: stopped while waiting for its address or for the clock; nothing was done")]
    Stopped,
    /// There is no thread or no event loop for it.
    #[error("--listen: cannot start the thread that serves: {0}; end other programs or raise the limits of this one")]
    Start(#[source] io::Error),
}

impl Waiter for Listen {
    type Error = HttpError;

    fn check_stop(&self) -> Result<(), HttpError> {
        if self.stop.is_asked() { Err(HttpError::Stopped) } else { Ok(()) }
    }

    fn report(&self, reason: &dyn std::fmt::Display, most: Duration) {
        eprintln!("deltascope: {reason}; waiting for at most {} s", most.as_secs());
    }
}

impl Listen {
    /// Waits for a clock that is behind the certificate: the files are read again for each connection anyway.
    fn check_keys(&self, patience: &mut Patience) -> Result<(), HttpError> {
        let Some(paths) = &self.tls else { return Ok(()) };
        loop {
            let keys = Credentials::load(paths)?;
            let dates = keys.check_dates(now());
            keys.server()?;
            // One that has expired is refused by the clients, until it is renewed.
            let Some(error) = dates.err().filter(KeyError::is_early) else { return Ok(()) };
            if !patience.again(self, &error)? {
                return Err(error.into());
            }
        }
    }
}

/// A thread that answers requests until this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens, and answers from what `feed` holds. An address that is not there yet is waited for, and a name is resolved
    /// again for each attempt.
    ///
    /// # Errors
    /// The address is taken or not there in time, or is not of this machine and there is no TLS; a file for TLS cannot be
    /// used; the process was asked to end.
    pub fn start(listen: &Listen, feed: Feed) -> Result<Server, HttpError> {
        let tls = listen.tls.clone();
        let mut patience = Patience::new(listen.wait);
        listen.check_keys(&mut patience)?;
        let failed = |source| HttpError::Bind { address: listen.address.to_string(), source };
        let check = |address: SocketAddr| match tls.is_some() || address.ip().is_loopback() {
            true => Ok(()),
            false => Err(HttpError::NotLocal { address }),
        };
        let listener = bind(&listen.address, &mut patience, listen, check, failed)?;
        let address = listener.local_addr().map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(HttpError::Start)?;
        let (stop, stopped) = oneshot::channel();
        let local = tls.is_none();
        let serve = async move {
            let connections = Connections::accept_at(tokio::net::TcpListener::from_std(listener)?, tls)?;
            axum::serve(connections, routes::router(feed, local)).await
        };
        let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
            match runtime.block_on(select(Box::pin(serve), stopped)) {
                Either::Left((Err(error), _)) => eprintln!("deltascope: --listen: {error}; it answers no more"),
                Either::Left((Ok(()), _)) | Either::Right(_) => {}
            }
        });
        Ok(Server { address, stop: Some(stop), thread: Some(thread.map_err(HttpError::Start)?) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender ends the thread.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
