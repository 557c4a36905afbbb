//! Blocks of one transaction that spends all gas of the block in one loop.
//!
//! The last block of mainnet before the merge, 15537393, was of this kind: one mint of tokens for 30 Mgas.
//! Nothing in such a block can be shared between threads, and nothing of what an engine does around
//! transactions counts. So the time of each [kind](HeavyCall) is that of one kind of instruction.

use crate::{
    DevAccount,
    signing::{Envelope, Unsigned, sign},
};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, TxEnvelope, transaction::Recovered};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, keccak256};
use metisvm_executor::BlockInput;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::bytecode::opcode as op;
use std::{fmt, sync::Arc};

/// The gas limit of mainnet's blocks at the time, as of the block that had the example.
pub const HEAVY_GAS: u64 = 30_000_000;
/// The loop ends when less is left than this. One turn of each kind takes less.
const RESERVE: u32 = 60_000;

const CONTRACT: Address = address!("0x00000000000000000000000000000000000c0de1");
const CALLEE: Address = address!("0x00000000000000000000000000000000000c0de2");
const BENEFICIARY: Address = address!("0x00000000000000000000000000000000000c0de3");

/// Number and time of mainnet's last block before the merge: the rules are those of London.
const NUMBER: u64 = 15_537_393;
const TIMESTAMP: u64 = 1_663_224_162;

/// Slots that are there, and the counters at which the loop of the measured block and of its parent begin.
/// As many slots as one of them can read cold (2,100 gas each, EIP-2929).
const SLOTS: u64 = 15_000;
const PARENT_START: u64 = 1;
const START: u64 = PARENT_START + SLOTS;

/// What the loop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeavyCall {
    /// Arithmetic, comparisons and shifts.
    Arithmetic,
    /// Words of memory, written and read.
    Memory,
    /// Copies of a KiB of memory.
    Copies,
    /// KECCAK256 of the same 64 bytes.
    KeccakRepeated,
    /// KECCAK256 of 64 bytes that no turn before has hashed.
    KeccakFresh,
    /// KECCAK256 of a KiB.
    KeccakLong,
    /// SLOAD of slots that no turn before has read.
    SloadCold,
    /// SLOAD of 64 slots in turn.
    SloadWarm,
    /// SSTORE to slots that were zero.
    SstoreFresh,
    /// SSTORE to 64 slots in turn.
    SstoreWarm,
    /// CALL and STATICCALL of a contract that returns a word.
    Calls,
    /// LOG4 with a topic of its own.
    Logs,
    /// ERC-721 mints: owner and balance in mappings, and the event.
    Mints,
}

