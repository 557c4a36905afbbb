//! The host's side of the card: transports, DMA memory, rings, and the device handle.
//!
//! The way of a job: [`device`] takes it and puts its bytes into a buffer of the pool; an entry goes into
//! the rings and the doorbell is rung; whoever waits takes completions for all, and checks every field of
//! each; results are copied into memory of the host's own before anything looks at them. A card that
//! breaks a rule is marked unhealthy ([`health`]), the memory that it may still write goes into
//! quarantine, and nothing but a reset brings either back. The rules are docs/driver.md's.
//!
//! The layers, each of which knows only those before it: [`lines`] and [`region`] (memory), [`transport`]
//! (the link), `budget`, `retired`, [`dma`], `lending` and `pool` (buffers), `rings`, `doorbell` and `watch` (the queue), [`device`].
//! [`inprocess`] is a transport that hosts a card in software on a thread of its own ([`card_thread`]);
//! [`vfio_user`] is one to a card that another process serves, [`vfio`] one to a card in a slot.
//!
//! DMA memory is a mapping seen as atomic words, so a card that rewrites it at any moment is a nuisance, never
//! undefined behaviour. Making it that is unsafe code in [`region`]; the rest of it, two files in [`vfio`], gives the
//! kernel a range of this process, and handles SIGBUS.

mod budget;
pub mod card_counters;
pub mod card_thread;
pub mod counters;
pub mod device;
pub mod dma;
mod doorbell;
pub mod error;
mod first_fit;
pub mod glance;
mod handles;
pub mod health;
pub mod identity;
pub mod inprocess;
mod iommu;
mod lending;
pub mod lines;
pub mod measure;
mod pool;
pub mod region;
mod retired;
pub mod ring;
mod rings;
#[cfg(test)]
mod stub;
pub mod transport;
pub mod vectors;
pub mod vfio;
pub mod vfio_user;
mod watch;

pub use card_counters::CardCounters;
pub use counters::Counters;
pub use device::{AsyncDevice, Device, Job, Options, OwnedRunJob, Resident, RunJob, Running, Submitting};
pub use dma::DmaBuffer;
pub use error::DeviceError;
pub use glance::Glance;
pub use health::Health;
pub use identity::Identity;
pub use inprocess::InProcess;
pub use region::Memory;
pub use transport::{DmaRegion, Iova, Transport, TransportError};
pub use vfio::Vfio;
pub use vfio_user::VfioUser;
