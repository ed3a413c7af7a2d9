//! A live table of the containers on a terminal.
//!
//! Rounds come in through a channel, from the same rounds as `deltascope run` makes, or from a recording; nothing here reads
//! a source or an engine.
//!
//! | file | content |
//! |---|---|
//! | `rows.rs`, `pressure.rs` | a round as rows, with the pressure that each container is under |
//! | `order.rs`, `history.rs` | which row is where, and what came before |
//! | `view.rs`, `keys.rs` | what is shown, and what a key changes |
//! | `detail.rs` | one container: its counters, families, processes and sockets |
//! | `text.rs`, `screen.rs` | lines and cells, and where they are on the screen |
//! | `terminal.rs`, `errors.rs`, `sys.rs` | taking the terminal, and giving it back |
//! | `run.rs` | the loop |
//! | `once.rs` | one round without a terminal |
//! | `player.rs` | a recording that is played and sought in |

mod detail;
mod errors;
mod history;
mod key;
mod keys;
mod once;
mod order;
mod player;
mod pressure;
mod rows;
mod run;
mod screen;
mod sys;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use once::{TopJson, once_text};
pub use order::Sort;
pub use player::{Player, PlayerError, Position};
pub use rows::Row;
pub use run::{Command, Message, run};
pub use terminal::{Screen, ScreenError};
pub use view::View;
