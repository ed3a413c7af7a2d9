//! What is checked of every frame on its way.

use crate::agent::Agent;
use crate::engine::SlowEngine;
use crate::grant::Grant;
use crate::link::Link;
use crate::reference::identity;
use crate::{Violation, hold};
use deltascope_protocol::frame::{Ack, Records, Welcome};

/// Boot ids by how often the tables were cleared.
pub type Boots = Vec<(u64, u64)>;

/// Whether a Welcome on the link is of another grant than the agent's session has.
pub fn is_regrant(welcome: &Welcome<'_>, link: &Link, agent: &Agent, grant: &Grant) -> bool {
    link.incarnation == agent.incarnation && (grant.boot, grant.number) != (welcome.boot_id, welcome.grant)
}

/// A Welcome is in the server's output.
pub fn welcome(
    welcome: &Welcome<'_>,
    link: &mut Link,
    agent: &Agent,
    grant: &mut Grant,
    engine: &mut SlowEngine,
    boots: &mut Boots,
) -> Result<(), Violation> {
    let Welcome { boot_id, grant: number, next_sequence, inherited, .. } = *welcome;
    link.former = None;
    hold!(boot_id != 0 && number != 0, "Welcome: expected a boot id and a grant, found {boot_id} and {number}");
    let here = (engine.generation, boot_id);
    let same_time = boots.iter().find(|known| known.0 == here.0);
    let same_id = boots.iter().find(|known| known.1 == here.1);
    hold!(
        same_time == same_id && same_time.is_none_or(|known| *known == here),
        "boot id: expected one for each clearing of the tables, found {boot_id:#x} after clearing {}; before {same_time:?}, {same_id:?}",
        here.0
    );
    if same_time.is_none() {
        boots.push(here);
    }
    link.credit = welcome.credit;
    link.welcomed = true;
    if is_regrant(welcome, link, agent, grant) {
        let restored_before = engine.restored_passed;
        *grant = Grant { boot: boot_id, number, next: next_sequence, restore_end: 0, restored_before };
        if !inherited {
            engine.forget(agent.tag);
        }
    }
    Ok(())
}

/// An Ack is in the server's output, or a planted fault has made it.
pub fn ack(
    ack: &Ack,
    link: &mut Link,
    agent: &Agent,
    grant: &Grant,
    engine: &SlowEngine,
    window: u64,
) -> Result<(), Violation> {
    let Ack { sequence, credit } = *ack;
    hold!(credit <= sequence.saturating_add(window), "credit: expected at most {sequence} + {window}, found {credit}");
    if credit != sequence {
        hold!(credit >= link.credit, "credit: expected at least {} as before, found {credit}", link.credit);
        link.credit = credit;
    }
    if link.incarnation != agent.incarnation {
        return Ok(());
    }
    // An old Hello that arrives after a Bye makes another grant before the last Ack of this one. Records that pass meanwhile are
    // of this one: over the other the agent has sent none.
    let before = link.former.map_or(0, |former| former.passed);
    let grant = link.former.as_ref().map_or(grant, |former| &former.grant);
    if let Some(limit) = link.flipped_below {
        hold!(sequence <= limit, "Ack({sequence}): a frame below {limit} was damaged on this connection");
    }
    if sequence <= grant.restore_end.max(grant.next) {
        let passed = engine.restored_passed.saturating_sub(grant.restored_before);
        hold!(
            sequence <= grant.next + passed,
            "Ack({sequence}): the engine has passed {passed} restoring records since the grant at {}",
            grant.next
        );
    } else if let Some(serial) = agent.serial_below(sequence) {
        let passed = engine.passed[agent.tag].max(before);
        hold!(
            passed >= serial,
            "Ack({sequence}) of agent {}: the last record below it is serial {serial}, the engine has passed serial {passed}",
            agent.tag
        );
    }
    Ok(())
}

/// A Records frame is in the agent's output.
pub fn events(events: &Records<'_>, link: &mut Link, agent: &Agent, grant: &mut Grant) -> Result<(), Violation> {
    let count = events.records.len() as u64;
    let (first, end) = (events.first_sequence, events.first_sequence + count);
    hold!(link.welcomed, "Records: expected none before the Welcome");
    let cursors: Vec<_> = events.cursors.iter().collect();
    if count == 0 {
        let all_sent = first == agent.session.progress().next;
        return if all_sent { agent.check_mark(end, &cursors, &events.losses) } else { Ok(()) };
    }
    hold!(end <= link.credit, "Records: expected records below the credit {}, found {first} to {end}", link.credit);
    agent.check_mark(end, &cursors, &events.losses)?;
    let mut numbered = (first..).zip(events.iter());
    let Some((_, start)) = numbered.next() else { return Ok(()) };
    if identity(&start).is_none() {
        grant.restore_end = grant.restore_end.max(end);
        return Ok(());
    }
    for (number, record) in [(first, start)].into_iter().chain(numbered) {
        let expected = agent.serial_below(number + 1).map(|serial| (agent.tag, serial));
        let found = identity(&record);
        hold!(expected == found, "Records: record {number}: expected agent and serial {expected:?}, found {found:?}");
    }
    Ok(())
}
