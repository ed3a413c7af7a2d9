//! Counts of packets: received = taken + forwarded + other layers + others + dropped + in the ring.

/// Counts of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PacketCounts {
    /// Outgoing packets of TCP, dropped ones with them.
    pub received: u64,
    /// Of these, those that found no room in the ring.
    pub dropped: u64,
    /// Times that the ring was full.
    pub ring_full: u64,
    /// Read from the ring.
    pub read: u64,
    /// Sent by a socket of the namespace.
    pub taken: u64,
    /// Sent on, and not by a socket of the namespace.
    pub forwarded: u64,
    /// Bytes of these, with the headers of IP and TCP.
    pub forwarded_bytes: u64,
    /// Seen again at an interface below or above.
    pub other_layer: u64,
    /// Not understood, or of an interface that was not chosen.
    pub other: u64,
    /// Questions for sockets.
    pub look_ups: u64,
    /// Of these, and of questions for addresses, those that the kernel answered with an error.
    pub look_up_errors: u64,
}

impl PacketCounts {
    /// Counts a forwarded packet.
    pub(super) fn forwarded(&mut self, length: u32) {
        self.forwarded += 1;
        self.forwarded_bytes += u64::from(length);
    }

    /// Adds what the kernel has counted since it was asked last: packets, dropped ones and times that the ring was full.
    pub(super) fn add_statistics(&mut self, [received, dropped, full]: [u32; 3]) {
        self.received += u64::from(received);
        self.dropped += u64::from(dropped);
        self.ring_full += u64::from(full);
    }

    /// Packets that were received and not read yet.
    pub(super) fn in_ring(&self) -> u64 {
        self.received.saturating_sub(self.dropped + self.read)
    }

    /// Adds the counts of another namespace.
    pub(super) fn add(&mut self, other: &PacketCounts) {
        let PacketCounts {
            received,
            dropped,
            ring_full,
            read,
            taken,
            forwarded,
            forwarded_bytes,
            other_layer,
            other,
            look_ups,
            look_up_errors,
        } = other;
        self.received += received;
        self.dropped += dropped;
        self.ring_full += ring_full;
        self.read += read;
        self.taken += taken;
        self.forwarded += forwarded;
        self.forwarded_bytes += forwarded_bytes;
        self.other_layer += other_layer;
        self.other += other;
        self.look_ups += look_ups;
        self.look_up_errors += look_up_errors;
    }
}
