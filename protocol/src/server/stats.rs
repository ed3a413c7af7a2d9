//! What the board server has seen.

use crate::frame::ErrorCode;

/// Defines [`Stats`] and the list of its counters, so that no output can leave one out.
macro_rules! counters {
    ($($(#[doc = $about:literal])+ $name:ident,)+) => {
        /// Counters since the server was made.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[doc = $about])+ pub $name: u64,)+
            /// Errors sent, by [`ErrorCode`] from 1.
            pub errors: [u64; ErrorCode::ALL.len()],
        }

        impl Stats {
            /// Returns every counter but the errors: its name, what it counts in one sentence, and its value.
            pub fn counters(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($name), concat!($($about),+).trim_ascii(), self.$name),)+].into_iter()
            }
        }
    };
}

counters! {
    /// Connections accepted.
    connections,
    /// Grants made for a new session.
    grants,
    /// Sessions that continued after a reconnect.
    resumed,
    /// Grants made again for a session that did not know its grant.
    renewed,
    /// Sessions taken over by the next session of the same agent.
    inherited,
    /// Grants that became larger.
    grown,
    /// Sessions given up because no connection came back in time.
    expired,
    /// Places taken back before their time because they were needed and nothing was lost by that.
    taken_back,
    /// Places taken from the holder with most of them for one that had fewer.
    displaced,
    /// Sessions given up, expired or displaced, from which a later process of their agent could have gone on.
    abandoned_sessions,
    /// Records under the grants of those sessions; their counters are lost unless the agent itself still runs.
    abandoned_records,
    /// Records that had not passed the engine when their session lost its place after its Bye.
    dropped_records,
    /// Frames decoded.
    frames,
    /// Bytes received.
    received_bytes,
    /// Records queued for the engine, duplicates not among them.
    records,
    /// Records dropped because their number was known.
    duplicates,
    /// Snapshots made for an agent.
    snapshots,
    /// Times that the engine was reset after a failure.
    engine_failures,
}

impl Stats {
    /// Errors sent with this code.
    pub fn errors_of(&self, code: ErrorCode) -> u64 {
        self.errors[code as usize - 1]
    }
}
