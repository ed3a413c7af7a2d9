//! Why a session of events cannot start or continue.

use super::snapshot::{OtherScopes, ScopeError};
use super::state::StateError;
use crate::uplink::UplinkError;

/// Why a session of events cannot start or continue. After any of these it is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountingError {
    /// The session with the board server failed.
    #[error(transparent)]
    Uplink(UplinkError),
    /// What a restart needs cannot be read or saved.
    #[error(transparent)]
    State(#[from] StateError),
    /// The engine's counters contradict each other.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The agent before counted other scopes.
    #[error(transparent)]
    OtherScopes(#[from] OtherScopes),
    /// Pages and sends by content cannot have one group.
    #[error(
        "sends by content: expected a grant of 2 groups or more, found 1; give --groups 2 or more, or leave it out, or use a board server with more"
    )]
    OneGroup,
}

impl AccountingError {
    /// Whether the process was asked to end and the server did not answer in time.
    pub fn is_stop(&self) -> bool {
        matches!(self, AccountingError::Uplink(error) if error.is_stop())
    }
}

impl From<UplinkError> for AccountingError {
    /// The store of the uplink is the agent's state, so its error comes back with its own type.
    fn from(error: UplinkError) -> AccountingError {
        match error {
            UplinkError::Store(store) => match store.downcast() {
                Ok(error) => AccountingError::State(error),
                Err(store) => AccountingError::Uplink(store.into()),
            },
            error => AccountingError::Uplink(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountingError, StateError, UplinkError};
    use crate::uplink::StoreError;

    #[test]
    fn error_of_the_state_keeps_its_type_through_the_uplink() {
        let state = StateError::Id { found: String::from("x") };
        let error = AccountingError::from(UplinkError::Store(StoreError::new(state)));
        assert!(matches!(error, AccountingError::State(StateError::Id { .. })), "{error:?}");
        let other = AccountingError::from(UplinkError::Store(StoreError::new(std::fmt::Error)));
        assert!(matches!(other, AccountingError::Uplink(UplinkError::Store(_))), "{other:?}");
    }
}
