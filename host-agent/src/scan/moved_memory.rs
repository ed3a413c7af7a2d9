//! Memory that a member has moved to another address (`mremap`): its frames are those of other addresses and no
//! copies of what the others have at its own.

use std::collections::{BTreeSet, HashMap};

/// Frames that are held at most, 40 MiB. Where there are more, none of the others is taken for a copy.
const MAX_FRAMES: usize = 1 << 20;

/// A piece of memory, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// One that only one member has mapped.
    Alone(usize),
    /// What one member alone has at the addresses of a span.
    InSpan(usize),
}

/// A frame that is mapped more often than members have it at an address.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    address: u64,
    /// Where, if the other members have nothing there.
    part: Option<Part>,
    /// It was seen at another address too.
    elsewhere: bool,
}

/// Frames that may be mapped at two addresses of a family.
#[derive(Debug, Default)]
pub(crate) struct MovedMemory {
    suspects: HashMap<u64, Suspect>,
    full: bool,
    /// Parts with a frame that was noted at another address before, or that there was no room for.
    moved: BTreeSet<Part>,
    /// Parts of the present span, by member.
    of_span: HashMap<usize, usize>,
    /// Of each part of a span: pages that its member alone has and that are mapped once, and whether others are mapped more
    /// than once.
    in_spans: Vec<(u64, bool)>,
}

impl MovedMemory {
    /// Whether there is any frame to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.suspects.is_empty()
    }

    /// Notes a frame that is mapped more often than members have it at an address.
    pub(crate) fn suspect(&mut self, frame: u64, address: u64, part: Option<Part>) {
        if let Some(suspect) = self.suspects.get_mut(&frame) {
            if suspect.address != address {
                suspect.elsewhere = true;
                self.moved.extend(part);
            }
        } else if let Some(part @ Part::InSpan(_)) = part
            && self.suspects.len() >= MAX_FRAMES / 2
        {
            // Room is left for those that decide whether another frame is a copy; this one may be moved.
            self.moved.insert(part);
        } else if self.suspects.len() < MAX_FRAMES {
            self.suspects.insert(frame, Suspect { address, part, elsewhere: false });
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

    /// Whether a frame was seen at two addresses.
    pub(crate) fn is_elsewhere(&self, frame: u64) -> bool {
        self.suspects.get(&frame).is_some_and(|suspect| suspect.elsewhere)
    }

    /// Begins another span.
    pub(crate) fn begin_span(&mut self) {
        self.of_span.clear();
    }

    /// Notes a page that a member alone has at an address of the present span, and returns the part that it belongs to.
    pub(crate) fn alone_in_span(&mut self, member: usize, mapped_once: bool) -> Part {
        let number = *self.of_span.entry(member).or_insert_with(|| {
            self.in_spans.push((0, false));
            self.in_spans.len() - 1
        });
        let (once, more) = &mut self.in_spans[number];
        match mapped_once {
            true => *once += 1,
            false => *more = true,
        }
        Part::InSpan(number)
    }

    /// The pages mapped once in the parts of spans with others that are mapped more than once: without frame numbers it
    /// cannot be known whether they were moved.
    pub(crate) fn maybe_moved_in_spans(&self) -> u64 {
        self.in_spans.iter().filter(|(_, more)| *more).map(|(once, _)| once).sum()
    }

    /// The pages mapped once in the parts of memory with a frame that is at another address too. `alone` are those of the
    /// pieces that one member alone has mapped.
    pub(crate) fn pages_beside_moved(&self, alone: &[u64]) -> u64 {
        let moved = self.suspects.values().filter(|suspect| suspect.elsewhere);
        let parts: BTreeSet<Part> =
            moved.filter_map(|suspect| suspect.part).chain(self.moved.iter().copied()).collect();
        let pages = |part: &Part| match *part {
            Part::Alone(number) => alone[number],
            Part::InSpan(number) => self.in_spans[number].0,
        };
        parts.iter().map(pages).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_at_two_addresses_is_moved() {
        let mut moved = MovedMemory::default();
        moved.suspect(1, 0x1000, None);
        moved.suspect(2, 0x2000, Some(Part::Alone(1)));
        moved.see(1, 0x1000);
        moved.see(3, 0x9000);
        assert!(!moved.is_moved(1) && !moved.is_moved(3));
        assert_eq!(moved.pages_beside_moved(&[5, 7]), 0);
        moved.see(2, 0x1000);
        moved.suspect(1, 0x3000, None);
        assert!(moved.is_moved(1) && moved.is_moved(2));
        assert_eq!(moved.pages_beside_moved(&[5, 7]), 7);
    }

    #[test]
    fn pages_of_a_span_are_counted_by_member() {
        let mut moved = MovedMemory::default();
        let part = moved.alone_in_span(0, false);
        moved.suspect(1, 0x1000, Some(part));
        (0..3).for_each(|_| assert_eq!(moved.alone_in_span(0, true), part));
        assert_ne!(moved.alone_in_span(1, true), part);
        moved.begin_span();
        assert_ne!(moved.alone_in_span(0, true), part);
        assert_eq!((moved.maybe_moved_in_spans(), moved.pages_beside_moved(&[])), (3, 0));
        moved.suspect(1, 0x9000, Some(Part::Alone(0)));
        assert_eq!(moved.pages_beside_moved(&[4]), 3 + 4, "at both addresses");
    }

    #[test]
    fn beyond_the_bound_every_frame_may_be_moved() {
        let mut moved = MovedMemory::default();
        (0..=MAX_FRAMES as u64).for_each(|frame| moved.suspect(frame, 0x1000, None));
        assert!(!moved.is_moved(0));
        assert!(moved.is_moved(MAX_FRAMES as u64));
        let mut moved = MovedMemory::default();
        for frame in 0..=MAX_FRAMES as u64 / 2 {
            let part = moved.alone_in_span(0, false);
            moved.suspect(frame, 0x1000, Some(part));
        }
        moved.alone_in_span(0, true);
        assert_eq!((moved.pages_beside_moved(&[]), moved.is_moved(MAX_FRAMES as u64)), (1, false));
    }
}
