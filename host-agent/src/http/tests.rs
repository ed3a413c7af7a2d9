//! Requests over real sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deltascope_tls::{Authority, Credentials, Paths, Role, Validity};
use rustls::pki_types::ServerName;

use super::{ClientError, Feed, HttpError, Listen, Publisher, Server, problems, status};
use crate::report::round::Round;
use crate::report::round_example::round;
use crate::report::{Metrics, WholeRoundJson};
use crate::stop::Stop;

fn publish(publisher: &Publisher, round: Round) {
    let metrics = Metrics::new(10).text(&round);
    let json = serde_json::to_vec(&WholeRoundJson::from(&round)).expect("plain data");
    publisher.publish(Arc::new(round), metrics, json);
}

/// A round that was just read.
fn fresh() -> Round {
    Round { at: SystemTime::now(), ..round() }
}

/// Listens at an address of which nothing is waited for.
fn listen(address: &str, tls: Option<Paths>) -> Listen {
    Listen { address: address.parse().expect("an address"), tls, wait: Duration::ZERO, stop: Stop::default() }
}

fn start(feed: Feed) -> Server {
    Server::start(&listen("127.0.0.1:0", None), feed).expect("a free port")
}

fn ask(mut stream: impl Read + Write, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).expect("it is sent");
    let mut answer = Vec::new();
    // TLS may end without a close_notify.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("text")
}

fn get(server: &Server, path: &str) -> String {
    let stream = TcpStream::connect(server.address()).expect("it answers");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    ask(stream, path)
}

#[test]
fn agent_is_not_ready_before_its_first_round() {
    let (publisher, feed) = Publisher::new();
    let server = start(feed);
    for path in ["/ready", "/metrics", "/round"] {
        let answer = get(&server, path);
        assert!(answer.starts_with("HTTP/1.0 503") && answer.contains("no round yet"), "{path}: {answer}");
    }
    assert!(!status(&server.address().into(), None).expect("an agent").ready);
    publish(&publisher, fresh());
    assert!(get(&server, "/ready").starts_with("HTTP/1.0 200"));
    let status = status(&server.address().into(), None).expect("an agent");
    let last = status.round.expect("a round");
    assert!(status.ready && last.conserved && last.online, "{last:?}");
    assert_eq!((last.number, last.captured, last.lost["ring"], last.certificate_days), (3, 206, 3, Some(100.5)));
}

#[test]
fn every_surface_has_the_same_round() {
    let (publisher, feed) = Publisher::new();
    let server = start(feed);
    publish(&publisher, fresh());
    let metrics = get(&server, "/metrics");
    assert!(metrics.contains("content-type: text/plain; version=0.0.4"), "{metrics}");
    let worse = "deltascope_container_cow_redundant_bytes_total{container=\"worse.service\"";
    assert!(metrics.lines().any(|line| line.starts_with(worse) && line.ends_with(" 409600")), "{metrics}");
    let answer = get(&server, "/round");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&json["containers"][0]["name"], &json["number"]), (&"worse.service".into(), &3.into()));
    assert_eq!(json["containers"][0]["cow_bytes_redundant"], 409_600);
    // 120 copies in 10 s.
    assert_eq!(json["rates"][0]["cow_copies"], 12.0);
    assert_eq!(json["rates"][1], serde_json::Value::Null);
    assert!(get(&server, "/").contains("<!doctype html>"));
}

