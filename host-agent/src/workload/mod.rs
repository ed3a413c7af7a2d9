//! The demonstration workload: processes whose copies are known beforehand.
//!
//! Each family is a process of its own program run (so that exec cuts it from the agent), which
//! fills 256 pages with words that differ and are not zero, forks four workers, and has some
//! member write 128 of the pages, half of them with the value that they had. Then everybody
//! keeps quiet until asked to stop. It works for an ordinary user under Yama (the agent is the
//! ancestor, and the members let anybody look) and where huge pages are the default.
//!
//! The agent runs its own binary again for this: `main` calls [`child_entry`] before anything
//! else. No member outlives the agent, however that ends: members die with their parent
//! (`PR_SET_PDEATHSIG`) and when a pipe from it closes.
//!
//! ```no_run
//! # use deltascope_agent::workload::{Workload, child_entry};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! if let Some(code) = child_entry() {
//!     std::process::exit(code);
//! }
//! let workload = Workload::start()?;
//! for family in workload.families() {
//!     println!("{:?} at {:x?}: {:?}", family.pattern(), family.range(), family.reference());
//! }
//! workload.stop()?;
//! # Ok(())
//! # }
//! ```

mod announcement;
mod child;
mod family;
mod os;
mod pattern;

pub use announcement::{Announcement, parse_announcement};
pub use child::{CHILD_MARKER, child_entry};
pub use family::{DemoFamily, Workload, WorkloadError};
pub use pattern::{PAGES, Pattern, Reference, WORKERS, WRITTEN};

#[cfg(test)]
mod tests;
