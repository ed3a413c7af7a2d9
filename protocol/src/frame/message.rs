//! The bodies of the frames. Every field is little endian, in the order of its struct; `codec` turns them
//! into bytes and back.

use super::elements::{Cursors, REPLY_ENTRY_BYTES, ReplyEntry, SNAPSHOT_ROW_BYTES, SnapshotRow};
use super::{ErrorCode, Extensions, Kind};
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{RECORD_BYTES, Record};

/// Any frame.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant's struct describes it")]
pub enum Message<'a> {
    Hello(Hello<'a>),
    Welcome(Welcome<'a>),
    Records(Records<'a>),
    Ack(Ack),
    Replies(Replies<'a>),
    StateAt(StateAt),
    StateAtReply(StateAtReply),
    SnapshotRequest(SnapshotRequest),
    Snapshot(Snapshot<'a>),
    Error(ErrorFrame<'a>),
    Bye(Bye),
    Grow(Grow),
    Grown(Grown),
}

impl Message<'_> {
    /// The kind of this message.
    pub const fn kind(&self) -> Kind {
        match self {
            Message::Hello(_) => Kind::Hello,
            Message::Welcome(_) => Kind::Welcome,
            Message::Records(_) => Kind::Records,
            Message::Ack(_) => Kind::Ack,
            Message::Replies(_) => Kind::Replies,
            Message::StateAt(_) => Kind::StateAt,
            Message::StateAtReply(_) => Kind::StateAtReply,
            Message::SnapshotRequest(_) => Kind::SnapshotRequest,
            Message::Snapshot(_) => Kind::Snapshot,
            Message::Error(_) => Kind::Error,
            Message::Bye(_) => Kind::Bye,
            Message::Grow(_) => Kind::Grow,
            Message::Grown(_) => Kind::Grown,
        }
    }
}

/// What only the processes of one agent know: it proves that a Hello with their agent id is theirs.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

impl Secret {
    /// The agent has none: no other session continues from this one, unless the transport knows who the agent is.
    pub const NONE: Secret = Secret([0; 16]);

    /// Returns whether this is [`Secret::NONE`].
    pub fn is_none(&self) -> bool {
        *self == Secret::NONE
    }

    /// Returns whether both are the same, in a time that does not depend on where they differ.
    pub fn matches(&self, other: &Secret) -> bool {
        self.0.iter().zip(other.0).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if self.is_none() { "Secret::NONE" } else { "Secret(not shown)" })
    }
}

/// Agent to server, first frame of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// [`deltascope_abi::ABI_VERSION`] of the agent.
    pub abi_version: u32,
    /// Random, one for each session; a reconnect keeps it.
    pub session: [u8; 16],
    /// Stable over restarts of the agent on one host.
    pub agent: [u8; 16],
    /// Known to the processes of this agent only.
    pub secret: Secret,
    /// Random, entropy for a board that has none.
    pub nonce: u64,
    /// A process of this agent continues with what one before it left. Without it the session of the one before ends and
    /// its place is given to this one.
    pub resumes: bool,
    /// Least number of groups; 0 asks for as many as the server grants at first.
    pub groups: u32,
    /// Least number of contexts; 0 asks for as many as the server grants at first.
    pub contexts: u32,
    /// Number of the oldest record that the agent can still send.
    pub oldest_sequence: u64,
    /// Number that the agent gives to its next new record.
    pub next_sequence: u64,
    /// Boot id of the server that the session was with, 0 for a new session.
    pub boot_id: u64,
    /// Grant that the session holds under that boot id, 0 when it holds none. The server resumes a session only
    /// when both name the grant that it knows.
    pub grant: u64,
    /// The agent has every reply to a record numbered below this.
    pub replies_below: u64,
    /// Name of the host, at most [`super::MAX_HOST_BYTES`] bytes.
    pub host: &'a str,
    /// What this version does not define.
    pub extensions: Extensions<'a>,
}

/// Server to agent, answer to `Hello`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welcome<'a> {
    /// [`deltascope_abi::ABI_VERSION`] of the server.
    pub abi_version: u32,
    /// Which engine answers: 1 model, 2 Verilated RTL, 3 UIO.
    pub engine: u32,
    /// Changes whenever the engine's tables were cleared, and only then; never 0.
    pub boot_id: u64,
    /// Number of the grant, unique under the boot id; never 0. An agent that meets a number that it does not
    /// know has contexts that are all (0, 0), and counters that began again unless they are inherited.
    pub grant: u64,
    /// The counters continue from the earlier session of a restarted agent.
    pub inherited: bool,
    /// Groups granted, numbered from 0.
    pub groups: u32,
    /// Contexts granted, numbered from 0.
    pub contexts: u32,
    /// Groups that the grant may grow to.
    pub most_groups: u32,
    /// Contexts that the grant may grow to.
    pub most_contexts: u32,
    /// Lanes of the journal; 0: no journal.
    pub journal_lanes: u32,
    /// Entries of one lane.
    pub journal_depth: u32,
    /// Number of the record that the server expects next. All before it are with the engine.
    pub next_sequence: u64,
    /// Records numbered below this may be sent.
    pub credit: u64,
    /// Engine's journal position at the grant: the oldest mark that this session may name.
    pub position: u64,
    /// Losses that the agent last reported, for an agent that restarted.
    pub losses: Losses,
    /// Cursors that the agent last reported, for an agent that restarted.
    pub cursors: Cursors<'a>,
    /// What this version does not define.
    pub extensions: Extensions<'a>,
}

/// Agent to server: records, numbered from `first_sequence` on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Records<'a> {
    /// Number of the first record.
    pub first_sequence: u64,
    /// The agent has every reply to a record numbered below this; the server keeps the others.
    pub replies_below: u64,
    /// Everything that was lost before it reached the agent's retention, since the session began.
    pub losses: Losses,
    /// Cursors of the sources after these records.
    pub cursors: Cursors<'a>,
    /// The records, 16 bytes each, at most [`super::MAX_FRAME_RECORDS`].
    pub records: &'a [[u8; RECORD_BYTES]],
}

