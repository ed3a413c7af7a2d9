//! Events charged to owners: which group and context each gets, what was counted, and that nothing is missing.
//!
//! Below it is an [`crate::uplink::Uplink`], which knows records only.
//!
//! | file | content |
//! |---|---|
//! | `events.rs` | [`Accounting`], a session as a sink of events; `events/sink.rs` the way of one event, `events/restart.rs` what a restart needs |
//! | `groups.rs`, `slot_table.rs` | owners to groups |
//! | `contexts.rs`, `content_table.rs` | sockets and bodies to contexts |
//! | `event_records.rs`, `event_numbers.rs` | events to records, and numbers of records to numbers of events |
//! | `operations.rs` | records by operation |
//! | `snapshot.rs` | counters at one record number, by group and by owner |
//! | `conservation.rs` | captured = counted + in flight + lost |
//! | `inherited.rs`, `earlier_grants.rs`, `state/` | what survives a restart of the agent or of the server |

mod conservation;
mod content_table;
mod contexts;
mod earlier_grants;
mod error;
mod event_numbers;
mod event_records;
mod events;
mod groups;
mod growth;
mod inherited;
mod operations;
mod slot_table;
mod snapshot;
pub mod state;

pub use conservation::Conservation;
pub use content_table::{ContentTable, content_key};
pub use contexts::ContextTable;
pub use error::AccountingError;
pub use event_records::{EngineContexts, EventRecords, container_hash};
pub use events::{Accounting, Options};
pub use groups::{GroupTable, OTHER, SavedGroups};
pub use inherited::Inherited;
pub use operations::Operations;
pub use snapshot::{OtherScopes, Rows, ScopeError, SendNotes, Snapshot, Totals, since};
