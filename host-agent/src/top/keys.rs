//! What a key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    Up(usize),
    Down(usize),
    First,
    Last,
    /// Shows one container, or the table again.
    Open,
    Back,
    Freeze,
    Sort,
    /// Begins to take a filter.
    Filter,
    Help,
    /// Moves in a recording by this many thousandths of it.
    Seek(i32),
    /// Moves to a number of tenths of a recording.
    Tenth(u32),
    Start,
    End,
    /// A character of a filter.
    Character(char),
    Erase,
}

/// Rows of a page.
const PAGE: usize = 10;

/// The action of a key. `editing`: a filter is being typed. `playing`: a recording is shown.
pub(super) fn action(key: KeyEvent, editing: bool, playing: bool) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
    }
    if editing {
        return match key.code {
            KeyCode::Char(character) => Some(Action::Character(character)),
            KeyCode::Backspace => Some(Action::Erase),
            KeyCode::Enter => Some(Action::Open),
            KeyCode::Esc => Some(Action::Back),
            _ => None,
        };
    }
    let digit = |character: char| character.to_digit(10).filter(|_| playing).map(Action::Tenth);
    match key.code {
        KeyCode::Char('q') => Some(Action::Quit),
        KeyCode::Up | KeyCode::Char('k') => Some(Action::Up(1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Action::Down(1)),
        KeyCode::PageUp => Some(Action::Up(PAGE)),
        KeyCode::PageDown => Some(Action::Down(PAGE)),
        KeyCode::Home if playing => Some(Action::Start),
        KeyCode::End if playing => Some(Action::End),
        KeyCode::Home => Some(Action::First),
        KeyCode::End => Some(Action::Last),
        KeyCode::Enter => Some(Action::Open),
        KeyCode::Esc => Some(Action::Back),
        KeyCode::Char('f' | ' ') => Some(Action::Freeze),
        KeyCode::Char('s') => Some(Action::Sort),
        KeyCode::Char('/') => Some(Action::Filter),
        KeyCode::Char('?' | 'h') => Some(Action::Help),
        KeyCode::Left if playing => Some(Action::Seek(-10)),
        KeyCode::Right if playing => Some(Action::Seek(10)),
        KeyCode::Char('[') if playing => Some(Action::Seek(-100)),
        KeyCode::Char(']') if playing => Some(Action::Seek(100)),
        KeyCode::Char(character) => digit(character),
        _ => None,
    }
}
