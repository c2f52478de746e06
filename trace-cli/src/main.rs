//! The trace-cli binary.
fn main() {}
