//! The host's side of the card: transports, DMA memory, rings, and the device handle.
//!
//! The way of a job: [`device`] takes it and puts its bytes into [`dma`] memory, [`ring`] writes an
//! entry, rings the doorbell and waits for the completion, every field of which is checked;
//! results are copied into memory of the host's own before anything looks at them. A card that
//! breaks a rule is marked unhealthy ([`health`]), the memory that it may still write goes into
//! quarantine (`pool`), and nothing but a reset brings either back.
//!
//! Everything below [`transport`] is a matter of the attachment; [`inprocess`] hosts a card in
//! software on a thread of its own.
//!
//! There is no unsafe code: DMA memory is made of atomic words, so a card that rewrites it at any
//! moment is a nuisance, never undefined behaviour.

pub mod card_memory;
pub mod counters;
pub mod device;
pub mod dma;
pub mod error;
pub mod health;
pub mod inprocess;
mod iommu;
pub mod measure;
mod pool;
pub mod ring;
pub mod transport;

pub use counters::Counters;
pub use device::{Device, Options, Resident, RunJob};
pub use dma::{DmaBuffer, Iova};
pub use error::DeviceError;
pub use health::Health;
pub use inprocess::InProcess;
pub use transport::{Transport, TransportError};
