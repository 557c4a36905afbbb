//! The vfio-user protocol: what goes over the socket between a PCI function in one process and its user in
//! another.
//!
//! The specification is "vfio-user Protocol Specification" (`docs/interop/vfio-user.rst` of QEMU,
//! `docs/vfio-user.rst` of libvfio-user); section names in this crate are its. Both ends are here, as far as they
//! share it: [`header`] and [`messages`] are the bytes, [`version`] is the negotiation, [`channel`] cuts the stream
//! into messages, [`client`] asks and checks the answers
//! (`questions`: command by command). What a server does is the card's side (`metisvm-sim`).
//!
//! Nothing that a peer sends is believed: no memory is allocated before a size was held against its bound, a
//! message that has begun is over within a time-out, and what does not fit is an error with its reason.

#![forbid(unsafe_code)]

pub mod channel;
pub mod client;
pub mod error;
pub mod header;
pub mod messages;
mod questions;
pub mod version;
pub mod wait;

pub use channel::{Channel, Received};
pub use client::{Client, ClientMemory, Settings};
pub use error::Error;
pub use header::{Command, Header, Kind};
pub use version::Capabilities;
