//! Connections with or without TLS, a limited number at once.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use deltascope_tls::{Credentials, Paths};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

/// Connections at once; others wait to be accepted.
const MOST: usize = 64;
/// Longest time of a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Pause after the system has refused a connection, for example because no descriptor is left.
const REFUSED: Duration = Duration::from_millis(100);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One connection, which has a place as long as it lives.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    _place: OwnedSemaphorePermit,
}

/// Connections that are ready for requests.
pub(super) struct Connections {
    ready: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
}

impl Connections {
    /// Accepts connections at `listener`, and does the handshakes of TLS beside each other. To be called in a runtime.
    pub(super) fn accept_at(listener: TcpListener, tls: Option<Paths>) -> io::Result<Connections> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(MOST);
        let places = Arc::new(Semaphore::new(MOST));
        tokio::spawn(async move {
            // The semaphore is never closed.
            while let Ok(place) = places.clone().acquire_owned().await {
                match listener.accept().await {
                    Ok((stream, peer)) => {
                        tokio::spawn(hand_over(stream, peer, place, tls.clone(), sender.clone()));
                    }
                    Err(_) => tokio::time::sleep(REFUSED).await,
                }
            }
        });
        Ok(Connections { ready, address })
    }
}

async fn hand_over(
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    tls: Option<Paths>,
    ready: mpsc::Sender<(Connection, SocketAddr)>,
) {
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(stream),
        Some(paths) => {
            // The files are read again for each connection, so that a renewed certificate counts at once.
            let Ok(config) = Credentials::load(&paths).and_then(Credentials::server) else { return };
            let handshake = TlsAcceptor::from(config).accept(stream);
            match tokio::time::timeout(HANDSHAKE, handshake).await {
                Ok(Ok(stream)) => Box::new(stream),
                // A peer without a certificate of the authority learns why from the alert.
                Ok(Err(_)) | Err(_) => return,
            }
        }
    };
    // Without a receiver the server has ended.
    let _ = ready.send((Connection { stream, _place: place }, peer)).await;
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The runtime ends.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
