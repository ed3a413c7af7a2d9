//! When a channel with scatter-gather raises IOC_Irq and Dly_Irq: the threshold of packets and the delay timer (axi_sg v4.1,
//! `axi_sg_intrpt`; PG021, "MM2S_DMACR").

use super::pg021::{control, status};

/// Returns IRQThreshold of a value of DMACR.
fn threshold(control: u32) -> u32 {
    (control >> control::THRESHOLD_SHIFT & 0xFF).max(1)
}

/// Returns IRQDelay of a value of DMACR.
fn delay(control: u32) -> u32 {
    control >> control::DELAY_SHIFT
}

/// The counters of one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coalescer {
    /// Packets until the next interrupt: IRQThresholdSts.
    packets: u32,
    /// Since when the delay timer counts, in clocks.
    since: Option<u64>,
    /// A packet has begun in the stream that has not ended.
    in_packet: bool,
}

impl Coalescer {
    /// After a reset.
    pub const RESET: Coalescer = Coalescer { packets: 1, since: None, in_packet: false };

    /// Returns what DMASR shows of the counters: IRQThresholdSts and IRQDelaySts.
    pub fn status(&self, clock: u64) -> u32 {
        let units = self.since.map_or(0, |since| (clock - since) / u64::from(control::DELAY_CLOCKS));
        self.packets << control::THRESHOLD_SHIFT | (units.min(0xFF) as u32) << control::DELAY_SHIFT
    }

    /// Takes a write of DMACR. Another threshold counts from its start, another delay too.
    pub fn configure(&mut self, old: u32, written: u32, clock: u64) {
        if (old ^ written) >> control::THRESHOLD_SHIFT & 0xFF != 0 {
            self.packets = threshold(written);
        }
        if delay(old) != delay(written) {
            self.since = self.since.map(|_| clock);
        }
    }

    /// Counts a packet whose last descriptor is written back; gives whether IOC_Irq is set. The delay timer does not stop.
    pub fn complete(&mut self, control: u32) -> bool {
        self.packets -= 1;
        let is_reached = self.packets == 0;
        if is_reached {
            self.packets = threshold(control);
        }
        is_reached
    }

    /// Takes a beat of the channel's stream: the timer begins at the last one of a packet, long before the packet is in memory
    /// and its descriptor written back, and the first one of another packet stops it.
    pub fn beat(&mut self, last: bool, clock: u64) {
        if !self.in_packet {
            self.since = None;
        }
        self.in_packet = !last;
        if last {
            self.since = Some(clock);
        }
    }

    /// One clock; gives whether Dly_Irq is set. The timer is off while RS is clear and while Dly_Irq is set: a packet that ends
    /// meanwhile starts it no more. It takes one unit more than IRQDelay.
    pub fn clock(&mut self, clock: u64, control: u32, status: u32) -> bool {
        let is_off = delay(control) == 0 || control & control::RUN == 0 || status & status::IRQ_DELAY != 0;
        if is_off {
            self.since = None;
        }
        let length = u64::from(delay(control) + 1) * u64::from(control::DELAY_CLOCKS);
        let is_over = self.since.is_some_and(|since| clock >= since + length);
        if is_over {
            self.since = None;
            if control & control::IRQ_DELAY != 0 {
                self.packets = threshold(control);
            }
        }
        is_over
    }
}