impl HeavyCall {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Arithmetic,
        Self::Memory,
        Self::Copies,
        Self::KeccakRepeated,
        Self::KeccakFresh,
        Self::KeccakLong,
        Self::SloadCold,
        Self::SloadWarm,
        Self::SstoreFresh,
        Self::SstoreWarm,
        Self::Calls,
        Self::Logs,
        Self::Mints,
    ];

    /// Its name in figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arithmetic => "arithmetic",
            Self::Memory => "memory",
            Self::Copies => "copies",
            Self::KeccakRepeated => "keccak_repeated",
            Self::KeccakFresh => "keccak_fresh",
            Self::KeccakLong => "keccak_long",
            Self::SloadCold => "sload_cold",
            Self::SloadWarm => "sload_warm",
            Self::SstoreFresh => "sstore_fresh",
            Self::SstoreWarm => "sstore_warm",
            Self::Calls => "calls",
            Self::Logs => "logs",
            Self::Mints => "mints",
        }
    }

    /// One turn of the loop. The counter is on the stack and stays there.
    fn turn(self) -> Vec<u8> {
        let mut code = Code::default();
        match self {
            Self::Arithmetic => {
                for _ in 0..8 {
                    code.op(op::DUP1).op(op::DUP2).op(op::MUL).push(7).op(op::ADD);
                    code.push(3).op(op::SWAP1).op(op::DIV).op(op::DUP2).op(op::XOR);
                    code.push(5).op(op::SHL).op(op::DUP2).op(op::LT).op(op::POP);
                }
            }
            Self::Memory => {
                for _ in 0..8 {
                    // MSTORE(counter & 0xfe0, counter), then the word before it.
                    code.op(op::DUP1).op(op::DUP1).push(0xfe0).op(op::AND);
                    code.op(op::MSTORE).op(op::DUP1).push(0xfc0).op(op::AND);
                    code.op(op::MLOAD).op(op::POP);
                }
            }
            Self::Copies => {
                for at in 0..8 {
                    // Behind the calldata and the code there are zeros.
                    let copy = if at % 2 == 0 {
                        op::CALLDATACOPY
                    } else {
                        op::CODECOPY
                    };
                    code.push(1024).push(0).push(at * 512).op(copy);
                }
            }
            Self::KeccakRepeated => {
                for _ in 0..8 {
                    code.push(64).push(0).op(op::KECCAK256).op(op::POP);
                }
            }
            Self::KeccakFresh => {
                code.op(op::DUP1).push(0).op(op::MSTORE);
                code.push(64).push(0).op(op::KECCAK256).op(op::POP);
            }
            Self::KeccakLong => {
                code.op(op::DUP1).push(0).op(op::MSTORE);
                code.push(1024).push(0).op(op::KECCAK256).op(op::POP);
            }
            Self::SloadCold => {
                code.op(op::DUP1).op(op::SLOAD).op(op::POP);
            }
            Self::SloadWarm => {
                code.op(op::DUP1).push(63).op(op::AND).op(op::SLOAD).op(op::POP);
            }
            Self::SstoreFresh => {
                // Above all slots that are there.
                code.op(op::DUP1)
                    .op(op::DUP1)
                    .push(1 << 40)
                    .op(op::ADD)
                    .op(op::SSTORE);
            }
            Self::SstoreWarm => {
                code.op(op::DUP1).op(op::DUP1).push(63).op(op::AND).op(op::SSTORE);
            }
            Self::Calls => {
                for kind in [op::CALL, op::STATICCALL] {
                    code.push(32).push(0).push(32).push(0);
                    if kind == op::CALL {
                        code.push(0);
                    }
                    code.push_address(CALLEE).push(20_000).op(kind).op(op::POP);
                }
            }
            Self::Logs => {
                code.op(op::DUP1)
                    .push(3)
                    .push(2)
                    .push(1)
                    .push(32)
                    .push(0)
                    .op(op::LOG4);
            }
            Self::Mints => mint(&mut code),
        }
        code.0
    }

    fn contract(self) -> Bytes {
        let mut code = Code::default();
        code.push(0).op(op::CALLDATALOAD);
        let start = u64::try_from(code.0.len()).unwrap_or_default();
        code.op(op::JUMPDEST);
        code.0.extend(self.turn());
        code.push(1).op(op::ADD);
        code.op(op::GAS).push(RESERVE.into()).op(op::LT);
        code.push(start).op(op::JUMPI).op(op::STOP);
        code.0.into()
    }

    /// The measured block and the one before it, of this gas limit (at most [`HEAVY_GAS`]). Both call the same contract; no slot, hash or topic that
    /// one turn of the loop has to itself in one of them is found in the other.
    pub fn block(self, gas_limit: u64) -> HeavyBlock {
        HeavyBlock::new(self, gas_limit)
    }
}

impl fmt::Display for HeavyCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// `owners[id] = caller` where nobody owns it, `balances[caller] += 1`, and Transfer(0, caller, id). Mappings
/// lie as Solidity lays them out: `keccak256(key . position)`.
fn mint(code: &mut Code) {
    let slot_of = |code: &mut Code, key: u8, position: u64| {
        code.op(key).push(0).op(op::MSTORE);
        code.push(position).push(32).op(op::MSTORE);
        code.push(64).push(0).op(op::KECCAK256);
    };
    // require(owners[id] == 0), without a branch: what is read is added to the owner.
    slot_of(code, op::DUP1, 2);
    code.op(op::SLOAD).op(op::CALLER).op(op::ADD);
    slot_of(code, op::DUP2, 2);
    code.op(op::SSTORE);
    slot_of(code, op::CALLER, 3);
    code.op(op::SLOAD).push(1).op(op::ADD);
    slot_of(code, op::CALLER, 3);
    code.op(op::SSTORE);
    let event = keccak256("Transfer(address,address,uint256)");
    code.op(op::DUP1).op(op::CALLER).push(0).op(op::PUSH32);
    code.0.extend(event);
    code.push(0).push(0).op(op::LOG4);
}

#[derive(Default)]
struct Code(Vec<u8>);

impl Code {
    fn op(&mut self, op: u8) -> &mut Self {
        self.0.push(op);
        self
    }

    /// The shortest PUSH of a number.
    fn push(&mut self, value: u64) -> &mut Self {
        let bytes = value.to_be_bytes();
        let significant = (8 - value.leading_zeros() as usize / 8).max(1);
        self.0.push(op::PUSH1 + (significant - 1) as u8);
        self.0.extend(&bytes[8 - significant..]);
        self
    }

