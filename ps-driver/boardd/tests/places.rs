//! Authenticated peers without a session: how many places one name has, and what is said of those that break the rules.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_protocol::frame::ErrorCode;
use deltascope_tls::TlsError;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use support::{Daemon, Keys, Peer, error, hello, is_welcome};

/// Connections of the name whose quota is tested.
const MANY: usize = 140;

fn rejected(status: &Value, reason: &str) -> u64 {
    status["rejected_peers_total"][reason].as_u64().unwrap()
}

/// Opens many connections that are authenticated and say nothing.
fn silent_peers(daemon: &Daemon, config: &Arc<ClientConfig>) -> Vec<Peer> {
    let peer = |_| {
        let mut peer = Peer::new(daemon, config.clone());
        peer.handshake().unwrap();
        peer
    };
    (0..MANY).map(peer).collect()
}

#[test]
fn name_with_a_quota_holds_no_more_connections_than_it_may() {
    let keys = Keys::new();
    let list = keys.folder.path().join("names");
    std::fs::write(&list, "bob sessions=1 groups=4\nalice\ncarol connections=1\n").unwrap();
    let mut daemon = keys.daemon(&["--identities", list.to_str().unwrap()]);
    let (alice, bob) = (keys.client(&keys.agent("alice")), keys.client(&keys.agent("bob")));
    let mut bobs = silent_peers(&daemon, &bob);
    assert!(is_welcome(&Peer::new(&daemon, alice).send_hello(&hello(1, 4)).unwrap()));
    let status = daemon.status_when(|status| rejected(status, "quota") == MANY as u64 - 3);
    let named = |name: &str| {
        let identities = status["identities"].as_array().unwrap();
        identities
            .iter()
            .find(|identity| identity["name"] == name)
            .map_or(0, |found| found["connections"].as_u64().unwrap())
    };
    // One session and two more; those that went may still be read from.
    assert!(named("bob") <= 3 + 32, "{status}");
    // The oldest ones went, and got the reason; the latest can still have the session.
    let (code, text) = error(&bobs[0].read_all().unwrap());
    assert_eq!(code, ErrorCode::Limit);
    assert!(text.contains("quota") && text.contains("at most 3 connections"), "{text}");
    assert!(is_welcome(&bobs.pop().unwrap().send_hello(&hello(2, 4)).unwrap()));

    let carol = keys.client(&keys.agent("carol"));
    let mut first = Peer::new(&daemon, carol.clone());
    assert!(is_welcome(&first.send_hello(&hello(3, 1)).unwrap()));
    let mut second = Peer::new(&daemon, carol);
    second.handshake().unwrap();
    let (code, text) = error(&second.read_all().unwrap());
    assert!(code == ErrorCode::Limit && text.contains("at most 1 connections"), "{text}");
    // The session was not disturbed.
    first.send(&support::encode(&deltascope_protocol::frame::Message::Bye(deltascope_protocol::frame::Bye {
        next_sequence: 0,
    })));
    first.read_all().unwrap();
}

#[test]
fn name_without_a_quota_leaves_room_for_others() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let (alice, bob) = (keys.client(&keys.agent("alice")), keys.client(&keys.agent("bob")));
    let _bobs = silent_peers(&daemon, &bob);
    assert!(is_welcome(&Peer::new(&daemon, alice).send_hello(&hello(1, 4)).unwrap()));
    // One name has half of the 64 places. On a busy machine some have given theirs up before, because they sent nothing for
    // 5 s; both kinds read `Limit`.
    let status = daemon.status_when(|status| status["authenticated_total"] == MANY as u64 + 1);
    assert!(status["errors_total"]["limit"].as_u64().unwrap() >= MANY as u64 - 32, "{status}");
    assert_eq!(rejected(&status, "quota"), 0, "{status}");
}

/// A client whose certificate is of the authority and has this common name and these extended key usages.
fn client(keys: &Keys, name: Option<&str>, purposes: &[ExtendedKeyUsagePurpose]) -> Arc<ClientConfig> {
    let authority = std::fs::read_to_string(keys.authority.certificate()).unwrap();
    let authority_key = std::fs::read_to_string(keys.folder.path().join("ca.key")).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&authority, KeyPair::from_pem(&authority_key).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = purposes.to_vec();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(keys.authority.certificate()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    Arc::new(builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap())
}

#[test]
fn certificate_without_a_name_is_told_so_and_counted() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let nameless = client(&keys, None, &[ExtendedKeyUsagePurpose::ClientAuth]);
    let (code, text) = error(&Peer::new(&daemon, nameless).send_hello(&hello(1, 4)).unwrap());
    assert_eq!(code, ErrorCode::Unauthorised, "{text}");
    assert!(text.contains("name"), "{text}");
    let status = daemon.status();
    assert_eq!((rejected(&status, "no_name"), rejected(&status, "bad_certificate")), (1, 0), "{status}");
    assert_eq!(status["errors_total"]["unauthorised"], 1);
}

