//! One recording through agent and board server, with faults on the way, compared with its reference.

use std::fs::read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::planted_fault::PlantedFault;
use crate::process::{Board, Program};
use crate::totals::Totals;
use deltascope_testkit::Rng;
use deltascope_testkit::reference::Reference;
use deltascope_testkit::relay::{Fault, Relay, Way};

/// Longest time of one job after its last fault.
const PATIENCE: Duration = Duration::from_secs(300);
/// What an agent reports when the counters are not those of what it sent.
const VANISHED: [&str; 3] = ["an event was lost or repeated", "new events in Snapshot", "new bytes in Snapshot"];
/// Agents that may end by themselves in one job.
const MOST_GIVEN_UP: u32 = 40;

/// What every job needs.
#[derive(Debug)]
pub struct World<'a> {
    /// Programs: the agent's, and this one as the generator.
    pub agent: PathBuf,
    /// See above.
    pub generator: PathBuf,
    /// Where files go.
    pub folder: &'a Path,
    /// The board server.
    pub board: &'a Board,
    /// What was seen.
    pub totals: &'a Mutex<Totals>,
    /// Fault planted in each job.
    pub planted_fault: Option<PlantedFault>,
}

/// How large a job is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Events of its recording.
    pub events: u64,
    /// Bytes a second that the relay moves.
    pub rate: u64,
    /// Faults.
    pub faults: u64,
}

