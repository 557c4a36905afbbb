//! What the counting pass adds up.

use super::{Call, CallTree, Code, code::precompile_name};
use alloy_primitives::{Address, map::HashMap};
use metisvm_vm::ChainSpec;
use revm::bytecode::Bytecode;
use std::collections::BTreeMap;

/// There are so many opcodes.
pub(super) const OPCODES: usize = 256;

/// The gas of a transaction, in its parts. Before Amsterdam a transaction uses its intrinsic gas and that of its frames,
/// less the refund, which is bounded by a part of both (EIP-3529), and from Prague on at least the floor of EIP-7623.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionGas {
    /// What it pays before its first frame: the base cost, call data, access list, authorisations.
    pub intrinsic: u64,
    /// What all its frames used.
    pub frames: u64,
    /// The refund that its frames counted, before any bound.
    pub refund: u64,
}

/// What is counted of an opcode, or of a pair of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OpcodeCount {
    pub(super) count: u64,
    pub(super) gas: u64,
}

/// What is counted of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FrameCount {
    pub(super) frames: u64,
    pub(super) instructions: u64,
    pub(super) gas: u64,
}

impl FrameCount {
    pub(super) fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.instructions += other.instructions;
        self.gas = self.gas.saturating_add(other.gas);
    }
}

/// Of which kind gas was that frames used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GasKinds {
    /// Of instructions that were executed.
    pub(super) instructions: u64,
    /// Of precompiles.
    pub(super) precompiles: u64,
    /// What was left in frames that halted.
    pub(super) halts: u64,
    /// What is charged or given back as a frame ends: code deposits, and from Amsterdam on state gas, by which it may
    /// be negative.
    pub(super) ends: i64,
}

impl GasKinds {
    fn add(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.precompiles += other.precompiles;
        self.halts += other.halts;
        self.ends += other.ends;
    }
}

/// What there is of codes and paths, by numbers that stay the same from block to block.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) tree: CallTree,
    pub(super) codes: Vec<KnownCode>,
    numbers: HashMap<Code, usize>,
    pub(super) precompile_names: BTreeMap<Address, String>,
}

/// The numbers of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entered {
    pub(super) node: u32,
    /// Whether the node stands for other paths as well.
    pub(super) folded: bool,
    pub(super) code: usize,
}

/// A code that was executed.
#[derive(Debug, Clone)]
pub(super) struct KnownCode {
    pub(super) code: Code,
    /// The first account at which it was executed.
    pub(super) address: Address,
    pub(super) bytecode: Option<Bytecode>,
}

impl Places {
    pub(super) fn new(most_paths: usize) -> Self {
        Self {
            tree: CallTree::new(most_paths),
            codes: Vec::new(),
            numbers: HashMap::default(),
            precompile_names: BTreeMap::new(),
        }
    }

    /// The numbers of a frame that is called from `parent`.
    pub(super) fn enter(
        &mut self,
        spec: &ChainSpec,
        parent: Option<u32>,
        call: Call,
        bytecode: Option<Bytecode>,
    ) -> Entered {
        let (node, folded) = self.tree.enter(parent, call);
        if let Some(code) = self.numbers.get(&call.code).copied() {
            return Entered { node, folded, code };
        }
        if let Code::Precompile(address) = call.code {
            self.precompile_names
                .insert(address, precompile_name(spec, address));
        }
        let code = self.codes.len();
        self.codes.push(KnownCode {
            code: call.code,
            address: call.address,
            bytecode,
        });
        self.numbers.insert(call.code, code);
        Entered { node, folded, code }
    }

    /// The number of a code that was executed.
    pub(super) fn number(&self, code: &Code) -> Option<usize> {
        self.numbers.get(code).copied()
    }
}

/// What was counted.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) opcodes: Vec<OpcodeCount>,
    /// How often an opcode followed another in the same frame; that of `b` after `a` at `256 a + b`.
    pub(super) pairs: Vec<u64>,
    /// By the numbers of nodes.
    pub(super) nodes: Vec<FrameCount>,
    /// By the numbers of codes.
    pub(super) codes: Vec<FrameCount>,
    pub(super) folded_frames: u64,
    pub(super) kinds: GasKinds,
    /// By transactions.
    pub(super) transactions: Vec<TransactionGas>,
}

impl Counts {
    pub(super) fn new(transactions: usize) -> Self {
        Self {
            opcodes: vec![OpcodeCount::default(); OPCODES],
            pairs: vec![0; OPCODES * OPCODES],
            nodes: Vec::new(),
            codes: Vec::new(),
            folded_frames: 0,
            kinds: GasKinds::default(),
            transactions: vec![TransactionGas::default(); transactions],
        }
    }

    /// Adds what was counted in another block; its transactions come after those that are here.
    pub(super) fn add(&mut self, other: Self) {
        for (opcode, more) in self.opcodes.iter_mut().zip(other.opcodes) {
            opcode.count += more.count;
            opcode.gas = opcode.gas.saturating_add(more.gas);
        }
        for (pair, more) in self.pairs.iter_mut().zip(other.pairs) {
            *pair += more;
        }
        for (place, more) in other.nodes.into_iter().enumerate() {
            at(&mut self.nodes, place).add(more);
        }
        for (place, more) in other.codes.into_iter().enumerate() {
            at(&mut self.codes, place).add(more);
        }
        self.folded_frames += other.folded_frames;
        self.kinds.add(other.kinds);
        self.transactions.extend(other.transactions);
    }
}

/// The entry at a place, which is made where the list is too short.
pub(super) fn at<T: Default + Clone>(list: &mut Vec<T>, place: usize) -> &mut T {
    if list.len() <= place {
        list.resize(place + 1, T::default());
    }
    &mut list[place]
}
