//! Who is kept out, why, and what it costs; over real sockets.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::record::{Class, Record};
use deltascope_protocol::frame::{ErrorCode, Message, SnapshotRequest, StateAt};
use deltascope_testkit::frames::records;
use deltascope_tls::{Role, TlsError, Validity, certificate};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, ClientConfig, Error, RootCertStore};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use support::{Daemon, Keys, Peer, encode, error, hello, is_welcome};

/// A client that trusts the authority and shows nothing.
fn nameless(keys: &Keys) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(keys.authority.certificate()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The alert with which the daemon refuses a client. Of TLS 1.3 the client has finished its part by then.
fn alert(daemon: &Daemon, config: Arc<ClientConfig>) -> AlertDescription {
    match Peer::new(daemon, config).send_hello(&hello(1, 4)) {
        Err(TlsError::Peer(Error::AlertReceived(alert))) => alert,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_kind_of_bad_peer_is_rejected_and_counted() {
    let keys = Keys::new();
    let list = keys.folder.path().join("names");
    std::fs::write(&list, "web-1\n").unwrap();
    let mut daemon = keys.daemon(&["--identities", list.to_str().unwrap()]);

    assert_eq!(alert(&daemon, nameless(&keys)), AlertDescription::CertificateRequired);

    let other = Keys::new();
    let paths = deltascope_tls::Paths { own: other.agent("web-1"), authority: keys.authority.certificate() };
    let foreign = deltascope_tls::Credentials::load(&paths).unwrap().client().unwrap();
    assert_eq!(alert(&daemon, foreign), AlertDescription::UnknownCA);

    let now = certificate::now();
    let past = Validity { from: now - 7_200, until: now - 3_600 };
    let expired = keys.authority.issue(Role::Agent, "web-1", &[], past).unwrap();
    assert_eq!(alert(&daemon, keys.client(&expired)), AlertDescription::CertificateExpired);

    // The certificate of a server is none of an agent.
    let server = keys.authority.issue(Role::Server, "web-1", &[], Validity::days(1)).unwrap();
    alert(&daemon, keys.client(&server));

    let (code, text) = error(&Peer::new(&daemon, keys.client(&keys.agent("web-2"))).send_hello(&hello(1, 4)).unwrap());
    assert_eq!(code, ErrorCode::Unauthorised);
    assert!(text.contains("\"web-2\""), "{text}");

    let mut plain = daemon.connect();
    plain.write_all(&hello(1, 4)).unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).unwrap();
    let (code, text) = error(&answer);
    assert_eq!(code, ErrorCode::Unauthorised);
    assert!(text.contains("TLS"), "{text}");

    // A handshake that never ends: a record of the longest length announced, and bytes without end.
    let mut endless = daemon.connect();
    endless.write_all(&[22, 3, 1, 0x40, 0]).unwrap();
    _ = endless.write_all(&vec![1; 100_000]);
    _ = endless.read_to_end(&mut Vec::new());

    let good = keys.client(&keys.agent("web-1"));
    assert!(is_welcome(&Peer::new(&daemon, good).send_hello(&hello(1, 4)).unwrap()));

    let status = daemon.status();
    let rejected = &status["rejected_peers_total"];
    for (reason, count) in [
        ("no_certificate", 1),
        ("unknown_authority", 1),
        ("expired", 1),
        ("bad_certificate", 1),
        ("unknown_name", 1),
        ("plain_to_tls", 1),
        ("broken_handshake", 1),
        ("tls_to_plain", 0),
    ] {
        assert_eq!(rejected[reason], count, "{reason}: {status}");
    }
    assert_eq!(
        status["errors_total"]["unauthorised"], 2,
        "the frames that web-2 and the plain peer have read: {status}"
    );
    assert_eq!((&status["tls"], &status["insecure"]), (&true.into(), &false.into()));
    assert!(status["certificate_days_left"].as_f64().unwrap() > 0.9);
}

/// The log reports of a peer that left how far it had come.
#[test]
fn peer_that_leaves_is_logged_with_what_was_missing() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&["--log", "debug"]);
    let mut expected = Vec::new();
    for (bytes, text) in [
        (&[][..], "expected a TLS handshake, found the end of the connection before its first byte"),
        (&[22, 3, 1][..], "expected the rest of a TLS handshake, found the end of the connection"),
    ] {
        let mut peer = daemon.connect();
        expected.push(format!("{}: refused, broken_handshake: {text}", peer.local_addr().unwrap()));
        peer.write_all(bytes).unwrap();
        if !bytes.is_empty() {
            // What came is worked on before the end of it.
            daemon.status_when(|status| status["handshakes"] == 1);
        }
        drop(peer);
        daemon.status_when(|status| {
            status["rejected_peers_total"]["broken_handshake"] == expected.len() as u64 && status["handshakes"] == 0
        });
    }
    daemon.signal(libc::SIGTERM);
    let log = std::io::read_to_string(daemon.stderr.take().unwrap()).unwrap();
    for text in expected {
        assert!(log.contains(&text), "{text:?} is missing in {log}");
    }
}

