//! The workloads, and what must be found in them.

use serde_json::Value;

/// How a workload is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A family of processes that copies pages.
    Copies,
    /// The same, beside one of this name that does all but what is looked for.
    CopiesBeside(&'static str),
    /// Servers and clients.
    Sends,
    /// The processor time of a live capture.
    CaptureCost,
}

/// A number that a workload must reach.
pub struct Bar {
    /// What it is.
    pub what: &'static str,
    /// The least that suits.
    pub at_least: f64,
    /// Takes it from a row.
    pub of: fn(&Value) -> Option<f64>,
}

/// A real program or the shape of one.
pub struct Workload {
    /// Name on the command line and in the scripts.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// How it is looked at.
    pub kind: Kind,
    /// What it must show.
    pub bars: &'static [Bar],
}

/// Share of the pages that were born after the fork.
fn born(row: &Value) -> Option<f64> {
    let number = |name: &str| row[name].as_f64();
    let all = number("copies")? + number("born_after_fork")? + number("origin_unknown")?;
    Some(number("born_after_fork")? / all)
}

/// Share of the copies that equal their source, of those that the idle workers have not.
fn equal_to_source(row: &Value) -> Option<f64> {
    let more = |name: &str| Some(row[name].as_f64()? - row["beside"][name].as_f64()?);
    Some(more("equal_to_source")? / more("copies")?)
}

/// Share of the server's bytes behind the first page that went to the same peer before.
fn repeated(row: &Value) -> Option<f64> {
    let server = &row["server"];
    let behind = server["body_bytes"].as_f64()? - row["page_bytes"].as_f64()?;
    Some(server["peer"]["bytes_redundant"].as_f64()? / behind)
}

/// Share of the server's bytes that went to the same peer before.
fn repeated_of_all(row: &Value) -> Option<f64> {
    Some(row["server"]["peer"]["bytes_redundant"].as_f64()? / row["server"]["body_bytes"].as_f64()?)
}

/// Pages that one peer had got before and another one had not.
fn pages_between_scopes(row: &Value) -> Option<f64> {
    let bytes = |scope: &str| row["server"][scope]["bytes_redundant"].as_f64();
    Some((bytes("container")? - bytes("peer")?) / row["page_bytes"].as_f64()?)
}

const fn bar(what: &'static str, at_least: f64, of: fn(&Value) -> Option<f64>) -> Bar {
    Bar { what, at_least, of }
}

const UNCHANGED: &[Bar] = &[bar("bytes repeated to the same peer, of those behind the first page", 0.99, repeated)];

const fn workload(name: &'static str, what: &'static str, kind: Kind, bars: &'static [Bar]) -> Workload {
    Workload { name, what, kind, bars }
}

/// Every workload, in the order of the table.
pub const WORKLOADS: &[Workload] = &[
    workload("redis-set", "Redis during BGSAVE: SET of what each key has", Kind::Copies, &[]),
    workload("redis-setrange", "Redis during BGSAVE: SETRANGE of what is there", Kind::Copies, &[]),
    workload("redis-hset", "Redis during BGSAVE: HSET of what the field has", Kind::Copies, &[]),
    workload("redis-incr", "Redis during BGSAVE: INCR", Kind::Copies, &[]),
    workload(
        "postgresql",
        "PostgreSQL, pgbench with 40 connections and queries of the catalogs",
        Kind::Copies,
        &[bar("pages born after the fork", 0.85, born)],
    ),
    workload(
        "gunicorn",
        "gunicorn --preload, Django with 40,000 routes, 4 workers",
        Kind::Copies,
        &[bar("pages born after the fork", 0.70, born)],
    ),
    workload(
        "dataloader-dicts",
        "3 forked workers read 300,000 dicts of their parent",
        Kind::CopiesBeside("dataloader-idle"),
        &[bar("equal to their source, of the copies that reading makes", 0.99, equal_to_source)],
    ),
    workload("dataloader-idle", "the same workers read nothing", Kind::Copies, &[]),
    workload("dataloader-numpy", "3 forked workers read arrays of numpy", Kind::Copies, &[]),
    workload("gc-collect", "3 forked workers collect garbage, 200,000 lists", Kind::Copies, &[]),
    workload("gc-freeze", "the same behind gc.freeze()", Kind::Copies, &[]),
    workload("nginx-health", "nginx, a probe opens a connection each time", Kind::Sends, UNCHANGED),
    workload("nginx-polled", "nginx, polled over one connection", Kind::Sends, UNCHANGED),
    workload("node-polled", "node, JSON polled over one connection", Kind::Sends, UNCHANGED),
    workload("uvicorn", "uvicorn, head and body in two sends", Kind::Sends, UNCHANGED),
    workload(
        "two-peers",
        "Python's http.server, one page to 127.0.0.2 and 127.0.0.3",
        Kind::Sends,
        &[bar("pages that only the scope container finds", 1.0, pages_between_scopes)],
    ),
    workload(
        "redis-get",
        "redis-benchmark GET, 100 keys, 5 connections",
        Kind::Sends,
        &[bar("bytes repeated to the same peer", 0.85, repeated_of_all)],
    ),
    workload("prometheus", "Prometheus scrapes itself twice a second, gzip", Kind::Sends, &[]),
    workload("capture-cost", "the source capture beside redis-benchmark GET", Kind::CaptureCost, &[]),
];
