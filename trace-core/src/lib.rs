//! The vocabulary and the probing engine of trace.

pub mod engine;
mod error;
pub mod link;
pub mod model;

pub use error::Error;
