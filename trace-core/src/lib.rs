//! The vocabulary and the probing engine of trace.

#[cfg(feature = "wire")]
pub mod carrier;
pub mod engine;
mod error;
pub mod link;
pub mod model;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "net")]
pub mod sys;
#[cfg(feature = "wire")]
pub mod tracer;
#[cfg(feature = "wire")]
pub mod wire;

pub use error::Error;
