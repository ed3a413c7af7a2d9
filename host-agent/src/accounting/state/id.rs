//! The id of an agent, stable over its restarts.

use std::fs::File;
use std::io::Read;

use super::StateError;

/// The id of an agent, stable over its restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentId(pub [u8; 16]);

impl AgentId {
    /// Makes one of the system's random numbers.
    pub(super) fn random() -> Result<AgentId, StateError> {
        let mut id = [0; 16];
        File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut id)).map_err(StateError::Random)?;
        Ok(AgentId(id))
    }
}

impl std::str::FromStr for AgentId {
    type Err = StateError;

    fn from_str(text: &str) -> Result<AgentId, StateError> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(id) if digits && id != 0 => Ok(AgentId(id.to_be_bytes())),
            _ => Err(StateError::Id { found: text.to_owned() }),
        }
    }
}

impl std::fmt::Display for AgentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
