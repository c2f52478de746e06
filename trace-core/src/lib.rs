//! The vocabulary and the probing engine of trace.

#[cfg(feature = "wire")]
pub mod carrier;
pub mod engine;
mod error;
pub mod link;
pub mod model;
#[cfg(feature = "wire")]
pub mod wire;

pub use error::Error;
