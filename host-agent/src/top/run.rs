//! The loop: rounds and keys in, screens out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Duration;

use ratatui::crossterm::event::{Event, poll, read};

use super::keys::action;
use super::player::Position;
use super::terminal::{Screen, ScreenError};
use super::view::{Request, View};
use crate::report::round::Round;
use crate::stop::Stop;

/// Time between two looks for keys, rounds and signals.
const LOOK: Duration = Duration::from_millis(50);

/// What comes to the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A round.
    Round(Arc<Round>),
    /// Where a recording is; before its round.
    Position(Position),
    /// No more comes, and all was well; what there is stays on the screen.
    Ended,
}

/// What the screen asks of who plays a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Moves by thousandths of the recording, from where it is.
    SeekBy(i32),
    /// Moves to a thousandth of the recording.
    SeekTo(u32),
    /// Begins or ends to play.
    Play(bool),
}

/// Shows rounds on a screen until a key or `stop` asks for the end, or no more can come. `commands` is for a recording.
///
/// # Errors
/// The terminal has gone.
pub fn run(
    mut screen: Screen,
    view: &mut View,
    messages: &Receiver<Message>,
    commands: Option<&Sender<Command>>,
    stop: &Stop,
) -> Result<(), ScreenError> {
    let mut changed = true;
    loop {
        while !view.ended {
            match messages.try_recv() {
                Ok(Message::Round(round)) => view.add(round),
                Ok(Message::Position(position)) => view.set_position(position),
                Err(TryRecvError::Empty) => break,
                Ok(Message::Ended) => view.ended = true,
                // What makes rounds has failed, and reports why.
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
            changed = true;
        }
        if changed {
            screen.draw(view)?;
            changed = false;
        }
        if stop.is_asked() {
            return Ok(());
        }
        if !poll(LOOK)? {
            continue;
        }
        changed = true;
        let Event::Key(key) = read()? else { continue };
        let action = action(key, view.editing, commands.is_some());
        let command = match action.and_then(|action| view.act(action)) {
            None => continue,
            Some(Request::Quit) => return Ok(()),
            Some(Request::SeekBy(by)) => Command::SeekBy(by),
            Some(Request::SeekTo(to)) => Command::SeekTo(to),
            Some(Request::Play(play)) => Command::Play(play),
        };
        if let Some(commands) = commands {
            // Without anyone who plays, the channel of messages is closed too.
            let _ = commands.send(command);
        }
    }
}
