//! A chain of blocks with the contracts: what is executed goes through the same engines as any block.

use crate::prover::PROVER;
use alloy_consensus::{Header, SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_evm::{Evm, EvmFactory};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256};
use alloy_sol_types::{SolCall, SolEvent, sol};
use metisvm_executor::{
    BlockEngine, BuiltBlock, Threads, TransactionStatus, build_block, run_block_file_with,
};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, KeyRing, MetisEvmFactory};
use metisvm_workload::{DevAccount, DigitModels, genesis, template};
use revm::context::{TxEnv, result::ExecutionResult};
use std::collections::HashMap;
use std::sync::Arc;

sol! {
    #[derive(Debug)]
    contract PrivateCredit {
        error InvalidProof(bytes32 jobId);
        error JobNotOpen(bytes32 jobId, uint8 state);
        error NothingAttested(address borrower);
        event InferenceAsked(
            bytes32 indexed jobId, bytes32 indexed modelId, address indexed asker, bytes32 inputCommitment, uint64 deadline
        );
        event Decided(address indexed borrower, bytes32 indexed jobId, bool approved);
        constructor(bytes32 modelId_, address authority_, uint64 patience_);
        function attest(address borrower, bytes32 inputCommitment) external;
        function applyForCredit() external returns (bytes32 jobId);
        function fulfil(bytes32 jobId, bytes calldata output, bytes calldata proof) external;
        function decisionOf(address borrower) external view returns (uint8 decision);
    }
    contract KeyRegistry {
        function register(bytes32 modelId, uint256 circuitVersion, bytes32 keyDigest) external;
    }
}

/// Who governs the registry and deploys.
pub(crate) const OWNER: usize = 0;
/// Who attests to features.
pub(crate) const AUTHORITY: usize = 1;

pub(crate) struct Chain {
    pub(crate) spec: ChainSpec,
    pub(crate) state: MemoryState,
    header: Header,
    nonces: HashMap<usize, u64>,
}

/// The registry of keys of the development chain.
fn registry(spec: &ChainSpec) -> Address {
    let proofs = spec
        .inference
        .as_ref()
        .and_then(|inference| inference.proofs.as_ref());
    proofs.expect("the development chain has proofs").registry
}

impl Chain {
    /// The genesis of the development chain with a registry of keys, at the time when proofs begin.
    pub(crate) fn new() -> Self {
        let spec = ChainSpec::metis_dev();
        let models = DigitModels::import().expect("they are committed");
        let mut state = genesis(&models);
        let owner = DevAccount::new(OWNER).address().into_word().into();
        let code = artefact("KeyRegistry", "deployedBytecode");
        state.insert_account(registry(&spec), U256::ZERO, 1, code, [(U256::from(1), owner)]);
        let mut header = template(&state);
        // The development chain's activation.
        header.timestamp = 1_796_083_200;
        Self {
            spec,
            state,
            header,
            nonces: HashMap::new(),
        }
    }

    /// What a node has: its keys, with nothing remembered, and no model.
    pub(crate) fn node(&self) -> MetisEvmFactory {
        let mut keys = KeyRing::default();
        keys.add(&PROVER.key).expect("it is a key");
        MetisEvmFactory::new(Arc::new(self.spec.clone()), None).with_proofs(Some(Arc::new(keys)))
    }

    /// A signed transaction of a test account, the next one of it.
    pub(crate) fn sign(&mut self, from: usize, to: TxKind, input: impl Into<Bytes>) -> TxEnvelope {
        let nonce = self.nonces.entry(from).or_default();
        let tx = TxEip1559 {
            chain_id: self.spec.chain_id,
            nonce: *nonce,
            gas_limit: 10_000_000,
            max_fee_per_gas: 3_000_000_000,
            max_priority_fee_per_gas: 0,
            to,
            input: input.into(),
            ..TxEip1559::default()
        };
        *nonce += 1;
        let signature = sign_message(DevAccount::new(from).key(), tx.signature_hash()).expect("a valid key");
        tx.into_signed(signature).into()
    }

