//! Reasons for which a captured event is not in a counter.
//!
//! `captured == counted + in_flight + sum(lost by reason)` holds at every scrape.

/// Why an event was lost. The numbers are those of the wire and of the ring header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LossReason {
    /// A capture ring was full.
    Ring = 0,
    /// Left out by sampling, on purpose and counted exactly.
    Sampled = 1,
    /// The table of pages that wait for judgement was full.
    PendingFull = 2,
    /// The agent's retention was full.
    RetainFull = 3,
    /// The engine or the server rejected the record.
    Rejected = 4,
    /// The source could not say whose the event was.
    UnattributableSource = 5,
    /// The agent restarted and its source no longer had the event.
    AgentRestart = 6,
}

/// Number of reasons.
pub const LOSS_REASONS: usize = 7;

impl LossReason {
    /// Every reason, by number.
    pub const ALL: [LossReason; LOSS_REASONS] = [
        LossReason::Ring,
        LossReason::Sampled,
        LossReason::PendingFull,
        LossReason::RetainFull,
        LossReason::Rejected,
        LossReason::UnattributableSource,
        LossReason::AgentRestart,
    ];

    /// Name as in metrics and reports.
    pub const fn name(self) -> &'static str {
        match self {
            LossReason::Ring => "ring",
            LossReason::Sampled => "sampled",
            LossReason::PendingFull => "pending_full",
            LossReason::RetainFull => "retain_full",
            LossReason::Rejected => "rejected",
            LossReason::UnattributableSource => "unattributable_source",
            LossReason::AgentRestart => "agent_restart",
        }
    }
}

/// Cumulative losses by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses(pub [u64; LOSS_REASONS]);

impl Losses {
    /// Events lost for `reason`.
    pub const fn get(&self, reason: LossReason) -> u64 {
        self.0[reason as usize]
    }

    /// Counts `events` more as lost for `reason`.
    pub const fn add(&mut self, reason: LossReason, events: u64) {
        self.0[reason as usize] += events;
    }

    /// Events lost for any reason.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (LossReason, u64)> + '_ {
        LossReason::ALL.into_iter().map(|reason| (reason, self.get(reason)))
    }
}
