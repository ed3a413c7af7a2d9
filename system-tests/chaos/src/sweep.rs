//! One connection for every byte: an agent whose first connection ends after exactly that many.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use deltascope_testkit::reference::Reference;
use deltascope_testkit::relay::{Relay, Way};

use crate::job::World;
use crate::process::Program;

/// Events of the recording: Hello, one Records frame, a request and Bye go up in some hundred bytes.
const EVENTS: u64 = 12;
/// Agents at a time; most of their time is waiting.
const AT_A_TIME: usize = 8;
/// Bytes a second: as fast as it goes.
const RATE: u64 = 1 << 30;
const PATIENCE: Duration = Duration::from_secs(120);

/// One run of an agent; gives how many bytes have passed on its first connection: up, down.
fn one(
    world: &World<'_>,
    folder: &Path,
    recording: &Path,
    reference: &Reference,
    cut: Option<(Way, u64)>,
) -> Result<[u64; 2]> {
    let relay = Relay::start(world.board.address, RATE, 1, |_| None)?;
    let name = match cut {
        Some((way, at)) => format!("{way:?}-{at}"),
        None => String::from("whole"),
    };
    if let Some((way, at)) = cut {
        relay.cut_first_at(way, at);
    }
    let state = [String::from("--state-dir"), folder.join(format!("{name}.state")).display().to_string()];
    let mut options = world.agent_options(recording, &relay, &state);
    options.extend(["--groups".into(), "16".into(), "--contexts".into(), "16".into()]);
    let mut agent = Program::start(&world.agent, &options, folder.join(format!("{name}.out")))?;
    let code = agent.wait(PATIENCE)?;
    ensure!(code == Some(0), "cut {name}: the agent ended with {code:?}: {}", agent.errors());
    let report = agent.last_report()?;
    let difference = reference.compare(&report, false).with_context(|| format!("{name}: {report}"))?;
    let hit = relay.applied();
    world.totals(|totals| {
        totals.report(&format!("cut {name}"), &report, difference);
        if let Some((way, _)) = cut {
            totals.offsets_cut[way as usize] += hit;
            totals.cuts += hit;
        }
    });
    Ok(relay.passed())
}

/// Cuts after every byte that goes up, and after every byte that comes down, `step` apart.
pub fn run(world: &World<'_>, step: u64) -> Result<()> {
    let folder = world.folder.join("sweep");
    std::fs::create_dir(&folder)?;
    let (recording, reference) = world.generate(&folder, 1, EVENTS)?;
    let [up, down] = one(world, &folder, &recording, &reference, None)?;
    let cuts: Vec<(Way, u64)> = (0..up)
        .step_by(step as usize)
        .map(|at| (Way::Up, at))
        .chain((0..down).step_by(step as usize).map(|at| (Way::Down, at)))
        .collect();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        let turn = || -> Result<()> {
            while let Some(&cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                one(world, &folder, &recording, &reference, Some(cut))?;
            }
            Ok(())
        };
        let turns: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(turn)).collect();
        turns.into_iter().try_for_each(|turn| turn.join().map_err(|_| anyhow!("a thread failed"))?)
    })
}