    /// The next block, of these transactions. Every engine has to come to what it says: on one thread and on two, where
    /// transactions run ahead of their turn, by nodes that have verified nothing yet.
    pub(crate) fn block(&mut self, transactions: Vec<TxEnvelope>) -> BuiltBlock {
        let count = transactions.len();
        let threads = |count| BlockEngine::new(Threads::new(count).expect("threads start"));
        let (state, header) = (self.state.clone(), self.header.clone());
        let built = build_block(
            &self.node(),
            state,
            header,
            transactions,
            Default::default(),
            &threads(1),
        );
        let built = built.expect("the node has what it takes");
        assert_eq!(built.outcome.transactions.len(), count, "{:?}", built.skipped);
        for count in [1, 2] {
            let report = run_block_file_with(&built.file, |_| self.node(), &threads(count));
            let report = report.expect("it can be executed");
            assert!(
                report.matches_header(),
                "{count} threads: {:?}",
                report.mismatches
            );
        }
        self.state = built.state.clone();
        let parent = &built.file.block.header;
        self.header = Header {
            parent_hash: parent.hash_slow(),
            number: parent.number + 1,
            timestamp: parent.timestamp + 12,
            ..self.header.clone()
        };
        built
    }

    /// Calls without a transaction, as eth_call does, under this chain id.
    pub(crate) fn call(&self, chain_id: u64, to: Address, input: impl Into<Bytes>) -> ExecutionResult {
        let mut spec = self.spec.clone();
        spec.chain_id = chain_id;
        let header = Header {
            excess_blob_gas: Some(0),
            ..self.header.clone()
        };
        let mut env = spec.evm_env(&header);
        // The caller has no ether, and a call pays nothing.
        env.block_env.basefee = 0;
        let mut evm = self.node().create_evm(self.state.clone(), env);
        let tx = TxEnv {
            caller: Address::repeat_byte(0xee),
            gas_limit: 16_000_000,
            gas_price: 0,
            kind: TxKind::Call(to),
            data: input.into(),
            chain_id: Some(chain_id),
            ..TxEnv::default()
        };
        evm.transact_raw(tx).expect("the node has what it takes").result
    }

    /// What the contract says of a borrower.
    pub(crate) fn decision(&self, contract: Address, borrower: Address) -> u8 {
        let call = PrivateCredit::decisionOfCall { borrower }.abi_encode();
        let result = self.call(self.spec.chain_id, contract, call);
        let output = result.output().expect("it is a view");
        PrivateCredit::decisionOfCall::abi_decode_returns(output).expect("it is a number")
    }
}

/// Registers a key for a model.
pub(crate) fn register(chain: &mut Chain, model: B256, key_digest: B256) -> TxEnvelope {
    let call = KeyRegistry::registerCall {
        modelId: model,
        circuitVersion: U256::ZERO,
        keyDigest: key_digest,
    };
    let to = registry(&chain.spec);
    chain.sign(OWNER, to.into(), call.abi_encode())
}

/// The creation code of the contract that decides by a model.
pub(crate) fn deployment(model: B256) -> Bytes {
    let arguments = PrivateCredit::constructorCall {
        modelId_: model,
        authority_: DevAccount::new(AUTHORITY).address(),
        patience_: 86_400,
    };
    use alloy_sol_types::SolConstructor;
    [
        &artefact("PrivateCredit", "bytecode")[..],
        &arguments.abi_encode(),
    ]
    .concat()
    .into()
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

fn artefact(name: &str, key: &str) -> Bytes {
    let file = format!(
        "{}/../contracts/artifacts/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(file).expect("it is committed");
    let artefact: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let code = artefact[key].as_str().expect("it is text");
    code.parse().expect("it is hexadecimal")
}
