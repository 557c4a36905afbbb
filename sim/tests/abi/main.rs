//! The device ABI, on the functional card, and with `METISVM_CARD=rtl[:BOARD]` on the card in RTL.
//!
//! One program, so that one build of it and of what it shares serves all: `cargo test -p metisvm-sim --test abi entries`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod any_card;
mod both_cards;
mod entries;
mod faults;
mod faults_in_flight;
mod in_flight;
mod jobs;
mod links;
mod programs;
mod run_entries;
#[path = "../support/mod.rs"]
mod support;
mod tiles_and_state;
#[path = "../toy/mod.rs"]
mod toy;
