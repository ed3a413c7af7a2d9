//! One agent: its source, its session, its counters, and what is checked of them.

use crate::reference::Reference;
use crate::source::{Source, counts};
use crate::{Violation, hold};
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_protocol::agent::{Config, Endpoint, Granted, Identity, Notification};
use deltascope_protocol::frame::{Cursor, Secret, StateAtReply};
use deltascope_testkit::Rng;

/// What a commit said.
#[derive(Clone, Debug)]
struct Checkpoint {
    /// Number of the next record.
    number: u64,
    /// Records in the reference's log.
    logged: usize,
    /// Position of the source.
    position: u64,
    losses: Losses,
}

/// A state that was asked for: token, and the answer unless it is too old.
type Asked = (u64, u64);

/// Counts over the agents of a schedule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    pub snapshots: u64,
    pub replies: u64,
    pub states: u64,
    pub states_too_old: u64,
    pub scrapes: u64,
    pub regrants: u64,
    pub inherited: u64,
    pub grown: u64,
}

/// Most groups and contexts that an agent asks for.
const MOST: (u32, u32) = (8, 12);

/// An agent of the simulation.
pub struct Agent {
    pub tag: usize,
    pub incarnation: u64,
    config: Config,
    pub session: Endpoint,
    pub source: Source,
    reference: Reference,
    checkpoints: Vec<Checkpoint>,
    losses: Losses,
    captured: u64,
    /// Number and place in the log where the session began; `None` before its grant.
    begun: Option<(u64, usize)>,
    finishing: bool,
    snapshots: Vec<(u64, u64)>,
    states: Vec<Asked>,
    /// A journal position with the place in the log that belongs to it.
    mark: Option<(u64, usize)>,
    /// The link that it holds.
    pub link: Option<usize>,
    pub reconnect_at: u64,
    /// Number above the last reply on its way to this session.
    pub replies_sent: u64,
    /// A Hello of this agent and the session that it was of, for a network that delivers it again.
    pub old_hello: Option<(u64, Vec<u8>)>,
    pub checked: Checked,
}

fn identity(tag: usize, incarnation: u64, resumes: bool) -> Identity {
    let mut session = [tag as u8; 16];
    session[8..].copy_from_slice(&(incarnation + 1).to_le_bytes());
    let (agent, secret) = ([0x40 | tag as u8; 16], Secret([0x80 | tag as u8; 16]));
    let nonce = incarnation * 8 + tag as u64;
    Identity { session, agent, secret, resumes, nonce, host: "host".into() }
}

impl Agent {
    /// An agent without a connection.
    pub fn new(tag: usize, config: Config, source: Source) -> Agent {
        Agent {
            tag,
            incarnation: 0,
            session: Endpoint::new(config.clone(), identity(tag, 0, true)),
            reference: Reference::new(tag, config.groups as usize, config.contexts as usize),
            config,
            source,
            checkpoints: Vec::new(),
            losses: Losses::default(),
            captured: 0,
            begun: None,
            finishing: false,
            snapshots: Vec::new(),
            states: Vec::new(),
            mark: None,
            link: None,
            reconnect_at: 0,
            replies_sent: 0,
            old_hello: None,
            checked: Checked::default(),
        }
    }

    /// The process dies without a word and starts again, to continue where it was or from nothing.
    pub fn restart(&mut self, resumes: bool) {
        self.incarnation += 1;
        self.session = Endpoint::new(self.config.clone(), identity(self.tag, self.incarnation, resumes));
        (self.begun, self.finishing, self.mark) = (None, false, None);
        self.snapshots.clear();
        self.states.clear();
        self.replies_sent = 0;
    }

    /// Place in the log of a record of this session.
    fn index(&self, number: u64) -> Option<usize> {
        let (first, at) = self.begun?;
        Some(at + number.checked_sub(first)? as usize)
    }

    /// Serial number of the last record below `number`, if a source made it under this session.
    pub fn serial_below(&self, number: u64) -> Option<u64> {
        self.reference.serial(self.index(number)?.checked_sub(1)?).filter(|_| number > self.begun.unwrap_or_default().0)
    }

    /// Makes items, reads some, admits and commits them.
    pub fn feed(&mut self, rng: &mut Rng, now: u64, most: u64) {
        let most = rng.below(most + 1);
        self.captured += self.source.produce(rng, most);
        if self.begun.is_none() || self.finishing || rng.chance(3) {
            return;
        }
        for _ in 0..rng.within(1, 2) {
            let waiting = self.source.waiting(rng.below(most + 1) as usize).enumerate();
            let records: Vec<_> = waiting.map(|(ahead, record)| self.reference.stamp(&record, ahead)).collect();
            let number = self.session.progress().next;
            let count = self.session.admit(&records);
            let admitted = records.iter().take(count).enumerate();
            admitted.for_each(|(at, record)| self.reference.admit(record, number + at as u64));
            let mut read = count;
            if count < records.len() && rng.chance(4) {
                // Not admitted: let go of it here and now, or let it wait in the ring.
                let lost = records[count..].iter().map(counts).sum();
                self.losses.add(LossReason::RetainFull, lost);
                read = records.len();
            }
            let lost = self.source.take(read);
            self.losses.add(LossReason::Ring, lost);
        }
        self.commit(now);
        if self.source.is_done() {
            self.session.finish();
            self.finishing = true;
        }
    }

