//! The agent's program with keys, against a board server that speaks TLS.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use support::{Outcome, boardd, finish, with_daemon};

fn agent(arguments: &[&str]) -> Outcome {
    finish(support::agent(arguments))
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(keys: &Path) -> Server {
        let mut child = Command::new(boardd())
            .args(["--listen", "127.0.0.1:0", "--tls"])
            .arg(keys.join("servers/localhost.pem"))
            .arg("--authority")
            .arg(keys.join("ca.pem"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the daemon says where it listens");
        let address = line.trim().strip_prefix("listening on ").expect("its address").to_owned();
        Server { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn counts_the_same_through_tls_and_through_a_permutation() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    agent(&["keys", "init", &text(&keys), "--agent", "web-1"]).ok();
    agent(&["keys", "init", &text(&keys)]).fails(&["ca.pem", "expected no authority"]);
    let server = Server::start(&keys);
    let (own, authority) = (text(&keys.join("agents/web-1.pem")), text(&keys.join("ca.pem")));
    let events = ["run", "--source", "synth", "--events", "30000", "--json-lines"];
    let tls = ["--connect", &server.address, "--tls", &own, "--authority", &authority];
    let last = |outcome: Outcome| {
        let outcome = outcome.ok();
        let line = outcome.out.lines().last().expect("a line").to_owned();
        let mut value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        value.as_object_mut().expect("an object").remove("seconds");
        value
    };
    let plain = last(with_daemon(&events));
    assert_eq!((&plain["counted"], &plain["conserved"]), (&30_000.into(), &true.into()));
    assert_eq!(last(agent(&[&events[..], &tls].concat())), plain);
    assert_eq!(last(agent(&[&events[..], &tls, &["--permute"]].concat())), plain, "redundant ones included");

    agent(&[&events[..], &["--connect", &server.address]].concat()).fails(&["Unauthorised", "TLS"]);
    let wrong = [&tls[..], &["--server-name", "elsewhere"]].concat();
    agent(&[&events[..], &wrong].concat()).fails(&["elsewhere"]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&own, mode).expect("the file is ours");
    agent(&[&events[..], &tls].concat()).fails(&["web-1.pem", "0600", "0644"]);
    agent(&["keys", "agent", &text(&keys), "web-1"]).ok();
    assert_eq!(last(agent(&[&events[..], &tls].concat())), plain, "a renewal puts a file of the right mode there");
}
