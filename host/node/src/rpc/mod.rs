//! The methods, one file a group of them. All run on threads that may block.

mod args;
mod blocks;
mod calls;
mod config;
mod debug;
mod dev;
mod dumps;
mod identity;
mod keys;
mod metis;
mod polling;
mod quantity;
mod sending;
mod served;
mod signing;
mod state;
mod subscriptions;
mod txpool;

pub use args::Args;
pub use served::{Module, Served};
pub use subscriptions::HexIds;

use crate::{filters::Filters, node::Node};
use jsonrpsee::{RpcModule, core::RegisterMethodError};
use std::sync::Arc;

/// Every method.
///
/// # Errors
/// If two have one name.
pub fn module(node: Arc<Node>) -> Result<Module, RegisterMethodError> {
    let filters = Filters::default();
    let mut module = RpcModule::new(Served { node, filters });
    identity::register(&mut module)?;
    blocks::register(&mut module)?;
    config::register(&mut module)?;
    state::register(&mut module)?;
    calls::register(&mut module)?;
    sending::register(&mut module)?;
    signing::register(&mut module)?;
    polling::register(&mut module)?;
    subscriptions::register(&mut module)?;
    txpool::register(&mut module)?;
    debug::register(&mut module)?;
    dev::register(&mut module)?;
    dumps::register(&mut module)?;
    metis::register(&mut module)?;
    keys::register(&mut module)?;
    Ok(module)
}
