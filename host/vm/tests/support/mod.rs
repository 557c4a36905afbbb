//! A chain of one block with the inference precompile, an engine that counts its runs, and just enough
//! of an assembler to call it in every way.

#![allow(dead_code)] // each test program uses a part

use alloy_consensus::Header;
use alloy_evm::{Evm, EvmFactory};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};
use alloy_sol_types::SolCall;
use metisvm_state::MemoryState;
use metisvm_vm::{
    ChainSpec, EngineError, GenerationFacts, IInference, InferenceEngine, MetisEvmFactory, ModelFacts,
    OperatorId, OperatorSet, ProofVerifier, Request, Work, registry_slot,
};
use revm::{
    bytecode::opcode,
    context::{TxEnv, result::EVMError, result::ExecutionResult},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub(crate) const PRECOMPILE: Address = address!("0x4D45544900000000000000000000000000000001");
pub(crate) const REGISTRY: Address = address!("0x4D45544900000000000000000000000000000002");
pub(crate) const CALLER: Address = Address::repeat_byte(0xca);
pub(crate) const CONTRACT: Address = Address::repeat_byte(0xc0);
pub(crate) const OTHER: Address = Address::repeat_byte(0x07);

/// Registered and here.
pub(crate) const MODEL: B256 = B256::repeat_byte(0xa1);
/// Registered, but no bundle on this machine.
pub(crate) const ABSENT: B256 = B256::repeat_byte(0xa2);
/// Registered and here; its runs fail.
pub(crate) const BROKEN: B256 = B256::repeat_byte(0xa3);
/// Registered and here; returns one byte too many.
pub(crate) const TOO_LONG: B256 = B256::repeat_byte(0xa4);
/// Here, but not registered.
pub(crate) const UNREGISTERED: B256 = B256::repeat_byte(0xa5);

/// Registered and here; two of its operators are in no gas schedule, the lower of them 77.
pub(crate) const UNPRICED: B256 = B256::repeat_byte(0xa6);

/// Registered, here, and generative.
pub(crate) const GENERATOR: B256 = B256::repeat_byte(0xb1);
/// The same; its texts end after two tokens.
pub(crate) const BRIEF: B256 = B256::repeat_byte(0xb2);
/// The same; its prefill graph alone has an operator that no schedule prices, 78.
pub(crate) const UNPRICED_PREFILL: B256 = B256::repeat_byte(0xb3);
/// The same; generating fails.
pub(crate) const SILENT: B256 = B256::repeat_byte(0xb4);
/// The same; each text is none: empty, a token too long, with a token too great, with half a token.
pub(crate) const NO_TEXTS: [B256; 4] = [
    B256::repeat_byte(0xb5),
    B256::repeat_byte(0xb6),
    B256::repeat_byte(0xb7),
    B256::repeat_byte(0xb8),
];
/// What generative models have besides.
pub(crate) const GENERATION: GenerationFacts = GenerationFacts {
    context: 32,
    chunk: 4,
    vocabulary: 10,
    operators: OPERATORS,
    prefill: Work {
        nodes: 3,
        ..Work::NONE
    },
    decode: WORK,
    choice: Work {
        nodes: 1,
        lookups: 128,
        ..Work::NONE
    },
};

pub(crate) const INPUT: &[u8] = &[1, 2, 3, 4, 5];
/// Two nodes, 3 × 16 multiply-accumulates and so on, and a word of output: 128 + 3 + 3 + 2 + 1 + 5 + 16.
pub(crate) const WORK: Work = Work {
    nodes: 2,
    macs: 48,
    vector_macs: 513,
    products: 1,
    lines: 12,
    elements: 8,
    compares: 8,
    moved_bytes: 320,
    pointwise: 64,
    ..Work::NONE
};
pub(crate) const WORK_GAS: u64 = 158;
/// The same under schedule 2: 128 + 2 + 3 + 1 + 2 + 2 + 16.
pub(crate) const WORK_GAS_2: u64 = 154;
/// MatMul and Requantise.
pub(crate) const OPERATORS: OperatorSet = OperatorSet::of(&[OperatorId(1), OperatorId(4)]);
/// Base and five words: selector and three words of arguments and one of padded input are 132 bytes.
pub(crate) const CALL_DATA_GAS: u64 = 2_000 + 5 * 16;
pub(crate) const COLD: u64 = 2_100;
pub(crate) const WARM: u64 = 100;

/// Adds one to each byte.
#[derive(Default)]
pub(crate) struct MockEngine {
    pub(crate) runs: AtomicUsize,
    pub(crate) look_ups: AtomicUsize,
}

impl MockEngine {
    pub(crate) fn answer(input: &[u8]) -> Vec<u8> {
        input.iter().map(|byte| byte.wrapping_add(1)).collect()
    }

    /// Every part of a request counts.
    pub(crate) fn text(request: &Request) -> Vec<u32> {
        let bytes = request.to_bytes();
        let sum: u32 = bytes
            .iter()
            .zip(1..)
            .map(|(byte, at)| u32::from(*byte) * at)
            .sum();
        (0..request.count)
            .map(|at| (sum + at) % GENERATION.vocabulary)
            .collect()
    }
}

impl InferenceEngine for MockEngine {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
        let length = INPUT.len() as u64;
        (id != ABSENT).then_some(ModelFacts {
            input_bytes: length,
            output_bytes: length,
            operators: match id {
                UNPRICED => OPERATORS.with(OperatorId(201)).with(OperatorId(77)),
                _ => OPERATORS,
            },
            work: WORK,
            generation: match id {
                UNPRICED_PREFILL => Some(GenerationFacts {
                    operators: OPERATORS.with(OperatorId(78)),
                    ..GENERATION
                }),
                id if id[0] >= GENERATOR[0] => Some(GENERATION),
                _ => None,
            },
        })
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let mut tokens = Self::text(request);
        match NO_TEXTS.iter().position(|no| *no == id) {
            Some(0) => tokens.clear(),
            Some(1) => tokens.push(0),
            Some(2) => tokens[0] = GENERATION.vocabulary,
            _ if id == BRIEF => tokens.truncate(2),
            _ if id == SILENT => return Err(EngineError("the card has nothing to say".to_owned())),
            _ => {}
        }
        let mut text: Vec<u8> = tokens.into_iter().flat_map(u32::to_le_bytes).collect();
        if id == NO_TEXTS[3] {
            text.pop();
        }
        Ok(text.into())
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let mut output = Self::answer(input);
        match id {
            BROKEN => return Err(EngineError("the card is on fire".to_owned())),
            TOO_LONG => output.push(0),
            _ => {}
        }
        Ok(output.into())
    }
}

