//! The host agent: sources, attribution, accounting, uplink, reports.
//!
//! ```text
//! sources -> sink -> accounting -> uplink -> board server
//!            sink -> recording
//! ```
//!
//! A recording is written and read through any writer and reader; what the writer was given is in its end:
//!
//! ```
//! use deltascope_abi::loss::Losses;
//! use deltascope_agent::event::OwnerKind;
//! use deltascope_agent::recording::{Item, Reader, Writer};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let path = Path::new("in memory");
//! let mut writer = Writer::new(path, Vec::new())?;
//! writer.add_owner(OwnerKind::Container, "web")?;
//! let bytes = writer.finish(0, &Losses::default())?;
//!
//! let mut reader = Reader::new(path, bytes.as_slice())?;
//! assert!(matches!(reader.next_item()?, Some(Item::Owner(OwnerKind::Container, name)) if name == "web"));
//! assert!(matches!(reader.next_item()?, Some(Item::End(end)) if end.captured == 0));
//! // A recording that was cut gives what is whole and reports where it ends.
//! let mut cut = Reader::new(path, &bytes[..bytes.len() - 1])?;
//! assert!(matches!(cut.next_item()?, Some(Item::Owner(..))));
//! assert!(matches!(cut.next_item()?, Some(Item::Cut(cut)) if cut.events == 0));
//! # Ok(())
//! # }
//! ```

pub mod accounting;
pub mod attribution;
pub mod attrs;
mod bpf;
pub mod capture;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod event;
pub mod http;
pub mod permutation;
pub mod procfs;
pub mod recording;
pub mod report;
pub mod runtimes;
pub mod sampling;
pub mod scan;
pub mod signals;
pub mod sink;
pub mod sources;
pub mod stop;
mod sys;
pub mod top;
pub mod tuning;
pub mod uplink;
pub mod workload;
