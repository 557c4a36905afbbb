//! Precompiles that a call wants elsewhere: `movePrecompileToAddress`, and accounts in their place.

use crate::error::NodeError;
use alloy_evm::EvmEnv;
use alloy_rpc_types::state::StateOverride;
use metisvm_vm::{MetisEvmFactory, Rearranged};
use std::sync::Arc;

/// Takes what overrides say of precompiles out of them. An account that is overridden is no precompile any more, as
/// with geth.
///
/// # Errors
/// If what is to be moved is no precompile, or something else is to be where it goes.
pub fn take(
    factory: &MetisEvmFactory,
    env: &EvmEnv,
    overrides: &mut StateOverride,
) -> Result<Option<Arc<Rearranged>>, NodeError> {
    let precompiles = factory.precompiles(env);
    let mut rearranged = Rearranged::default();
    let named: Vec<_> = overrides.keys().copied().collect();
    for address in &named {
        let is_precompile = precompiles.is_precompile(address);
        let to = overrides
            .get_mut(address)
            .and_then(|account| account.move_precompile_to.take());
        if let Some(to) = to {
            if !is_precompile {
                return Err(NodeError::Refused(format!(
                    "account {address} is not a precompile"
                )));
            }
            if named.contains(&to) {
                return Err(NodeError::Refused(format!("account {to} is already overridden")));
            }
            if rearranged.moved.insert(to, *address).is_some() {
                return Err(NodeError::Refused(format!(
                    "account {to} has already been overridden by a precompile"
                )));
            }
        }
        if is_precompile {
            rearranged.gone.insert(*address);
        }
    }
    Ok((!rearranged.gone.is_empty()).then(|| Arc::new(rearranged)))
}
