//! From requests to a block.

use crate::{
    Contracts, DevAccount, DigitModels, Expected, WorkloadError, genesis,
    genesis::OWNER,
    request::Request,
    rng::Rng,
    signing::{Envelope, Unsigned, sign},
    template,
    whole::build_whole,
};
use alloy_consensus::TxEnvelope;
use alloy_eips::eip4895::{Withdrawal, Withdrawals};
use alloy_primitives::Address;
use metisvm_executor::{BlockEngine, BuiltBlock, Threads};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::Arc;

/// A block with what is expected of it.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The block, with the state before and after it, as the reference kernels give it.
    pub built: BuiltBlock,
    /// What is expected of each transaction.
    pub expected: Vec<Expected>,
    /// Where the contracts lie.
    pub contracts: Contracts,
    /// How often a model ran.
    pub inferences: u64,
}

impl Workload {
    /// How many of the stored classes are what the image shows, and how many there are.
    pub fn correct(&self) -> (usize, usize) {
        let stored = self.expected.iter().flat_map(|expected| &expected.classified);
        stored.fold((0, 0), |(correct, all), classified| {
            let right = classified.class == classified.digit.label;
            (correct + usize::from(right), all + 1)
        })
    }
}

/// Gives requests their types and nonces, signs them, and builds block 1 of the development chain.
pub(crate) fn build(
    models: &DigitModels,
    requests: Vec<Request>,
    rng: &mut Rng,
) -> Result<Workload, WorkloadError> {
    let spec = ChainSpec::metis_dev();
    let accounts = DevAccount::all();
    let mut nonces = vec![0; accounts.len()];
    let mut transactions: Vec<TxEnvelope> = Vec::with_capacity(requests.len());
    let mut expected = Vec::with_capacity(requests.len());
    for request in requests {
        let envelope = match rng.below(6) {
            0 => Envelope::Legacy,
            1 => Envelope::AccessList,
            _ => Envelope::DynamicFee,
        };
        let nonce = &mut nonces[request.from];
        let unsigned = Unsigned {
            chain_id: spec.chain_id,
            nonce: *nonce,
            gas_limit: request.gas_limit,
            to: request.to,
            value: request.value,
            access_list: request.access_list,
            input: request.input,
        };
        *nonce += 1;
        transactions.push(sign(accounts[request.from].key(), envelope, unsigned));
        expected.push(request.expected);
    }
    let engine = models.engine();
    let factory = MetisEvmFactory::new(Arc::new(spec), Some(engine.clone()));
    let pre_state = genesis(models);
    let header = template(&pre_state);
    let engine_of_blocks = BlockEngine::new(Threads::new(1)?);
    let built = build_whole(
        &factory,
        pre_state,
        header,
        transactions,
        withdrawals(),
        &engine_of_blocks,
    )?;
    Ok(Workload {
        built,
        expected,
        contracts: Contracts::deployed_by(accounts[OWNER].address()),
        inferences: engine.answers(),
    })
}

/// One to an account that exists, one to an account that does not.
fn withdrawals() -> Withdrawals {
    let to = |index, address| Withdrawal {
        index,
        validator_index: 100 + index,
        address,
        amount: 15_000_000 + index,
    };
    Withdrawals::new(vec![
        to(0, DevAccount::new(3).address()),
        to(1, Address::repeat_byte(0x17)),
    ])
}
