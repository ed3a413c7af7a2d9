//! Taking the terminal, and giving it back however this ends.

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError, TryLockError};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

use super::errors::Errors;
use super::view::View;

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScreenError {
    /// Standard input or output is no terminal, or one that cannot move its cursor.
    #[error(
        "expected a terminal, found {found}; use `deltascope top --once` for one round as text, and `--once --json` for scripts"
    )]
    NoTerminal {
        /// What there is.
        found: &'static str,
    },
    /// The terminal refused.
    #[error("the terminal cannot be used: {0}; use `deltascope top --once`")]
    Terminal(#[from] io::Error),
}

/// Whether the terminal is taken. It is given back once: the sequence that leaves the other screen moves the cursor too.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Standard error while the terminal is taken.
static ERRORS: Mutex<Option<Errors>> = Mutex::new(None);

/// The terminal while it is drawn on. It is given back when this is dropped, and before a panic of any thread is printed.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal: raw mode, the other screen, and standard error aside.
    ///
    /// # Errors
    /// There is none, or it refuses.
    pub fn open() -> Result<Screen, ScreenError> {
        let found = match (io::stdout().is_terminal(), io::stdin().is_terminal()) {
            (false, _) => Some("standard output that is none"),
            (_, false) => Some("standard input that is none"),
            _ if std::env::var_os("TERM").is_some_and(|term| term == "dumb") => Some("TERM=dumb"),
            _ => None,
        };
        if let Some(found) = found {
            return Err(ScreenError::NoTerminal { found });
        }
        give_back_before_panics();
        let kept = io::stderr().is_terminal().then(Errors::keep).transpose()?;
        *ERRORS.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        TAKEN.store(true, Ordering::SeqCst);
        let opened = || -> io::Result<Screen> {
            enable_raw_mode()?;
            execute!(io::stdout(), EnterAlternateScreen)?;
            Ok(Screen { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))? })
        };
        opened().map_err(|error| {
            give_back();
            error.into()
        })
    }

    /// Draws a view, with the last line that came on standard error.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn draw(&mut self, view: &mut View) -> io::Result<()> {
        let errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
        view.notice = errors.as_ref().and_then(Errors::last);
        drop(errors);
        self.terminal.draw(|frame| view.draw(frame)).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is taken. What fails has no remedy: the terminal has gone then.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = disable_raw_mode();
    let mut out = io::stdout();
    let _ = execute!(out, LeaveAlternateScreen, Show);
    let _ = out.flush();
    // A thread that panics may have it locked itself.
    let errors = match ERRORS.try_lock() {
        Ok(mut errors) => errors.take(),
        Err(TryLockError::Poisoned(errors)) => errors.into_inner().take(),
        Err(TryLockError::WouldBlock) => None,
    };
    if let Some(mut errors) = errors {
        errors.give_back();
    }
}

/// From now on a panic gives the terminal back before it is printed.
fn give_back_before_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
}
