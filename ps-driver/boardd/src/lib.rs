//! The board server as a Linux daemon.
