//! The transactions of the blocks, by subject.

mod awkward;
mod classify;
mod deploy;
mod direct;
mod ether;
mod registry;
mod starve;
mod swap;
mod token;

use crate::{
    Classified, Contracts, DEV_ACCOUNTS, DIGITS, DevAccount, Digit, DigitModel, DigitModels, Network,
    REGISTRY, genesis::OWNER, rng::Rng,
};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use metisvm_vm::{ChainSpec, GasSchedule, IInference, registry_slot};

/// What a block is written with.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    pub(crate) models: &'a DigitModels,
    pub(crate) accounts: Vec<DevAccount>,
    pub(crate) contracts: Contracts,
    pub(crate) rng: Rng,
    schedule: GasSchedule,
    /// The digits that were not used yet.
    unused: Vec<usize>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(models: &'a DigitModels, seed: u64) -> Self {
        let accounts = DevAccount::all();
        let contracts = Contracts::deployed_by(accounts[OWNER].address());
        let mut rng = Rng::new(seed);
        let mut unused: Vec<usize> = (0..DIGITS).collect();
        rng.shuffle(&mut unused);
        Self {
            models,
            accounts,
            contracts,
            rng,
            schedule: gas_schedule(),
            unused,
        }
    }

    fn address(&self, account: usize) -> Address {
        self.accounts[account].address()
    }

    /// Any account but the owner, whose transactions have an order of their own.
    fn anyone(&mut self) -> usize {
        1 + self.rng.index(DEV_ACCOUNTS - 1)
    }

    fn digit(&mut self) -> Digit {
        let index = self
            .unused
            .pop()
            .expect("a block uses fewer digits than there are");
        Digit::new(index)
    }

    fn classifier(&self, network: Network) -> Address {
        match network {
            Network::Mlp => self.contracts.mlp_classifier,
            Network::Cnn => self.contracts.cnn_classifier,
        }
    }

    fn caller(&self, network: Network) -> Address {
        match network {
            Network::Mlp => self.contracts.mlp_caller,
            Network::Cnn => self.contracts.cnn_caller,
        }
    }

    fn classified(&self, network: Network, digit: Digit) -> Classified {
        Classified {
            classifier: self.classifier(network),
            digit,
            class: self.models.of(network).classify(&digit),
        }
    }

    fn inference_gas(&self, model: &DigitModel) -> u64 {
        inference_gas(&self.schedule, model)
    }

    /// The registry's slot of a model, so that its look-up is warm.
    fn registered(&self, network: Network) -> AccessList {
        let slot = registry_slot(self.models.of(network).id);
        AccessList(vec![AccessListItem {
            address: REGISTRY,
            storage_keys: vec![slot.into()],
        }])
    }
}

/// What inference costs on the development chain.
pub(crate) fn gas_schedule() -> GasSchedule {
    ChainSpec::metis_dev()
        .inference
        .expect("the development chain has inference")
        .gas_schedule
        .schedule()
}

/// What the precompile charges for one inference, with the registry's slot still cold: exactly, as
/// `modelInfo` tells it.
pub(crate) fn inference_gas(schedule: &GasSchedule, model: &DigitModel) -> u64 {
    const COLD_SLOT: u64 = 2_100;
    let call = infer(model, &Digit::new(0));
    let facts = model.facts();
    schedule.call_data_gas(call.len() as u64)
        + COLD_SLOT
        + schedule.inference_gas(&facts.work, facts.output_bytes)
}

/// The call data of an inference.
fn infer(model: &DigitModel, digit: &Digit) -> Vec<u8> {
    IInference::inferCall {
        modelId: model.id,
        input: model.network.input(digit),
    }
    .abi_encode()
}

fn id(digit: &Digit) -> U256 {
    U256::from(digit.index)
}

/// Whole tokens of 18 decimals, or whole ether, in their smallest unit.
fn whole(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10).pow(U256::from(18))
}
