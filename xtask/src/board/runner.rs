//! An engine of the suite of engines: a name and a way to replay a file of bare records.

use anyhow::Result;
use std::path::Path;

/// Replays a file of bare records from a reset, and gives the report that `deltascope-boardd --raw` prints.
pub type Replay = Box<dyn Fn(&Path) -> Result<Vec<u8>>>;

/// An engine that takes part.
pub struct Runner {
    /// Name in the report.
    pub name: &'static str,
    /// How it replays.
    pub replay: Replay,
}

impl Runner {
    /// A runner of this name.
    pub fn new(name: &'static str, replay: impl Fn(&Path) -> Result<Vec<u8>> + 'static) -> Runner {
        Runner { name, replay: Box::new(replay) }
    }
}