impl World<'_> {
    /// Changes the sums.
    pub fn totals(&self, change: impl FnOnce(&mut Totals)) {
        if let Ok(mut totals) = self.totals.lock() {
            change(&mut totals);
        }
    }

    /// Lets the third process make a recording. Gives its path and what must be counted.
    pub fn generate(&self, folder: &Path, seed: u64, events: u64) -> Result<(PathBuf, Reference)> {
        let (recording, reference) = (folder.join(format!("{seed}.rec")), folder.join(format!("{seed}.reference")));
        let text = |path: &Path| path.display().to_string();
        let arguments = ["generate", "--seed", &seed.to_string(), "--events", &events.to_string()];
        let files = [String::from("--file"), text(&recording), String::from("--reference"), text(&reference)];
        let arguments: Vec<String> = arguments.iter().map(|&part| part.to_owned()).chain(files).collect();
        let mut generator = Program::start(&self.generator, &arguments, folder.join(format!("{seed}.generator")))?;
        let code = generator.wait(PATIENCE)?;
        ensure!(code == Some(0), "the generator ended with {code:?}: {}", generator.errors());
        Ok((recording, serde_json::from_slice(&read(&reference)?)?))
    }

    /// Options of an agent that streams a recording through a relay.
    pub fn agent_options(&self, recording: &Path, relay: &Relay, state: &[String]) -> Vec<String> {
        let fixed = ["run", "--json-lines", "--interval", "3600", "--timeout", "12", "--source", "replay", "--file"];
        let mut options: Vec<String> = fixed.iter().map(|&part| part.to_owned()).collect();
        options.push(recording.display().to_string());
        options.extend(self.board.options(relay.address()));
        options.extend_from_slice(state);
        options
    }

    /// Runs one job. Errors are failures of the machinery; what does not hold goes to the totals.
    pub fn run(&self, name: &str, seed: u64, size: Size) -> Result<()> {
        let mut rng = Rng::new(seed);
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder)?;
        let (recording, reference) = self.generate(&folder, seed, size.events)?;
        let relay = Relay::start(self.board.address, size.rate, rng.next(), {
            let planted_fault = self.planted_fault;
            move |_| planted_fault.map(PlantedFault::filter)
        })?;
        // Now and then an agent keeps nothing but its id: then what it counted under an earlier boot is lost, and reported.
        let forgetful = rng.below(3) == 0 && self.planted_fault.is_none();
        let state_folder = folder.join("state");
        let state = [String::from("--state-dir"), state_folder.display().to_string()];
        let options = self.agent_options(&recording, &relay, &state);
        let (mut starts, mut given_up, mut faults) = (0, 0, size.faults);
        let mut start = || -> Result<Program> {
            starts += 1;
            if forgetful {
                // There is no folder at the first start.
                for entry in std::fs::read_dir(&state_folder).into_iter().flatten().flatten() {
                    if !entry.file_name().to_string_lossy().starts_with("agent.") {
                        std::fs::remove_file(entry.path())?;
                    }
                }
            }
            Program::start(&self.agent, &options, folder.join(format!("agent-{starts}.out")))
        };
        let mut agent = start()?;
        let mut deadline = Instant::now() + PATIENCE;
        let report = loop {
            let time = if faults > 0 { rng.millis(15, 160) } else { Duration::from_millis(500) };
            match agent.wait(time)? {
                Some(0) => break agent.last_report()?,
                Some(code) => {
                    // A service manager starts an agent again.
                    given_up += 1;
                    // Unless it found that something had vanished: a restart would call that its own loss, or find it again.
                    let has_vanished = VANISHED.iter().any(|part| agent.errors().contains(part));
                    self.totals(|totals| {
                        totals.gave_up += 1;
                        if has_vanished {
                            totals.fail(format!("{name} (seed {seed}): {}", agent.errors()));
                        }
                    });
                    if has_vanished && self.planted_fault.is_some() {
                        return Ok(());
                    }
                    ensure!(code > 0 && code != 101, "{name}: the agent ended with {code}: {}", agent.errors());
                    ensure!(given_up < MOST_GIVEN_UP, "{name}: the agent gives up always: {}", agent.errors());
                    let peak = agent.peak();
                    self.totals(|totals| totals.agent_rss_bytes = totals.agent_rss_bytes.max(peak));
                    thread::sleep(Duration::from_millis(50));
                    agent = start()?;
                }
                None if faults == 0 => {
                    if Instant::now() > deadline {
                        bail!(
                            "{name}: no end within {} s after the last fault; {}",
                            PATIENCE.as_secs(),
                            agent.errors()
                        );
                    }
                }
                None => {
                    faults -= 1;
                    let killed = self.fault(&mut rng, &mut agent, &relay)?;
                    if killed {
                        let peak = agent.peak();
                        self.totals(|totals| totals.agent_rss_bytes = totals.agent_rss_bytes.max(peak));
                        agent = start()?;
                    }
                    deadline = Instant::now() + PATIENCE;
                }
            }
        };
        let difference = reference.compare(&report, forgetful).with_context(|| format!("{name}: {report}"))?;
        let peak = agent.peak();
        self.totals(|totals| {
            totals.agent_rss_bytes = totals.agent_rss_bytes.max(peak);
            totals.forgetful_jobs += u64::from(forgetful);
            totals.report(&format!("{name} (seed {seed})"), &report, difference);
        });
        std::fs::remove_dir_all(&folder).map_err(|error| anyhow!("{}: {error}", folder.display()))
    }

    /// Something breaks. Gives whether the agent was killed.
    fn fault(&self, rng: &mut Rng, agent: &mut Program, relay: &Relay) -> Result<bool> {
        let way = if rng.below(2) == 0 { Way::Up } else { Way::Down };
        match rng.below(20) {
            0..=7 => {
                let killed = agent.kill()?;
                self.totals(|totals| {
                    totals.kills += u64::from(killed);
                    totals.agent_kills += u64::from(killed);
                });
                return Ok(true);
            }
            8..=11 => {
                self.board.kill(rng.millis(0, 50))?;
                self.totals(|totals| {
                    totals.kills += 1;
                    totals.daemon_kills += 1;
                });
            }
            12 | 13 => {
                relay.break_next(way, Fault::Cut { reset: rng.below(2) == 0 });
                self.totals(|totals| totals.cuts += 1);
            }
            14 => {
                relay.break_next(way, Fault::Stall(100 + rng.below(900)));
                self.totals(|totals| totals.stalls += 1);
            }
            15 | 16 => {
                relay.break_next(way, Fault::Garbage);
                self.totals(|totals| totals.garbage += 1);
            }
            17 | 18 => {
                relay.break_next(way, Fault::Flip);
                self.totals(|totals| totals.flips += 1);
            }
            _ => {
                let time = rng.millis(100, 1_500);
                if rng.below(2) == 0 {
                    self.board.pause(time)?
                } else {
                    agent.pause(time)
                }
                self.jumped(time);
            }
        }
        Ok(false)
    }

    /// A clock has jumped.
    pub fn jumped(&self, time: Duration) {
        self.totals(|totals| {
            totals.clock_jumps += 1;
            totals.longest_jump_s = totals.longest_jump_s.max(time.as_secs_f64());
        });
    }
}
