//! Transactions that may not be in their block. An engine that has executed others ahead of them has to
//! stop at the same one with the same words, without a panic and without trying again for ever.

use super::{
    chain::{CHAIN_ID, DEPOSIT_CONTRACT, Fork},
    contracts::BAD_DEPOSIT,
    plan::{AccountPlan, Code, Envelope, Gas, Plan, TransactionPlan},
    program::{Program, Statement, Value},
    transactions::Transactions,
};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall;
use metisvm_vm::{IInference, registry_slot};
use metisvm_workload::{INFERENCE, REGISTRY};
use revm::bytecode::opcode as op;

/// What can be wrong with a transaction, or with what it does to its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Fault {
    NonceTooHigh,
    NonceFarTooHigh,
    NonceTooLow,
    ValueAboveBalance,
    FeeAboveBalance,
    FeeOverflows,
    GasAboveBlock,
    GasAboveRest,
    GasBelowIntrinsic,
    SenderHasCode,
    WrongChain,
    TypeBeforeItsFork,
    FeeBelowBaseFee,
    TipAboveFee,
    InitCodeTooLong,
    GasAboveCap,
    NoBlobs,
    TooManyBlobs,
    WrongBlobVersion,
    BlobFeeTooLow,
    NoAuthorizations,
    /// The transaction is valid, but its log makes the requests of the block undecodable.
    BadDeposit,
    /// A model that is registered, but not on this machine: the fault is the node's.
    ModelNotHere,
    /// `BLOCKHASH` of a block whose hash is not known: the fault is the node's.
    UnknownBlockHash,
}

impl Fault {
    /// All faults with the first fork that knows them.
    pub const ALL: [(Self, Fork); 24] = [
        (Self::NonceTooHigh, Fork::Frontier),
        (Self::NonceFarTooHigh, Fork::Frontier),
        (Self::NonceTooLow, Fork::Frontier),
        (Self::ValueAboveBalance, Fork::Frontier),
        (Self::FeeAboveBalance, Fork::Frontier),
        (Self::FeeOverflows, Fork::Frontier),
        (Self::GasAboveBlock, Fork::Frontier),
        (Self::GasAboveRest, Fork::Frontier),
        (Self::GasBelowIntrinsic, Fork::Frontier),
        (Self::SenderHasCode, Fork::Frontier),
        (Self::UnknownBlockHash, Fork::Frontier),
        (Self::TypeBeforeItsFork, Fork::Frontier),
        (Self::WrongChain, Fork::SpuriousDragon),
        (Self::ModelNotHere, Fork::Berlin),
        (Self::FeeBelowBaseFee, Fork::London),
        (Self::TipAboveFee, Fork::London),
        (Self::InitCodeTooLong, Fork::Shanghai),
        (Self::NoBlobs, Fork::Cancun),
        (Self::TooManyBlobs, Fork::Cancun),
        (Self::WrongBlobVersion, Fork::Cancun),
        (Self::BlobFeeTooLow, Fork::Cancun),
        (Self::NoAuthorizations, Fork::Prague),
        (Self::BadDeposit, Fork::Prague),
        (Self::GasAboveCap, Fork::Osaka),
    ];

