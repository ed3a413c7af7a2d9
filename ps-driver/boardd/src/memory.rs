//! `--memory`: how much of it each part of the daemon may have.
//!
//! Everything whose size a peer decides is bounded by number and size; what is left is for the sessions, which share it by
//! need. The kernel's buffers of sockets count too: on a board they come from the same memory.

use bytesize::ByteSize;
use deltascope_protocol::server::LEAST_SESSION_BYTES;
use deltascope_tls::channel::{HANDSHAKE_BYTES, OPEN_BYTES, OUTGOING_BYTES};

/// The program, its allocator's slack, and the model of the largest engine.
const PROGRAM: u64 = 24 << 20;
/// What rustls keeps of a handshake, and the daemon and the server of a connection, beside their buffers.
const STATE: u64 = 24 << 10;
/// Kernel's buffer of a socket without a session, in each direction. The kernel takes twice what it is asked for.
pub const SMALL_SOCKET: u64 = 16 << 10;
/// Kernel's buffers of a socket with a session, in each direction: at least, and at most.
const SOCKET: (u64, u64) = (64 << 10, 512 << 10);
/// Share of the memory for the buffers of the sockets of sessions: one part in this many.
const SOCKETS: u64 = 4;
/// Least memory of the server for one session.
const LEAST_SESSION: u64 = LEAST_SESSION_BYTES;

/// Why the memory is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--memory: expected at least {} for {sessions} sessions and {handshakes} handshakes, found {}; allow more memory, or fewer of them (--max-sessions, --max-handshakes)",
    mebibytes(*.needed), mebibytes(*.found)
)]
pub struct MemoryError {
    needed: u64,
    found: u64,
    sessions: usize,
    handshakes: usize,
}

/// The size in MiB, rounded up, so that what is named as enough is enough.
fn mebibytes(bytes: u64) -> String {
    let whole = bytes.div_ceil(1 << 20).saturating_mul(1 << 20);
    ByteSize::b(whole).display().iec().to_string()
}

/// What counts and is bounded by number.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// Sessions.
    pub sessions: usize,
    /// Connections without a session.
    pub others: usize,
    /// Handshakes; 0 without TLS.
    pub handshakes: usize,
}

/// The parts of the memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For the sessions in the server, together.
    pub sessions: u64,
    /// What to ask the kernel for as the buffer of a socket with a session, in each direction.
    pub socket: u64,
}

impl Plan {
    /// Divides `memory` bytes.
    ///
    /// # Errors
    /// They are not enough.
    pub fn of(memory: u64, numbers: Numbers) -> Result<Plan, MemoryError> {
        let Numbers { sessions, others, handshakes } = numbers;
        let [session_count, other_count, handshake_count] = [sessions, others, handshakes].map(|number| number as u64);
        let tls = if handshakes > 0 { (OPEN_BYTES + OUTGOING_BYTES) as u64 } else { 0 };
        let small = STATE + 4 * SMALL_SOCKET;
        // Numbers from the command line may be of any size.
        let fixed = PROGRAM
            .saturating_add(handshake_count.saturating_mul(HANDSHAKE_BYTES as u64 + small))
            .saturating_add(other_count.saturating_mul(tls + small))
            .saturating_add(session_count.saturating_mul(tls + STATE));
        let needed = fixed.saturating_add(session_count.saturating_mul(LEAST_SESSION + 4 * SOCKET.0));
        if memory < needed {
            return Err(MemoryError { needed, found: memory, sessions, handshakes });
        }
        // What is not needed for certain: a part for the sockets, the rest for the sessions.
        let left = memory - fixed - session_count * LEAST_SESSION;
        let socket = (left.min(memory / SOCKETS) / session_count.max(1) / 4).clamp(SOCKET.0, SOCKET.1);
        Ok(Plan { sessions: memory - fixed - session_count * socket * 4, socket })
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, Plan};

    const DEFAULT: Numbers = Numbers { sessions: 64, others: 96, handshakes: 256 };
    const MIB: u64 = 1 << 20;

    #[test]
    fn parts_are_at_most_the_whole() {
        for memory in [250, 384, 1_000, 8_000] {
            let plan = Plan::of(memory * MIB, DEFAULT).unwrap();
            assert!(plan.sessions + 64 * 4 * plan.socket < memory * MIB, "{plan:?}");
            assert!(plan.sessions >= 64 * MIB);
        }
    }

    #[test]
    fn too_little_memory_is_refused_with_what_is_needed() {
        let error = Plan::of(64 * MIB, DEFAULT).unwrap_err();
        assert!(
            error.to_string().contains("expected at least") && error.to_string().contains("found 64.0 MiB"),
            "{error}"
        );
        assert!(Plan::of(error.needed, DEFAULT).is_ok(), "what is said to be enough is enough: {error}");
        assert!(Plan::of(64 * MIB, Numbers { sessions: 8, others: 24, handshakes: 16 }).is_ok());
        let most = Numbers { sessions: usize::MAX, others: usize::MAX, handshakes: 1 };
        let error = Plan::of(u64::MAX - 1, most).unwrap_err();
        assert!(error.to_string().contains("found 16.0 EiB"), "{error}");
    }
}
