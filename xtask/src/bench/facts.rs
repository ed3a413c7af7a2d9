//! What simulations of the board found, for the way to the engine: clocks of the Verilated engine, the share of the port
//! that the DMA uses, and the instructions that the tables of `board cost` and `board fw-cost` have.

use crate::board::{cost, fed_rate, firmware};
use crate::rtl::lockstep;
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Simulates the engine, and reads the tables of what takes longer.
pub fn find() -> Result<Value> {
    let rates = lockstep::rates()?;
    let number = |value: &Value| value.as_f64().with_context(|| format!("expected a number, found {value}"));
    let [plain, chacha20, aes_gcm] = cost::written()?;
    Ok(json!({
        "events_per_clock": number(&rates["events_per_clock"]["random"])?,
        // A record can be taken in the clock after those that hold the input.
        "clocks_per_query": number(&rates["query_clocks"]["clocks"])? + 1.0,
        "fed_share": fed_rate::share()?,
        "processor_hz": cost::CLOCK_MHZ * 1e6,
        "daemon_instructions": {"plain": plain, "chacha20": chacha20, "aes_gcm": aes_gcm},
        "image_instructions": firmware::cost::written()?,
    }))
}
