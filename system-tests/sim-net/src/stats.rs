//! What a schedule saw, in numbers.

use deltascope_protocol::frame::ErrorCode;

/// What a schedule saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Steps of the scheduler.
    pub steps: u64,
    /// Connections after the first of a session that were welcomed.
    pub reconnects: u64,
    /// Restarts of the server: killed or stopped.
    pub server_restarts: u64,
    /// Restarts of an agent.
    pub agent_restarts: u64,
    /// Failures of the engine, which end in a reset.
    pub engine_failures: u64,
    /// Grants that a session met after its first.
    pub regrants: u64,
    /// Sessions that went on from another one of their agent.
    pub inherited: u64,
    /// Grants that became larger.
    pub grown: u64,
    /// Sessions whose place was taken back for another one.
    pub taken_back: u64,
    /// Sessions whose place went to a holder that had fewer.
    pub displaced: u64,
    /// Records that an agent sent more than once.
    pub replayed: u64,
    /// Records that the server dropped because it knew their numbers.
    pub dropped_as_known: u64,
    /// Connections cut, with bytes lost on the way.
    pub cuts: u64,
    /// Bits that became other ones on the way.
    pub flips: u64,
    /// Old Hellos delivered late on a connection of their own.
    pub late_hellos: u64,
    /// Acks compared with the engine's count.
    pub acks: u64,
    /// Replies compared with the reference.
    pub replies: u64,
    /// Snapshots that were asked for and came.
    pub snapshots: u64,
    /// States of the past compared with the reference.
    pub states: u64,
    /// States that were too old.
    pub states_too_old: u64,
    /// Times that all the counters were compared.
    pub scrapes: u64,
    /// Records captured, counted and lost, of the sessions that lived to the end.
    pub captured: u64,
    /// See [`Stats::captured`].
    pub counted: u64,
    /// See [`Stats::captured`].
    pub lost: u64,
    /// Errors of the server, by code from 1.
    pub errors: [u64; ErrorCode::ALL.len()],
}

impl Stats {
    /// Adds another schedule's.
    pub fn add(&mut self, other: &Stats) {
        let sums = [
            (&mut self.steps, other.steps),
            (&mut self.reconnects, other.reconnects),
            (&mut self.server_restarts, other.server_restarts),
            (&mut self.agent_restarts, other.agent_restarts),
            (&mut self.engine_failures, other.engine_failures),
            (&mut self.regrants, other.regrants),
            (&mut self.inherited, other.inherited),
            (&mut self.grown, other.grown),
            (&mut self.taken_back, other.taken_back),
            (&mut self.displaced, other.displaced),
            (&mut self.replayed, other.replayed),
            (&mut self.dropped_as_known, other.dropped_as_known),
            (&mut self.cuts, other.cuts),
            (&mut self.flips, other.flips),
            (&mut self.late_hellos, other.late_hellos),
            (&mut self.acks, other.acks),
            (&mut self.replies, other.replies),
            (&mut self.snapshots, other.snapshots),
            (&mut self.states, other.states),
            (&mut self.states_too_old, other.states_too_old),
            (&mut self.scrapes, other.scrapes),
            (&mut self.captured, other.captured),
            (&mut self.counted, other.counted),
            (&mut self.lost, other.lost),
        ];
        sums.into_iter().for_each(|(sum, more)| *sum += more);
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, more)| *sum += more);
    }
}