#[test]
fn certificate_without_an_extended_key_usage_is_taken_and_one_of_a_server_is_not() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let plain = client(&keys, Some("web-1"), &[]);
    assert!(is_welcome(&Peer::new(&daemon, plain).send_hello(&hello(1, 4)).unwrap()));
    let servers = client(&keys, Some("web-2"), &[ExtendedKeyUsagePurpose::ServerAuth]);
    let refused = Peer::new(&daemon, servers).send_hello(&hello(2, 4)).unwrap_err();
    assert!(matches!(refused, TlsError::Peer(_)), "an alert: {refused}");
    let status = daemon.status();
    assert_eq!(rejected(&status, "bad_certificate"), 1, "{status}");
}

/// The longest texts are those with a name in them.
#[test]
fn longest_name_that_is_not_served_reads_why() {
    let keys = Keys::new();
    let list = keys.folder.path().join("names");
    std::fs::write(&list, "alice\n").unwrap();
    let daemon = keys.daemon(&["--identities", list.to_str().unwrap()]);
    let name = [&"a".repeat(60)[..]; 4].join(".");
    let mut peer = Peer::new(&daemon, client(&keys, Some(&name), &[ExtendedKeyUsagePurpose::ClientAuth]));
    let (code, text) = error(&peer.send_hello(&hello(1, 4)).unwrap());
    assert_eq!(code, ErrorCode::Unauthorised);
    assert!(text.contains(&name) && text.contains("--identities"), "{text}");
}

#[test]
fn damaged_tls_record_of_a_session_gets_an_alert_and_is_counted() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let mut peer = Peer::new(&daemon, keys.client(&keys.agent("web-1")));
    assert!(is_welcome(&peer.send_hello(&hello(1, 4)).unwrap()));
    // Application data (RFC 8446, section 5.1) that was not encrypted.
    let mut record = vec![23, 3, 3, 0, 32];
    record.extend([7; 32]);
    peer.stream.write_all(&record).unwrap();
    match peer.read_all() {
        Err(TlsError::Peer(rustls::Error::AlertReceived(alert))) => {
            assert_eq!(alert, rustls::AlertDescription::BadRecordMac);
        }
        other => panic!("{other:?}"),
    }
    let status = daemon.status_when(|status| rejected(status, "broken_record") == 1);
    assert_eq!(status["connections"], 0, "{status}");
    assert_eq!(status["sessions"], 1, "the session waits for another connection");
}

#[test]
fn debug_log_has_each_connection_and_each_refusal_with_its_peer() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&["--log", "trace"]);
    let mut expected = Vec::new();
    // More than the warnings of a period, so that the rest is in the log at this level only.
    for _ in 0..15 {
        let mut plain = daemon.connect();
        expected.push(format!("{}: refused, plain_to_tls: ", plain.local_addr().unwrap()));
        plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        _ = plain.read_to_end(&mut Vec::new());
    }
    let mut peer = Peer::new(&daemon, keys.client(&keys.agent("web-1")));
    let address = peer.stream.local_addr().unwrap();
    peer.handshake().unwrap();
    peer.send(b"this is no frame");
    let (code, _) = error(&peer.read_all().unwrap());
    assert_eq!(code, ErrorCode::Malformed);
    expected.push(format!("web-1 ({address}): connection begins"));
    expected.push(format!("web-1 ({address}): Malformed: "));
    expected.push(format!("trace: {address}: "));
    drop(peer);
    daemon.status_when(|status| status["connections"] == 0);
    expected.push(format!("web-1 ({address}): connection ended: "));
    daemon.signal(libc::SIGTERM);
    let log: Vec<String> = BufReader::new(daemon.stderr.take().unwrap()).lines().map(Result::unwrap).collect();
    for text in expected {
        assert!(log.iter().any(|line| line.contains(&text)), "{text:?} is missing in {log:#?}");
    }
    assert_eq!(log.iter().filter(|line| line.contains("warning: ") && line.contains("plain_to_tls")).count(), 10);
}
