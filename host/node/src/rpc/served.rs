//! What methods are made of.

use super::args::Args;
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

/// Methods over a node.
pub type Module = RpcModule<Served>;

/// Adds a method, under one name or several. It is answered on a thread that may block.
pub(super) fn method<R>(
    module: &mut Module,
    names: &[&'static str],
    answer: Answer<R>,
) -> Result<(), RegisterMethodError>
where
    R: Serialize + Clone + Send + 'static,
{
    for name in names {
        let name: &'static str = name;
        module.register_blocking_method(name, move |params: Params<'_>, served, _| {
            answered(name, &params, &served, answer)
        })?;
    }
    Ok(())
}

/// Adds a method that changes something and has nothing to say of it. By anvil's names it answers null, which is what
/// alloy's provider takes, by those of the other tools true.
pub(super) fn change(
    module: &mut Module,
    names: &[&'static str],
    answer: Answer<()>,
) -> Result<(), RegisterMethodError> {
    for name in names {
        let name: &'static str = name;
        let done = (!name.starts_with("anvil_")).then_some(true);
        module.register_blocking_method(name, move |params: Params<'_>, served, _| {
            answered(name, &params, &served, answer).map(|()| done)
        })?;
    }
    Ok(())
}

/// Adds a method that only looks something up: it is answered where the request came in, which is done before another
/// thread would be awake.
pub(super) fn lookup<R>(
    module: &mut Module,
    name: &'static str,
    answer: Answer<R>,
) -> Result<(), RegisterMethodError>
where
    R: Serialize + Clone + Send + 'static,
{
    module.register_method(name, move |params: Params<'_>, served, _| {
        answered(name, &params, served, answer)
    })?;
    Ok(())
}

/// What a method does.
type Answer<R> = fn(&Served, &Args<'_>) -> Result<R, NodeError>;

fn answered<R>(
    name: &'static str,
    params: &Params<'_>,
    served: &Served,
    answer: Answer<R>,
) -> Result<R, ErrorObjectOwned> {
    let started = std::time::Instant::now();
    let answered = Args::new(params).and_then(|args| answer(served, &args));
    crate::figures::answered(name, started.elapsed(), answered.is_ok());
    if let Err(error) = &answered {
        tracing::debug!(method = name, %error, "refused");
    }
    answered.map_err(ErrorObjectOwned::from)
}
