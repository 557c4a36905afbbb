//! What a profile says.

use super::{
    CallTree, Code, Profiler, TransactionGas,
    counts::{GasKinds, OPCODES},
};
use alloy_primitives::Address;
use revm::bytecode::opcode::OpCode;
use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

/// What was executed in all blocks together. All figures are exact but those of the type `Duration`, which were
/// measured.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Blocks.
    pub blocks: u64,
    /// Where their gas went.
    pub gas: GasTotals,
    /// The gas of each transaction, in the order of blocks and transactions.
    pub transactions: Vec<TransactionGas>,
    /// Opcodes that were executed, by gas and count.
    pub opcodes: Vec<OpcodeUse>,
    /// Opcodes that followed each other in a frame, by count.
    pub pairs: Vec<PairUse>,
    /// What ran in frames, by gas and instructions.
    pub codes: Vec<CodeUse>,
    /// The paths of calls.
    pub calls: CallTree,
    /// The time of the blocks, from the first system call to the last withdrawal, without any clock inside.
    pub execute_time: Duration,
    precompiles: BTreeMap<Address, String>,
}

/// Where gas went, in parts. Before Amsterdam `intrinsic + frames - refunded + raised` is `used`, and `frames` is
/// `instructions + precompiles + halts + ends`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GasTotals {
    /// What the blocks used.
    pub used: u64,
    /// What transactions paid before their first frame.
    pub intrinsic: u64,
    /// What all frames used.
    pub frames: u64,
    /// Of `frames`, what instructions used that did not halt.
    pub instructions: u64,
    /// Of `frames`, what precompiles used.
    pub precompiles: u64,
    /// Of `frames`, what was lost in frames that halted: all that they had left, the halting instruction's cost included.
    pub halts: u64,
    /// Of `frames`, what was charged as they ended: code deposits, and from Amsterdam on state gas, by which it may be
    /// negative.
    pub ends: i64,
    /// What refunds took off.
    pub refunded: u64,
    /// What the floor of EIP-7623 put on.
    pub raised: u64,
}

/// The use of an opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpcodeUse {
    /// The opcode.
    pub opcode: u8,
    /// How often it was executed. The end of bytecode without STOP is one.
    pub count: u64,
    /// The gas that it used, static and dynamic, without what it gave to the frames that it called.
    pub gas: u64,
}

/// The use of two opcodes, one after the other in the same frame. What a call executes does not come between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairUse {
    /// The first.
    pub first: u8,
    /// The second.
    pub second: u8,
    /// How often they were executed.
    pub count: u64,
}

/// What a code did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeUse {
    /// Which.
    pub code: Code,
    /// The first account at which it was executed; zero for init code.
    pub address: Address,
    /// How many bytes it has, where it is a contract's.
    pub bytes: Option<usize>,
    /// How many frames ran it.
    pub frames: u64,
    /// How many instructions they executed.
    pub instructions: u64,
    /// The gas that they used, without that of the frames that they called.
    pub gas: u64,
    /// The time that they took, without that of the frames that they called.
    pub time: Duration,
}

impl Profile {
    pub(super) fn new(profiler: Profiler) -> Self {
        let Profiler {
            places,
            counts,
            times,
            ..
        } = profiler;
        let mut calls = places.tree;
        calls.add_folded(counts.folded_frames);
        for (place, node) in calls.nodes_mut().iter_mut().enumerate() {
            let count = counts.nodes.get(place).copied().unwrap_or_default();
            node.frames = count.frames;
            node.instructions = count.instructions;
            node.gas = count.gas;
            node.time = times.nodes.get(place).copied().unwrap_or_default();
        }
        let codes = places.codes.iter().enumerate().map(|(place, known)| {
            let count = counts.codes.get(place).copied().unwrap_or_default();
            CodeUse {
                code: known.code,
                address: known.address,
                bytes: known
                    .bytecode
                    .as_ref()
                    .map(|code| code.original_byte_slice().len()),
                frames: count.frames,
                instructions: count.instructions,
                gas: count.gas,
                time: times.codes.get(place).copied().unwrap_or_default(),
            }
        });
        let mut codes: Vec<CodeUse> = codes.filter(|code| code.frames > 0).collect();
        codes.sort_by_key(|code| (Reverse(code.gas), Reverse(code.instructions), code.code));
        let opcodes = counts
            .opcodes
            .iter()
            .zip(0..=u8::MAX)
            .map(|(count, opcode)| OpcodeUse {
                opcode,
                count: count.count,
                gas: count.gas,
            });
        let mut opcodes: Vec<OpcodeUse> = opcodes.filter(|opcode| opcode.count > 0).collect();
        opcodes.sort_by_key(|opcode| (Reverse(opcode.gas), Reverse(opcode.count), opcode.opcode));
        let pairs = counts.pairs.iter().enumerate().map(|(place, count)| PairUse {
            first: (place / OPCODES) as u8,
            second: (place % OPCODES) as u8,
            count: *count,
        });
        let mut pairs: Vec<PairUse> = pairs.filter(|pair| pair.count > 0).collect();
        pairs.sort_by_key(|pair| (Reverse(pair.count), pair.first, pair.second));
        let GasKinds {
            instructions,
            precompiles,
            halts,
            ends,
        } = counts.kinds;
        let sum = |part: fn(&TransactionGas) -> u64| counts.transactions.iter().map(part).sum::<u64>();
        Self {
            blocks: profiler.blocks,
            gas: GasTotals {
                used: profiler.gas_used,
                intrinsic: sum(|gas| gas.intrinsic),
                frames: sum(|gas| gas.frames),
                instructions,
                precompiles,
                halts,
                ends,
                refunded: profiler.refunded,
                raised: profiler.raised,
            },
            transactions: counts.transactions,
            opcodes,
            pairs,
            codes,
            calls,
            execute_time: profiler.execute_time,
            precompiles: places.precompile_names,
        }
    }

    /// The name of an opcode; `0x` and its byte where it has none.
    pub fn opcode_name(opcode: u8) -> String {
        OpCode::new(opcode).map_or_else(|| format!("{opcode:#04x}"), |known| known.as_str().to_owned())
    }

    /// The name of a precompile that was called, as EIP-7910 has it in lower case, or as docs/vm.md has it.
    pub fn precompile_name(&self, address: &Address) -> Option<&str> {
        self.precompiles.get(address).map(String::as_str)
    }

    /// The time of all frames. Less than that of the blocks: around them transactions are validated, paid for and
    /// committed.
    pub fn frames_time(&self) -> Duration {
        self.codes.iter().map(|code| code.time).sum()
    }

    /// How many instructions were executed.
    pub fn instructions(&self) -> u64 {
        self.codes.iter().map(|code| code.instructions).sum()
    }

    /// How many frames there were.
    pub fn frames(&self) -> u64 {
        self.codes.iter().map(|code| code.frames).sum()
    }
}