    fn commit(&mut self, now: u64) {
        let position = self.source.position();
        if self.checkpoints.last().is_none_or(|last| last.position < position) {
            let (number, logged) = (self.session.progress().next, self.reference.len());
            self.checkpoints.push(Checkpoint { number, logged, position, losses: self.losses });
        }
        self.session.commit(&self.losses, &cursors(position), now);
    }

    /// Asks for a snapshot, or for a state of the past.
    pub fn ask(&mut self, rng: &mut Rng) {
        if self.begun.is_none() || self.finishing {
            return;
        }
        if rng.chance(5) {
            let more = |now: u32, most: u32, rng: &mut Rng| (now + rng.below(3) as u32).min(most.max(now));
            let groups = more(self.config.groups, MOST.0, rng);
            let contexts = more(self.config.contexts, MOST.1, rng);
            self.session.request_growth(groups, contexts);
            return;
        }
        match self.mark.filter(|_| rng.chance(2)) {
            None if self.snapshots.len() < 6 => {
                let number = self.session.progress().next;
                self.snapshots.push((self.session.request_snapshot(), number));
            }
            Some((position, at)) if self.states.len() < 6 => {
                let context = rng.below(self.config.contexts.into()) as u16;
                let begun = self.begun.unwrap_or_default().1;
                let state = self.reference.state(context, at, begun);
                self.states.push((self.session.request_state(context, position), state));
            }
            _ => {}
        }
    }

    /// Takes what the session has, and checks all the counters.
    pub fn look(&mut self) -> Result<(), Violation> {
        while let Some(event) = self.session.next_notification() {
            match event {
                Notification::Granted(granted) => self.granted(&granted)?,
                Notification::Regranted(granted) => {
                    self.checked.regrants += 1;
                    self.grow(granted.groups, granted.contexts);
                    self.mark = None;
                    if let Some(at) = self.index(self.session.progress().covered) {
                        self.reference.regranted(at);
                    }
                }
                Notification::Grown { groups, contexts } => {
                    self.checked.grown += u64::from((groups, contexts) != (self.config.groups, self.config.contexts));
                    self.grow(groups, contexts);
                }
                Notification::Reply(entry) => {
                    self.reference.reply(&entry)?;
                    self.checked.replies += 1;
                }
                Notification::State(reply) => self.answered(&reply)?,
                Notification::Snapshot { token, sequence, position } => {
                    self.checked.snapshots += 1;
                    let at = self.snapshots.iter().position(|(asked, _)| *asked == token);
                    let Some((_, after)) = at.map(|at| self.snapshots.remove(at)) else {
                        return Err(Violation(format!("snapshot: found token {token}, which was not asked for")));
                    };
                    self.check_order("Snapshot", sequence)?;
                    let covered = self.session.progress().covered;
                    hold!(
                        (after..=covered).contains(&sequence),
                        "snapshot: expected a number from {after} to {covered}, found {sequence}"
                    );
                    self.mark = self.index(sequence).map(|at| (position, at));
                }
                Notification::Finished => self.finished()?,
            }
        }
        let acknowledged = self.session.progress().acknowledged;
        if self.begun.is_some() {
            let known = self.checkpoints.partition_point(|point| point.number <= acknowledged);
            if let Some(point) = self.checkpoints[..known].last() {
                self.source.release(point.position);
            }
        }
        Ok(())
    }

    /// The grant is this large, and records may use all of it from now on.
    fn grow(&mut self, groups: u32, contexts: u32) {
        (self.config.groups, self.config.contexts) = (groups, contexts);
        self.reference.grow(groups as usize, contexts as usize);
        self.source.grow(groups.into(), contexts.into());
    }

    fn answered(&mut self, reply: &StateAtReply) -> Result<(), Violation> {
        let at = self.states.iter().position(|(asked, _)| *asked == reply.token);
        let Some((_, state)) = at.map(|at| self.states.remove(at)) else {
            return Err(Violation(format!("state: found token {}, which was not asked for", reply.token)));
        };
        self.check_order("StateAtReply", reply.sequence)?;
        if reply.too_old {
            self.checked.states_too_old += 1;
            return Ok(());
        }
        self.checked.states += 1;
        hold!(state == reply.state, "state at {}: expected {state}, found {}", reply.mark, reply.state);
        Ok(())
    }

    /// Every reply to a record below `sequence` comes before an answer that is exact there.
    fn check_order(&self, what: &str, sequence: u64) -> Result<(), Violation> {
        let next = self.reference.next_reply();
        hold!(
            next.is_none_or(|number| number >= sequence),
            "{what} with sequence {sequence}: expected every reply below it before, found that to {next:?} missing"
        );
        Ok(())
    }

