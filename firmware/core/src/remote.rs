//! The engine of an image, used from another machine: how the suite over every engine reaches it. Only an image with the
//! setting `test=engine` serves this, instead of agents.
//!
//! A request is an operation, the bytes of its body and the body; an answer is a status, the bytes and the body. Numbers
//! are little-endian.
//!
//! | operation | body | body of the answer |
//! |---|---|---|
//! | [`INFO`] | none | six words: ABI version, build, contexts, groups, lanes and depth of the journal |
//! | [`RESET`] | none | none |
//! | [`SUBMIT`] | records | a word: how many were taken |
//! | [`POLL`] | none | reply beats |
//! | [`COUNTERS`] | none | the engine's counters in the order of `Counter::ALL` |

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use deltascope_abi::record::{Record, split_records};
use deltascope_abi::registers::Counter;
use deltascope_abi::reply::{REPLY_BYTES, Reply};
use deltascope_model::{Capabilities, Engine, EngineError, EngineKind, Latched};

/// Sizes of the engine.
pub const INFO: u8 = 1;
/// Back to the state after power-on.
pub const RESET: u8 = 2;
/// Takes a prefix of the records.
pub const SUBMIT: u8 = 3;
/// Gives every reply beat that is there.
pub const POLL: u8 = 4;
/// The engine's own counters.
pub const COUNTERS: u8 = 5;

/// Status of an answer: done.
pub const DONE: u8 = 0;
/// Status of an answer: the body is the text of an error.
pub const FAILED: u8 = 1;

/// Bytes before a body.
pub const HEAD: usize = 5;
/// Longest body of a request.
pub const MOST: usize = 64 * 1024;

/// Appends a request or an answer.
pub fn push(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
}

/// Returns kind and body of the first message of `bytes`, if it is whole; a body that is too long is `Err`.
#[allow(clippy::type_complexity, reason = "two parts, each plain")]
pub fn split(bytes: &[u8]) -> Result<Option<(u8, &[u8])>, usize> {
    let Some(head) = bytes.get(..HEAD) else { return Ok(None) };
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > MOST {
        return Err(length);
    }
    Ok(bytes.get(HEAD..HEAD + length).map(|body| (head[0], body)))
}

/// Answers one request.
pub fn answer(engine: &mut dyn Engine, operation: u8, body: &[u8], out: &mut Vec<u8>) {
    let mut result = Vec::new();
    match work(engine, operation, body, &mut result) {
        Ok(()) => push(out, DONE, &result),
        Err(text) => push(out, FAILED, text.as_bytes()),
    }
}

fn work(engine: &mut dyn Engine, operation: u8, body: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let failed = |error: EngineError| error.to_string();
    match operation {
        INFO => {
            let info = engine.info();
            let words =
                [info.abi_version, info.build_id, info.contexts, info.groups, info.journal_lanes, info.journal_depth];
            words.iter().for_each(|word| out.extend(word.to_le_bytes()));
        }
        RESET => engine.reset().map_err(failed)?,
        SUBMIT => {
            let (records, rest) = split_records(body);
            if !rest.is_empty() {
                return Err("records: expected whole ones".into());
            }
            let records: Vec<Record> = records.collect();
            let taken = engine.submit(&records).map_err(failed)?;
            out.extend((taken as u32).to_le_bytes());
        }
        POLL => {
            engine.poll(&mut |reply| out.extend(reply.to_bytes())).map_err(failed)?;
        }
        COUNTERS => {
            let latched = engine.counters().map_err(failed)?;
            Counter::ALL.iter().for_each(|&counter| out.extend(value(&latched, counter).to_le_bytes()));
        }
        _ => return Err("operation: expected 1 to 5".into()),
    }
    Ok(())
}

/// One counter of a set.
fn value(latched: &Latched, counter: Counter) -> u64 {
    let index = counter as usize;
    let first = Counter::OpNop as usize;
    match counter {
        Counter::Accepted => latched.accepted,
        Counter::Rejected => latched.rejected,
        Counter::JournalPosition => latched.journal_position,
        Counter::ReplyBeats => latched.reply_beats,
        Counter::ClocksMoving => latched.clocks.moving,
        Counter::ClocksStarved => latched.clocks.starved,
        Counter::ClocksBlocked => latched.clocks.blocked,
        Counter::ClocksClearing => latched.clocks.clearing,
        Counter::ClocksAnswering => latched.clocks.answering,
        _ => latched.by_op.get(index.wrapping_sub(first)).copied().unwrap_or(0),
    }
}

/// An engine elsewhere. `exchange` sends a request and returns the answer, both as [`push`] makes them.
pub struct RemoteEngine<T> {
    exchange: T,
    info: Capabilities,
}

