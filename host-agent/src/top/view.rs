//! What is shown.

use std::sync::Arc;
use std::time::Duration;

use super::detail::Detail;
use super::history::History;
use super::key::Key;
use super::keys::Action;
use super::order::{self, Sort};
use super::player::Position;
use super::pressure::{self, Stalled};
use super::rows::{Row, rows};
use crate::report::round::Round;

/// A round as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub round: Arc<Round>,
    pub rows: Vec<Row>,
    /// Time of processors that the agent had used at the round before.
    pub cpu_before: Option<Duration>,
    pub machine_pressure: Option<f64>,
}

/// What an action asks of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Quit,
    /// Moves in a recording by thousandths of it, from where it is.
    SeekBy(i32),
    /// Moves to a thousandth of a recording.
    SeekTo(u32),
    /// Begins or ends to play a recording.
    Play(bool),
}

/// What is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub(super) shown: Option<Shown>,
    pub(super) history: History,
    /// Every row in its order, filtered or not.
    order: Vec<Key>,
    pub(super) selected: Option<Key>,
    pub(super) sort: Sort,
    pub(super) filter: String,
    pub(super) editing: bool,
    /// Rounds that came while the screen was frozen; the number of the one that is shown stays.
    pub(super) frozen: bool,
    pub(super) detail: Option<Detail>,
    pub(super) help: bool,
    pub(super) notice: Option<String>,
    /// Where a recording is, of a view of one.
    pub(super) position: Option<Position>,
    pub(super) playing: bool,
    /// No more rounds come.
    pub(super) ended: bool,
    last_cpu: Option<Duration>,
    pub(super) ascii: bool,
    pub(super) color: bool,
    stalled: Stalled,
}

impl View {
    /// A view of this machine. Without `color` only bold and reverse are used; with `ascii` nothing but ASCII is drawn.
    pub fn new(color: bool, ascii: bool) -> View {
        View { color, ascii, ..View::default() }
    }

    /// Shows only containers whose name or control group has this in it, in any case.
    pub fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
    }

    /// Takes a round. A frozen view continues showing the round that it has, and remembers this one.
    pub fn add(&mut self, round: Arc<Round>) {
        let mut rows = rows(&round, &self.stalled);
        self.stalled = Stalled::at(&round);
        self.history.add(&rows);
        let cpu_before = self.last_cpu.replace(round.own.cpu);
        if self.frozen && self.shown.is_some() {
            return;
        }
        order::sort(&mut rows, self.sort, &self.order);
        self.order = rows.iter().map(|row| row.key.clone()).collect();
        let machine_pressure = pressure::of_machine();
        self.shown = Some(Shown { round, rows, cpu_before, machine_pressure });
        self.update_detail();
    }

    /// Where a recording is; what was shown before a jump does not lead to what comes.
    pub(super) fn set_position(&mut self, position: Position) {
        if self.position.is_some_and(|before| before.event > position.event) {
            self.history.clear();
            self.last_cpu = None;
        }
        self.position = Some(position);
    }

    /// The rows that pass the filter, in their order.
    pub(super) fn visible(&self) -> Vec<&Row> {
        let wanted = self.filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let rows = self.shown.as_ref().map(|shown| shown.rows.as_slice()).unwrap_or_default();
        rows.iter().filter(|row| has(&row.name) || row.cgroup.as_deref().is_some_and(has)).collect()
    }

    /// The place of the selected row among those that are visible: the first one where it is not.
    pub(super) fn selected_place(&self) -> usize {
        let selected = self.selected.as_ref();
        self.visible().iter().position(|row| Some(&row.key) == selected).unwrap_or(0)
    }

    fn select(&mut self, place: usize) {
        let visible = self.visible();
        let key = visible.get(place.min(visible.len().saturating_sub(1))).map(|row| row.key.clone());
        self.selected = key;
    }

    fn update_detail(&mut self) {
        if let (Some(detail), Some(shown)) = (self.detail.take(), &self.shown) {
            let row = shown.rows.iter().find(|row| row.key == detail.row.key);
            // A container that has gone stays as it was.
            self.detail = Some(row.map_or(detail, |row| Detail::of(row, &shown.round)));
        }
    }

    /// Does what a key asks for, and returns what it cannot do itself.
    pub(super) fn act(&mut self, action: Action) -> Option<Request> {
        match action {
            Action::Quit => return Some(Request::Quit),
            Action::Up(count) => self.select(self.selected_place().saturating_sub(count)),
            Action::Down(count) => self.select(self.selected_place() + count),
            Action::First => self.select(0),
            Action::Last => self.select(usize::MAX),
            Action::Open if self.editing => self.editing = false,
            Action::Open => self.open(),
            Action::Back => self.back(),
            Action::Freeze if self.position.is_some() => {
                self.playing = !self.playing;
                return Some(Request::Play(self.playing));
            }
            Action::Freeze => self.frozen = !self.frozen,
            Action::Sort => {
                self.sort = self.sort.next();
                self.order.clear();
                if let Some(shown) = &mut self.shown {
                    order::sort(&mut shown.rows, self.sort, &[]);
                }
            }
            Action::Filter => self.editing = true,
            Action::Help => self.help = !self.help,
            Action::Seek(by) => return Some(Request::SeekBy(by)),
            Action::Tenth(tenth) => return Some(Request::SeekTo(tenth * 100)),
            Action::Start => return Some(Request::SeekTo(0)),
            Action::End => return Some(Request::SeekTo(1_000)),
            Action::Character(character) => self.filter.push(character),
            Action::Erase => {
                self.filter.pop();
            }
        }
        None
    }

    fn open(&mut self) {
        self.detail = match (&self.detail, &self.shown) {
            (None, Some(shown)) => {
                let visible = self.visible();
                visible.get(self.selected_place()).map(|row| Detail::of(row, &shown.round))
            }
            _ => None,
        };
    }

    fn back(&mut self) {
        if self.editing {
            self.editing = false;
            self.filter.clear();
        } else if self.help || self.detail.is_some() {
            self.help = false;
            self.detail = None;
        } else {
            self.filter.clear();
        }
    }
}
