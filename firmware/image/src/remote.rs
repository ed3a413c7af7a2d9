//! The engine for another machine (`test=engine`): one connection at a time, one request at a time.

use alloc::vec;
use alloc::vec::Vec;

use deltascope_firmware_core::remote::{self, HEAD, MOST};
use deltascope_model::Engine;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp;

/// The socket and what is on its way through it.
pub struct Remote {
    socket: SocketHandle,
    port: u16,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Remote {
    /// Listens on `port`.
    pub fn new(set: &mut SocketSet<'_>, port: u16) -> Remote {
        let buffer = || tcp::SocketBuffer::new(vec![0; HEAD + MOST]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        Remote { socket: set.add(socket), port, input: Vec::new(), output: Vec::new() }
    }

    /// Reads requests, answers them, sends answers. Returns whether anything moved.
    pub fn turn(&mut self, set: &mut SocketSet<'_>, engine: &mut dyn Engine) -> bool {
        let socket = set.get_mut::<tcp::Socket<'_>>(self.socket);
        if !socket.is_open() {
            self.input.clear();
            self.output.clear();
            // It is closed and the port is not 0.
            let _ = socket.listen(self.port);
        }
        let mut moved = false;
        while socket.can_recv() && self.input.len() < HEAD + MOST {
            let count = socket
                .recv(|bytes| {
                    (bytes.len(), {
                        self.input.extend(bytes.iter());
                        bytes.len()
                    })
                })
                .unwrap_or(0);
            moved |= count > 0;
            if count == 0 {
                break;
            }
        }
        loop {
            match remote::split(&self.input) {
                Ok(Some((operation, body))) => {
                    remote::answer(engine, operation, body, &mut self.output);
                    let taken = HEAD + body.len();
                    self.input.drain(..taken);
                    moved = true;
                }
                Ok(None) => break,
                Err(_) => {
                    socket.abort();
                    return true;
                }
            }
        }
        while socket.can_send() && !self.output.is_empty() {
            let count = socket.send_slice(&self.output).unwrap_or(0);
            if count == 0 {
                break;
            }
            self.output.drain(..count);
            moved = true;
        }
        if !socket.may_recv() && self.output.is_empty() && socket.may_send() && !socket.is_listening() {
            socket.close();
        }
        moved
    }
}
