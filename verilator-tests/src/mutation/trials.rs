//! Trials: what a fault must survive to count as unseen.

use std::path::{Path, PathBuf};

use super::stride::STRIDE;
use super::{MutationError, SELECT};
use crate::checks::{clock_classes, interrupts, registers};
use crate::lockstep::Sizes;
use crate::lockstep::engine::EngineRun;
use crate::lockstep::top::{TopRun, sizes};
use deltascope_sim::bench::Failure;
use deltascope_sim::dut::Variant;
use deltascope_sim::session::{self, Session};
use deltascope_sim::top::Top;

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// The engine in lockstep: the seed, and the number of records. With an even seed counters count in large steps.
    Core(u64, u64),
    /// The whole top in lockstep.
    Whole(u64, u64),
    /// Clock classes of the engine.
    Classes,
    /// STATUS of the whole top.
    Status,
    /// Interrupts and the beats that they speak of.
    Order,
    /// The register map.
    Map,
    /// Writes to registers.
    Writes,
    /// Interrupts.
    Interrupts,
    /// Reads and writes at once.
    Both,
    /// Resets in the middle of transfers.
    Resets,
    /// Events in the clock of their clearing.
    Races,
    /// Transfers behind stalled answers.
    Backlog,
}

/// For faults in the engine: short runs first, as most faults are seen at once.
const ENGINE: &[Trial] = &[
    Trial::Core(1, 1_000),
    Trial::Core(2, 2_000),
    Trial::Classes,
    Trial::Core(3, 6_000),
    Trial::Core(4, 6_000),
    Trial::Whole(1, 3_000),
    Trial::Status,
    Trial::Core(5, 12_000),
    Trial::Core(6, 12_000),
    Trial::Core(7, 12_000),
    Trial::Whole(2, 6_000),
    Trial::Whole(3, 6_000),
    Trial::Core(8, 12_000),
    Trial::Core(9, 12_000),
];
/// For faults in the registers.
const REGISTERS: &[Trial] = &[
    Trial::Map,
    Trial::Writes,
    Trial::Interrupts,
    Trial::Resets,
    Trial::Races,
    Trial::Backlog,
    Trial::Both,
    Trial::Whole(1, 3_000),
    Trial::Status,
    Trial::Whole(2, 6_000),
];
/// For faults in what joins them.
const WHOLE: &[Trial] = &[
    Trial::Whole(1, 1_000),
    Trial::Status,
    Trial::Order,
    Trial::Whole(2, 3_000),
    Trial::Whole(3, 6_000),
    Trial::Whole(4, 6_000),
    Trial::Whole(5, 6_000),
    Trial::Whole(6, 6_000),
];

/// One mutated design, compiled with each of its tops.
pub struct Bed {
    engine: Variant,
    registers: Variant,
    whole: Variant,
    sizes: Sizes,
}

impl Bed {
    /// Compiles `files` and learns the sizes from the capability registers.
    ///
    /// # Errors
    /// When a tool is missing or refuses, or the top without a fault does not answer.
    pub fn compile(files: &[PathBuf], folder: &Path) -> Result<Bed, MutationError> {
        let compile = |top: &str| Variant::compile(files, top, &[], &folder.join(format!("build-{top}")));
        let (engine, registers, whole) = std::thread::scope(|scope| {
            let one = scope.spawn(|| compile("deltascope_top"));
            let two = (compile("delta_engine"), compile("axi_lite_registers"));
            (two.0, two.1, one.join())
        });
        let whole = whole.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let probe = |session: &mut Session| sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?);
        let sizes = session::once(1, &whole, &[(SELECT, 0), (STRIDE, 0)], false, probe)
            .map_err(|failure| MutationError::Baseline { trial: "sizes".to_owned(), failure })?;
        Ok(Bed { engine: engine?, registers: registers?, whole, sizes })
    }

    /// Sizes of the design.
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Runs one trial with fault `number`, 0 for none.
    ///
    /// # Errors
    /// What the trial found.
    pub fn run(&self, trial: Trial, number: u32) -> Result<(), Failure> {
        let (select, sizes) = (u64::from(number), self.sizes);
        let bus = |body: fn(&mut Session) -> Result<(), Failure>| {
            session::once(1, &self.registers, &[(SELECT, select)], false, body)
        };
        let counted =
            |variant: &Variant, seed: u64, strides: bool, body: &dyn Fn(&mut Session) -> Result<(), Failure>| {
                session::once(seed, variant, &[(SELECT, select), (STRIDE, u64::from(strides))], strides, body)
            };
        let even = |seed: u64| seed.is_multiple_of(2);
        match trial {
            Trial::Core(seed, records) => {
                counted(&self.engine, seed, even(seed), &|s| EngineRun::new(s, sizes)?.run(records))
            }
            Trial::Whole(seed, records) => counted(&self.whole, seed, even(seed), &|s| TopRun::new(s)?.run(records)),
            Trial::Classes => counted(&self.engine, 1, false, &|s| clock_classes::each_class(s, sizes)),
            Trial::Status => counted(&self.whole, 1, false, &|s| clock_classes::status_bits(s, sizes)),
            Trial::Order => counted(&self.whole, 1, false, &|s| interrupts::follow_their_beats(s)),
            Trial::Map => session::once(1, &self.registers, &[(SELECT, select)], false, |s| {
                registers::every_offset(s, &sizes.config)
            }),
            Trial::Writes => bus(registers::writes),
            Trial::Interrupts => bus(registers::interrupts),
            Trial::Races => bus(registers::races),
            Trial::Backlog => bus(registers::backlog),
            Trial::Both => bus(registers::concurrent),
            Trial::Resets => bus(registers::reset),
        }
    }
}

/// Trials for a fault whose block ends up in the module `home`.
pub fn trials(home: &str) -> &'static [Trial] {
    match home {
        "delta_engine" => ENGINE,
        "axi_lite_registers" => REGISTERS,
        _ => WHOLE,
    }
}
