//! When to leave out more, and when to leave out less.

use std::time::Duration;

/// Highest k: one unit in 65,536 is kept.
pub const MAX_SHIFT: u32 = 16;
/// Fill of the fullest ring from which the reader is behind. The module wakes it at a half.
const BEHIND: f64 = 0.75;
/// Fill below which twice the events would still leave the rings half empty.
const AHEAD: f64 = 0.2;
/// Time for a change to show in the rings before the next one.
const SETTLE: Duration = Duration::from_millis(100);
/// Time for which the rings must be empty enough before more is kept, at first.
const CALM: Duration = Duration::from_secs(2);
/// The same after it was found too short again and again.
const LONGEST_CALM: Duration = Duration::from_secs(64);

/// The rings at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Time since any fixed moment.
    pub now: Duration,
    /// Records that the fullest ring holds, as a share of its size.
    pub fill: f64,
    /// Events that found a ring full, since any fixed moment.
    pub lost: u64,
}

/// Moves k up at once and down slowly: an event that is lost to a full ring is gone for the counters and for the
/// estimate too, while one left out is estimated.
#[derive(Clone, Debug)]
pub struct Control {
    shift: u32,
    /// When k changed last.
    changed: Option<Duration>,
    /// A look since then, against which the rings must not have emptied for k to be raised again.
    checkpoint: Option<Look>,
    /// Since when the rings have been empty enough.
    calm_since: Option<Duration>,
    /// Time for which they must be.
    calm: Duration,
    /// The last change kept more.
    lowered: bool,
    /// `lost` of the last look.
    lost: Option<u64>,
}

impl Control {
    /// Control that begins at k = `shift`.
    pub fn new(shift: u32) -> Control {
        Control { shift, changed: None, checkpoint: None, calm_since: None, calm: CALM, lowered: false, lost: None }
    }

    /// k as it should be.
    pub fn shift(&self) -> u32 {
        self.shift
    }

    /// Somebody else has set k.
    pub fn set(&mut self, shift: u32) {
        self.shift = shift;
    }

    /// Looks, and gives a new k when it is time for one.
    pub fn look(&mut self, look: Look) -> Option<u32> {
        let lost = self.lost.replace(look.lost).is_some_and(|before| before != look.lost);
        let since = |moment: Duration| look.now.saturating_sub(moment);
        if lost || look.fill >= BEHIND {
            self.calm_since = None;
            if self.shift >= MAX_SHIFT || !lost && self.is_emptying(look) || self.is_unsettled(look) {
                return None;
            }
            // More was kept too soon: next time wait longer.
            if self.lowered && self.changed.is_some_and(|moment| since(moment) < self.calm) {
                self.calm = (2 * self.calm).min(LONGEST_CALM);
            }
            return Some(self.change(look.now, self.shift + 1, false));
        }
        if look.fill > AHEAD {
            self.calm_since = None;
            return None;
        }
        let calm_since = *self.calm_since.get_or_insert(look.now);
        if since(calm_since) < self.calm {
            return None;
        }
        if self.shift == 0 {
            self.calm = CALM;
            return None;
        }
        self.calm_since = Some(look.now);
        // The last one was not too soon.
        if self.lowered {
            self.calm = (self.calm / 2).max(CALM);
        }
        Some(self.change(look.now, self.shift - 1, true))
    }

    fn is_unsettled(&self, look: Look) -> bool {
        self.changed.is_some_and(|moment| look.now.saturating_sub(moment) < SETTLE)
    }

    /// Whether the rings hold less than they did a little ago, so that the last change is enough.
    fn is_emptying(&mut self, look: Look) -> bool {
        let before = *self.checkpoint.get_or_insert(look);
        if look.now.saturating_sub(before.now) < SETTLE {
            return self.changed.is_some();
        }
        self.checkpoint = Some(look);
        look.fill < before.fill
    }

    fn change(&mut self, now: Duration, shift: u32, lowered: bool) -> u32 {
        (self.shift, self.changed, self.lowered, self.checkpoint) = (shift, Some(now), lowered, None);
        shift
    }
}