#[test]
fn events_come_with_the_next_round() {
    let (publisher, feed) = Publisher::new();
    let server = start(feed);
    let mut stream = TcpStream::connect(server.address()).expect("it answers");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it is sent");
    let mut text = String::new();
    let mut wait_for = |part: &str| {
        let mut bytes = [0; 65_536];
        while !text.contains(part) {
            let count = stream.read(&mut bytes).expect("an event");
            assert!(count > 0, "the stream has ended: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    wait_for("text/event-stream");
    publish(&publisher, fresh());
    wait_for("data: {\"number\":3,");
    publish(&publisher, Round { number: 4, ..fresh() });
    wait_for("data: {\"number\":4,");
    // Who comes later gets both.
    let mut stream = TcpStream::connect(server.address()).expect("it answers");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it is sent");
    let (mut text, mut bytes) = (String::new(), [0; 65_536]);
    while !(text.contains("{\"number\":3,") && text.contains("{\"number\":4,")) {
        let count = stream.read(&mut bytes).expect("an event");
        assert!(count > 0, "the stream has ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}

#[test]
fn kept_rounds_are_bounded_and_the_last_is_among_them() {
    let (publisher, feed) = Publisher::new();
    for number in 0..400u64 {
        publisher.publish(Arc::new(round()), String::new(), number.to_string().into_bytes());
    }
    let kept = |feed: &Feed| feed.borrow().as_ref().map_or(0, |shown| shown.history.len());
    assert_eq!(kept(&feed), 300);
    for expected in [2, 2, 1] {
        let bytes = if expected == 1 { 5 << 20 } else { 2 << 20 };
        publisher.publish(Arc::new(round()), String::new(), vec![b'0'; bytes]);
        publisher.publish(Arc::new(round()), String::new(), vec![b'0'; bytes]);
        assert_eq!(kept(&feed), expected);
    }
}

#[test]
fn old_or_blind_round_is_not_ready_for_a_reason() {
    let now = SystemTime::now();
    let at = |seconds| now - Duration::from_secs(seconds);
    assert_eq!(problems(Some(&Round { at: at(40), ..round() }), now), Vec::<String>::new());
    let old = problems(Some(&Round { at: at(41), ..round() }), now);
    assert!(old[0].contains("41 s old") && old[0].contains("board:5770"), "{old:?}");
    let blind = Round { at: now, source_status: vec![("capture_pages", 0), ("capture_sends", 0)], ..round() };
    assert!(problems(Some(&blind), now)[0].contains("its hooks see nothing"));
    let mut nothing = Round { at: now, ..round() };
    nothing.report.nothing_seen = true;
    assert!(problems(Some(&nothing), now)[0].contains("nothing could be looked at"));
}

#[test]
fn address_of_others_needs_tls() {
    let (_publisher, feed) = Publisher::new();
    let listen = listen("0.0.0.0:0", None);
    let error = Server::start(&listen, feed).expect_err("it is in the clear");
    assert!(matches!(error, HttpError::NotLocal { .. }) && error.to_string().contains("--listen-tls"), "{error}");
}

#[test]
fn taken_port_and_other_programs_are_named() {
    let (_publisher, feed) = Publisher::new();
    let server = start(feed.clone());
    let error = Server::start(&listen(&server.address().to_string(), None), feed).expect_err("it is taken");
    assert!(matches!(error, HttpError::Bind { .. }), "{error}");
    let address = server.address();
    drop(server);
    assert!(matches!(status(&address.into(), None), Err(ClientError::Io { .. })), "it ended with its handle");
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = other.local_addr().expect("an address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().expect("a connection");
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"220 mail\r\n").expect("it is sent");
    });
    assert!(matches!(status(&address.into(), None), Err(ClientError::Answer { .. })));
    thread.join().expect("it ends");
}

#[test]
fn with_tls_only_clients_of_the_authority_are_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let authority = Authority::create(&keys, Validity::days(10)).expect("an authority");
    let loopback = [std::net::IpAddr::from([127, 0, 0, 1])];
    let own = authority.issue(Role::Server, "localhost", &loopback, Validity::days(10)).expect("a certificate");
    let client = authority.issue(Role::Agent, "prometheus", &[], Validity::days(10)).expect("a certificate");
    let paths = |own| Paths { own, authority: authority.certificate() };
    let (publisher, feed) = Publisher::new();
    publish(&publisher, fresh());
    let listen = listen("127.0.0.1:0", Some(paths(own)));
    let server = Server::start(&listen, feed).expect("it starts");
    let config = Credentials::load(&paths(client)).and_then(Credentials::client).expect("a client");
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = rustls::ClientConnection::new(config, name).expect("a connection");
    let stream = TcpStream::connect(server.address()).expect("it answers");
    let answer = ask(rustls::StreamOwned::new(connection, stream), "/ready");
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    let answer = get(&server, "/ready");
    assert!(!answer.contains("200"), "an answer without TLS: {answer}");
}
