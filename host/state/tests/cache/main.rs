//! The state cache against the sources it stands in front of: it may change speed, never a value.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admission;
mod bounds;
mod branches;
mod doubles;
mod large;
mod races;
mod storages;
mod values;
mod voting;
