//! Memory that a member has moved to another address (`mremap`): its frames are those of other addresses and no
//! copies of what the others have at its own.

use std::collections::HashMap;

/// Frames that are held at most, 40 MiB. Where there are more, none of the others is taken for a copy.
const MAX_FRAMES: usize = 1 << 20;

/// A frame that is mapped more than once and that one member alone has at an address.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    address: u64,
    /// The number of the piece of memory that one member has alone.
    piece: Option<usize>,
    /// It was seen at another address too.
    elsewhere: bool,
}

/// Frames that may be mapped at two addresses of a family.
#[derive(Debug, Default)]
pub(crate) struct MovedMemory {
    suspects: HashMap<u64, Suspect>,
    full: bool,
}

impl MovedMemory {
    /// Whether there is any frame to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.suspects.is_empty()
    }

    /// Notes a frame that one member alone has at an address, although it is mapped more than once.
    pub(crate) fn suspect(&mut self, frame: u64, address: u64, piece: Option<usize>) {
        if self.suspects.contains_key(&frame) {
            self.see(frame, address);
        } else if self.suspects.len() < MAX_FRAMES {
            self.suspects.insert(frame, Suspect { address, piece, elsewhere: false });
        } else {
            self.full = true;
        }
    }

    /// Notes that a member has a frame at an address.
    pub(crate) fn see(&mut self, frame: u64, address: u64) {
        if let Some(suspect) = self.suspects.get_mut(&frame) {
            suspect.elsewhere |= suspect.address != address;
        }
    }

    /// Whether a frame that was noted is at two addresses, as far as it could be noted.
    pub(crate) fn is_moved(&self, frame: u64) -> bool {
        self.suspects.get(&frame).map_or(self.full, |suspect| suspect.elsewhere)
    }

    /// The pieces of memory, by number, with a frame that is at another address too.
    pub(crate) fn pieces(&self) -> Vec<usize> {
        let moved = self.suspects.values().filter(|suspect| suspect.elsewhere);
        let mut pieces: Vec<usize> = moved.filter_map(|suspect| suspect.piece).collect();
        pieces.sort_unstable();
        pieces.dedup();
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_at_two_addresses_is_moved() {
        let mut moved = MovedMemory::default();
        moved.suspect(1, 0x1000, None);
        moved.suspect(2, 0x2000, Some(7));
        moved.see(1, 0x1000);
        moved.see(3, 0x9000);
        assert!(!moved.is_moved(1) && !moved.is_moved(3) && moved.pieces().is_empty());
        moved.see(2, 0x1000);
        moved.suspect(1, 0x3000, None);
        assert!(moved.is_moved(1) && moved.is_moved(2));
        assert_eq!(moved.pieces(), [7]);
    }

    #[test]
    fn beyond_the_bound_every_frame_may_be_moved() {
        let mut moved = MovedMemory::default();
        (0..=MAX_FRAMES as u64).for_each(|frame| moved.suspect(frame, 0x1000, None));
        assert!(!moved.is_moved(0));
        assert!(moved.is_moved(MAX_FRAMES as u64));
    }
}