impl Records<'_> {
    /// The records one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record> + '_ {
        self.records.iter().map(Record::from_bytes)
    }
}

/// Server to agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Every record numbered below this has passed the engine.
    pub sequence: u64,
    /// Records numbered below this may be sent.
    pub credit: u64,
}

/// Server to agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replies<'a> {
    /// Entries in place, by rising sequence.
    pub entries: &'a [[u8; REPLY_ENTRY_BYTES]],
}

impl Replies<'_> {
    /// The entries one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ReplyEntry> + '_ {
        self.entries.iter().map(ReplyEntry::from_bytes)
    }
}

/// Agent to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateAt {
    /// Comes back in the answer.
    pub token: u64,
    /// Journal position: the state after that many deltas of the engine.
    pub mark: u64,
    /// Context as the session numbers it.
    pub context: u32,
}

/// Server to agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateAtReply {
    /// As asked.
    pub token: u64,
    /// As asked.
    pub mark: u64,
    /// Journal position at the answer.
    pub position: u64,
    /// State at the mark; 0 when too old.
    pub state: u64,
    /// The answer is exact after every record numbered below this.
    pub sequence: u64,
    /// Context as asked.
    pub context: u32,
    /// The journal, or the session, does not reach back to the mark.
    pub too_old: bool,
}

/// Agent to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotRequest {
    /// Comes back in the answer.
    pub token: u64,
    /// First group wanted.
    pub first: u32,
    /// Last group wanted.
    pub last: u32,
}

/// Server to agent: counters of groups `first` to `last` since the grant. Rows that are all zero are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot<'a> {
    /// As asked.
    pub token: u64,
    /// Exact after every record numbered below this, and no other of the session.
    pub sequence: u64,
    /// Journal position at the snapshot.
    pub position: u64,
    /// First group.
    pub first: u32,
    /// Last group.
    pub last: u32,
    /// Rows that are not all zero, by group and class.
    pub rows: &'a [[u8; SNAPSHOT_ROW_BYTES]],
}

impl Snapshot<'_> {
    /// The rows one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = SnapshotRow> + '_ {
        self.rows.iter().map(SnapshotRow::from_bytes)
    }
}

/// Either way; the sender closes the connection after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorFrame<'a> {
    /// What kind of error.
    pub code: ErrorCode,
    /// Number of the record that it is about, or 0.
    pub sequence: u64,
    /// What was expected, what was found and what to do.
    pub text: &'a str,
}

/// Agent to server: no more records come; answered with a last `Ack` and a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Number that the next record would have had.
    pub next_sequence: u64,
}

/// Agent to server: asks that the grant have at least these numbers of groups and contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grow {
    /// Groups wanted, those granted already among them.
    pub groups: u32,
    /// Contexts wanted, those granted already among them.
    pub contexts: u32,
}

/// Server to agent, answer to `Grow`: what the grant has from now on. It may be less than was asked for, or what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grown {
    /// Groups granted, numbered from 0.
    pub groups: u32,
    /// Contexts granted, numbered from 0.
    pub contexts: u32,
}
