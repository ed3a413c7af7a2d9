//! Planted faults: a relay that changes frames as a wrong server or a wrong agent would have written them. Each must
//! be found; nothing of them is in the product.

use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_protocol::frame::{self, Cursors, Message, Records, Replies, Welcome};
use deltascope_testkit::frames::encode;

/// A fault to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PlantedFault {
    /// The server acknowledges records when it has received them.
    AckOnReceipt,
    /// The agent replays after a new grant and does not restore the contexts.
    ReplayWithoutLoads,
    /// The server counts records again whose numbers it knows.
    KnownAsNew,
    /// The server keeps no replies over a reconnect.
    LostReplies,
    /// The server gives a restarted agent cursors that are older than what it counted.
    StaleCursors,
    /// The server takes credit back.
    FallingCredit,
    /// The server reports at a Bye that everything has passed.
    LastAckOnBye,
    /// The server reports nothing after its Welcome.
    SilentServer,
    /// The server sends the replies behind the next frame of another kind.
    LateReplies,
}

/// The same Records frame with NOPs for the records that restore contexts: those without a source.
pub fn without_restore(events: &Records<'_>) -> Vec<u8> {
    let keep = |record: Record| if record.length() == 0 { Record::nop() } else { record };
    let records: Vec<[u8; RECORD_BYTES]> = events.iter().map(|record| keep(record).to_bytes()).collect();
    encode(&Message::Records(Records { records: &records, ..*events }))
}

/// The same Records frame with another number.
pub fn renumbered(events: &Records<'_>, first_sequence: u64) -> Vec<u8> {
    encode(&Message::Records(Records { first_sequence, ..*events }))
}

/// The same Replies frame without what was on its way before.
pub fn without_known_replies(replies: &Replies<'_>, below: u64) -> Vec<u8> {
    let fresh = replies.iter().filter(|entry| entry.sequence >= below);
    let entries: Vec<_> = fresh.map(|entry| entry.to_bytes()).collect();
    encode(&Message::Replies(Replies { entries: &entries }))
}

/// The same Welcome with cursors one step back, if the grant is inherited.
pub fn with_stale_cursors(welcome: &Welcome<'_>) -> Vec<u8> {
    let back = |cursor: frame::Cursor| frame::Cursor { position: cursor.position.saturating_sub(1), ..cursor };
    let cursors: Vec<_> = welcome.cursors.iter().map(|cursor| back(cursor).to_bytes()).collect();
    let cursors = if welcome.inherited { Cursors(&cursors) } else { welcome.cursors };
    encode(&Message::Welcome(Welcome { cursors, ..*welcome }))
}