#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) spec: ChainSpec,
    pub(crate) state: MemoryState,
    pub(crate) engine: Option<Arc<MockEngine>>,
    pub(crate) proofs: Option<Arc<dyn ProofVerifier>>,
    pub(crate) header: Header,
}

pub(crate) type Outcome = Result<ExecutionResult, EVMError<metisvm_state::StateError>>;

impl Chain {
    pub(crate) fn new() -> Self {
        let mut state = MemoryState::default();
        let models = [MODEL, ABSENT, BROKEN, TOO_LONG, UNPRICED];
        let generators = [GENERATOR, BRIEF, UNPRICED_PREFILL, SILENT];
        let all = models.into_iter().chain(generators).chain(NO_TEXTS);
        let registered = all.map(|id| (registry_slot(id), U256::from(1)));
        state.insert_account(REGISTRY, U256::ZERO, 1, Bytes::from_static(&[0]), registered);
        state.insert_account(CALLER, U256::from(10).pow(U256::from(18)), 0, Bytes::new(), []);
        let header = Header {
            number: 1,
            timestamp: 1,
            gas_limit: 30_000_000,
            base_fee_per_gas: Some(0),
            excess_blob_gas: Some(0),
            ..Header::default()
        };
        Self {
            spec: ChainSpec::metis_dev(),
            state,
            engine: Some(Arc::default()),
            proofs: None,
            header,
        }
    }

    pub(crate) fn with_code(mut self, address: Address, code: impl Into<Bytes>) -> Self {
        self.state
            .insert_account(address, U256::from(1_000), 1, code.into(), []);
        self
    }

    pub(crate) fn runs(&self) -> usize {
        self.engine
            .as_ref()
            .map_or(0, |engine| engine.runs.load(Ordering::Relaxed))
    }

    pub(crate) fn factory(&self) -> MetisEvmFactory {
        let engine = self
            .engine
            .clone()
            .map(|engine| engine as Arc<dyn InferenceEngine>);
        MetisEvmFactory::new(Arc::new(self.spec.clone()), engine).with_proofs(self.proofs.clone())
    }

    pub(crate) fn tx(&self, to: Address, data: impl Into<Bytes>) -> TxEnv {
        TxEnv {
            caller: CALLER,
            gas_limit: 1_000_000,
            gas_price: 0,
            kind: TxKind::Call(to),
            data: data.into(),
            chain_id: Some(self.spec.chain_id),
            ..TxEnv::default()
        }
    }

    /// Executes a transaction; its changes are not kept.
    pub(crate) fn transact(&self, tx: TxEnv) -> Outcome {
        let env = self.spec.evm_env(&self.header);
        let mut evm = self.factory().create_evm(self.state.clone(), env);
        evm.transact_raw(tx).map(|executed| executed.result)
    }

    /// Calls with a million gas and no value.
    pub(crate) fn call(&self, to: Address, data: impl Into<Bytes>) -> ExecutionResult {
        self.transact(self.tx(to, data)).unwrap()
    }
}

pub(crate) fn infer(model: B256, input: &[u8]) -> Vec<u8> {
    IInference::inferCall {
        modelId: model,
        input: Bytes::copy_from_slice(input),
    }
    .abi_encode()
}

