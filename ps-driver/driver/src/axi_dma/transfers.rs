//! Direct mode: the one transfer that each channel may have under way.

use super::registers::{Channel, status};

/// How far a channel's transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Transfer {
    /// Nothing is in the hands of the DMA.
    #[default]
    Nothing,
    /// LENGTH was written.
    UnderWay,
    /// IOC_Irq was seen since.
    Ended,
}

/// The transfers of both channels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transfers([Transfer; 2]);

impl Transfers {
    /// LENGTH was written, with IOC_Irq clear.
    pub fn begin(&mut self, channel: Channel) {
        self.0[channel as usize] = Transfer::UnderWay;
    }

    /// Takes a value of DMASR. IOC_Irq is noted here, since it is cleared for the processor's interrupt as well.
    pub fn note(&mut self, channel: Channel, dmasr: u32) {
        let transfer = &mut self.0[channel as usize];
        if *transfer == Transfer::UnderWay && dmasr & status::IRQ_COMPLETE != 0 {
            *transfer = Transfer::Ended;
        }
    }

    /// Takes the transfer back from the DMA; gives whether there was one.
    pub fn take(&mut self, channel: Channel) -> bool {
        core::mem::take(&mut self.0[channel as usize]) != Transfer::Nothing
    }

    /// Whether a transfer is in the hands of the DMA.
    pub fn is_under_way(&self, channel: Channel) -> bool {
        self.0[channel as usize] != Transfer::Nothing
    }

    /// Whether the end of the transfer was announced.
    pub fn has_ended(&self, channel: Channel) -> bool {
        self.0[channel as usize] == Transfer::Ended
    }
}
