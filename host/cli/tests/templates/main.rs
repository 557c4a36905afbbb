//! `metisvm model template`: what it writes, and each template on a node: its bundle registered, its contract deployed
//! and called, with the model run through the precompile, against the reference kernels and a calculation of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod drawings;
mod files;
mod images;
mod kinds;
mod language;
mod project;
mod tables;