/// A ClientHello of TLS 1.2 (RFC 5246, section 7.4.1.2): one cipher suite, and no supported_versions.
fn client_hello_of_tls_1_2() -> Vec<u8> {
    let groups: [&[u8]; 2] = [&[0, 10, 0, 4, 0, 2, 0, 23], &[0, 13, 0, 4, 0, 2, 4, 3]];
    let extensions = groups.concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    // No session; TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; no compression.
    body.extend([0, 0, 2, 0xC0, 0x2B, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let mut handshake = vec![1, 0];
    handshake.extend((body.len() as u16).to_be_bytes());
    handshake.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend((handshake.len() as u16).to_be_bytes());
    record.extend(handshake);
    record
}

#[test]
fn tls_1_2_is_refused_with_an_alert_and_counted() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let mut old = daemon.connect();
    old.write_all(&client_hello_of_tls_1_2()).unwrap();
    let mut answer = Vec::new();
    old.read_to_end(&mut answer).unwrap();
    // A fatal alert, protocol_version (RFC 8446, section 6.2).
    assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]), "{answer:?}");
    let status = daemon.status();
    for (reason, count) in status["rejected_peers_total"].as_object().unwrap() {
        assert_eq!(*count, u64::from(reason == "old_tls"), "{reason}: {status}");
    }
}

#[test]
fn tls_to_a_plain_port_is_told_apart_from_garbage() {
    let keys = Keys::new();
    let mut daemon = Daemon::start(&[]);
    let refused = Peer::new(&daemon, keys.client(&keys.agent("web-1"))).handshake().unwrap_err();
    assert!(refused.to_string().contains("speak TLS") || refused.to_string().contains("both sides"), "{refused}");
    let mut garbage = daemon.connect();
    garbage.write_all(&[0; 64]).unwrap();
    garbage.read_to_end(&mut Vec::new()).unwrap();
    let status = daemon.status();
    assert_eq!(status["rejected_peers_total"]["tls_to_plain"], 1, "{status}");
    assert_eq!(status["errors_total"]["malformed"], 2, "{status}");
    assert_eq!(status["tls"], false);
}

