//! The judge itself is judged: what it must see, it sees.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::proxy::{Fault, Proxy, Way};
use crate::reference::{Difference, Reference, generate};

/// A reference, and the report of an agent that equals it.
fn told() -> Result<(Reference, Value)> {
    let folder = tempfile::tempdir()?;
    let (file, path) = (folder.path().join("one.rec"), folder.path().join("one.reference"));
    generate(3, 5_000, &file, &path)?;
    let reference: Reference = serde_json::from_slice(&std::fs::read(path)?)?;
    let report = json!({
        "captured": reference.captured,
        "counted": 5_000,
        "in_flight": 0,
        "lost": {"ring": reference.ring, "agent_restart": 0},
        "containers": reference.containers.values().collect::<Vec<_>>(),
    });
    Ok((reference, report))
}

#[test]
fn reference_and_every_other_number_are_printed() -> Result<()> {
    let (reference, report) = told()?;
    assert_eq!(reference.compare(&report, false)?, Difference::default());
    let keys = ["cow_copies", "cow_redundant", "cow_bytes_redundant", "net_sends", "net_redundant"];
    for key in keys.into_iter().chain(["net_bytes_redundant", "cow_unjudged"]) {
        let mut other = report.clone();
        let number = other["containers"][7][key].as_u64().unwrap_or_default();
        other["containers"][7][key] = (number + 1).into();
        let found = reference.compare(&other, false)?;
        assert_eq!(found.wrong.len(), 1, "{key}");
        assert_eq!(found.duplicated, u64::from(key == "cow_copies" || key == "net_sends"), "{key}");
    }
    for key in ["captured", "counted", "in_flight"] {
        let mut other = report.clone();
        other[key] = (other[key].as_u64().unwrap_or_default() + 1).into();
        assert_eq!(reference.compare(&other, false)?.wrong.len(), 1, "{key}");
    }
    Ok(())
}

#[test]
fn what_a_restart_loses_is_allowed_to_those_who_keep_nothing() -> Result<()> {
    let (reference, report) = told()?;
    let mut other = report.clone();
    let copies = other["containers"][0]["cow_copies"].as_u64().unwrap_or_default();
    other["containers"][0]["cow_copies"] = (copies - 10).into();
    other["counted"] = 4_990.into();
    other["lost"]["agent_restart"] = 10.into();
    assert_eq!(reference.compare(&other, true)?, Difference::default());
    assert_ne!(reference.compare(&other, false)?, Difference::default());
    other["lost"]["agent_restart"] = 9.into();
    assert_eq!(reference.compare(&other, true)?.missing, 1);
    other["lost"]["agent_restart"] = 11.into();
    assert_eq!(reference.compare(&other, true)?.duplicated, 1);
    Ok(())
}

/// What arrives of `bytes` at the other end of a proxy.
fn through(break_it: impl Fn(&Proxy), bytes: &[u8]) -> Result<Vec<u8>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let proxy = Proxy::start(listener.local_addr()?, 1 << 30, 1, None)?;
    break_it(&proxy);
    let mut near = TcpStream::connect(proxy.address)?;
    let (mut far, _) = listener.accept()?;
    far.set_read_timeout(Some(Duration::from_secs(120)))?;
    near.write_all(bytes)?;
    near.shutdown(std::net::Shutdown::Write)?;
    let mut arrived = Vec::new();
    far.read_to_end(&mut arrived)?;
    Ok(arrived)
}

#[test]
fn a_proxy_breaks_what_it_is_told_and_nothing_else() -> Result<()> {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(through(|_| (), &bytes)?, bytes);
    for at in [0, 1, 100, 255] {
        assert_eq!(through(|proxy| proxy.cut_first_at(Way::Up, at), &bytes)?, bytes[..at as usize]);
    }
    let flipped = through(|proxy| proxy.break_next(Way::Up, Fault::Flip), &bytes)?;
    let bits: u32 = bytes.iter().zip(&flipped).map(|(one, other)| (one ^ other).count_ones()).sum();
    assert_eq!((flipped.len(), bits), (256, 1));
    assert!(through(|proxy| proxy.break_next(Way::Up, Fault::Garbage), &bytes)?.len() > 256);
    assert_eq!(through(|proxy| proxy.break_next(Way::Down, Fault::Flip), &bytes)?, bytes);
    let cut = through(|proxy| proxy.break_next(Way::Up, Fault::Cut { reset: false }), &bytes)?;
    assert!(cut.len() < 256 && cut == bytes[..cut.len()]);
    Ok(())
}
