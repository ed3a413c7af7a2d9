//! Rates against a size: how large a batch is, how many containers and contexts there are, how many cores work.

use crate::compare::{Effort, rate};
use crate::daemon::Daemon;
use crate::ladder::engine::pass;
use crate::ladder::path::Path as Session;
use crate::ladder::wire::uplink;
use crate::workload::{CONTEXTS, GROUPS, records, records_over};
use anyhow::{Context, Result, anyhow};
use deltascope_model::GoldenEngine;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::path::Path;
use std::thread::scope;

/// Measurements of one point; the median counts.
const TURNS: usize = 3;

/// A rate over a size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Curve {
    /// Name, which stays the same from run to run.
    pub name: String,
    /// What is measured.
    pub what: String,
    /// What the size counts.
    pub size: String,
    /// Size and events a second, *measured*.
    pub points: Vec<Point>,
}

/// One point of a curve.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Point {
    /// The size.
    pub size: u32,
    /// Events a second, *measured*.
    pub rate: f64,
}

/// Measures every curve.
///
/// # Errors
/// A measurement fails.
pub fn all(effort: Effort, boardd: &Path) -> Result<Vec<Curve>> {
    Ok(vec![batches(effort, boardd)?, containers(effort)?, contexts(effort)?, cores(effort)?])
}

/// A curve through the medians at `sizes`.
fn curve(name: &str, what: &str, size: &str, sizes: &[u32], at: impl Fn(u32) -> Result<f64>) -> Result<Curve> {
    let point = |&size: &u32| {
        let mut rates = (0..TURNS).map(|_| at(size)).collect::<Result<Vec<f64>>>()?;
        rates.sort_by(f64::total_cmp);
        Ok(Point { size, rate: rates[TURNS / 2] })
    };
    let points = sizes.iter().map(point).collect::<Result<_>>().with_context(|| format!("curve {name}"))?;
    Ok(Curve { name: name.to_owned(), what: what.to_owned(), size: size.to_owned(), points })
}

/// The uplink over loopback by the records that a source hands over at once.
fn batches(effort: Effort, boardd: &Path) -> Result<Curve> {
    let (records, daemon) = (records(), Daemon::start(boardd, &[])?);
    let what = "agent's uplink, loopback, daemon, golden engine";
    curve("batch", what, "records handed over at once", &[1, 4, 16, 64, 256, 1_024, 4_096, 16_384], |size| {
        uplink(daemon.address, None, &records, size as usize, effort.time)
    })
}

/// The path in one process by the groups that the records spread over.
fn containers(effort: Effort) -> Result<Curve> {
    let what = "session, board server, golden engine, one thread";
    curve("containers", what, "containers, a group each", &[1, 16, 64, 256, 512], |groups| {
        let records = records_over(groups, CONTEXTS);
        let mut path = Session::open(groups, CONTEXTS)?;
        let (events, taken) = path.stream(&records, effort.time)?;
        path.check()?;
        Ok(events / taken.as_secs_f64())
    })
}

/// The golden engine by the contexts that the records spread over.
fn contexts(effort: Effort) -> Result<Curve> {
    let what = "golden engine, PAIR and SEND";
    curve("contexts", what, "contexts", &[16, 256, 1_024, 4_096, 16_384], |contexts| {
        let records = records_over(GROUPS, contexts);
        let mut engine = GoldenEngine::default();
        rate(effort.time, records.len(), || pass(&mut engine, &records).map(|sum| _ = black_box(sum)))
    })
}

/// Sessions side by side, each on a thread of its own with a server and an engine.
fn cores(effort: Effort) -> Result<Curve> {
    let what = "session, board server, golden engine, one a thread";
    let most = std::thread::available_parallelism().context("the number of processors")?.get() as u32;
    let sizes: Vec<u32> = (1..=most.min(16)).collect();
    let records = records();
    let one = || {
        let mut path = Session::open(GROUPS, CONTEXTS)?;
        let (events, taken) = path.stream(&records, effort.time)?;
        path.check()?;
        Ok::<f64, anyhow::Error>(events / taken.as_secs_f64())
    };
    curve("cores", what, "threads", &sizes, |threads| {
        scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a session panicked"))?).sum()
        })
    })
}