pub(crate) fn model_info(model: B256) -> Vec<u8> {
    IInference::modelInfoCall { modelId: model }.abi_encode()
}

/// What `infer` returns for [`INPUT`].
pub(crate) fn answer() -> Vec<u8> {
    IInference::inferCall::abi_encode_returns(&MockEngine::answer(INPUT).into())
}

/// Code that calls with its own call data; see [`Code::forward`].
#[derive(Default)]
pub(crate) struct Code(Vec<u8>);

/// How a contract calls another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Call,
    CallCode,
    DelegateCall,
    StaticCall,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Call, Kind::CallCode, Kind::DelegateCall, Kind::StaticCall];

impl Code {
    pub(crate) fn op(mut self, ops: &[u8]) -> Self {
        self.0.extend_from_slice(ops);
        self
    }

    pub(crate) fn push_address(self, address: Address) -> Self {
        self.op(&[opcode::PUSH20]).op(address.as_slice())
    }

    /// Puts the call data at memory 0.
    pub(crate) fn load(self) -> Self {
        self.op(&[
            opcode::CALLDATASIZE,
            opcode::PUSH0,
            opcode::PUSH0,
            opcode::CALLDATACOPY,
        ])
    }

    /// Calls `to` with the call data at memory 0, `value` wei where the kind has a value, and
    /// all gas or less; leaves the success flag.
    pub(crate) fn call_with(self, kind: Kind, to: Address, value: u8, gas: Option<u16>) -> Self {
        let mut code = self.op(&[opcode::PUSH0, opcode::PUSH0, opcode::CALLDATASIZE, opcode::PUSH0]);
        if matches!(kind, Kind::Call | Kind::CallCode) {
            code = code.op(&[opcode::PUSH1, value]);
        }
        code = code.push_address(to);
        code = match gas {
            Some(gas) => code.op(&[opcode::PUSH2]).op(&gas.to_be_bytes()),
            None => code.op(&[opcode::GAS]),
        };
        code.op(&[match kind {
            Kind::Call => opcode::CALL,
            Kind::CallCode => opcode::CALLCODE,
            Kind::DelegateCall => opcode::DELEGATECALL,
            Kind::StaticCall => opcode::STATICCALL,
        }])
    }

    pub(crate) fn call(self, kind: Kind, to: Address) -> Self {
        self.call_with(kind, to, 0, None)
    }

    /// Stores the word on top of the stack at `offset`.
    pub(crate) fn store(self, offset: u16) -> Self {
        self.op(&[opcode::PUSH2])
            .op(&offset.to_be_bytes())
            .op(&[opcode::MSTORE])
    }

    /// What `inner`, which leaves one word, costs in gas, stored at `offset`.
    pub(crate) fn measure(self, offset: u16, inner: impl FnOnce(Self) -> Self) -> Self {
        inner(self.op(&[opcode::GAS]))
            .op(&[opcode::POP, opcode::GAS, opcode::SWAP1, opcode::SUB])
            .store(offset)
    }

    /// Returns `length` bytes of memory from `offset` on.
    pub(crate) fn give(self, offset: u16, length: u16) -> Vec<u8> {
        let code = self.op(&[opcode::PUSH2]).op(&length.to_be_bytes());
        code.op(&[opcode::PUSH2])
            .op(&offset.to_be_bytes())
            .op(&[opcode::RETURN])
            .0
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// A contract that makes the call and returns the success flag as a word, then what came back.
    pub(crate) fn forward(kind: Kind, to: Address, value: u8, gas: Option<u16>) -> Vec<u8> {
        Self::default()
            .load()
            .call_with(kind, to, value, gas)
            .op(&[
                opcode::RETURNDATASIZE,
                opcode::PUSH0,
                opcode::PUSH1,
                0x20,
                opcode::RETURNDATACOPY,
            ])
            .op(&[opcode::PUSH0, opcode::MSTORE])
            .op(&[
                opcode::RETURNDATASIZE,
                opcode::PUSH1,
                0x20,
                opcode::ADD,
                opcode::PUSH0,
                opcode::RETURN,
            ])
            .0
    }
}

/// What a [`Code::forward`] contract returned: whether the call succeeded, and its data.
pub(crate) fn forwarded(result: &ExecutionResult) -> (bool, Vec<u8>) {
    let ExecutionResult::Success { output, .. } = result else {
        panic!("the contract failed: {result:?}")
    };
    let (flag, data) = output.data().split_at(32);
    (flag[31] == 1, data.to_vec())
}

/// The words that a contract returned, as gas.
pub(crate) fn words(result: &ExecutionResult) -> Vec<u64> {
    let ExecutionResult::Success { output, .. } = result else {
        panic!("the contract failed: {result:?}")
    };
    output
        .data()
        .chunks(32)
        .map(|word| U256::from_be_slice(word).to())
        .collect()
}
