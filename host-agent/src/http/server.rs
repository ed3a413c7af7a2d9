//! The thread that serves.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use deltascope_tls::{Credentials, KeyError, Paths};
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::connections::Connections;
use super::feed::Feed;
use super::routes;

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address and port; port 0 is one that is free.
    pub address: SocketAddr,
    /// Certificate and key of the server, and the authority whose certificates clients must have; `None` without TLS,
    /// which is for addresses of this machine only.
    pub tls: Option<Paths>,
}

/// Why an agent cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Others would read it in the clear, and nobody asks who they are.
    #[error(
        "--listen {address}: expected an address of this machine (127.0.0.1 or [::1]), found one that others reach; give --listen-tls and --listen-authority too"
    )]
    NotLocal {
        /// As given.
        address: SocketAddr,
    },
    /// The address cannot be used.
    #[error("--listen {address}: {source}; give an address of this machine and a port that is free")]
    Bind {
        /// As given.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A key or a certificate cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// There is no thread or no event loop for it.
    #[error("--listen: cannot start the thread that serves: {0}; end other programs or raise the limits of this one")]
    Start(io::Error),
}

/// A thread that answers requests until this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens, and answers from what `feed` holds.
    ///
    /// # Errors
    /// The address is taken, or is not of this machine and there is no TLS; a file for TLS cannot be used.
    pub fn start(listen: &Listen, feed: Feed) -> Result<Server, HttpError> {
        let Listen { address, tls } = listen.clone();
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(HttpError::NotLocal { address });
        }
        if let Some(paths) = &tls {
            Credentials::load(paths)?.server()?;
        }
        let bind = |source| HttpError::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
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
