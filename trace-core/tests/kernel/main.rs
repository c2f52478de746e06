//! Traces over real kernels: chains of routers in network namespaces, raw and unprivileged sockets.
#![cfg(all(target_os = "linux", feature = "net"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../lab/mod.rs"]
mod lab;

mod aimed;
mod answers;
mod chains;
mod extensions;
mod faults;
mod flows;
mod laboratory;
mod links;
mod many;
mod rewriting;
mod routing;
mod side_by_side;
mod tcp;
mod tracing;
mod trouble;
