//! The other end of the cable: a host with smoltcp, and its one TCP connection to the image.

use anyhow::{Context, Result, anyhow, bail, ensure};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Address};
use std::collections::VecDeque;

use crate::board::RESET;
use crate::console::Console;
use crate::image::Image;
use crate::machine::Machine;
use crate::power_on::Missing;
use crate::time::{MICROSECOND, PROCESSOR_HZ};

/// Address of the image, as its settings have it unless they are changed, and its port.
const IMAGE: (Ipv4Address, u16) = (Ipv4Address::new(169, 254, 20, 20), 5770);
/// Address of this host, on the same link.
const HOST: Ipv4Address = Ipv4Address::new(169, 254, 1, 1);
/// Time between two looks at the cable.
const SLICE: u64 = 20 * MICROSECOND;
/// Whole frames that a link of 1 Gbit/s carries in that time, about.
const FRAMES: usize = 2;
/// Simulated time without the awaited event after which the run has failed.
const LIMIT: u64 = 10 * PROCESSOR_HZ;
/// This host's port of the first connection; each has another.
const FIRST_PORT: u16 = 49_152;
/// Bytes of the buffer of each direction.
const BUFFER: usize = 256 << 10;

/// Frames on the cable.
#[derive(Default)]
struct Cable {
    arrived: VecDeque<Vec<u8>>,
    leaving: VecDeque<Vec<u8>>,
}

struct Arrived(Vec<u8>);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Leaving<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}

