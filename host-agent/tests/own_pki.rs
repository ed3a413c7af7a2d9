//! Keys and certificates that openssl makes, as an operator's own authority gives them, from the agent to the daemon.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::board::Board;
use support::{Outcome, agent, finish};
use tempfile::TempDir;

/// An authority of openssl, and a board server with a certificate of it.
struct World {
    folder: TempDir,
    board: Option<Board>,
}

const EC: &[&str] = &["ecparam", "-genkey", "-name", "prime256v1"];
const RSA: &[&str] = &["genrsa", "-traditional", "2048"];
const CLIENT: &str = "extendedKeyUsage=clientAuth";

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = World { folder, board: None };
        fs::write(world.path("ca.key"), world.openssl(EC)).expect("ours");
        let request = ["req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=lab CA", "-days", "30"];
        let extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
        fs::write(world.path("ca.pem"), world.openssl(&[&request[..], &extensions].concat())).expect("ours");
        let server = world.issue("server", EC, "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
        let server = world.joined("server.pem", &[&server.0, &server.1]);
        let (server, authority) = (server.display().to_string(), world.path("ca.pem").display().to_string());
        world.board = Some(Board::start("127.0.0.1:0", &["--tls", &server, "--authority", &authority]));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        let output = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output();
        let output = output.expect("openssl, which `cargo xtask setup` names");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("PEM")
    }

    /// Makes a key and a certificate with these extensions and returns both as text.
    fn issue(&self, name: &str, key: &[&str], subject: &str, extensions: &str) -> (String, String) {
        let file = |ending: &str| format!("{name}.{ending}");
        let private = self.openssl(key);
        fs::write(self.path(&file("key")), &private).expect("ours");
        fs::write(self.path(&file("ext")), extensions.replace(';', "\n")).expect("ours");
        let subject = format!("/CN={subject}");
        let request = self.openssl(&["req", "-new", "-key", &file("key"), "-subj", &subject]);
        fs::write(self.path(&file("csr")), request).expect("ours");
        let (csr, ext) = (file("csr"), file("ext"));
        let sign = ["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        let certificate = self.openssl(&[&sign[..], &["-days", "20", "-extfile", &ext]].concat());
        (certificate, private)
    }

    fn joined(&self, name: &str, parts: &[&str]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, parts.concat()).expect("ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        path
    }

    fn run(&self, own: &Path) -> Outcome {
        let address = self.board.as_ref().expect("a server").address.to_string();
        let (own, authority) = (own.display().to_string(), self.path("ca.pem").display().to_string());
        let run = ["run", "--json-lines", "--source", "synth", "--events", "100", "--connect", &address];
        finish(agent(&[&run[..], &["--tls", &own, "--authority", &authority]].concat()))
    }

    fn counted(&self, what: &str, own: &Path) {
        let outcome = self.run(own);
        assert!(outcome.code == Some(0), "{what}: {outcome:?}");
        assert!(outcome.out.lines().last().is_some_and(|line| line.contains("\"counted\":100")), "{what}: {outcome:?}");
    }

    fn refused(&self, what: &str, own: &Path, parts: &[&str]) {
        let outcome = self.run(own);
        assert!(outcome.code == Some(1), "{what}: {outcome:?}");
        for part in parts {
            assert!(outcome.err.contains(part), "{what}: expected {part:?} in {outcome:?}");
        }
    }
}

#[test]
fn keys_of_common_tools_are_taken() {
    let world = World::new();
    let (certificate, key) = world.issue("ec", EC, "ec", &format!("subjectAltName=DNS:agent-1;{CLIENT}"));
    assert!(key.contains("BEGIN EC PARAMETERS") && key.contains("BEGIN EC PRIVATE KEY"), "SEC1 (RFC 5915): {key}");
    world.counted("SEC1 with parameters", &world.joined("ec.pem", &[&certificate, &key]));
    let crlf = [&certificate, &key].map(|text| text.replace('\n', "\r\n"));
    world.counted("lines that end in CR LF", &world.joined("crlf.pem", &[&crlf[0], &crlf[1]]));
    fs::write(world.path("ec.crt"), &certificate).expect("ours");
    let text = world.openssl(&["x509", "-in", "ec.crt", "-text"]);
    world.counted("text before the PEM", &world.joined("text.pem", &[&text, &key]));
    let (certificate, key) = world.issue("rsa", RSA, "rsa", &format!("subjectAltName=DNS:agent-2;{CLIENT}"));
    assert!(key.contains("BEGIN RSA PRIVATE KEY"), "PKCS#1 (RFC 8017): {key}");
    world.counted("RSA with the key first", &world.joined("rsa.pem", &[&key, &certificate]));
    // As SPIRE gives them: no common name, and the name in a URI.
    let uri = format!("subjectAltName=URI:spiffe://lab/ns/mon/sa/agent;{CLIENT}");
    let (certificate, key) = world.issue("spiffe", EC, " ", &uri);
    world.counted("a SPIFFE ID", &world.joined("spiffe.pem", &[&certificate, &key]));
    let (certificate, key) = world.issue("plain", EC, "x", "subjectAltName=DNS:agent-5");
    world.counted("no extended key usage", &world.joined("plain.pem", &[&certificate, &key]));
    world.joined("apart.key", &[&key]);
    world.counted("key and certificate apart", &world.joined("apart.crt", &[&certificate]));
}

#[test]
fn certificates_that_name_no_agent_are_refused_with_the_reason() {
    let world = World::new();
    let (certificate, key) = world.issue("wild", EC, "w", &format!("subjectAltName=DNS:*.lab;{CLIENT}"));
    world.refused("a wildcard", &world.joined("wild.pem", &[&certificate, &key]), &["*.lab", "wildcard"]);
    let (certificate, key) = world.issue("web", EC, "web", "extendedKeyUsage=serverAuth");
    world.refused("a server's", &world.joined("web.pem", &[&certificate, &key]), &["agents need one of an agent"]);
    world.refused("no key", &world.joined("lone.pem", &[&certificate]), &["expected a private key"]);
}
