//! How a channel halts, and how an error halts both (axi_dma v7.1, `axi_dma_mm2s_mngr`, `axi_dma_mm2s_sts_mngr`).

use super::dma::AxiDma;
use super::fetch::Fetcher;
use super::mm2s::JUNK_BEATS;
use super::pg021::{Channel, control, status};
use super::s2mm::S2mm;
use super::state::Failing;

/// Clocks from the write that gives a channel work to the fall of Idle: LENGTH's strobe, the command's state machine, and
/// the edge detector behind it (axi_dma v7.1, `axi_dma_smple_sm`, `axi_dma_mm2s_sts_mngr`).
const IDLE_CLOCKS: u32 = 4;

/// Clocks from the last word of a transfer that failed until the data paths stop: its status passes the DataMover's FIFO, the
/// channel's state machines and the halt registers (axi_datamover v5.1, axi_dma v7.1; counted, about). What was read
/// continues to the stream meanwhile.
const STOP_CLOCKS: u64 = 10;

impl AxiDma {
    /// Whether no command of the channel is under way: nothing to fetch, to move or to write back. Words that were read may
    /// still wait for the stream.
    fn has_no_work(&self, channel: Channel) -> bool {
        let at = channel as usize;
        let moved = match channel {
            Channel::Mm2s => self.mm2s.is_empty(),
            Channel::S2mm => !self.s2mm.has_command(),
        };
        let fails = self.failing.is_some_and(|failing| failing.channel == channel);
        !self.states[at].busy && moved && !fails && self.fetchers[at].is_idle() && !self.updater.has(channel)
    }

    /// One clock of Halted and Idle.
    pub(super) fn clock_status(&mut self, channel: Channel, clock: u64) {
        let at = channel as usize;
        // RS fell: no descriptor is begun any more, and the channel halts once the commands that it has are complete.
        if self.states[at].is_running() && !self.states[at].is_started() {
            self.fetchers[at] = Fetcher::default();
            let is_over = match self.states[at].halting {
                Some(end) => clock >= end && !self.unanswered && !self.updater.has(channel),
                None => self.has_no_work(channel),
            };
            if is_over {
                self.states[at].status |= status::HALTED;
                self.states[at].halting = None;
            }
        }
        let nothing = self.has_no_work(channel);
        let late = self.config().timing.idle_late;
        let state = self.state(channel);
        state.idle_history = state.idle_history << 1 | u64::from(nothing);
        let rises = state.idle_history >> late & 0b11 == 0b01;
        let falls = state.idle_history >> (late + IDLE_CLOCKS) & 0b11 == 0b10;
        state.idle |= rises && state.is_started();
        state.idle &= !falls && state.is_running();
    }

    /// A transfer of data failed: both channels stop presently. The first one counts.
    pub(super) fn fail_data(&mut self, failing: Failing) {
        let at = self.now() + STOP_CLOCKS;
        self.failing.get_or_insert(Failing { at, ..failing });
    }

    /// Stops both channels for a transfer that failed. With scatter-gather DMASR shows the error only when the descriptor is
    /// written back, complete and with the error; the other channel may have halted by then. What waited to be written back
    /// still is (axi_sg v4.1, `ch1_dma_slverr_set`).
    pub(super) fn clock_failing(&mut self, clock: u64) {
        let Some(failing) = self.failing.take_if(|failing| clock >= failing.at) else { return };
        self.stop_both();
        match failing.update {
            Some(update) => self.updater.push(update),
            None => self.report(failing.channel, failing.errors),
        }
    }

    /// A descriptor could not be fetched or written back: both channels stop, and nothing else is written back.
    pub(super) fn fail_descriptor(&mut self, channel: Channel, error: u32) {
        self.stop_both();
        self.failing = None;
        Channel::BOTH.into_iter().for_each(|channel| self.updater.drop_channel(channel));
        self.report(channel, error);
    }

    /// DMASR shows errors from now on.
    pub(super) fn report(&mut self, channel: Channel, errors: u32) {
        let (last, sg) = (self.fetch_port.last, self.config().scatter_gather);
        let state = self.state(channel);
        state.status |= errors | status::IRQ_ERROR;
        if sg {
            state.current = last;
        }
    }

    /// An error of either channel stops both: RS of the other falls too (axi_dma v7.1, `error_in`), which shows Halted and no
    /// error. Their data paths stop as in a reset, so that invalid beats may follow.
    fn stop_both(&mut self) {
        self.failed = true;
        for channel in Channel::BOTH {
            let awaits_memory = match channel {
                Channel::Mm2s => self.mm2s.awaits_memory(),
                Channel::S2mm => self.s2mm.awaits_memory(),
            };
            let left = if awaits_memory { self.config().timing.ddr_latency } else { 0 };
            self.state(channel).halting = Some(self.now() + left);
            self.flush(channel, JUNK_BEATS);
        }
    }

    /// The channel's RS bit is cleared by something else, and what it was doing is gone.
    pub(super) fn stop(&mut self, channel: Channel) {
        self.state(channel).status |= status::HALTED;
        self.flush(channel, 0);
        self.updater.drop_channel(channel);
    }

    /// Drops what is under way on a channel, but for what waits to be written back.
    fn flush(&mut self, channel: Channel, junk: usize) {
        let state = self.state(channel);
        state.control &= !control::RUN;
        state.busy = false;
        self.unanswered |= self.mm2s.is_silent() || self.s2mm.is_silent();
        self.fetchers[channel as usize] = Fetcher::default();
        match channel {
            Channel::Mm2s => self.mm2s.shut_down(junk),
            Channel::S2mm => self.s2mm = S2mm::default(),
        }
    }
}
