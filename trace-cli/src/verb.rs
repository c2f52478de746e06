//! One file a verb.

pub(crate) mod changes;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod geo;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod map;
pub(crate) mod relocate;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod trace;
pub(crate) mod watch;
