//! What an agent before this one left in the grant that this one inherited.

use deltascope_abi::loss::Losses;
use deltascope_protocol::agent::Granted;
use deltascope_protocol::frame::Cursor;

use super::AccountingError;
use super::earlier_grants::Carried;
use super::groups::SavedGroups;
use super::snapshot::Snapshot;
use super::state::{self, Change, SavedSession};
use crate::event::Owners;
use crate::sources::{cursor, position};
use crate::uplink::Uplink;

/// What an agent before this one left in the grant that this one inherited.
#[derive(Clone, Debug, PartialEq)]
pub struct Inherited {
    /// Counters as they are now, those of earlier grants included.
    pub snapshot: Snapshot,
    /// Events that these counters hold.
    pub events: u64,
    /// Losses that it reported.
    pub losses: Losses,
    /// Where its sources stood behind the last record that counts.
    pub cursors: Vec<Cursor>,
    /// Its owners and groups, if they are known.
    pub groups: Option<(Owners, SavedGroups)>,
}

/// Returns what is inherited, and begins to save what the next agent will need. To be called once, with nothing admitted.
pub(super) fn inherit(uplink: &mut Uplink<Carried>) -> Result<Option<Inherited>, AccountingError> {
    let Some(granted) = uplink.grant() else { return Ok(None) };
    if uplink.with_store(|store| store.state.is_none()) {
        return Ok(None);
    }
    let saved = uplink.with_store(|store| store.state.as_ref()?.saved(granted.boot_id).cloned());
    let saved = saved.filter(|_| granted.inherited);
    let inherited = granted.inherited.then(|| take_over(uplink, &granted, saved.as_ref()));
    // With its groups the session continues; without them it begins again, with what was counted under earlier grants.
    if inherited.as_ref().is_none_or(|inherited| inherited.groups.is_none()) {
        let (losses, cursors) = match &inherited {
            Some(inherited) => (inherited.losses, inherited.cursors.clone()),
            None => (Losses::default(), Vec::new()),
        };
        let rows = saved.map(|saved| saved.carried()).unwrap_or_default();
        let reset = Change::Reset(state::Carried { boot_id: granted.boot_id, rows, losses, cursors });
        uplink.with_store(|store| {
            if let Some(state) = &mut store.state {
                state.record(&[reset]);
            }
        });
    }
    Ok(inherited)
}

fn take_over(uplink: &mut Uplink<Carried>, granted: &Granted, saved: Option<&SavedSession>) -> Inherited {
    let (mut losses, mut cursors) = (granted.losses, granted.cursors.clone());
    if let Some(saved) = saved {
        uplink.with_store(|store| store.rows = saved.carried());
        if cursors.is_empty() {
            // Nothing has come under the grant: what is carried is all that there is.
            (losses, cursors) = saved.mark();
        }
    }
    uplink.set_sources(losses, cursors.clone());
    let (sequence, totals) = (uplink.covered(), uplink.totals());
    let snapshot = uplink.with_store(|store| store.snapshot(sequence, &totals));
    // What was counted rests on changes up to this one.
    let needed = position(&granted.cursors, cursor::STATE, 0).unwrap_or(0);
    let groups = saved.filter(|saved| saved.number() >= needed).and_then(SavedSession::groups);
    let events = position(&cursors, cursor::EVENTS, 0).unwrap_or_else(|| snapshot.events());
    Inherited { snapshot, events, losses, cursors, groups }
}
