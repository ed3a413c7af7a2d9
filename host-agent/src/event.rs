//! Captured events and their owners, before groups and contexts have numbers.

use std::collections::HashMap;
use std::sync::Arc;

use deltascope_abi::random::hash;
use deltascope_abi::record::{Class, MAX_LENGTH};

/// What an owner is. Owners of different kinds never share a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum OwnerKind {
    /// A container whose events are counters.
    Container = 1,
    /// A container in a scan round: its events are a state, exported as gauges.
    Scanned = 2,
    /// A named region of the demonstration workload.
    Region = 3,
    /// The sends of a container, judged by their content; a class of its group is a [`Scope`].
    Sends = 4,
}

impl OwnerKind {
    /// Every kind, by number from 1.
    pub const ALL: [OwnerKind; 4] = [OwnerKind::Container, OwnerKind::Scanned, OwnerKind::Region, OwnerKind::Sends];

    /// The kind with this number, if there is one.
    pub fn from_code(code: u32) -> Option<OwnerKind> {
        Self::ALL.get((code as usize).wrapping_sub(1)).copied()
    }
}

/// Number of an owner in its [`Owners`] table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerId(pub u32);

/// Who an event is charged to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// What it is.
    pub kind: OwnerKind,
    /// What identifies it among those of its kind: of a container the path of its control group, or a name where there is
    /// no path.
    pub name: Arc<str>,
}

/// Owners with the numbers that events carry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owners {
    list: Vec<Owner>,
    numbers: HashMap<Owner, OwnerId>,
}

impl Owners {
    /// The number of an owner, and whether it is new.
    pub fn intern(&mut self, kind: OwnerKind, name: &str) -> (OwnerId, bool) {
        let owner = Owner { kind, name: name.into() };
        if let Some(&id) = self.numbers.get(&owner) {
            return (id, false);
        }
        let id = OwnerId(self.list.len() as u32);
        self.list.push(owner.clone());
        self.numbers.insert(owner, id);
        (id, true)
    }

    /// The owner with this number.
    pub fn get(&self, id: OwnerId) -> Option<&Owner> {
        self.list.get(id.0 as usize)
    }

    /// Number of owners.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Every owner with its number, in the order of their first events.
    pub fn iter(&self) -> impl Iterator<Item = (OwnerId, &Owner)> {
        self.list.iter().enumerate().map(|(number, owner)| (OwnerId(number as u32), owner))
    }
}

/// What a send by content is compared with: a class of the group of [`OwnerKind::Sends`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// What the same container sent from the same local port to the same remote address.
    Peer = 0,
    /// What the same container sent to any peer.
    Container = 1,
    /// What the same connection sent just before; counted on request only.
    Connection = 2,
}

impl Scope {
    /// Every scope. Each that is counted counts every send by content.
    pub const ALL: [Scope; 3] = [Scope::Peer, Scope::Container, Scope::Connection];

    /// Whether it is counted only where somebody asks for it.
    pub fn is_on_request(self) -> bool {
        self == Scope::Connection
    }
}

/// Why the content of a send is not compared with that of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Unjudged {
    /// It is encrypted: the same body has other bytes each time.
    Encrypted = 1,
    /// Some of its bytes were not captured.
    Incomplete = 2,
    /// There is no body, only a head.
    NoBody = 3,
}

impl Unjudged {
    /// Every reason, by number from 1.
    pub const ALL: [Unjudged; 3] = [Unjudged::Encrypted, Unjudged::Incomplete, Unjudged::NoBody];

    /// The reason with this number, if there is one.
    pub fn from_code(code: u64) -> Option<Unjudged> {
        Self::ALL.get(usize::try_from(code).ok()?.wrapping_sub(1)).copied()
    }
}

/// Class of a send by content that is not judged, in the group of [`OwnerKind::Sends`]; never redundant.
pub const UNJUDGED_SEND: Class = Class::PageUnjudged;

impl OwnerKind {
    /// Whether its events are those of a scan, where a class is the origin of a page ([`scanned`]).
    pub fn is_scanned(self) -> bool {
        matches!(self, OwnerKind::Scanned | OwnerKind::Region)
    }
}

/// Classes of an owner of the scan: how a page came to be, and what it equals. Redundant events of a class are those
/// with equal fingerprints.
pub mod scanned {
    use super::Class;

    /// An inherited copy whose bytes were compared; redundant if it equals its source.
    pub const INHERITED: Class = Class::from_code(0);
    /// An inherited copy; redundant if it equals a sibling and not its source, else it was not compared.
    pub const SIBLING_OR_UNJUDGED: Class = Class::from_code(1);
    /// A page that was allocated after the fork; redundant if it equals another.
    pub const BORN_AFTER_FORK: Class = Class::from_code(2);
    /// A page of unknown origin; never redundant.
    pub const ORIGIN_UNKNOWN: Class = Class::from_code(3);
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A page was copied, or found by the scan.
    Page {
        /// How it was judged, never [`Class::NetworkSend`]; of an owner of the scan one of [`scanned`].
        class: Class,
        /// CRC32C of the reference copy.
        before: u32,
        /// CRC32C at the judgement.
        after: u32,
    },
    /// Bytes were sent on a socket.
    Send {
        /// The socket, by a number that is its own on this host.
        socket: u64,
        /// CRC32C of the payload in bits 31:0, hash of socket and length in 63:32.
        fingerprint: u64,
    },
    /// A body was sent to a peer; it is compared within each [`Scope`]. Of an owner of the kind [`OwnerKind::Sends`].
    Body {
        /// Hash of the remote address and the local port.
        peer: u64,
        /// Number of the connection, which no other one of this host has; 0 where it is not known.
        connection: u64,
        /// CRC32C of the body in bits 31:0, hash of its length in 63:32.
        fingerprint: u64,
        /// Bytes of the head that was sent with it, not in the length.
        head: u32,
    },
    /// Bytes were sent that are not judged. Of an owner of the kind [`OwnerKind::Sends`].
    Unjudged {
        /// Why they are not.
        why: Unjudged,
        /// Bytes of the head, not in the length.
        head: u32,
    },
}

/// One captured event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who it is charged to.
    pub owner: OwnerId,
    /// Bytes of the page or the send; saturates in the record.
    pub length: u32,
    /// What happened.
    pub what: What,
}

impl Event {
    /// Whether it is a send by content, which belongs to an owner of the kind [`OwnerKind::Sends`].
    pub fn is_by_content(&self) -> bool {
        matches!(self.what, What::Body { .. } | What::Unjudged { .. })
    }

    /// Bytes of the head that were sent with a body, or without one.
    pub fn head_bytes(&self) -> u32 {
        match self.what {
            What::Body { head, .. } | What::Unjudged { head, .. } => head,
            What::Page { .. } | What::Send { .. } => 0,
        }
    }

    /// Length as it is in a record.
    pub fn record_length(&self) -> u32 {
        self.length.min(MAX_LENGTH)
    }
}

/// Returns the fingerprint of a body: its CRC32C, and above it a hash of its length.
pub fn body_fingerprint(crc: u32, length: u32) -> u64 {
    u64::from(hash(u64::from(length)) as u32) << 32 | u64::from(crc)
}