    fn push_address(&mut self, address: Address) -> &mut Self {
        self.0.push(op::PUSH20);
        self.0.extend(address);
        self
    }
}

/// A block of one such transaction, with a parent of the same kind.
#[derive(Debug)]
pub struct HeavyBlock {
    factory: MetisEvmFactory,
    headers: [Header; 2],
    transactions: [Vec<Recovered<TxEnvelope>>; 2],
    state: MemoryState,
}

impl HeavyBlock {
    fn new(kind: HeavyCall, gas_limit: u64) -> Self {
        let spec = Arc::new(ChainSpec::mainnet());
        let sender = DevAccount::new(0);
        let mut state = MemoryState::default();
        state.insert_account(sender.address(), U256::from(10_u128.pow(20)), 0, Bytes::new(), []);
        let slots = (0..START + SLOTS).map(|slot| (U256::from(slot), U256::from(slot + 1)));
        state.insert_account(CONTRACT, U256::ZERO, 1, kind.contract(), slots);
        let mut callee = Code::default();
        callee
            .push(1)
            .push(0)
            .op(op::MSTORE)
            .push(32)
            .push(0)
            .op(op::RETURN);
        state.insert_account(CALLEE, U256::ZERO, 1, callee.0.into(), []);
        let transaction = |start: u64| {
            let unsigned = Unsigned {
                chain_id: spec.chain_id,
                nonce: 0,
                gas_limit,
                to: TxKind::Call(CONTRACT),
                value: U256::ZERO,
                access_list: AccessList::default(),
                input: B256::from(U256::from(start)).into(),
            };
            let signed = sign(sender.key(), Envelope::DynamicFee, unsigned);
            vec![Recovered::new_unchecked(signed, sender.address())]
        };
        let header = |number: u64| Header {
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: BENEFICIARY,
            difficulty: U256::from(1),
            number,
            gas_limit,
            timestamp: TIMESTAMP,
            base_fee_per_gas: Some(1_000_000_000),
            ..Header::default()
        };
        Self {
            headers: [NUMBER - 1, NUMBER].map(header),
            transactions: [PARENT_START, START].map(transaction),
            factory: MetisEvmFactory::new(spec, None),
            state,
        }
    }

    /// What executes the blocks.
    pub fn factory(&self) -> &MetisEvmFactory {
        &self.factory
    }

    /// The state before either block. Each is executed over this one: what the parent does is not in it.
    pub fn state(&self) -> &MemoryState {
        &self.state
    }

    /// The block before.
    pub fn parent(&self) -> BlockInput<'_> {
        self.input(0)
    }

    /// The block.
    pub fn measured(&self) -> BlockInput<'_> {
        self.input(1)
    }

    fn input(&self, at: usize) -> BlockInput<'_> {
        BlockInput {
            header: &self.headers[at],
            transactions: &self.transactions[at],
            withdrawals: None,
            ommers: &[],
            access_list: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_executor::execute_block;

    const GAS: u64 = 3_000_000;

    #[test]
    fn each_kind_spends_the_gas_of_the_block_and_stops() {
        for kind in HeavyCall::ALL {
            let block = kind.block(GAS);
            let mut state = block.state().clone();
            let outcome = execute_block(block.factory(), block.measured(), &mut state).unwrap();
            assert!(outcome.receipts[0].status(), "{kind} ran out of gas");
            let least = GAS - u64::from(RESERVE);
            assert!(outcome.gas_used > least, "{kind} used {}", outcome.gas_used);
        }
    }

    #[test]
    fn a_mint_writes_owner_balance_and_event() {
        let block = HeavyCall::Mints.block(GAS);
        let mut state = block.state().clone();
        let outcome = execute_block(block.factory(), block.measured(), &mut state).unwrap();
        let logs = outcome.receipts[0].logs();
        let owner = DevAccount::new(0).address().into_word();
        let slot = |key: B256, position: u64| {
            let words = [key, B256::from(U256::from(position))];
            U256::from_be_bytes(keccak256(words.concat()).0)
        };
        let storage = &state.account(&CONTRACT).unwrap().storage;
        let id = logs[0].topics()[3];
        assert_eq!(storage[&slot(id, 2)], U256::from_be_bytes(owner.0));
        assert_eq!(storage[&slot(owner, 3)], U256::from(logs.len()));
    }
}
