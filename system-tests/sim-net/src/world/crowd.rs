//! Peers of one holder that want every place of the server: without fairness among holders no agent would get in.
//!
//! They speak the protocol and break no rule: they send Hello, look busy, send Bye or vanish, and begin again.

use super::World;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Record;
use deltascope_protocol::frame::{Bye, Cursors, Hello, Message, Records};
use deltascope_protocol::server::{ConnectionId, Holder, Identity, Peer};
use deltascope_testkit::frames::{encode, hello};

/// Key of the holder of the crowd; those of agents are their tags.
const KEY: [u8; 1] = [0xFF];

/// The peers. A place without a connection is one whose peer comes again.
#[derive(Debug, Default)]
pub struct Crowd {
    members: Vec<Option<Member>>,
    /// Sessions that were asked for.
    sessions: u64,
}

/// A peer with a connection.
#[derive(Clone, Copy, Debug)]
struct Member {
    id: ConnectionId,
    /// Number of its next record.
    next: u64,
    /// The server has answered its Hello.
    is_answered: bool,
}

/// What each of them asks for: eight hold all of [`SIZES`].
const GROUPS: u32 = 6;
const CONTEXTS: u32 = 8;

/// Contexts and groups of an engine of which four holders can have what an agent of the simulation asks for at most.
pub const SIZES: (u32, u32) = (8 * CONTEXTS, 8 * GROUPS);
/// Sessions of that server.
pub const SESSIONS: usize = 8;

impl Crowd {
    /// A crowd of N peers.
    pub fn new(members: usize) -> Crowd {
        Crowd { members: vec![None; members], sessions: 0 }
    }

    /// Whether there is no peer.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The server is another one: no connection is left.
    pub fn forget(&mut self) {
        self.members.fill(None);
    }
}

/// The holder of an agent's places.
pub fn holder_of(tag: usize) -> Peer {
    Peer { holder: Holder::of(&[tag as u8]), ..Peer::from(Identity::ANYBODY) }
}

impl World {
    /// One peer of the crowd does something.
    pub(super) fn crowd_turn(&mut self) {
        let World { crowd, server, rng, now, .. } = self;
        let at = rng.below(crowd.members.len() as u64) as usize;
        let Some(member) = &mut crowd.members[at] else {
            let peer = Peer { holder: Holder::of(&KEY), ..Peer::from(Identity::ANYBODY) };
            let Some(id) = server.connect(peer, *now) else { return };
            crowd.sessions += 1;
            let mut session = [0xC0; 16];
            session[8..].copy_from_slice(&crowd.sessions.to_le_bytes());
            // Each with an agent and a secret of its own, so that the server keeps what it leaves.
            let hello = Hello { session, agent: session, ..hello(1, GROUPS, CONTEXTS) };
            server.receive(id, &encode(&Message::Hello(hello)), *now);
            crowd.members[at] = Some(Member { id, next: 0, is_answered: false });
            return;
        };
        let Member { id, next, .. } = *member;
        let output = server.transmit(id).len();
        server.advance(id, output);
        member.is_answered |= output > 0;
        if server.is_closing(id) || !server.carries_session(id) {
            server.disconnect(id, *now);
            crowd.members[at] = None;
            return;
        }
        if !member.is_answered {
            return;
        }
        let mut losses = Losses::default();
        losses.add(LossReason::Ring, 1);
        let records = [Record::load(0, 0).to_bytes(); 3];
        let count = rng.below(4) as usize;
        let frame = Records {
            first_sequence: next,
            replies_below: 0,
            losses,
            cursors: Cursors(&[]),
            records: &records[..count],
        };
        match rng.below(40) {
            0 => {
                server.disconnect(id, *now);
                crowd.members[at] = None;
            }
            1 => server.receive(id, &encode(&Message::Bye(Bye { next_sequence: next })), *now),
            _ => {
                server.receive(id, &encode(&Message::Records(frame)), *now);
                member.next += count as u64;
            }
        }
    }
}
