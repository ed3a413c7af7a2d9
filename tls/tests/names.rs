//! Certificates as common authorities make them: which name each has, and why one has none.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_tls::{About, TlsError};
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use rustls::pki_types::CertificateDer;

/// What is read of a certificate with this common name and these alternative names.
fn about(common: &str, names: Vec<SanType>) -> Result<About, TlsError> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if !common.is_empty() {
        params.distinguished_name.push(DnType::CommonName, common);
    }
    params.subject_alt_names = names;
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    About::of(&CertificateDer::from(certificate.der().to_vec()))
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

#[test]
fn first_name_that_stands_for_one_agent_is_the_identity() {
    let long = "deltascope-agent-on-a-node-with-a-rather-long-name.monitoring.svc.cluster.local";
    for (common, names, expected) in [
        ("x", vec![dns("Agent-1"), dns("agent-2")], "agent-1"),
        (" ", vec![uri("spiffe://lab/ns/mon/sa/Agent")], "spiffe://lab/ns/mon/sa/Agent"),
        ("", vec![uri("https://lab/"), uri("spiffe://lab/a")], "spiffe://lab/a"),
        ("x", vec![uri("spiffe://lab/a"), dns("agent-1")], "agent-1"),
        ("x", vec![dns(long)], long),
        ("Node_01", Vec::new(), "node_01"),
        ("node-1", vec![uri("https://lab/"), SanType::IpAddress([10, 0, 0, 1].into())], "node-1"),
    ] {
        assert_eq!(about(common, names).unwrap().name, expected);
    }
    let case = |id: &str| about("", vec![uri(id)]).unwrap().identity();
    assert_ne!(case("spiffe://lab/a"), case("spiffe://lab/A"), "paths of SPIFFE IDs tell case apart");
}

#[test]
fn certificate_without_a_usable_name_is_refused_with_the_reason() {
    assert!(matches!(about("", Vec::new()), Err(TlsError::NoName)));
    assert!(matches!(about(" ", Vec::new()), Err(TlsError::NoName)));
    for (common, names, found) in [
        ("w", vec![dns("*.lab")], "*.lab"),
        ("two words", Vec::new(), "two words"),
        ("", vec![uri("spiffe://")], "spiffe://"),
    ] {
        let error = about(common, names).unwrap_err();
        assert!(matches!(error, TlsError::Name { .. }) && error.to_string().contains(found), "{error}");
    }
}
