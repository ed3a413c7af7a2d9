//! Readers of `/proc` that are bounded, return errors and never panic.
//!
//! Each file format has a parser of its own that takes bytes (`proc(5)`, and
//! `Documentation/filesystems/proc.rst` and `admin-guide/mm/pagemap.rst` of the kernel);
//! [`ProcFs`] adds the reading. Text of `/proc` is input like any other: what a parser cannot
//! understand is an error that reports what was expected, what was found and at which byte.

mod cgroup;
mod error;
mod files;
pub(crate) mod holds;
mod kernel_types;
pub mod lossless;
pub(crate) mod mapping_flags;
mod maps;
mod memory;
mod mountinfo;
mod own_cost;
mod pagemap;
pub mod pressure;
mod roots;
mod sockets;
mod stat;
mod status;
pub(crate) mod sys;
pub(crate) mod text;

pub use cgroup::{CgroupPaths, parse_cgroup};
pub use error::{ParseError, ProcError};
pub use files::ProcFs;
pub use maps::{Mapping, MappingParser, parse_mappings};
pub use memory::ProcessMemory;
pub use mountinfo::{CgroupMount, parse_mountinfo};
pub use own_cost::OwnCost;
pub use pagemap::{PageEntry, Pagemap};
pub use roots::{Roots, proc as proc_root, set_roots};
pub use sockets::TcpSocket;
pub use stat::{ExecLayout, ProcessStat, TaskId, parse_stat};
pub use status::{ProcessStatus, parse_status};

/// Bytes in a page; [`crate::scan::Scanner`] refuses a machine with another size.
pub const PAGE_SIZE: usize = 4096;

#[cfg(test)]
mod tests;
