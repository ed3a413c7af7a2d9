//! Throughput harness.
