//! What is saved when the server makes another grant for a session.

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_protocol::frame::Cursor;

/// What a session has counted under the grants before the present one.
#[derive(Clone, Copy, Debug)]
pub struct EarlierGrants<'a> {
    /// Boot id of the present grant.
    pub boot_id: u64,
    /// Counters by group and class (row `4 * group + class`), since the session began.
    pub totals: &'a [CounterRow],
    /// Losses reported with the last record that `totals` hold.
    pub losses: &'a Losses,
    /// Where the sources stood after that record.
    pub cursors: &'a [Cursor],
}

/// Why a store cannot save; the error of the store is its source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps the error of a store.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
        StoreError(Box::new(error))
    }

    /// Returns the error of the store when it is an `E`.
    ///
    /// # Errors
    /// It is of another type; then it comes back as it was.
    pub fn downcast<E: std::error::Error + 'static>(self) -> Result<E, StoreError> {
        self.0.downcast().map(|error| *error).map_err(StoreError)
    }
}

/// Saves what was counted under earlier grants, for a process that resumes the session.
pub trait GrantStore {
    /// Saves, before anything is sent under the new grant: if this process ends then, the next one knows of both.
    ///
    /// # Errors
    /// It cannot be saved; the session is over.
    fn regranted(&mut self, earlier: &EarlierGrants<'_>) -> Result<(), StoreError>;
}

/// For a session that no other process resumes.
impl GrantStore for () {
    fn regranted(&mut self, _: &EarlierGrants<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}
