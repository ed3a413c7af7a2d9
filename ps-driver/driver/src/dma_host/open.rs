//! Taking over a DMA and the engine behind it.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::HostError;
use super::host::{DmaHost, DmaParts};
use super::probe::{identify_engine, refuse_unknown_engine};
use crate::axi_dma::{self, DmaError, DmaSettings, Layout, Link};
use crate::seams::{Clock, DmaBuffer, Fabric, Irq, Registers};

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// Asks whether the logic may be touched, finds out what the DMA can do, resets it and the engine, and sends
    /// records through both as a proof. The engine's tables are cleared.
    ///
    /// # Errors
    /// The logic may not be touched; the DMA's configuration does not suit, with the name of the Vivado setting to
    /// change; the proof failed.
    pub fn open(
        fabric: &mut impl Fabric,
        parts: DmaParts<E, D, B, I, C>,
        settings: &DmaSettings,
    ) -> Result<DmaHost<E, D, B, I, C>, HostError> {
        fabric.check()?;
        let DmaParts { mut engine, mut dma, buffer, irq, mut clock } = parts;
        identify_engine(&mut engine)?;
        // Before any refusal: a process that was killed has left the DMA at work on its buffers.
        let stopped = axi_dma::identify(&mut dma)
            .and_then(|mode| axi_dma::reset(&mut dma, &mut clock, settings.reset_limit).map(|()| mode));
        let packet_beats = refuse_unknown_engine(&mut engine)?;
        let mode = stopped?;
        settings.check()?;
        axi_dma::refuse_wide(&mut dma, mode)?;
        if let Some(expected) = settings.mode
            && expected != mode
        {
            return Err(DmaError::Mode { expected: expected.name(), found: mode.name() }.into());
        }
        let layout = Layout::new(settings, packet_beats);
        axi_dma::check_buffer(&buffer, &layout)?;
        let link = Link::new(dma, buffer, mode, settings, layout);
        let mut host = DmaHost {
            engine,
            link,
            irq,
            clock,
            fault: None,
            notices: VecDeque::new(),
            noticed: 0,
            missing: None,
            announced: false,
            batches: VecDeque::new(),
            reserved: 0,
            sent: 0,
            progress: Duration::ZERO,
            paused: false,
        };
        host.probe()?;
        Ok(host)
    }
}
