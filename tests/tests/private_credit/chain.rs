//! What the contract of private credit does in blocks of a [`ProofChain`].

use alloy_primitives::{Address, B256, Bytes, Log};
use alloy_sol_types::{SolCall, SolEvent};
use metisvm_executor::{BuiltBlock, TransactionStatus};
use metisvm_workload::{DevAccount, PrivateCredit, ProofChain, private_credit};

/// Who deploys, and governs the registry.
pub(crate) const OWNER: usize = 0;
/// Who attests to features.
pub(crate) const AUTHORITY: usize = 1;
/// How long an application waits, in seconds.
const PATIENCE: u64 = 86_400;

/// What the contract says of a borrower.
pub(crate) fn decision(chain: &ProofChain, contract: Address, borrower: Address) -> u8 {
    let call = PrivateCredit::decisionOfCall { borrower }.abi_encode();
    let result = chain.call(chain.spec.chain_id, contract, call);
    let output = result.output().expect("it is a view");
    PrivateCredit::decisionOfCall::abi_decode_returns(output).expect("it is a number")
}

/// The creation code of the contract that decides by a model.
pub(crate) fn deployment(model: B256) -> Bytes {
    private_credit(model, DevAccount::new(AUTHORITY).address(), PATIENCE)
}

/// Whether each transaction of a block succeeded.
pub(crate) fn succeeded(built: &BuiltBlock) -> Vec<bool> {
    let statuses = built.outcome.transactions.iter();
    statuses
        .map(|tx| matches!(tx.status, TransactionStatus::Success { .. }))
        .collect()
}

/// The events of a kind in a block, in order.
pub(crate) fn events<E: SolEvent>(built: &BuiltBlock) -> Vec<E> {
    let logs = built.outcome.receipts.iter().flat_map(|receipt| receipt.logs());
    let decoded = logs.filter_map(|log: &Log| E::decode_log(log).ok());
    decoded.map(|log| log.data).collect()
}
