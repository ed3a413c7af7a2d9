//! A run: lanes of jobs side by side on one board server, intruders among them, and what is looked at alone.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use deltascope_testkit::relay::Relay;

use crate::job::{Size, World};
use crate::planted_fault::PlantedFault;
use crate::process::{Board, Keys, Program};
use crate::totals::Totals;
use crate::{disk, intruders, sweep};

/// Resident memory that an agent may have.
pub const AGENT_RSS: u64 = 64 << 20;
/// Resident memory that the daemon may have.
pub const BOARDD_RSS: u64 = 128 << 20;
/// Longest time of the lanes of one run; then the kills that are left are a failure.
const LANES_TIME: Duration = Duration::from_secs(600);

/// How large a run is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Programs of agent and daemon.
    pub agent: PathBuf,
    /// See above.
    pub boardd: PathBuf,
    /// Start of the random numbers.
    pub seed: u64,
    /// kill -9 at least so often.
    pub kills: u64,
    /// Continue for at least this long.
    pub time: Duration,
    /// Agents side by side.
    pub lanes: u64,
    /// Through TLS.
    pub tls: bool,
    /// Bytes from one cut of the sweep to the next; 0: no sweep.
    pub step: u64,
    /// Connections at a time; 0: none.
    pub crowd: u64,
    /// Stop one agent for so long; 0: do not.
    pub long_jump: Duration,
    /// Fill a disk.
    pub disk: bool,
    /// Size of the jobs.
    pub size: Size,
    /// Planted fault.
    pub planted_fault: Option<PlantedFault>,
}

/// Runs it in an empty folder and adds what it saw to the sums.
pub fn run(plan: &Plan, folder: &Path, totals: &Mutex<Totals>) -> Result<()> {
    let keys = if plan.tls { Some(Keys::new(folder)?) } else { None };
    let board = Board::start(&plan.boardd, folder, keys)?;
    let generator = std::env::current_exe().context("the path of this program")?;
    let world = World {
        agent: plan.agent.clone(),
        generator,
        folder,
        board: &board,
        totals,
        planted_fault: plan.planted_fault,
    };
    if plan.step > 0 {
        sweep::run(&world, plan.step)?;
    }
    if plan.disk {
        disk::run(&world)?;
    }
    let number = AtomicU64::new(0);
    let begun = Instant::now();
    let done = || {
        let (kills, failed) = totals.lock().map_or((0, true), |totals| (totals.kills, !totals.failures.is_empty()));
        begun.elapsed() >= plan.time && kills >= plan.kills || failed || begun.elapsed() > LANES_TIME
    };
    thread::scope(|scope| {
        let lane = || -> Result<()> {
            while !done() {
                let number = number.fetch_add(1, Ordering::Relaxed) + 1;
                world.run(&format!("job-{number}"), plan.seed.wrapping_mul(1_000).wrapping_add(number), plan.size)?;
            }
            Ok(())
        };
        let mut threads: Vec<_> = (0..plan.lanes).map(|_| scope.spawn(lane)).collect();
        threads.push(scope.spawn(|| {
            let mut seed = plan.seed;
            while !done() {
                seed += 1;
                intruders::harass(&world, seed, Duration::from_millis(500));
            }
            Ok(())
        }));
        if plan.crowd > 0 {
            threads.push(scope.spawn(|| intruders::crowd(&world, plan.crowd).map(drop)));
        }
        if !plan.long_jump.is_zero() {
            threads.push(scope.spawn(|| long_jump(&world, plan.seed, plan.long_jump)));
        }
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread failed"))?)
    })?;
    let peak = board.peak()?;
    let mut totals = totals.lock().map_err(|_| anyhow!("a thread failed"))?;
    totals.boardd_rss_bytes = totals.boardd_rss_bytes.max(peak);
    let (agent, boardd) = (totals.agent_rss_bytes, totals.boardd_rss_bytes);
    if agent > AGENT_RSS {
        totals.fail(format!("resident memory of an agent: expected at most {AGENT_RSS} bytes, found {agent}"));
    }
    if boardd > BOARDD_RSS {
        totals.fail(format!("resident memory of the daemon: expected at most {BOARDD_RSS} bytes, found {boardd}"));
    }
    Ok(())
}

/// An agent that is stopped for longer than the server waits for a sign of life, and resumes its session.
fn long_jump(world: &World<'_>, seed: u64, time: Duration) -> Result<()> {
    let folder = world.folder.join("jump");
    std::fs::create_dir(&folder)?;
    let (recording, reference) = world.generate(&folder, seed, 100_000)?;
    let relay = Relay::start(world.board.address, 1 << 20, seed, |_| None)?;
    let state = [String::from("--state-dir"), folder.join("state").display().to_string()];
    let options = world.agent_options(&recording, &relay, &state);
    let mut agent = Program::start(&world.agent, &options, folder.join("agent.out"))?;
    ensure!(agent.wait(Duration::from_millis(300))?.is_none(), "the agent ended too early: {}", agent.errors());
    agent.pause(time);
    world.jumped(time);
    for start in 2..10 {
        match agent.wait(Duration::from_secs(300))? {
            Some(0) => break,
            // Its own patience may be over by the jump; its operator starts it again.
            Some(1) => {
                world.totals(|totals| totals.gave_up += 1);
                agent = Program::start(&world.agent, &options, folder.join(format!("agent-{start}.out")))?;
            }
            other => {
                return Err(anyhow!("after a jump of the clock the agent ended with {other:?}: {}", agent.errors()));
            }
        }
    }
    let report = agent.last_report()?;
    let difference = reference.compare(&report, false)?;
    world.totals(|totals| totals.report("a jump of the clock", &report, difference));
    Ok(())
}
