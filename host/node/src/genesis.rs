//! The state that a development chain begins with.

use crate::error::NodeError;
use alloy_consensus::{Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_PREDEPLOY_CODE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_CODE},
    eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, Bytes, U256};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, key_slot, registry_slot};

/// The slot of both registries that names the owner (ModelRegistry.sol and KeyRegistry.sol in contracts/src/metis).
const OWNER_SLOT: U256 = U256::from_limbs([1, 0, 0, 0]);

/// The code that genesis places where the chain infers.
#[derive(Debug, Clone, Default)]
pub struct InferenceCode {
    /// At the precompile's address: reverts with an explanation, for tools with an EVM of their own.
    pub stub: Bytes,
    /// At the address of the registry of models.
    pub registry: Bytes,
    /// At the address of the registry of verifying keys.
    pub key_registry: Bytes,
}

/// What a development chain begins with.
#[derive(Debug, Clone)]
pub struct DevGenesis<'a> {
    /// The accounts that get ether.
    pub accounts: &'a [Address],
    /// How much each gets, in wei.
    pub balance: U256,
    /// The models that are registered.
    pub models: &'a [B256],
    /// The verifying keys that are registered, each by its model and its digest.
    pub keys: &'a [(B256, B256)],
    /// The code of the extension.
    pub code: &'a InferenceCode,
    /// The time of the first block.
    pub timestamp: u64,
    /// The gas limit of the first block.
    pub gas_limit: u64,
}

impl DevGenesis<'_> {
    /// The state: ether, the contracts that the protocol calls, where the chain infers the precompile's stub and the
    /// registry with the models in it, and where it verifies proofs the registry with their keys. The first account owns
    /// both registries.
    pub fn state(&self, spec: &ChainSpec) -> MemoryState {
        let mut state = MemoryState::default();
        for account in self.accounts {
            state.insert_account(*account, self.balance, 0, Bytes::new(), []);
        }
        // Nonce 1, as every contract has since EIP-161.
        let mut contract = |address, code: &Bytes, storage: Vec<(U256, U256)>| {
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
        ] {
            contract(address, code, Vec::new());
        }
        if let Some(inference) = &spec.inference {
            contract(inference.precompile, &self.code.stub, Vec::new());
            let owner = self.accounts.first().copied().unwrap_or_default();
            let mut storage = vec![(OWNER_SLOT, owner.into_word().into())];
            storage.extend(
                self.models
                    .iter()
                    .map(|model| (registry_slot(*model), U256::from(1))),
            );
            contract(inference.registry, &self.code.registry, storage);
            if let Some(proofs) = &inference.proofs {
                let mut storage = vec![(OWNER_SLOT, owner.into_word().into())];
                storage.extend(self.keys.iter().map(|(model, digest)| {
                    let slot = key_slot(*model, proofs.circuit_version);
                    (slot, (*digest).into())
                }));
                contract(proofs.registry, &self.code.key_registry, storage);
            }
        }
        state
    }

    /// The header of the first block, whose state has this root.
    pub fn header(&self, spec: &ChainSpec, state_root: B256) -> Header {
        let template = Header {
            gas_limit: self.gas_limit,
            timestamp: self.timestamp,
            state_root,
            ..Header::default()
        };
        first_header(spec, template)
    }
}

/// The header of a first block in the shape of its forks, from what a genesis says of it.
pub fn first_header(spec: &ChainSpec, template: Header) -> Header {
    let (number, timestamp) = (template.number, template.timestamp);
    let cancun = spec.is_cancun_active_at_timestamp(timestamp);
    let base_fee = alloy_eips::eip1559::INITIAL_BASE_FEE;
    Header {
        base_fee_per_gas: spec
            .is_london_active_at_block(number)
            .then(|| template.base_fee_per_gas.unwrap_or(base_fee)),
        withdrawals_root: spec
            .is_shanghai_active_at_timestamp(timestamp)
            .then_some(EMPTY_WITHDRAWALS),
        blob_gas_used: cancun.then(|| template.blob_gas_used.unwrap_or_default()),
        excess_blob_gas: cancun.then(|| template.excess_blob_gas.unwrap_or_default()),
        parent_beacon_block_root: cancun.then_some(B256::ZERO),
        requests_hash: spec
            .is_prague_active_at_timestamp(timestamp)
            .then_some(EMPTY_REQUESTS_HASH),
        ..template
    }
}

/// Whether keys that everybody has may be used on a chain: not where somebody's ether is.
///
/// # Errors
/// If they may not.
pub fn check_dev_chain(chain_id: u64) -> Result<(), NodeError> {
    const DEV_CHAINS: [u64; 4] = [5_068_365, 31_337, 1_337, 1_338];
    if DEV_CHAINS.contains(&chain_id) {
        return Ok(());
    }
    let listed = DEV_CHAINS.map(|id| id.to_string()).join(", ");
    Err(NodeError::Invalid(format!(
        "chain {chain_id} is no development chain (those are {listed}), and the keys of the test mnemonic are known to \
         everybody: what they sign there could be sent to the real chain. Give --accounts 0, or a --mnemonic of your own"
    )))
}
