//! Directed checks of single properties, for any size of the engine. Their tests are in `tests/`; the
//! mutation run uses them beside the random lockstep.

pub mod clock_classes;
pub mod interrupts;
pub mod registers;
