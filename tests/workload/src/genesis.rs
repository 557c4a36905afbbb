//! The state before the first block.

use crate::{DevAccount, DigitModels, artefacts};
use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_PREDEPLOY_CODE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_CODE},
};
use alloy_primitives::{Address, Bytes, U256, address};
use metisvm_state::MemoryState;
use metisvm_vm::registry_slot;

/// The inference precompile of the development chain.
pub const INFERENCE: Address = address!("0x4D45544900000000000000000000000000000001");

/// The registry of models of the development chain.
pub const REGISTRY: Address = address!("0x4D45544900000000000000000000000000000002");

/// The slot of the registry that names its owner.
const OWNER_SLOT: U256 = U256::from_limbs([1, 0, 0, 0]);

/// The number of the account that owns the registry, deploys the contracts and mints.
pub(crate) const OWNER: usize = 0;

/// The genesis of the development chain, complete: ether for the test accounts, the contracts that the
/// protocol calls, the precompile's stub, and the registry with both models in it.
pub fn genesis(models: &DigitModels) -> MemoryState {
    let mut state = MemoryState::default();
    let ether = U256::from(1_000) * U256::from(10).pow(U256::from(18));
    for account in DevAccount::all() {
        state.insert_account(account.address(), ether, 0, Bytes::new(), []);
    }
    let mut contract = |address, code: &Bytes, storage: Vec<(U256, U256)>| {
        // Nonce 1, as every contract has since EIP-161.
        state.insert_account(address, U256::ZERO, 1, code.clone(), storage);
    };
    for (address, code) in [
        (BEACON_ROOTS_ADDRESS, &BEACON_ROOTS_CODE),
        (HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE),
        (
            WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            &WITHDRAWAL_REQUEST_PREDEPLOY_CODE,
        ),
        (
            CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            &CONSOLIDATION_REQUEST_PREDEPLOY_CODE,
        ),
        (INFERENCE, &artefacts::inference_stub().runtime),
    ] {
        contract(address, code, Vec::new());
    }
    let owner = DevAccount::new(OWNER).address().into_word().into();
    let registered = U256::from(1);
    let storage = vec![
        (OWNER_SLOT, owner),
        (registry_slot(models.mlp.id), registered),
        (registry_slot(models.cnn.id), registered),
    ];
    contract(REGISTRY, &artefacts::model_registry().runtime, storage);
    state
}
