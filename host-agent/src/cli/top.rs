//! `deltascope top`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use deltascope_agent::accounting::{Accounting, AccountingError, Options};
use deltascope_agent::daemon::Daemon;
use deltascope_agent::signals;
use deltascope_agent::sources::SourceError;
use deltascope_agent::stop::Stop;
use deltascope_agent::top::{self, Command, Message, Player, Screen, TopJson, View, once_text};

use super::config::Settings;
use super::rounds::{self, RoundArguments};

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Show one round and end, without a terminal
    #[arg(long)]
    once: bool,
    /// With --once: print one JSON object
    #[arg(long, requires = "once")]
    json: bool,
    /// Show only containers with this in their name or control group
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// Play a recording instead of a source, with keys to move in it
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Where to begin in the recording, in percent [default: 0, with --once 100]
    #[arg(long, value_name = "PERCENT", requires = "replay", value_parser = clap::value_parser!(u32).range(..=100))]
    at: Option<u32>,
    #[command(flatten)]
    rounds: RoundArguments,
}

/// Time between two steps of a recording that is played.
const STEP: Duration = Duration::from_millis(200);
/// Thousandths of the recording in one of them.
const STEP_SIZE: i32 = 10;
/// Time between two looks at the request to end.
const LOOK: Duration = Duration::from_millis(50);

impl Arguments {
    /// The rounds that it shows.
    pub fn rounds(&self) -> &RoundArguments {
        &self.rounds
    }
}

/// Shows rounds on the terminal, or one of them as text.
pub fn run(arguments: &Arguments, settings: &Settings) -> Result<()> {
    let stop = signals::catch()?;
    let mut view = View::new(has_color(), !has_utf8());
    view.set_filter(&arguments.filter);
    match (&arguments.replay, arguments.once) {
        (None, true) => once(arguments, settings, &mut view, &stop),
        (Some(file), true) => replay_once(arguments, file, &mut view, &stop),
        (None, false) => live(arguments, settings, &mut view, &stop),
        (Some(file), false) => replay(arguments, file, &mut view, &stop),
    }
}

/// `NO_COLOR` (no-color.org) counts if it is not empty.
fn has_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether the locale is one of UTF-8 (`locale(7)`): the first of these variables that is set counts.
fn has_utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

fn print_once(arguments: &Arguments, view: &View) -> Result<()> {
    match (arguments.json, TopJson::of(view)) {
        (true, Some(json)) => super::print_json(&json, false),
        (true, None) => Err(anyhow!("no round was made before the end")),
        (false, _) => super::print(&once_text(view)),
    }
}

