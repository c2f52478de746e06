//! The vocabulary and the probing engine of trace.
#![warn(missing_docs)]

mod error;
pub mod model;

pub use error::Error;
