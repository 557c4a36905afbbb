//! How far a block has come: receipts, gas, and the transactions that may not be in it.

use super::{Environment, Skipped};
use crate::{
    Error, TransactionOutcome,
    validity::{SizeLimit, TransactionRules, refusal},
};
use alloy_consensus::{Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction, TxEnvelope};
use alloy_evm::block::BlockValidationError;
use alloy_primitives::Bloom;
use core::ops::Range;
use metisvm_state::StateError;
use revm::{
    context_interface::{
        Cfg,
        result::{EVMError, ExecutionResult},
    },
    primitives::hardfork::SpecId,
};

/// Why a transaction is not in the block.
#[derive(Debug)]
pub(super) enum Invalid {
    /// It may not be there; worded for people.
    Transaction(String),
    /// This node cannot execute it.
    Node(String),
}

impl Invalid {
    /// From what the EVM says of a transaction.
    pub(super) fn from_evm(environment: &Environment<'_>, index: usize, error: EVMError<StateError>) -> Self {
        match error {
            EVMError::Transaction(error) => {
                let evm_env = &environment.evm_env;
                let transaction = &environment.transactions[index];
                Self::Transaction(refusal(&error, transaction, &evm_env.cfg_env, &evm_env.block_env))
            }
            EVMError::Header(error) => Self::Transaction(error.to_string()),
            other => Self::Node(other.to_string()),
        }
    }
}

/// The part of a block that has been executed.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) receipts: Vec<ReceiptEnvelope>,
    pub(super) transactions: Vec<TransactionOutcome>,
    /// The gas of all transactions after refunds, as receipts count it.
    pub(super) gas_used: u64,
    /// From Amsterdam on (EIP-8037): the gas of execution and that of new state, both before refunds. The
    /// block has its whole gas limit for each.
    regular_gas_used: u64,
    state_gas_used: u64,
    pub(super) blob_gas_used: u64,
    /// Of the transactions that were executed, their places in the list that was given.
    pub(super) included: Vec<usize>,
    /// Those that were left out.
    pub(super) skipped: Vec<Skipped>,
    /// What the EVM gave for each transaction, where there is no block around them whose limits count.
    alone: Option<Vec<ExecutionResult>>,
    skip_invalid: bool,
    cancun: bool,
    /// Gas is of two kinds (EIP-8037).
    amsterdam: bool,
    /// How long a block that is being built may become, and the bytes of its transactions.
    size_limit: Option<SizeLimit>,
    bytes: u64,
    rules: TransactionRules,
}

impl Progress {
    pub(super) fn new(environment: &Environment<'_>, skip_invalid: bool) -> Self {
        let count = environment.transactions.len();
        Self {
            receipts: Vec::with_capacity(count),
            transactions: Vec::with_capacity(count),
            skip_invalid,
            cancun: environment.spec_id.is_enabled_in(SpecId::CANCUN),
            amsterdam: environment.evm_env.cfg_env.enable_amsterdam_eip8037,
            rules: TransactionRules::new(
                environment.factory.spec(),
                environment.evm_env.block_env.timestamp.saturating_to(),
            ),
            ..Self::default()
        }
    }

    /// For a block that is being built: invalid transactions are left out, and so are those for which it would
    /// become too long.
    pub(super) fn selecting(environment: &Environment<'_>, size_limit: Option<SizeLimit>) -> Self {
        Self {
            size_limit,
            ..Self::new(environment, true)
        }
    }

    /// For transactions without a block around them.
    pub(super) fn alone(environment: &Environment<'_>) -> Self {
        Self {
            alone: Some(Vec::new()),
            ..Self::new(environment, false)
        }
    }

    /// What the EVM gave, where there is no block.
    pub(super) fn into_results(self) -> Vec<ExecutionResult> {
        self.alone.unwrap_or_default()
    }

    /// The gas of the block: what its transactions have used, from Amsterdam on the greater of both kinds.
    pub(super) fn block_gas_used(&self) -> u64 {
        if self.amsterdam {
            self.regular_gas_used.max(self.state_gas_used)
        } else {
            self.gas_used
        }
    }