/// Connections that are allowed to this process, at most `most`.
fn descriptors(most: u64) -> u64 {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is valid and lives through both calls.
    unsafe {
        assert_eq!(libc::getrlimit64(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit64(libc::RLIMIT_NOFILE, &limit), 0);
    }
    most.min(limit.rlim_cur.saturating_sub(64))
}

#[test]
fn ten_thousand_silent_peers_cost_bounded_memory() {
    const BOUND: u64 = 8 << 20;
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let agent = keys.client(&keys.agent("web-1"));
    let mut first = Peer::new(&daemon, agent.clone());
    assert!(is_welcome(&first.send_hello(&hello(1, 4)).unwrap()));
    let before = daemon.resident();
    let count = descriptors(10_000);
    // Each sends as much as an unknown peer may: a record of the longest length, but for its last byte.
    let mut said = vec![0; 5 + 16_384 - 1];
    said[..5].copy_from_slice(&[22, 3, 1, 0x40, 0]);
    said[5..9].copy_from_slice(&[1, 0, 0x3f, 0xfc]);
    let mut peers: Vec<TcpStream> = Vec::new();
    for number in 0..count {
        let mut peer = daemon.connect();
        peer.set_nonblocking(true).unwrap();
        _ = peer.write(&said);
        peers.push(peer);
        if number % 2_000 == 1_999 {
            // In the middle of it an agent comes in, from the same address.
            let hello = hello(2 + (number / 2_000) as u8, 4);
            let mut welcome =
                |_: &u64| Peer::new(&daemon, agent.clone()).send_hello(&hello).is_ok_and(|frame| is_welcome(&frame));
            assert!((0..600).find(&mut welcome).is_some(), "expected one of 600 attempts to get in, found none");
        }
    }
    // One address has half of the places.
    let rejected = |status: &serde_json::Value| {
        let count = |reason: &str| status["rejected_peers_total"][reason].as_u64().unwrap();
        count("crowded_out") + count("dropped_early") + count("slow")
    };
    let status = daemon.status_when(|status| rejected(status) >= count - 128);
    let peak = daemon.peak_resident();
    println!(
        "measured: {count} connections of unknown peers, {} handshakes held; resident memory {} KiB before, {} KiB at most",
        status["handshakes"],
        before / 1024,
        peak / 1024
    );
    assert!(peak - before < BOUND, "{before} to {peak}");
    assert!(status["handshakes"].as_u64() <= Some(128), "{status}");
    assert!(daemon.child.try_wait().unwrap().is_none());
}

/// A session that was let in and names what it was not granted.
#[test]
fn what_was_not_granted_is_refused_with_an_error_and_nothing_of_anothers() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let agent = keys.client(&keys.agent("web-1"));
    let mut other = Peer::new(&daemon, agent.clone());
    assert!(is_welcome(&other.send_hello(&hello(1, 4)).unwrap()));
    let records = |record: Record| records(0, 0, &[record]);
    let cases = [
        (records(Record::read(4)), ErrorCode::OutOfGrant),
        (records(Record::pair(4, Class::PageAfterT, 1, 1, 1)), ErrorCode::OutOfGrant),
        (records(Record::query(0, 0)), ErrorCode::ForbiddenOp),
        (records(Record::snapshot(0, 0)), ErrorCode::ForbiddenOp),
        (encode(&Message::StateAt(StateAt { token: 1, mark: 0, context: 4 })), ErrorCode::OutOfGrant),
        (encode(&Message::SnapshotRequest(SnapshotRequest { token: 1, first: 0, last: 4 })), ErrorCode::OutOfGrant),
    ];
    for (number, (bytes, expected)) in cases.iter().enumerate() {
        let mut peer = Peer::new(&daemon, agent.clone());
        assert!(is_welcome(&peer.send_hello(&hello(2 + number as u8, 4)).unwrap()));
        peer.send(bytes);
        let (code, text) = error(&peer.read_all().unwrap());
        assert_eq!(code, *expected, "{text}");
        assert!(text.contains("expected") && text.contains("found"), "{text}");
    }
    // The daemon closes the last refused connection when it has seen its peer go.
    let status = daemon.status_when(|status| status["connections"] == 1);
    let errors = &status["errors_total"];
    assert_eq!((&errors["out_of_grant"], &errors["forbidden_op"]), (&4.into(), &2.into()), "{status}");
    assert_eq!(status["records_total"], 0, "{status}");
}

#[test]
fn slow_handshakes_end() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let mut silent = daemon.connect();
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).unwrap();
    assert_eq!(daemon.status()["rejected_peers_total"]["slow"], 1);
}

#[test]
fn a_wrong_server_is_refused_by_the_agent() {
    let (keys, other) = (Keys::new(), Keys::new());
    let daemon = other.daemon(&[]);
    let refused = Peer::new(&daemon, keys.client(&keys.agent("web-1"))).handshake().unwrap_err();
    assert!(refused.to_string().contains("authority"), "{refused}");
    // The right authority, and a server of another name.
    let server = keys.authority.issue(Role::Server, "elsewhere", &[], Validity::days(1)).unwrap();
    let keys = Keys { server, ..keys };
    let daemon = keys.daemon(&[]);
    let refused = Peer::new(&daemon, keys.client(&keys.agent("web-1"))).handshake().unwrap_err();
    assert!(refused.to_string().contains("localhost"), "{refused}");
}
