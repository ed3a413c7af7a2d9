//! What a restart of the agent needs: resuming a source, and saving the groups.

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Record;
use deltascope_protocol::frame::Cursor;

use super::Accounting;
use crate::accounting::AccountingError;
use crate::accounting::event_numbers::EventNumbers;
use crate::accounting::inherited::Inherited;
use crate::accounting::state::{AgentState, Change, StateStatus};
use crate::sink::SinkError;
use crate::sources::{self, Source, SourceError, cursor};

impl Accounting {
    /// Lets a source resume where that of the agent before stopped, and counts what is lost by that. To be called once
    /// before the first round; it does nothing when there was no agent before.
    ///
    /// # Errors
    /// The source is another one, or the session failed.
    pub fn resume(&mut self, source: &mut dyn Source) -> Result<(), SourceError> {
        let Some(Inherited { events, losses, cursors, .. }) = &self.inherited else { return Ok(()) };
        let (counted, earlier) = (*events, losses.get(LossReason::AgentRestart));
        let cursors = cursors.clone();
        self.left_behind = vec![None; self.uplink.granted().contexts as usize];
        source.resume(&cursors, self)?;
        self.restarts = earlier + sources::agent_restart(source, counted, earlier)?;
        // The server has loaded the contexts with 0; they get back what the next send of each socket is compared with.
        for (context, fingerprint) in std::mem::take(&mut self.left_behind).into_iter().enumerate() {
            if let Some(fingerprint) = fingerprint {
                let record = Record::load(context as u16, fingerprint);
                self.operations.count(&record);
                self.uplink.admit(record).map_err(AccountingError::from).map_err(SinkError::from)?;
            }
        }
        self.numbers = EventNumbers::new(self.uplink.next_sequence());
        self.uplink.set_losses(&self.losses(source));
        self.save_whole();
        Ok(())
    }

    /// Losses of the source and of restarts.
    pub(super) fn losses(&self, source: &dyn Source) -> Losses {
        let mut losses = source.losses();
        losses.add(LossReason::AgentRestart, self.restarts);
        losses
    }

    /// Saves what a restarted agent needs to know of the groups: what has changed, and now and then all of it.
    pub(super) fn save(&mut self) {
        let Accounting { uplink, owners, groups, saved_owners, .. } = self;
        let new = owners.iter().skip(*saved_owners);
        let mut changes: Vec<Change> =
            new.map(|(_, owner)| Change::Owner(owner.kind, owner.name.to_string())).collect();
        *saved_owners = owners.len();
        changes.append(&mut groups.take_changes());
        let number = uplink.with_store(|store| {
            let state = store.state.as_mut()?;
            state.record(&changes);
            if state.wants_whole() {
                let mut session = state.session();
                session.set_groups(owners, &groups.save());
                state.save(session);
            }
            Some(state.number())
        });
        if let Some(position) = number {
            uplink.set_cursor(Cursor { source: cursor::STATE, unit: 0, position });
        }
    }

    /// Saves all that a restarted agent needs to know of the groups.
    pub(super) fn save_whole(&mut self) {
        self.save();
        let Accounting { uplink, owners, groups, .. } = self;
        uplink.with_store(|store| {
            if let Some(state) = &mut store.state {
                let mut session = state.session();
                session.set_groups(owners, &groups.save());
                state.save(session);
            }
        });
    }

    /// Returns what was written to the state folder; `None` without one.
    pub fn state_status(&self) -> Option<StateStatus> {
        self.uplink.with_store(|store| store.state.as_ref().map(AgentState::status))
    }
}
