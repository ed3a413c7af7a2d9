//! Proxies in front of a board server: one refuses the first sessions, one breaks each connection behind its Welcome.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use deltascope_protocol::frame::{ErrorCode, ErrorFrame, Message, encode};

/// Starts a proxy in front of `server` that answers the first `times` Hellos with an Error, and gives its address.
pub fn start(server: SocketAddr, code: ErrorCode, times: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for _ in 0..times {
            let Ok((mut agent, _)) = listener.accept() else { return };
            _ = agent.read(&mut [0; 4096]);
            let mut frame = [0; 600];
            let message = Message::Error(ErrorFrame { code, sequence: 0, text: "no room for the moment" });
            let length = encode(&message, &mut frame).expect("it has room");
            _ = agent.write_all(&frame[..length]);
            _ = agent.shutdown(Shutdown::Write);
            _ = agent.read(&mut [0; 4096]);
        }
        while let Ok((agent, _)) = listener.accept() {
            let Ok(server) = TcpStream::connect(server) else { return };
            let (mut from_agent, mut to_server) =
                (agent.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            thread::spawn(move || {
                _ = std::io::copy(&mut from_agent, &mut to_server);
                _ = to_server.shutdown(Shutdown::Write);
            });
            let (mut from_server, mut to_agent) = (server, agent);
            thread::spawn(move || {
                _ = std::io::copy(&mut from_server, &mut to_agent);
                _ = to_agent.shutdown(Shutdown::Both);
            });
        }
    });
    address
}

/// Starts a proxy in front of `server` that lets each connection have its Welcome and nothing more, and gives its address.
pub fn start_dropping(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        while let Ok((mut agent, _)) = listener.accept() {
            let Ok(mut server) = TcpStream::connect(server) else { return };
            let (mut from_agent, mut to_server) =
                (agent.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            thread::spawn(move || std::io::copy(&mut from_agent, &mut to_server));
            // The first four bytes of a frame are its length.
            let mut frame = vec![0; 4];
            if server.read_exact(&mut frame).is_ok() {
                let length = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
                frame.resize(length as usize, 0);
                _ = server.read_exact(&mut frame[4..]);
                _ = agent.write_all(&frame);
            }
            _ = server.shutdown(Shutdown::Both);
            _ = agent.shutdown(Shutdown::Both);
        }
    });
    address
}