/// Prints the first round of a scan where there is no pressure information, the second one of a source that captures and
/// of other scans, which is the first with rates and with pressure, and the last one of a source that ends by itself.
fn once(arguments: &Arguments, settings: &Settings, view: &mut View, stop: &Stop) -> Result<()> {
    rounds::each_until(&arguments.rounds, settings, stop, &mut |round| {
        let last = match round.source {
            "scan" => round.number == 2 || round.report.lines.iter().all(|line| line.pressure.is_none()),
            "bpf" | "kmod" | "capture" => round.number == 2,
            _ => false,
        };
        view.add(round);
        Ok(if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    print_once(arguments, view)
}

/// Runs `work` beside the screen. What it returns as an error is returned once the terminal is given back.
fn beside(
    view: &mut View,
    stop: &Stop,
    commands: Option<&Sender<Command>>,
    work: impl FnOnce(&Sender<Message>) -> Result<()> + Send,
) -> Result<()> {
    let screen = Screen::open()?;
    let (sender, messages) = channel();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("rounds".to_owned());
        let worker = thread.spawn_scoped(scope, move || {
            work(&sender)?;
            // A screen that has gone needs no message.
            let _ = sender.send(Message::Ended);
            Ok(())
        });
        let worker = worker.context("cannot start a thread; end other programs or raise their limit")?;
        let shown = top::run(screen, view, &messages, commands, stop);
        stop.ask();
        let worked: Result<()> = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // What waited for the board server when a key asked for the end has nothing to report.
        worked.or_else(|error| if stop.is_by_program() && is_stop(&error) { Ok(()) } else { Err(error) })?;
        Ok(shown?)
    })
}

/// Whether work ended because the end was asked for.
fn is_stop(error: &anyhow::Error) -> bool {
    let of_session = error.downcast_ref::<AccountingError>().is_some_and(AccountingError::is_stop);
    of_session || error.downcast_ref::<SourceError>().is_some_and(SourceError::is_stop)
}

fn live(arguments: &Arguments, settings: &Settings, view: &mut View, stop: &Stop) -> Result<()> {
    beside(view, stop, None, |messages| {
        rounds::each_until(&arguments.rounds, settings, stop, &mut |round| {
            // A screen that has gone has asked for the end already.
            let _ = messages.send(Message::Round(round));
            Ok(ControlFlow::Continue(()))
        })
    })
}

fn connect(arguments: &Arguments, stop: &Stop) -> Result<(Option<Daemon>, Accounting)> {
    arguments.rounds.engine().open(Options::default(), stop)
}

/// Opens the recording and plays it up to where it is to begin.
fn open(
    arguments: &Arguments,
    file: &Path,
    stop: &Stop,
    percent: u32,
) -> Result<(Option<Daemon>, Player, Message, Message)> {
    let (daemon, accounting) = connect(arguments, stop)?;
    let mut player = Player::open(file, accounting)?;
    let round = player.advance(player.position().at(percent * 10))?;
    let position = Message::Position(player.position());
    Ok((daemon, player, position, Message::Round(round)))
}

fn replay_once(arguments: &Arguments, file: &Path, view: &mut View, stop: &Stop) -> Result<()> {
    let (_daemon, player, _, message) = open(arguments, file, stop, arguments.at.unwrap_or(100))?;
    if let Message::Round(round) = message {
        view.add(round);
    }
    player.finish()?;
    print_once(arguments, view)
}

fn replay(arguments: &Arguments, file: &Path, view: &mut View, stop: &Stop) -> Result<()> {
    let (sender, commands) = channel();
    beside(view, stop, Some(&sender), move |messages| {
        let (daemon, player, position, round) = open(arguments, file, stop, arguments.at.unwrap_or(0))?;
        let (_daemon, player) = play(arguments, (daemon, player), messages, &commands, stop, [position, round])?;
        Ok(player.finish()?)
    })
}

/// Moves in a recording as commands say, until the screen goes.
fn play(
    arguments: &Arguments,
    (mut daemon, mut player): (Option<Daemon>, Player),
    messages: &Sender<Message>,
    commands: &Receiver<Command>,
    stop: &Stop,
    first: [Message; 2],
) -> Result<(Option<Daemon>, Player)> {
    // A screen that has gone has asked for the end already.
    first.into_iter().for_each(|message| _ = messages.send(message));
    let mut playing = false;
    while !stop.is_asked() {
        let position = player.position();
        let target = match commands.recv_timeout(if playing { STEP } else { LOOK }) {
            Ok(Command::Play(play)) => {
                playing = play;
                continue;
            }
            Ok(Command::SeekBy(by)) => position.moved(by),
            Ok(Command::SeekTo(to)) => position.at(to),
            Err(RecvTimeoutError::Timeout) if playing && position.event < position.events => position.moved(STEP_SIZE),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if target < position.event {
            player = player.restart(|| {
                let (other, accounting) = connect(arguments, stop)?;
                daemon = other;
                Ok::<_, anyhow::Error>(accounting)
            })?;
        }
        let round = player.advance(target)?;
        for message in [Message::Position(player.position()), Message::Round(round)] {
            let _ = messages.send(message);
        }
    }
    Ok((daemon, player))
}
