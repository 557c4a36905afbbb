//! Misbehaviour on demand, of any card.
//!
//! [`FaultyCard`] is a card around a card. It stands where a PCIe interposer would, on the link, and sees what
//! crosses it: register accesses, DMA and interrupts. So it needs nothing of the card inside, which may be the
//! functional one, Verilated logic, or a few lines in a test.
//!
//! * `fault`: what can go wrong. `plan`: when, and what came of it.
//! * `link`: the registers, from the host's side. `queues`: where the rings lie, from what is written there.
//! * `interposer`: DMA and interrupts, from the card's side. `entries`: what the card fetches from submission
//!   rings. `answers`: what it writes into completion rings. `payload`: inputs and outputs. `later`: what is put
//!   off.
//! * `port`: the host's memory and interrupts as the card inside sees them. `card`: the card outside.

mod answers;
mod card;
mod entries;
mod fault;
mod interposer;
mod later;
mod link;
mod payload;
mod plan;
mod port;
mod put_off;
mod queues;

pub use card::FaultyCard;
pub use fault::Fault;
pub use plan::{FaultPlan, Happened, Trigger};
