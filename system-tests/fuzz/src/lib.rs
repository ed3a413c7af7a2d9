//! What the fuzz targets do with their bytes. Any input is allowed; a panic is a defect.
//!
//! A decoder behind a checksum would turn nearly every random input away, so the targets also seal their bytes:
//! they put the right length and checksum around them.

mod decoders;
mod script;
mod server;
mod session;

pub use decoders::{frame, frame_stream, procfs, raw_records, recording, reply_stream};
pub use script::{sealed, sealed_chunk};
pub use server::server;
pub use session::session;

/// Names of the targets, as programs and as folders of `corpus`.
pub const TARGETS: [&str; 8] =
    ["frame", "frame_stream", "raw_records", "reply_stream", "recording", "procfs", "server", "session"];
