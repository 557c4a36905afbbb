//! A node for contract developers: JSON-RPC over a chain that this process keeps.
//!
//! - [`Node`] is the chain with its pool and what moves them; everything in it is synchronous.
//! - [`world::World`] is a state as a value: calls read one while blocks are mined, and snapshots keep it.
//! - [`miner`] makes blocks through the block engine, with state roots by host/state.
//! - [`rpc`] has the methods, [`server`] serves them on one port.
//! - [`disk::Disk`] keeps a chain between processes.
//!
//! docs/node.md lists methods, options and limits.

pub mod accounts;
pub mod admission;
pub mod blobs;
pub mod block;
pub mod call;
pub mod chain;
pub mod clock;
mod connections;
pub mod convert;
pub mod disk;
pub mod edits;
pub mod error;
pub mod estimate;
pub mod fees;
pub mod figures;
pub mod filters;
pub mod genesis;
pub mod geth_genesis;
pub mod guard;
pub mod import;
mod intake;
pub mod keys;
pub mod logs;
pub mod miner;
pub mod models;
pub mod moves;
pub mod node;
pub mod pool;
mod refusal;
pub mod rpc;
pub mod server;
pub mod simulate;
pub mod trace;
mod turns;
pub mod validate;
pub mod world;

pub use error::NodeError;
pub use node::{Node, Parts, Settings};
