//! A chain whose blocks hold proofs: the development chain with a registry of keys, block after block.

use crate::{DevAccount, DigitModels, artefacts, genesis, template};
use alloy_consensus::{Header, SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_evm::{Evm, EvmFactory};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use metisvm_executor::{BlockEngine, BuiltBlock, Threads, build_block, run_block_file_with};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, InferenceEngine, KeyRing, MetisEvmFactory};
use revm::context::{TxEnv, result::ExecutionResult};
use std::collections::HashMap;
use std::sync::Arc;

/// Who governs the registries.
const OWNER: usize = 0;

/// The development chain's activation of proofs.
const PROOFS_BEGIN: u64 = 1_796_083_200;

/// The slot of the registry of keys that names its owner.
const OWNER_SLOT: U256 = U256::from_limbs([1, 0, 0, 0]);

/// Gas of each transaction: what a block of 60 million has room for, six times.
const TRANSACTION_GAS: u64 = 10_000_000;

/// A chain of blocks with proofs: what is executed goes through the same engines as any block.
pub struct ProofChain {
    /// The development chain.
    pub spec: ChainSpec,
    /// The state after the last block.
    pub state: MemoryState,
    header: Header,
    nonces: HashMap<usize, u64>,
    engine: Option<Arc<dyn InferenceEngine>>,
    keys: Vec<Vec<u8>>,
}

impl ProofChain {
    /// The genesis of the development chain with a registry of keys, at the time when proofs begin. `engine` runs the
    /// models of its blocks.
    ///
    /// # Panics
    /// If the committed models or contracts are damaged.
    pub fn new(engine: Option<Arc<dyn InferenceEngine>>) -> Self {
        let spec = ChainSpec::metis_dev();
        let models = DigitModels::import().expect("they are committed");
        let mut state = genesis(&models);
        let owner = DevAccount::new(OWNER).address().into_word().into();
        let code = artefacts::key_registry().runtime;
        state.insert_account(key_registry(&spec), U256::ZERO, 1, code, [(OWNER_SLOT, owner)]);
        let mut header = template(&state);
        header.timestamp = PROOFS_BEGIN;
        Self {
            spec,
            state,
            header,
            nonces: HashMap::new(),
            engine,
            keys: Vec::new(),
        }
    }

    /// Gives its nodes a verifying key, by its bytes, and says the digest that a registry names it by.
    ///
    /// # Panics
    /// If the bytes are no key.
    pub fn add_key(&mut self, bytes: &[u8]) -> B256 {
        let digest = KeyRing::default().add(bytes).expect("it is a key");
        self.keys.push(bytes.to_vec());
        digest
    }

    /// What a node has: its keys, with nothing remembered, and its engine.
    ///
    /// # Panics
    /// If a key is none, which adding it would have shown.
    pub fn node(&self) -> MetisEvmFactory {
        let mut keys = KeyRing::default();
        for key in &self.keys {
            keys.add(key).expect("it was one when it was added");
        }
        let spec = Arc::new(self.spec.clone());
        MetisEvmFactory::new(spec, self.engine.clone()).with_proofs(Some(Arc::new(keys)))
    }

    /// A signed transaction of a test account, the next one of it.
    ///
    /// # Panics
    /// Never: a test account's key is valid.
    pub fn sign(&mut self, from: usize, to: TxKind, input: impl Into<Bytes>) -> TxEnvelope {
        let nonce = self.nonces.entry(from).or_default();
        let tx = TxEip1559 {
            chain_id: self.spec.chain_id,
            nonce: *nonce,
            gas_limit: TRANSACTION_GAS,
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

    /// The transaction that registers a key for a model.
    pub fn register_key(&mut self, model: B256, key_digest: B256) -> TxEnvelope {
        let call = crate::KeyRegistry::registerCall {
            modelId: model,
            circuitVersion: U256::ZERO,
            keyDigest: key_digest,
        };
        let to = key_registry(&self.spec);
        self.sign(OWNER, to.into(), call.abi_encode())
    }

    /// The transaction that registers a model.
    pub fn register_model(&mut self, model: B256) -> TxEnvelope {
        let call = crate::ModelRegistry::registerCall { modelId: model };
        self.sign(OWNER, crate::REGISTRY.into(), call.abi_encode())
    }

    /// The next block, of these transactions. Every engine has to come to what it says: on one thread and on two, where
    /// transactions run ahead of their turn, by nodes that have verified nothing yet.
    ///
    /// # Panics
    /// If a transaction cannot be in a block, or engines differ.
    pub fn block(&mut self, transactions: Vec<TxEnvelope>) -> BuiltBlock {
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
            timestamp: parent.timestamp + crate::template::SLOT_SECONDS,
            ..self.header.clone()
        };
        built
    }

    /// Calls without a transaction, as `eth_call` does, under this chain id.
    ///
    /// # Panics
    /// If the node lacks a key or a model that the call needs.
    pub fn call(&self, chain_id: u64, to: Address, input: impl Into<Bytes>) -> ExecutionResult {
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

    /// The address of the verification precompile.
    ///
    /// # Panics
    /// If the development chain has none.
    pub fn proof_precompile(&self) -> Address {
        proofs(&self.spec).precompile
    }
}

fn proofs(spec: &ChainSpec) -> &metisvm_vm::ProofExtension {
    let inference = spec.inference.as_ref();
    let proofs = inference.and_then(|inference| inference.proofs.as_ref());
    proofs.expect("the development chain has proofs")
}

/// The registry of keys of the development chain.
fn key_registry(spec: &ChainSpec) -> Address {
    proofs(spec).registry
}
