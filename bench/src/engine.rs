//! The golden engine alone.

use crate::{rate, workload};
use anyhow::Result;
use deltascope_model::{Engine, GoldenEngine};
use std::time::Duration;

/// Events a second through `submit` and `poll`, in batches as the board server makes them.
pub fn golden(time: Duration) -> Result<f64> {
    let records = workload::records();
    let mut engine = GoldenEngine::default();
    rate(time, records.len(), || {
        for mut batch in records.chunks(4096) {
            while !batch.is_empty() {
                let taken = engine.submit(batch)?;
                batch = &batch[taken..];
                engine.poll(&mut |_| ())?;
            }
        }
        Ok(())
    })
}
