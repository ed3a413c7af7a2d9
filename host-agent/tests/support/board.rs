//! A board server that can be killed and started again at one address.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use super::boardd;

/// A daemon at work; it ends with this.
pub struct Board {
    child: Child,
    pub address: SocketAddr,
}

impl Board {
    /// Starts one and waits until it listens.
    pub fn start(address: &str, more: &[&str]) -> Board {
        let mut command = Command::new(boardd());
        command.args(["--listen", address]).args(more).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the daemon starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the daemon says where it listens");
        let address = line.trim().strip_prefix("listening on ").and_then(|text| text.parse().ok());
        Board { child, address: address.expect("its address") }
    }

    /// kill -9, and another one in its place.
    pub fn restart(&mut self) {
        let address = self.address;
        self.kill();
        *self = Board::start(&address.to_string(), &[]);
    }

    /// kill -9.
    pub fn kill(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.kill();
    }
}