    /// The fragment of the error by which one knows that this was the reason.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NonceTooHigh | Self::NonceFarTooHigh => "too high",
            Self::NonceTooLow => "too low",
            Self::ValueAboveBalance | Self::FeeAboveBalance => "lack of funds",
            Self::FeeOverflows => "overflow",
            Self::GasAboveBlock | Self::GasAboveRest => "available gas",
            Self::GasBelowIntrinsic => "exceeds the gas limit",
            Self::SenderHasCode => "deployed code",
            Self::WrongChain => "chain",
            Self::TypeBeforeItsFork => "not supported",
            Self::FeeBelowBaseFee => "less than basefee",
            Self::TipAboveFee => "greater than max fee",
            Self::InitCodeTooLong => "initcode",
            Self::GasAboveCap => "than the cap",
            Self::NoBlobs => "empty blobs",
            Self::TooManyBlobs => "too many blobs",
            Self::WrongBlobVersion => "blob version not supported",
            Self::BlobFeeTooLow => "max fee per blob gas",
            Self::NoAuthorizations => "empty authorization list",
            Self::BadDeposit => "deposit",
            Self::ModelNotHere => "bundle",
            Self::UnknownBlockHash => "hash of block",
        }
    }

    /// Whether a transaction can have this fault on a fork.
    pub fn exists_on(self, fork: Fork) -> bool {
        let from = Self::ALL.iter().find(|(fault, _)| *fault == self);
        let until = match self {
            Self::TypeBeforeItsFork => Fork::Cancun,
            // Amsterdam takes longer init code (EIP-7954), and gas above the cap for new state (EIP-8037).
            Self::InitCodeTooLong | Self::GasAboveCap => Fork::Osaka,
            _ => Fork::Amsterdam,
        };
        from.is_some_and(|(_, from)| *from <= fork) && fork <= until
    }

    /// A transaction of this fault for a block.
    pub fn make(self, transactions: &mut Transactions<'_>, plan: &mut Plan) -> TransactionPlan {
        let fork = plan.chain.fork;
        let mut faulty = match self {
            Self::NoBlobs | Self::TooManyBlobs | Self::WrongBlobVersion | Self::BlobFeeTooLow => {
                transactions.blob()
            }
            _ => transactions.one(),
        };
        faulty.keep_invalid = true;
        // Only people who are rich before the block: a fault should be the only one.
        faulty.sender = transactions.world.people[0];
        faulty.gas = Gas::Limit(400_000);
        match self {
            Self::NonceTooHigh => faulty.nonce_offset = 1,
            Self::NonceFarTooHigh => faulty.nonce_offset = 1 << 40,
            Self::NonceTooLow => faulty.nonce_offset = -1,
            Self::ValueAboveBalance => faulty.value = U256::from(10).pow(U256::from(40)),
            Self::FeeAboveBalance => faulty.max_fee = 10u128.pow(30),
            Self::FeeOverflows => {
                faulty.max_fee = u128::MAX;
                faulty.value = U256::MAX;
            }
            Self::GasAboveBlock => faulty.gas = Gas::Limit(plan.header.gas_limit + 1),
            Self::GasAboveRest => {
                // More than what is left behind any other transaction.
                plan.header.gas_limit = 2_000_000;
                faulty.gas = Gas::Limit(1_985_000);
            }
            Self::GasBelowIntrinsic => faulty.gas = Gas::Limit(20_999),
            Self::SenderHasCode => faulty.sender = transactions.world.contracts[2],
            Self::WrongChain => {
                faulty.envelope = Envelope::Legacy;
                faulty.chain_id = CHAIN_ID + 1;
            }
            Self::TypeBeforeItsFork => {
                faulty.envelope = match fork {
                    Fork::London | Fork::Paris | Fork::Shanghai => {
                        Envelope::Blob(vec![B256::repeat_byte(1)], 9)
                    }
                    Fork::Cancun => Envelope::SetCode(Vec::new()),
                    Fork::Berlin => Envelope::DynamicFee,
                    _ => Envelope::AccessList,
                };
                faulty.to = Some(transactions.world.contracts[2]);
            }
            Self::FeeBelowBaseFee => {
                faulty.envelope = Envelope::Legacy;
                plan.header.base_fee_per_gas = Some(plan.header.base_fee_per_gas.unwrap_or_default().max(7));
                faulty.max_fee = 6;
            }
            Self::TipAboveFee => {
                faulty.envelope = Envelope::DynamicFee;
                faulty.tip = faulty.max_fee + 1;
            }
            Self::InitCodeTooLong => {
                faulty.envelope = Envelope::Legacy;
                faulty.to = None;
                faulty.input = Code::Bytes(vec![0; 49_153].into());
                faulty.gas = Gas::Limit(2_000_000);
                plan.header.gas_limit = 30_000_000;
            }
            Self::GasAboveCap => {
                plan.header.gas_limit = 60_000_000;
                faulty.gas = Gas::Limit((1 << 24) + 1);
            }
            Self::NoBlobs => faulty.envelope = Envelope::Blob(Vec::new(), transactions.blob_fee),
            Self::TooManyBlobs => {
                let mut hash = B256::repeat_byte(7);
                hash[0] = 1;
                faulty.envelope = Envelope::Blob(vec![hash; 10], transactions.blob_fee);
            }
            Self::WrongBlobVersion => {
                faulty.envelope = Envelope::Blob(vec![B256::repeat_byte(2)], transactions.blob_fee);
            }
            Self::BlobFeeTooLow => {
                let mut hash = B256::repeat_byte(7);
                hash[0] = 1;
                faulty.envelope = Envelope::Blob(vec![hash], 0);
            }
            Self::NoAuthorizations => {
                faulty.envelope = Envelope::SetCode(Vec::new());
                faulty.to = Some(transactions.world.contracts[2]);
            }
            Self::BadDeposit => {
                faulty.to = Some(DEPOSIT_CONTRACT);
                faulty.envelope = Envelope::Legacy;
                faulty.value = U256::ZERO;
                faulty.input = Code::Bytes(U256::from(BAD_DEPOSIT).to_be_bytes::<32>().into());
            }
            Self::ModelNotHere => {
                let model = B256::repeat_byte(0xab);
                plan.chain.inference = true;
                let registry = AccountPlan {
                    balance: U256::ZERO,
                    nonce: 1,
                    code: Code::NOTHING,
                    storage: [(registry_slot(model), U256::from(1))].into(),
                };
                plan.accounts.insert(REGISTRY, registry);
                faulty.to = Some(INFERENCE);
                faulty.envelope = Envelope::Unprotected;
                faulty.value = U256::ZERO;
                faulty.input = Code::Bytes(IInference::modelInfoCall { modelId: model }.abi_encode().into());
            }
            Self::UnknownBlockHash => {
                plan.block_hashes.remove(&(plan.header.number - 1));
                let asker = transactions.world.contracts[9];
                if let Some(account) = plan.accounts.get_mut(&asker) {
                    account.code = Code::Program(asks_for_the_parent());
                }
                faulty.to = Some(asker);
                faulty.envelope = Envelope::Unprotected;
                faulty.value = U256::ZERO;
                faulty.input = Code::NOTHING;
            }
        }
        faulty
    }
}

/// Stores the hash of the parent.
fn asks_for_the_parent() -> Program {
    let parent = Value::Op(op::SUB, vec![Value::read(op::NUMBER), Value::number(1)]);
    let hash = Value::Op(op::BLOCKHASH, vec![parent]);
    vec![Statement::Op(op::SSTORE, vec![Value::number(0), hash])]
}