    fn granted(&mut self, granted: &Granted) -> Result<(), Violation> {
        self.grow(granted.groups, granted.contexts);
        let totals = self.session.totals().to_vec();
        let number = self.session.progress().next;
        let reported = granted.cursors.first().filter(|_| granted.inherited);
        if let Some(cursor) = reported {
            self.checked.inherited += 1;
            let point = self.checkpoint(&granted.cursors, &granted.losses)?;
            hold!(
                point.number == number,
                "inherited grant: expected next number {} with position {}, found {number}",
                point.number,
                cursor.position
            );
            self.checkpoints.retain(|kept| kept.position <= point.position);
            hold!(
                self.reference.inherit(point.logged, &totals),
                "inherited grant: expected the counters of {} records of one grant, found {}",
                point.logged,
                text(&totals)
            );
            self.losses = granted.losses;
            let gone = self.source.resume(Some(cursor.position));
            self.losses.add(LossReason::AgentRestart, gone);
        } else {
            hold!(totals.iter().all(CounterRow::is_zero), "a grant without cursors: found counters {}", text(&totals));
            self.reference.clear();
            self.checkpoints.clear();
            self.losses = Losses::default();
            self.source.resume(None);
        }
        self.begun = Some((number, self.reference.len()));
        let counted = self.session.progress().counted_events;
        let waiting = self.source.waiting_events() + self.source.untold_losses();
        self.captured = counted + self.losses.total() + waiting;
        Ok(())
    }

    /// The commit that these cursors and losses belong to.
    fn checkpoint(&self, cursors_found: &[Cursor], losses: &Losses) -> Result<Checkpoint, Violation> {
        let position = cursors_found.first().map_or(0, |cursor| cursor.position);
        let at = self.checkpoints.binary_search_by_key(&position, |point| point.position);
        let Some(point) = at.ok().map(|at| &self.checkpoints[at]) else {
            return Err(Violation(format!("cursors: found position {position}, at which nothing was committed")));
        };
        hold!(
            point.losses == *losses && cursors(position) == cursors_found,
            "cursors at {position}: expected {:?}, {:?}, found {losses:?}, {cursors_found:?}",
            point.losses,
            cursors(position)
        );
        Ok(point.clone())
    }

    /// Checks the cursors and losses of a frame that ends before record `end`.
    pub fn check_mark(&self, end: u64, found: &[Cursor], losses: &Losses) -> Result<(), Violation> {
        if found.is_empty() {
            return Ok(());
        }
        let point = self.checkpoint(found, losses)?;
        hold!(
            point.number == end,
            "cursors at {}: expected them with the records below {}, found them with those below {end}",
            point.position,
            point.number
        );
        Ok(())
    }

    /// Compares everything that can be compared at any time.
    pub fn scrape(&mut self) -> Result<(), Violation> {
        if self.begun.is_none() {
            return Ok(());
        }
        self.checked.scrapes += 1;
        let progress = self.session.progress();
        let (counted, in_flight) = (progress.counted_events, progress.in_flight() + self.source.waiting_events());
        let (captured, lost) = (self.captured, self.losses.total() + self.source.untold_losses());
        hold!(
            captured == counted + in_flight + lost,
            "conservation: captured {captured}, counted {counted}, in flight {in_flight}, lost {lost}"
        );
        let (used, size) = self.session.retention();
        hold!(used <= size, "retention: expected at most {size} bytes, found {used}");
        let end = self.index(progress.covered).unwrap_or_default();
        hold!(end <= self.reference.len(), "covered: expected at most {} records, found {end}", self.reference.len());
        let rows = self.reference.rows(end);
        let totals = self.session.totals();
        hold!(rows == totals, "totals after {end} records: expected {}, found {}", text(rows), text(totals));
        let events: u64 = totals.iter().map(|row| row.events).sum();
        hold!(events == counted, "counted events: expected {events} as in the totals, found {counted}");
        Ok(())
    }

    fn finished(&mut self) -> Result<(), Violation> {
        self.scrape()?;
        let progress = self.session.progress();
        hold!(progress.covered == progress.next, "end: expected every record covered, found {progress:?}");
        let (in_flight, left) = (progress.in_flight(), self.reference.replies_left());
        hold!(in_flight == 0, "end: expected nothing in flight, found {in_flight} events");
        hold!(left == 0, "end: expected every reply, found {left} missing");
        let open = self.snapshots.len() + self.states.len();
        hold!(open == 0, "end: expected every request answered, found {open} open");
        Ok(())
    }

    /// Events captured, counted and lost under the present session.
    pub fn counters(&self) -> (u64, u64, u64) {
        (self.captured, self.session.progress().counted_events, self.losses.total())
    }
}

/// Cursors of a source whose second part shows up later.
fn cursors(position: u64) -> Vec<Cursor> {
    let first = Cursor { source: 1, unit: 0, position };
    let second = Cursor { source: 1, unit: 1, position: position * 3 };
    if position < 40 { vec![first] } else { vec![first, second] }
}

/// Rows that are not zero, short.
fn text(rows: &[CounterRow]) -> String {
    let rows = rows.iter().enumerate().filter(|(_, row)| !row.is_zero());
    let row = |(at, row): (usize, &CounterRow)| format!("{at}:{}/{}", row.redundant_events, row.events);
    rows.map(row).collect::<Vec<_>>().join(" ")
}
