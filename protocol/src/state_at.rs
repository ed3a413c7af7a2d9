//! The state of a context at an earlier journal position: QUERY and READ, adjacent.
//!
//! `state(then) = state(now) ^ query` holds only if nothing changes the context between the two. Here the exclusive
//! borrow of the engine is the lock: until both have answered nothing else can submit. (The board server reaches the
//! same by queueing both behind the records of the one session that may name the context.)

use deltascope_abi::record::{Op, Record};
use deltascope_abi::reply::Reply;
use deltascope_model::{Engine, EngineError};

/// Polls within which an engine that takes records answers them.
const POLLS: u32 = 1_000_000;
/// Operand of the SYNC in front of QUERY and READ. Nothing else uses it.
pub const FENCE: u64 = 0xF3AC_E0F5_7A7E_A701;

/// Why a state of the past cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateAtError {
    /// The mark lies before the session, beyond the present, or further back than the journal reaches.
    #[error(
        "state at {mark}: expected a mark not before {first}, not beyond the present and at most {horizon} deltas back; ask sooner, or keep the states that matter"
    )]
    TooOld {
        /// The mark asked for.
        mark: u64,
        /// The session's first.
        first: u64,
        /// Lanes x depth of the engine's journal; 0: it has none.
        horizon: u64,
    },
    /// The engine has no such context.
    #[error("state: expected a context below {contexts}, found {context}")]
    Context {
        /// The context asked for.
        context: u16,
        /// Contexts of the engine.
        contexts: u32,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What one session may look back at: the deltas since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    first: u64,
}

impl History {
    /// Begins behind every record that was submitted so far. Replies to those go to `others`.
    ///
    /// # Errors
    /// The engine failed or does not answer.
    pub fn begin(engine: &mut impl Engine, others: &mut dyn FnMut(Reply)) -> Result<History, EngineError> {
        answers(engine, [], others)?;
        Ok(History { first: engine.counters()?.journal_position })
    }

    /// The oldest mark that may be named: journal position when the session began.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The state that `context` had at journal position `mark`, exact behind every record submitted so far. Replies
    /// to those go to `others`, in order; the answers to what this function submits do not.
    ///
    /// # Errors
    /// [`StateAtError::TooOld`] for a mark that cannot be answered, without asking when it lies before the session.
    pub fn state_at(
        &self,
        engine: &mut impl Engine,
        context: u16,
        mark: u64,
        others: &mut dyn FnMut(Reply),
    ) -> Result<u64, StateAtError> {
        let info = engine.info();
        if u32::from(context) >= info.contexts {
            return Err(StateAtError::Context { context, contexts: info.contexts });
        }
        let too_old = StateAtError::TooOld { mark, first: self.first, horizon: info.horizon() };
        if mark < self.first || info.horizon() == 0 {
            return Err(too_old);
        }
        let [query, read] = answers(engine, [Record::query(context, mark), Record::read(context)], others)?;
        if query.too_old() {
            return Err(too_old);
        }
        Ok(query.value ^ read.value)
    }
}

/// Submits SYNC and `records`, each of which has one reply beat, and waits for their answers.
fn answers<const N: usize>(
    engine: &mut impl Engine,
    records: [Record; N],
    others: &mut dyn FnMut(Reply),
) -> Result<[Reply; N], EngineError> {
    let kind = engine.info().kind;
    let failed = |text: &str| EngineError::Device { engine: kind.name(), text: text.into() };
    let mut found = [Reply::end_of_batch(0, 0); N];
    let mut progress = Progress::default();
    let mut submitted = 0;
    for _ in 0..POLLS {
        if submitted == 0 {
            submitted = engine.submit(&[Record::sync(FENCE)])?;
        }
        if (1..=N).contains(&submitted) {
            submitted += engine.submit(&records[submitted - 1..])?;
        }
        engine.poll(&mut |reply| progress.take(reply, &mut found, others))?;
        if let Some(wrong) = (0..progress.answered).find(|at| found[*at].op() != records[*at].op()) {
            let (expected, found) = (records[wrong].op(), found[wrong]);
            return Err(failed(&alloc::format!("reply stream: expected an answer to {expected:?}, found {found:?}")));
        }
        if progress.is_over(N) {
            return Ok(found);
        }
    }
    Err(failed("expected an answer to SYNC, QUERY and READ, found none; are the replies taken from the engine?"))
}

/// How far the answers have come.
#[derive(Default)]
struct Progress {
    /// The SYNC was answered: what comes is ours.
    fenced: bool,
    answered: usize,
    /// The last answer's batch has ended.
    ended: bool,
}

impl Progress {
    fn take(&mut self, reply: Reply, found: &mut [Reply], others: &mut dyn FnMut(Reply)) {
        let end = reply.op() == Some(Op::Nop);
        match self.fenced {
            false if reply.op() == Some(Op::Sync) && reply.value == FENCE => (self.fenced, self.ended) = (true, false),
            false => others(reply),
            true if end => self.ended = true,
            true => {
                if let Some(place) = found.get_mut(self.answered) {
                    (*place, self.ended) = (reply, false);
                    self.answered += 1;
                }
            }
        }
    }

    fn is_over(&self, answers: usize) -> bool {
        self.fenced && self.ended && self.answered == answers
    }
}
