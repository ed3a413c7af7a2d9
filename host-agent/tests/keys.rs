//! Keys as Kubernetes, systemd and common authorities give them, and a clock that is not set yet.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use deltascope_testkit::programs::copy_program;
use deltascope_tls::certificate::now;
use deltascope_tls::{Authority, Role, Validity};
use support::board::Board;
use support::run::Run;
use support::{AGENT, Outcome, agent, finish};
use tempfile::TempDir;

/// A user and a group that no file belongs to.
const USER: u32 = 10_001;
const GROUP: u32 = 12_345;

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("a process")) == 0
}

/// An authority, a board server with its keys, and a folder for the keys of agents.
struct World {
    folder: TempDir,
    authority: Authority,
    board: Board,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::create(&folder.path().join("authority"), Validity::days(20)).expect("an authority");
        let server = authority.issue(Role::Server, "localhost", &[[127, 0, 0, 1].into()], Validity::days(1));
        let server = server.expect("a certificate");
        let board =
            Board::start("127.0.0.1:0", &["--tls", text(&server), "--authority", text(&authority.certificate())]);
        // A place that any user can reach.
        fs::copy(authority.certificate(), folder.path().join("ca.pem")).expect("a copy");
        mode(folder.path(), 0o755);
        mode(&folder.path().join("ca.pem"), 0o644);
        World { folder, authority, board }
    }

    /// Certificate and key of an agent, in one file of the folder.
    fn key(&self, name: &str) -> std::path::PathBuf {
        let made = self.authority.issue(Role::Agent, name, &[], Validity::days(1)).expect("a certificate");
        let path = self.folder.path().join(format!("{name}.pem"));
        fs::copy(made, &path).expect("a copy");
        path
    }

    fn arguments(&self, own: &Path) -> Vec<String> {
        let run = ["run", "--json-lines", "--source", "synth", "--events", "100", "--connect"];
        let address = self.board.address.to_string();
        let authority = self.folder.path().join("ca.pem");
        let tls = [address.as_str(), "--tls", text(own), "--authority", text(&authority)];
        run.into_iter().chain(tls).map(str::to_owned).collect()
    }

    fn run(&self, own: &Path) -> Outcome {
        let arguments = self.arguments(own);
        finish(agent(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
    }
}

fn counted(outcome: Outcome) {
    let report = outcome.ok().out;
    assert!(report.lines().last().is_some_and(|line| line.contains("\"counted\":100")), "{report}");
}

#[test]
fn modes_that_kubernetes_and_systemd_give_are_taken() {
    let world = World::new();
    let key = world.key("web");
    for allowed in if is_root() { &[0o600, 0o400, 0o440, 0o640][..] } else { &[0o600, 0o400][..] } {
        mode(&key, *allowed);
        counted(world.run(&key));
    }
    for refused in [0o444, 0o644, 0o660, 0o604] {
        mode(&key, refused);
        world.run(&key).fails(&["web.pem", "expected mode 0600", &format!("{refused:04o}")]);
    }
    // A secret volume: links to a folder that is exchanged whole.
    mode(&key, 0o400);
    let volume = world.folder.path().join("volume");
    fs::create_dir_all(volume.join("..2026_01")).expect("ours");
    let both = fs::read_to_string(&key).expect("ours");
    let (certificate, private) = both.split_at(both.find("-----BEGIN PRIVATE KEY").expect("a key"));
    for (name, content) in [("tls.crt", certificate), ("tls.key", private)] {
        fs::write(volume.join("..2026_01").join(name), content).expect("ours");
        mode(&volume.join("..2026_01").join(name), 0o400);
        symlink(Path::new("..data").join(name), volume.join(name)).expect("ours");
    }
    symlink("..2026_01", volume.join("..data")).expect("ours");
    counted(world.run(&volume.join("tls.crt")));
    fs::remove_file(volume.join("tls.key")).expect("ours");
    world.run(&volume.join("tls.crt")).fails(&["tls.crt", "tls.key", "expected a private key"]);
}

#[test]
fn service_of_another_user_reads_its_key_by_its_group() {
    if !is_root() {
        println!("needs root: only root gives a file to another group");
        return;
    }
    let world = World::new();
    let key = world.key("web");
    chown(&key, Some(0), Some(GROUP)).expect("root may");
    mode(&key, 0o440);
    let program = world.folder.path().join("deltascope");
    copy_program(Path::new(AGENT), &program);
    let mut command = Command::new(program);
    command.args(world.arguments(&key)).current_dir("/").uid(USER).gid(GROUP);
    counted(finish(command));
}

#[test]
fn names_of_common_authorities_are_taken() {
    let world = World::new();
    let long = "deltascope-agent-on-a-node-with-a-rather-long-name.monitoring.svc.cluster.local";
    for name in ["node_01", long] {
        counted(world.run(&world.key(name)));
    }
}

#[test]
fn clock_that_is_behind_is_waited_for() {
    let world = World::new();
    let issue = |seconds: i64| {
        let validity = Validity { from: now() + seconds, until: now() + 1_000_000 };
        world.authority.issue(Role::Agent, "early", &[], validity).expect("a certificate")
    };
    let arguments = world.arguments(&issue(3));
    let run = Run::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    run.errors.until("that is valid in");
    counted(run.end());
    let mut arguments = world.arguments(&issue(100_000));
    arguments.extend(["--outage".to_owned(), "1".to_owned()]);
    let outcome = finish(agent(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    outcome.fails(&["early.pem", "set the clock", "no progress for 1 s"]);
}

#[test]
fn refused_certificates_are_named_with_the_reason() {
    let world = World::new();
    // Of a server, of another authority, and one that has expired.
    let server = world.authority.issue(Role::Server, "wrong", &[], Validity::days(1)).expect("a certificate");
    world.run(&server).fails(&["UnsupportedCertificate", "agents need one of an agent"]);
    let other = Authority::create(&world.folder.path().join("other"), Validity::days(20)).expect("an authority");
    let unknown = other.issue(Role::Agent, "web", &[], Validity::days(1)).expect("a certificate");
    world.run(&unknown).fails(&["does not know the authority"]);
    let past = Validity { from: now() - 200_000, until: now() - 100_000 };
    let expired = world.authority.issue(Role::Agent, "old", &[], past).expect("a certificate");
    world.run(&expired).fails(&["old.pem", "expired", "renew it"]);
}
