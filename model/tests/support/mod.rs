//! What several tests share: a second engine written from the tables of the design alone.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part; a test may fail")]

pub mod naive;

use deltascope_abi::reply::Reply;
use deltascope_model::{Engine, GoldenEngine};

/// Every reply that waits.
pub fn poll(engine: &mut GoldenEngine) -> Vec<Reply> {
    let mut replies = Vec::new();
    let count = engine.poll(&mut |reply| replies.push(reply)).unwrap();
    assert_eq!(count, replies.len());
    replies
}
