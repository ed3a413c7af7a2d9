//! Requests to an agent, and its metrics as a reader of the text format of Prometheus understands them.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest time for a read.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head.
    pub head: String,
    /// What it contains.
    pub body: String,
}

fn open(address: &str, path: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    Ok(stream)
}

/// Asks for a path.
pub fn get(address: &str, path: &str) -> Result<Answer> {
    let mut text = String::new();
    open(address, path)?.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("{path}: no answer of HTTP: {text:?}"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("an answer without a status")?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Asks for a path that must be there.
pub fn body(address: &str, path: &str) -> Result<String> {
    let answer = get(address, path)?;
    ensure!(answer.status == 200, "{path}: expected status 200, found {}: {}", answer.status, answer.body);
    Ok(answer.body)
}

/// Returns the data of the first server-sent event of a path.
pub fn first_event(address: &str, path: &str) -> Result<String> {
    let (mut stream, mut text, mut bytes) = (open(address, path)?, Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut bytes)?;
        ensure!(count > 0, "{path}: expected an event, found the end");
        text.extend_from_slice(&bytes[..count]);
        let so_far = String::from_utf8_lossy(&text);
        if let Some((_, event)) = so_far.split_once("data: ")
            && let Some((data, _)) = event.split_once("\n\n")
        {
            return Ok(data.to_owned());
        }
    }
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name of the metric.
    pub name: String,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

/// Reads metrics. Labels here hold no quotes and no backslashes.
pub fn samples(text: &str) -> Result<Vec<Sample>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value: {line}"))?;
            let (name, labels) = match series.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').with_context(|| format!("no }}: {line}"))?),
                None => (series, ""),
            };
            let pairs = labels.split("\",").filter(|pair| !pair.is_empty()).map(|pair| {
                let (label, value) = pair.split_once("=\"").with_context(|| format!("no label: {line}"))?;
                Ok((label.to_owned(), value.trim_end_matches('"').to_owned()))
            });
            let value = value.parse().with_context(|| format!("no number: {line}"))?;
            Ok(Sample { name: name.to_owned(), labels: pairs.collect::<Result<_>>()?, value })
        })
        .collect()
}

/// Samples of a metric.
pub fn named<'a>(samples: &'a [Sample], name: &str) -> Vec<&'a Sample> {
    samples.iter().filter(|sample| sample.name == name).collect()
}

/// The value of a metric without labels.
pub fn value(samples: &[Sample], name: &str) -> Result<f64> {
    match named(samples, name)[..] {
        [sample] => Ok(sample.value),
        ref found => anyhow::bail!("{name}: expected one sample, found {}", found.len()),
    }
}
