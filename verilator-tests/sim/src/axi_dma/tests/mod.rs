//! The DMA alone against what PG021 and the sources of the core say: registers, descriptors, interrupts, errors, rates. Its
//! streams are driven here.

mod bed;
mod errors;
mod fingerprint;
mod interrupts;
mod registers;
mod transfers;
