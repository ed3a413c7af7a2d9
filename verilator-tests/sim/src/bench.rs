//! Clock, reset and waves of one design under test.

use std::path::PathBuf;

use crate::dut::{Dut, DutError, Port};

/// Why a test stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The design could not be used.
    #[error(transparent)]
    Dut(#[from] DutError),
    /// The design did something else than expected.
    #[error("clock {clock}: {text}")]
    Mismatch {
        /// Clocks of this design before the one in which it showed.
        clock: u64,
        /// What was expected and what was found.
        text: String,
    },
}

/// When and where to write a waveform.
#[derive(Clone, Debug)]
pub struct WavePlan {
    /// The file.
    pub path: PathBuf,
    /// First clock to write.
    pub from: u64,
}

/// A design with its clock and its reset.
pub struct Bench {
    dut: Dut,
    reset: Port,
    clocks: u64,
    plan: Option<WavePlan>,
}

impl Bench {
    /// Takes over `dut`; the reset port is `resetn` or `aresetn`, and starts low.
    pub fn new(mut dut: Dut, plan: Option<WavePlan>) -> Result<Bench, DutError> {
        let reset = match dut.port("resetn") {
            Ok(port) => port,
            Err(_) => dut.port("aresetn")?,
        };
        dut.set(reset, 0);
        Ok(Bench { dut, reset, clocks: 0, plan })
    }

    /// The design.
    #[inline]
    pub fn dut(&self) -> &Dut {
        &self.dut
    }

    /// The design, to drive its inputs.
    #[inline]
    pub fn dut_mut(&mut self) -> &mut Dut {
        &mut self.dut
    }

    /// Clocks so far.
    #[inline]
    pub fn clocks(&self) -> u64 {
        self.clocks
    }

    /// Puts the design into (synchronous) reset or takes it out.
    pub fn set_reset(&mut self, active: bool) {
        self.dut.set(self.reset, u64::from(!active));
    }

    /// Holds the reset for `clocks` clocks with the other inputs as they are, then releases it.
    pub fn reset(&mut self, clocks: u64) -> Result<(), DutError> {
        self.set_reset(true);
        for _ in 0..clocks {
            self.settle()?;
            self.edge();
        }
        self.set_reset(false);
        Ok(())
    }

    /// The outputs follow the inputs; nothing has been clocked yet.
    #[inline]
    pub fn settle(&mut self) -> Result<(), DutError> {
        if let Some(plan) = &self.plan
            && plan.from <= self.clocks
        {
            let path = plan.path.clone();
            self.plan = None;
            self.dut.start_waves(&path)?;
        }
        self.dut.settle();
        Ok(())
    }

    /// The rising edge.
    #[inline]
    pub fn edge(&mut self) {
        self.dut.edge();
        self.clocks += 1;
    }

    /// A mismatch at this clock.
    pub fn mismatch(&self, text: impl Into<String>) -> Failure {
        Failure::Mismatch { clock: self.clocks, text: text.into() }
    }

    /// Fails unless `found` is `expected`.
    #[inline]
    pub fn expect<T: PartialEq + std::fmt::Debug>(&self, what: &str, found: T, expected: T) -> Result<(), Failure> {
        if found == expected {
            return Ok(());
        }
        Err(self.mismatch(format!("{what}: expected {expected:x?}, found {found:x?}")))
    }
}