impl Device for Cable {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Arrived, Leaving<'_>)> {
        let frame = self.arrived.pop_front()?;
        Some((Arrived(frame), Leaving(&mut self.leaving)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(&mut self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        (capabilities.medium, capabilities.max_transmission_unit) = (Medium::Ethernet, 1_514);
        // The controller's work on the image's side, which is not modelled.
        let checksums = &mut capabilities.checksum;
        (checksums.ipv4, checksums.tcp) = (Checksum::None, Checksum::None);
        capabilities
    }
}

/// The host, with the machine that it talks to.
pub struct Peer {
    /// The machine with the image.
    pub machine: Machine,
    /// The image's log.
    pub console: Console,
    cable: Cable,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    /// Connections so far.
    connections: u16,
}

impl Peer {
    /// Returns a host whose cable leads to an image that is about to start.
    ///
    /// # Errors
    /// As [`Machine::new`].
    pub fn new(image: &Image) -> Result<Peer> {
        Peer::of(Machine::new(image)?, image)
    }

    /// Returns a host whose cable leads to a board at power-on, with the boot image `flash`.
    ///
    /// # Errors
    /// As [`Machine::at_power_on`].
    pub fn at_power_on(image: &Image, flash: &[u8], missing: Option<Missing>) -> Result<Peer> {
        Peer::of(Machine::at_power_on(image, flash, missing)?, image)
    }

    fn of(machine: Machine, image: &Image) -> Result<Peer> {
        let console = Console::new(image.bytes())?;
        let mut cable = Cable::default();
        let mac = HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0, 1]));
        let mut interface = Interface::new(Config::new(mac), &mut cable, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // It is the first.
            let _ = addresses.push(IpCidr::new(HOST.into(), 16));
        });
        let mut sockets = SocketSet::new(Vec::new());
        let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        let socket = sockets.add(socket);
        Ok(Peer { machine, console, cable, interface, sockets, socket, connections: 0 })
    }

    /// Waits until the image serves, and connects to it.
    ///
    /// # Errors
    /// The image stops, or does not accept the connection.
    pub fn connect(&mut self) -> Result<()> {
        self.wait("the lines SERVING and LINK up", |peer| {
            Ok((peer.console.has("SERVING") && peer.console.has("LINK up")).then_some(()))
        })?;
        let port = FIRST_PORT + self.connections;
        self.connections += 1;
        let Peer { interface, sockets, socket, .. } = self;
        let socket = sockets.get_mut::<tcp::Socket<'_>>(*socket);
        socket.abort();
        socket.connect(interface.context(), IMAGE, port).map_err(|error| anyhow!("connecting: {error}"))?;
        self.wait("a connection", |peer| Ok(peer.socket().may_send().then_some(())))
    }

    /// Returns whether bytes may be exchanged.
    pub fn is_connected(&mut self) -> bool {
        self.socket().may_send() && (self.socket().may_recv() || self.socket().can_recv())
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    /// Returns the simulated microseconds since power-on.
    pub fn now(&mut self) -> u64 {
        self.machine.board().time.microseconds()
    }

    /// Runs the image for a moment, and exchanges frames.
    ///
    /// # Errors
    /// The image or the simulation has stopped.
    pub fn turn(&mut self) -> Result<()> {
        let end = self.machine.board().time.now() + SLICE;
        self.machine.run_until(end).with_context(|| self.console.lines.join("\n"))?;
        let board = self.machine.board();
        self.console.take(&std::mem::take(&mut board.console))?;
        while let Some(frame) = board.gem.take_sent() {
            self.cable.arrived.push_back(frame);
        }
        let now = Instant::from_micros(board.time.microseconds() as i64);
        self.interface.poll(now, &mut self.cable, &mut self.sockets);
        for _ in 0..FRAMES {
            let Some(frame) = self.cable.leaving.pop_front() else { break };
            board.receive(&frame);
        }
        Ok(())
    }

    /// Runs the image until `look` finds something.
    ///
    /// # Errors
    /// As [`Peer::turn`], `look` failed, or nothing came within [`LIMIT`].
    pub fn wait<T>(&mut self, what: &str, mut look: impl FnMut(&mut Peer) -> Result<Option<T>>) -> Result<T> {
        let end = self.machine.board().time.now() + LIMIT;
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            let (seconds, lines) = (LIMIT / PROCESSOR_HZ, &self.console.lines);
            let is_over = self.machine.board().time.now() >= end || self.console.is_over;
            ensure!(!is_over, "expected {what} within {seconds} simulated s, found:\n{}", lines.join("\n"));
            self.turn()?;
        }
    }

    /// Waits until the image stops, and returns the line that reports why.
    ///
    /// # Errors
    /// As [`Peer::turn`], or it runs on.
    pub fn stopped(&mut self) -> Result<String> {
        let end = self.machine.board().time.now() + LIMIT;
        loop {
            if let Some(line) = self.console.lines.iter().find(|line| line.contains("STOPPED")) {
                return Ok(line.clone());
            }
            let is_over = self.machine.board().time.now() >= end || self.console.is_over;
            ensure!(!is_over, "expected that the image stops, found:\n{}", self.console.lines.join("\n"));
            self.turn()?;
        }
    }

    /// Waits until the watchdog resets the board, and returns what the simulation states then.
    ///
    /// # Errors
    /// It does not, or the simulation ends for another reason.
    pub fn reset(&mut self) -> Result<String> {
        let end = self.machine.board().time.now() + LIMIT;
        while self.machine.board().time.now() < end {
            if let Err(error) = self.turn() {
                let text = format!("{error:#}");
                ensure!(text.contains(RESET), "expected a reset by the watchdog, found {text}");
                return Ok(RESET.to_owned());
            }
        }
        bail!("expected a reset by the watchdog within {} simulated s, found none", LIMIT / PROCESSOR_HZ)
    }

    /// Sends a prefix of `bytes`, and returns its length.
    ///
    /// # Errors
    /// The image has ended the connection.
    pub fn send(&mut self, bytes: &[u8]) -> Result<usize> {
        self.socket().send_slice(bytes).map_err(|error| anyhow!("sending to the image: {error}"))
    }

    /// Returns what has arrived.
    ///
    /// # Errors
    /// The image has ended the connection.
    pub fn receive(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while self.socket().can_recv() {
            let part = self.socket().recv(|part| {
                bytes.extend_from_slice(part);
                (part.len(), ())
            });
            part.map_err(|error| anyhow!("receiving from the image: {error}"))?;
        }
        Ok(bytes)
    }
}
