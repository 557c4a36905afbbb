//! OpenCL devices, found at run time, and integer kernels for them.
//!
//! [`devices`] lists what there is, [`Device`] is one of them, [`Job`] a number of commands on their way to it. The
//! operations are methods of a job ([`ops`]): each is given slices of device memory and the numbers of its shape, and
//! works out from these what the kernel will touch. What does not lie within the slices is an error, and nothing is
//! launched; so no safe call makes a kernel read or write elsewhere. Nothing here knows of models.
//!
//! A device whose library, driver, memory or answers fail is an [`Error`], never more.

mod cache;
mod device;
mod discover;
mod error;
mod faults;
mod health;
mod job;
mod kernels;
mod memory;
pub mod ops;
mod raw;
mod widths;

pub use device::{Device, Options};
pub use discover::{Choice, Found, devices, find};
pub use error::Error;
pub use faults::{Call, Fault, Faults};
pub use health::Counters;
pub use job::{Job, Ticket};
pub use kernels::Type;
pub use memory::{Memory, Slice};