impl<T: FnMut(&[u8]) -> Result<(u8, Vec<u8>), String>> RemoteEngine<T> {
    /// Asks for the sizes.
    ///
    /// # Errors
    /// The exchange failed, or the answer is not one.
    pub fn open(exchange: T) -> Result<RemoteEngine<T>, EngineError> {
        let info = Capabilities {
            kind: EngineKind::Uio,
            abi_version: 0,
            build_id: 0,
            contexts: 0,
            groups: 0,
            journal_lanes: 0,
            journal_depth: 0,
        };
        let mut engine = RemoteEngine { exchange, info };
        let body = engine.call(INFO, &[])?;
        let [abi_version, build_id, contexts, groups, journal_lanes, journal_depth] = words(&body)?;
        engine.info = Capabilities { abi_version, build_id, contexts, groups, journal_lanes, journal_depth, ..info };
        Ok(engine)
    }

    fn call(&mut self, operation: u8, body: &[u8]) -> Result<Vec<u8>, EngineError> {
        let mut request = Vec::new();
        push(&mut request, operation, body);
        match (self.exchange)(&request) {
            Ok((DONE, body)) => Ok(body),
            Ok((_, text)) => Err(failed(String::from_utf8_lossy(&text).into_owned())),
            Err(text) => Err(failed(text)),
        }
    }
}

fn failed(text: String) -> EngineError {
    EngineError::Device { engine: "firmware", text }
}

fn words<const N: usize>(body: &[u8]) -> Result<[u32; N], EngineError> {
    let (words, rest) = body.as_chunks::<4>();
    let mut found = [0; N];
    if words.len() != N || !rest.is_empty() {
        return Err(failed("answer: expected another length".into()));
    }
    found.iter_mut().zip(words).for_each(|(found, word)| *found = u32::from_le_bytes(*word));
    Ok(found)
}

impl<T: FnMut(&[u8]) -> Result<(u8, Vec<u8>), String>> Engine for RemoteEngine<T> {
    fn info(&self) -> Capabilities {
        self.info
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        let most = MOST / deltascope_abi::record::RECORD_BYTES;
        let body: Vec<u8> = records.iter().take(most).flat_map(|record| record.to_bytes()).collect();
        let body = self.call(SUBMIT, &body)?;
        let [taken] = words(&body)?;
        Ok((taken as usize).min(records.len()))
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        let body = self.call(POLL, &[])?;
        let (beats, _) = body.as_chunks::<REPLY_BYTES>();
        beats.iter().for_each(|bytes| sink(Reply::from_bytes(bytes)));
        Ok(beats.len())
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        let body = self.call(COUNTERS, &[])?;
        let (found, _) = body.as_chunks::<8>();
        let mut values = [0; Counter::ALL.len()];
        values.iter_mut().zip(found).for_each(|(value, bytes)| *value = u64::from_le_bytes(*bytes));
        Ok(Latched::from_counters(&values))
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.call(RESET, &[]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deltascope_model::GoldenEngine;

    fn remote(mut engine: GoldenEngine) -> impl FnMut(&[u8]) -> Result<(u8, Vec<u8>), String> {
        move |request| {
            let (operation, body) = split(request).unwrap().unwrap();
            let mut out = Vec::new();
            answer(&mut engine, operation, body, &mut out);
            let (status, body) = split(&out).unwrap().unwrap();
            Ok((status, body.to_vec()))
        }
    }

    #[test]
    fn a_remote_engine_is_the_engine() {
        let mut near = GoldenEngine::default();
        let mut far = RemoteEngine::open(remote(GoldenEngine::default())).unwrap();
        assert_eq!(Capabilities { kind: EngineKind::Model, ..far.info() }, near.info());
        let records: Vec<Record> = (0..300u64)
            .map(|n| match n % 3 {
                0 => Record::accum(n as u16, n << 7),
                1 => Record::read((n - 1) as u16),
                _ => Record::snapshot(0, 3),
            })
            .collect();
        for engine in [&mut near as &mut dyn Engine, &mut far] {
            engine.reset().unwrap();
        }
        let mut left = &records[..];
        while !left.is_empty() {
            let taken = near.submit(left).unwrap();
            assert_eq!(far.submit(&left[..taken]).unwrap(), taken);
            left = &left[taken..];
            let (mut one, mut other) = (Vec::new(), Vec::new());
            near.poll(&mut |reply| one.push(reply)).unwrap();
            far.poll(&mut |reply| other.push(reply)).unwrap();
            assert_eq!(one, other);
        }
        assert_eq!(near.counters().unwrap(), far.counters().unwrap());
    }

    #[test]
    fn malformed_requests_get_an_error() {
        let mut engine = GoldenEngine::default();
        for (operation, body) in [(0, &[][..]), (6, &[]), (SUBMIT, &[1, 2, 3])] {
            let mut out = Vec::new();
            answer(&mut engine, operation, body, &mut out);
            assert!(matches!(split(&out), Ok(Some((FAILED, _)))));
        }
        assert_eq!(split(&[SUBMIT, 0xFF, 0xFF, 0xFF, 0xFF]), Err(u32::MAX as usize));
        assert_eq!(split(&[SUBMIT, 4, 0, 0, 0, 1]), Ok(None));
    }
}
