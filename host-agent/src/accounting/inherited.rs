//! What an agent before this one left in the grant that this one inherited.

use deltascope_abi::loss::Losses;
use deltascope_protocol::agent::Granted;
use deltascope_protocol::frame::Cursor;

use super::AccountingError;
use super::earlier_grants::Carried;
use super::groups::SavedGroups;
use super::snapshot::Snapshot;
use super::state::SavedSession;
use crate::event::Owners;
use crate::uplink::Uplink;

/// What an agent before this one left in the grant that this one inherited.
#[derive(Clone, Debug, PartialEq)]
pub struct Inherited {
    /// Counters as they are now, those of earlier grants included.
    pub snapshot: Snapshot,
    /// Losses that it reported.
    pub losses: Losses,
    /// Where its sources stood behind the last record that counts.
    pub cursors: Vec<Cursor>,
    /// Its owners and groups, if they are known.
    pub groups: Option<(Owners, SavedGroups)>,
}

/// Returns what is inherited, and begins to save what the next agent will need. To be called once, with nothing admitted.
pub(super) fn inherit(uplink: &mut Uplink<Carried>) -> Result<Option<Inherited>, AccountingError> {
    let Some(granted) = uplink.grant().cloned() else { return Ok(None) };
    let Some(state) = &uplink.store().state else { return Ok(None) };
    let saved = state.saved(granted.boot_id).filter(|_| granted.inherited).cloned();
    let inherited = granted.inherited.then(|| take_over(uplink, &granted, saved.as_ref()));
    if saved.is_none() {
        let (losses, cursors) = match &inherited {
            Some(inherited) => (inherited.losses, inherited.cursors.clone()),
            None => (Losses::default(), Vec::new()),
        };
        if let Some(state) = &mut uplink.store().state {
            state.save(|saved| {
                *saved = SavedSession::new(granted.boot_id);
                saved.regranted(granted.boot_id, &[], &losses, &cursors);
            })?;
        }
    }
    Ok(inherited)
}

fn take_over(uplink: &mut Uplink<Carried>, granted: &Granted, saved: Option<&SavedSession>) -> Inherited {
    let (mut losses, mut cursors) = (granted.losses, granted.cursors.clone());
    if let Some(saved) = saved {
        uplink.store().rows = saved.carried();
        if cursors.is_empty() {
            // Nothing has come under the grant: what is carried is all that there is.
            (losses, cursors) = saved.mark();
        }
    }
    uplink.set_sources(losses, cursors.clone());
    let (sequence, totals) = (uplink.covered(), uplink.totals().to_vec());
    let snapshot = uplink.store().snapshot(sequence, &totals);
    Inherited { snapshot, losses, cursors, groups: saved.and_then(SavedSession::groups) }
}
