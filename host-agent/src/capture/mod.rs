//! Sends read from packets: TCP payload by connection and direction, put in order, and cut into messages.
//!
//! | file | content |
//! |---|---|
//! | `packet.rs` | one packet of a link to a segment of TCP |
//! | `stream.rs` | segments of one direction to its bytes, each once; what was sent again and what is missing |
//! | `message.rs` | bytes of one direction to messages: head, body, fingerprint |
//! | `http.rs` | heads of HTTP/1 and the framing of chunked bodies |
//! | `flows.rs` | all directions of all connections |
//! | `names.rs` | who sends from an address, where only packets are known |
//!
//! `docs/sends.md` defines what one send is.

mod flows;
mod http;
mod message;
mod names;
mod packet;
mod stream;
#[cfg(test)]
mod tests;

pub use flows::{Direction, FLOWS, Flows, PayloadBytes, Sent};
pub use message::{MESSAGE_BYTES, Message, Messages};
pub use names::{AddressNames, NameError};
pub use packet::{Link, Parsed, Segment, parse};
pub use stream::Stream;