    /// Whether the transaction's gas limit and its blobs fit into what the block has left.
    pub(super) fn admit(&self, environment: &Environment<'_>, index: usize) -> Result<(), Invalid> {
        if self.alone.is_some() {
            return Ok(());
        }
        let limit = environment.transactions[index].gas_limit();
        let block_limit = environment.evm_env.block_env.gas_limit;
        let refuse = |available| {
            let error = BlockValidationError::TransactionGasLimitMoreThanAvailableBlockGas {
                transaction_gas_limit: limit,
                block_available_gas: available,
            };
            Err(Invalid::Transaction(error.to_string()))
        };
        let used = if self.amsterdam {
            self.regular_gas_used
        } else {
            self.gas_used
        };
        let available = block_limit.saturating_sub(used);
        // From Osaka on a transaction cannot use more than the cap, whatever its limit says (EIP-7825).
        if limit.min(environment.evm_env.cfg_env.tx_gas_limit_cap()) > available {
            return refuse(available);
        }
        // The cap does not bound the gas of new state.
        let available = block_limit.saturating_sub(self.state_gas_used);
        if self.amsterdam && limit > available {
            return refuse(available);
        }
        let transaction = environment.transactions[index].inner();
        if let Some(limit) = self.size_limit {
            let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
            let with_it = bytes.saturating_add(SizeLimit::bytes_of(transaction));
            limit.check(with_it).map_err(Invalid::Transaction)?;
        }
        self.rules
            .check(self.blob_gas_used, transaction)
            .map_err(Invalid::Transaction)
    }

    /// Whether all of these may be in the block one after the other, given what came of each.
    pub(super) fn admit_all(
        &mut self,
        environment: &Environment<'_>,
        range: Range<usize>,
        results: &[(ExecutionResult, Bloom)],
    ) -> bool {
        let before = self.used();
        let all = range.zip(results).all(|(index, (result, _))| {
            let admitted = self.admit(environment, index).is_ok();
            self.count(environment, index, result);
            admitted
        });
        [
            self.gas_used,
            self.blob_gas_used,
            self.regular_gas_used,
            self.state_gas_used,
            self.bytes,
        ] = before;
        all
    }

    fn used(&self) -> [u64; 5] {
        [
            self.gas_used,
            self.blob_gas_used,
            self.regular_gas_used,
            self.state_gas_used,
            self.bytes,
        ]
    }

    /// Counts what a transaction takes of the block's limits.
    fn count(&mut self, environment: &Environment<'_>, index: usize, result: &ExecutionResult) {
        self.gas_used += result.tx_gas_used();
        self.regular_gas_used += result.gas().block_regular_gas_used();
        self.state_gas_used += result.gas().block_state_gas_used();
        let transaction = environment.transactions[index].inner();
        if self.size_limit.is_some() {
            self.bytes += SizeLimit::bytes_of(transaction) as u64;
        }
        if self.cancun {
            self.blob_gas_used += transaction.blob_gas_used().unwrap_or_default();
        }
    }

    /// A transaction that may not be in the block: the end of its validation, or left out of one that is
    /// being built.
    pub(super) fn refuse(
        &mut self,
        environment: &Environment<'_>,
        index: usize,
        why: Invalid,
    ) -> Result<(), Error> {
        let hash = *environment.transactions[index].hash();
        match why {
            Invalid::Transaction(problem) if self.skip_invalid => {
                self.skipped.push(Skipped { index, hash, problem });
                Ok(())
            }
            Invalid::Transaction(problem) => Err(Error::InvalidTransaction { index, hash, problem }),
            Invalid::Node(problem) => Err(Error::NodeFault { index, hash, problem }),
        }
    }

    /// A transaction that was executed.
    pub(super) fn include(&mut self, environment: &Environment<'_>, index: usize, result: ExecutionResult) {
        let logs_bloom = environment.hashes.bloom(result.logs());
        self.include_with_bloom(environment, index, result, logs_bloom);
    }

    /// A transaction that was executed, and the bloom filter over its logs.
    pub(super) fn include_with_bloom(
        &mut self,
        environment: &Environment<'_>,
        index: usize,
        result: ExecutionResult,
        logs_bloom: Bloom,
    ) {
        let transaction: &TxEnvelope = environment.transactions[index].inner();
        if let Some(results) = &mut self.alone {
            results.push(result.clone());
        }
        self.included.push(index);
        self.count(environment, index, &result);
        self.transactions
            .push(TransactionOutcome::new(*transaction.hash(), &result));
        let receipt = ReceiptWithBloom {
            receipt: Receipt {
                status: result.is_success().into(),
                cumulative_gas_used: self.gas_used,
                logs: result.into_logs(),
            },
            logs_bloom,
        };
        self.receipts
            .push(ReceiptEnvelope::from_typed(transaction.tx_type(), receipt));
    }
}
