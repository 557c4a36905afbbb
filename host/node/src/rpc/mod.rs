//! The methods, one file a group of them. All run on threads that may block.

mod args;
mod blocks;
mod calls;
mod convert;
mod debug;
mod dev;
mod identity;
mod metis;
mod polling;
mod quantity;
mod sending;
mod signing;
mod state;
mod subscriptions;
mod txpool;

pub use args::Args;
pub(crate) use convert::whole as whole_block;
pub use subscriptions::HexIds;

use crate::{error::NodeError, filters::Filters, node::Node};
use jsonrpsee::{
    RpcModule,
    core::RegisterMethodError,
    types::{ErrorObjectOwned, Params},
};
use serde::Serialize;
use std::sync::Arc;

/// What methods work with.
#[derive(Debug)]
pub struct Served {
    /// The node.
    pub node: Arc<Node>,
    /// What clients ask for again and again.
    pub filters: Filters,
}

impl std::ops::Deref for Served {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

type Module = RpcModule<Served>;

/// Every method.
///
/// # Errors
/// If two have one name.
pub fn module(node: Arc<Node>) -> Result<Module, RegisterMethodError> {
    let filters = Filters::default();
    let mut module = RpcModule::new(Served { node, filters });
    identity::register(&mut module)?;
    blocks::register(&mut module)?;
    state::register(&mut module)?;
    calls::register(&mut module)?;
    sending::register(&mut module)?;
    signing::register(&mut module)?;
    polling::register(&mut module)?;
    subscriptions::register(&mut module)?;
    txpool::register(&mut module)?;
    debug::register(&mut module)?;
    dev::register(&mut module)?;
    metis::register(&mut module)?;
    Ok(module)
}

/// Adds a method, under one name or several.
fn method<R>(
    module: &mut Module,
    names: &[&'static str],
    answer: fn(&Served, &Args<'_>) -> Result<R, NodeError>,
) -> Result<(), RegisterMethodError>
where
    R: Serialize + Clone + Send + 'static,
{
    for name in names {
        let name: &'static str = name;
        module.register_blocking_method(name, move |params: Params<'_>, served, _| {
            let started = std::time::Instant::now();
            let answered = Args::new(&params).and_then(|args| answer(&served, &args));
            crate::figures::answered(name, started.elapsed(), answered.is_ok());
            if let Err(error) = &answered {
                tracing::debug!(method = name, %error, "refused");
            }
            answered.map_err(ErrorObjectOwned::from)
        })?;
    }
    Ok(())
}
