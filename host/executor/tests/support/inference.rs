//! Blocks of transactions that call a model, each from its own sender.

use super::block::{MODEL, PRECOMPILE, account, genesis, sign, template};
use alloy_consensus::{Header, TxEip1559, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::SolCall;
use metisvm_executor::BlockInput;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, IInference, InferenceEngine, MetisEvmFactory};
use std::sync::Arc;

/// Asks with what its slot 0 holds, and puts the answer there. A second word of call data goes to the slot as
/// it is.
pub(crate) const CHAINED: Address = Address::repeat_byte(0xc1);
/// Asks with the number of calls before, and counts.
pub(crate) const SHARED: Address = Address::repeat_byte(0xc2);
/// Asks with the input given, then with the answer, and so on, and puts the last answer into the caller's
/// slot.
pub(crate) const REPEATED: Address = Address::repeat_byte(0xc3);

/// The call data of one inference: selector, model, offset, length, input.
const CALL: u8 = 132;
/// Where the input is in it.
const INPUT: u8 = 100;

/// What the model answers.
pub(crate) fn answer(input: &B256) -> B256 {
    keccak256(input)
}

/// A number as an input.
pub(crate) fn word(number: u64) -> B256 {
    U256::from(number).into()
}

/// STATICCALL of the precompile with the memory up to [`CALL`]; the output is at 160, its data at 224.
fn ask() -> Vec<u8> {
    let mut code = vec![0x60, 96, 0x60, 160, 0x60, CALL, 0x5f, 0x73];
    code.extend(PRECOMPILE);
    // GAS STATICCALL, and without an answer an end in INVALID that the test sees.
    code.extend([0x5a, 0xfa, 0x15, 0x60, 0xff, 0x57]);
    code
}

/// CALLDATACOPY of the call.
const COPY: [u8; 5] = [0x60, CALL, 0x5f, 0x5f, 0x37];

fn chained() -> Vec<u8> {
    // CALLDATASIZE 132 LT: more than a call is a value to be stored.
    let mut code = vec![0x36, 0x60, CALL, 0x10, 0x60, 0, 0x57];
    code.extend(COPY);
    code.extend([0x5f, 0x54, 0x60, INPUT, 0x52]);
    code.extend(ask());
    code.extend([0x60, 224, 0x51, 0x5f, 0x55, 0x00]);
    code[5] = code.len() as u8;
    code.extend([0x5b, 0x60, CALL, 0x35, 0x5f, 0x55, 0x00]);
    code
}

fn shared() -> Vec<u8> {
    let mut code = COPY.to_vec();
    code.extend([0x5f, 0x54, 0x60, INPUT, 0x52]);
    code.extend(ask());
    code.extend([0x5f, 0x54, 0x60, 1, 0x01, 0x5f, 0x55, 0x00]);
    code
}

fn repeated() -> Vec<u8> {
    let mut code = COPY.to_vec();
    // The count: the word after the call.
    code.extend([0x60, CALL, 0x35]);
    let start = code.len() as u8;
    code.extend([0x5b, 0x80, 0x15, 0x60, 0, 0x57]);
    code.extend(ask());
    code.extend([0x60, 224, 0x51, 0x60, INPUT, 0x52]);
    code.extend([0x60, 1, 0x90, 0x03, 0x60, start, 0x56]);
    code[usize::from(start) + 4] = code.len() as u8;
    code.extend([0x5b, 0x60, INPUT, 0x51, 0x33, 0x55, 0x00]);
    code
}

/// A block of such calls, and the state before it.
pub(crate) struct Calls {
    header: Header,
    pub(crate) state: MemoryState,
    pub(crate) transactions: Vec<Recovered<TxEnvelope>>,
}

impl Default for Calls {
    fn default() -> Self {
        let mut state = genesis();
        for (address, code) in [(CHAINED, chained()), (SHARED, shared()), (REPEATED, repeated())] {
            assert!(
                code.len() < 0xff,
                "where ask() jumps to without an answer is no destination"
            );
            state.insert_account(address, U256::ZERO, 1, code.into(), []);
        }
        Self {
            header: Header {
                gas_limit: 1_000_000_000,
                parent_beacon_block_root: Some(B256::ZERO),
                excess_blob_gas: Some(0),
                blob_gas_used: Some(0),
                ..template()
            },
            state,
            transactions: Vec::new(),
        }
    }
}

impl Calls {
    pub(crate) fn factory(&self, engine: Arc<impl InferenceEngine + 'static>) -> MetisEvmFactory {
        MetisEvmFactory::new(Arc::new(ChainSpec::metis_dev()), Some(engine))
    }

    pub(crate) fn block(&self) -> BlockInput<'_> {
        BlockInput {
            header: &self.header,
            transactions: &self.transactions,
            withdrawals: Some(&[]),
            ommers: &[],
            access_list: None,
        }
    }

    /// A call of the precompile itself.
    pub(crate) fn direct(&mut self, input: B256) {
        self.call(PRECOMPILE, input, None);
    }

    /// A call of [`CHAINED`].
    pub(crate) fn chained(&mut self) {
        self.call(CHAINED, B256::ZERO, None);
    }

    /// Sets the value of [`CHAINED`].
    pub(crate) fn set_chained(&mut self, value: B256) {
        self.call(CHAINED, B256::ZERO, Some(value));
    }

    /// A call of [`SHARED`].
    pub(crate) fn shared(&mut self) {
        self.call(SHARED, B256::ZERO, None);
    }

    /// A call of [`REPEATED`].
    pub(crate) fn repeated(&mut self, times: u64, input: B256) {
        self.call(REPEATED, input, Some(word(times)));
    }

    fn call(&mut self, to: Address, input: B256, more: Option<B256>) {
        let call = IInference::inferCall {
            modelId: MODEL,
            input: Bytes::copy_from_slice(input.as_slice()),
        };
        let mut call_data = call.abi_encode();
        call_data.extend(more.unwrap_or_default());
        if more.is_none() {
            call_data.truncate(usize::from(CALL));
        }
        let number = u8::try_from(self.transactions.len() + 1).unwrap();
        let sender = account(number);
        let balance = U256::from(10).pow(U256::from(18));
        self.state.insert_account(sender, balance, 0, Bytes::new(), []);
        let transaction = TxEip1559 {
            chain_id: 5_068_365,
            nonce: 0,
            gas_limit: 1_000_000,
            max_fee_per_gas: 3_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value: U256::ZERO,
            access_list: Default::default(),
            input: call_data.into(),
        };
        let signed = sign(number, transaction);
        self.transactions.push(Recovered::new_unchecked(signed, sender));
    }
}
