//! Any card as a PCI function behind a Unix socket: a vfio-user server.
//!
//! QEMU makes a device of a guest of it, and the driver's transport drives it from another process. The client is
//! not trusted: it reaches nothing but its own memory and this card, and when it goes, the next one finds a card
//! after a reset. docs/driver.md has the rules, and what is bounded.
//!
//! * [`server`]: clients one after another, on the socket that [`socket`] makes.
//! * `session`: one client, message by message. `commands`: what each asks for.
//! * `function`: the PCI function: [`config_space`], BAR0, resets. [`msix`]: its interrupts, which go to
//!   the client by `events`.
//! * [`dma`]: the client's memory, as the card sees it; `mappings`: which there is of it; `remote`: the part
//!   that only messages reach.
//! * `port`: the card's end; `connection`: the client's. `refusal`, `log`: what a client is told, and what the operator is.

mod commands;
pub mod config_space;
mod connection;
pub mod dma;
mod events;
mod function;
mod log;
mod mappings;
pub mod msix;
mod port;
mod refusal;
mod remote;
pub mod server;
mod session;
pub mod socket;

pub use mappings::Limits;
pub use refusal::Refusal;
pub use server::{Options, Server};
pub use socket::ServerError;
