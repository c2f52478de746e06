//! The program as a person uses it: started in a laboratory of kernel routers, its output, files and exit status read.
#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../trace-core/tests/lab/mod.rs"]
mod lab;
#[path = "../../../trace-geo/tests/server/mod.rs"]
mod server;

mod bad_input;
mod chains;
mod changes;
mod config;
mod doctor;
mod findings;
#[cfg(target_arch = "x86_64")]
mod forbidden;
mod import;
mod kept;
mod large;
mod list;
mod memory;
mod names;
mod neighbours;
mod places;
mod reverse;
mod rights;
mod rounds;
mod run;
mod secrets;
#[cfg(feature = "serve")]
mod serve;
mod service;
mod sights;
mod sweep;
mod terminal;
mod trouble;
mod unattended;
mod verdicts;
mod watch;
mod watching;
mod ways;
mod whole_job;
