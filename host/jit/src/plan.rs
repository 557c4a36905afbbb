//! What is known of a contract before any of it is compiled.
//!
//! A contract is cut into *regions* of about a kilobyte, each of which becomes one function of machine code. It can be
//! entered at its *entries*: the beginning of the code, each JUMPDEST that a PUSH names, each instruction after one
//! that suspends the frame, and cuts in stretches that have none of these.

use crate::{
    Rules,
    opcode::{Form, Kind, form, immediate_bytes},
};
use core::ops::Range;
use revm::{
    bytecode::{Bytecode, opcode as op},
    primitives::U256,
};

/// From so many bytes on a region ends at the next entry. Compile time grows faster than the length of a function, and
/// of a shorter one more has to pass through memory: facts of a prototype say a kilobyte.
const REGION_BYTES: u32 = 1024;
/// So long a stretch without an entry is given one, so that no function becomes long.
const CUT_BYTES: u32 = 2048;
/// The longest code that is compiled, in bytes. Ethereum's limit is 24,576 (EIP-170), and 65,536 by EIP-7954.
const LONGEST: usize = 1 << 18;
/// A PUSH with more bytes names no JUMPDEST of code of that length.
const LONGEST_NAME: usize = 3;

/// Memory beyond costs more gas than any transaction has.
pub(crate) const REACHABLE: u64 = 1 << 32;

/// In [`Plan::targets`], a JUMPDEST that no PUSH names: a computed jump may reach it, and goes on in the interpreter.
pub(crate) const UNNAMED: u32 = 0x7fff_0000;

/// Why something stays interpreted: it is too long, or the compiler fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Declined;

/// An entry: its region in the upper half, and one more than its place there in the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u32);

impl Entry {
    fn new(region: usize, place: usize) -> Self {
        // Code is so short that both fit: each entry takes a byte of it.
        Self((region as u32) << 16 | (place as u32 + 1))
    }

    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    pub(crate) const fn raw(self) -> u32 {
        self.0
    }

    pub(crate) const fn region(self) -> usize {
        (self.0 >> 16) as usize
    }

    pub(crate) const fn place(self) -> usize {
        (self.0 & 0xffff) as usize - 1
    }
}

/// One instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) pc: u32,
    pub(crate) opcode: u8,
    /// `None`: the interpreter executes it.
    pub(crate) form: Option<Form>,
    /// Where the next one is.
    pub(crate) next: u32,
}

#[derive(Debug)]
struct Region {
    /// Where its entries are, rising.
    entries: Vec<u32>,
    /// What of the code is its.
    bytes: Range<u32>,
}

/// A contract cut into regions.
#[derive(Debug)]
pub(crate) struct Plan {
    code: Bytecode,
    rules: Rules,
    steps: Vec<Step>,
    /// Of each byte of the code the instruction that begins there.
    step_at: Vec<u32>,
    /// Of each byte of the code: 0 where no jump may go, [`UNNAMED`], or the entry.
    targets: Box<[u32]>,
    /// Of each byte of the code, and of what follows it: the entry, or 0.
    entries: Box<[u32]>,
    regions: Vec<Region>,
    memory: u64,
}

const NO_STEP: u32 = u32::MAX;

impl Plan {
    /// Analyses a contract in time and memory that are linear in its length.
    pub(crate) fn new(code: &Bytecode, rules: &Rules) -> Result<Self, Declined> {
        let bytes = code.original_byte_slice();
        if bytes.len() > LONGEST || !code.is_legacy() {
            return Err(Declined);
        }
        let mut steps = Vec::with_capacity(bytes.len() / 2 + 2);
        let mut step_at = vec![NO_STEP; bytes.len()];
        let mut named = vec![false; bytes.len()];
        let mut pc = 0;
        while let Some(&opcode) = bytes.get(pc) {
            step_at[pc] = steps.len() as u32;
            let immediate = immediate_bytes(opcode);
            if (1..=LONGEST_NAME).contains(&immediate)
                && let Some(operand) = bytes.get(pc + 1..=pc + immediate)
            {
                let name = operand
                    .iter()
                    .fold(0, |name, byte| name << 8 | usize::from(*byte));
                if let Some(named) = named.get_mut(name) {
                    *named = true;
                }
            }
            let next = pc + 1 + immediate;
            let form = form(opcode, rules.spec);
            steps.push(Step {
                pc: pc as u32,
                opcode,
                form,
                next: next as u32,
            });
            pc = next;
        }
        // Behind the code there are zeros, which is STOP.
        let form = form(op::STOP, rules.spec);
        steps.push(Step {
            pc: pc as u32,
            opcode: op::STOP,
            form,
            next: pc as u32 + 1,
        });
        let mut plan = Self {
            code: code.clone(),
            rules: rules.clone(),
            targets: vec![0; bytes.len()].into(),
            entries: vec![0; pc + 1].into(),
            regions: Vec::new(),
            memory: 0,
            steps,
            step_at,
        };
        plan.cut(&named);
        plan.memory = plan.memory_of_the_beginning();
        Ok(plan)
    }

    /// Finds entries and regions.
    fn cut(&mut self, named: &[bool]) {
        let end = self.targets.len() as u32;
        let (mut last, mut resumes) = (0, false);
        for step in &self.steps {
            let pc = step.pc;
            let jumpdest = step.opcode == op::JUMPDEST;
            let is_named = jumpdest && named[pc as usize];
            if pc == 0 || resumes || is_named || (pc < end && pc - last >= CUT_BYTES) {
                last = pc;
                let full = self
                    .regions
                    .last()
                    .is_none_or(|region: &Region| pc - region.bytes.start >= REGION_BYTES);
                if full {
                    if let Some(region) = self.regions.last_mut() {
                        region.bytes.end = pc;
                    }
                    self.regions.push(Region {
                        entries: Vec::new(),
                        bytes: pc..end,
                    });
                }
                let region = self.regions.len() - 1;
                let entries = &mut self.regions[region].entries;
                let entry = Entry::new(region, entries.len());
                entries.push(pc);
                self.entries[pc as usize] = entry.raw();
                if jumpdest {
                    self.targets[pc as usize] = entry.raw();
                }
            } else if jumpdest {
                self.targets[pc as usize] = UNNAMED;
            }
            resumes = step.form.is_some_and(|form| form.kind == Kind::Suspend);
        }
    }

    /// What memory there is for certain wherever execution has left its first straight piece: that of MSTOREs at places
    /// that it pushes, in bytes.
    fn memory_of_the_beginning(&self) -> u64 {
        let (mut stack, mut memory) = (Vec::<Option<u64>>::new(), 0);
        for (index, step) in self.steps.iter().enumerate() {
            let Some(form) = step.form else { break };
            let is_entry = index > 0 && self.entry(step.pc).is_some();
            let (pops, pushes) = (usize::from(form.pops), usize::from(form.pushes));
            if is_entry || form.kind != Kind::Inline || stack.len() < pops {
                break;
            }
            match step.opcode {
                op::PUSH0..=op::PUSH32 => stack.push(u64::try_from(self.operand(step)).ok()),
                op::DUP1..=op::DUP16 => stack.push(stack[stack.len() - pops]),
                op::SWAP1..=op::SWAP16 => {
                    let top = stack.len() - 1;
                    stack.swap(top, top + 1 - pops);
                }
                opcode => {
                    let offset = stack.last().copied().flatten();
                    stack.truncate(stack.len() - pops);
                    stack.extend((0..pushes).map(|_| None));
                    if opcode == op::MSTORE
                        && let Some(offset) = offset.filter(|offset| *offset < REACHABLE)
                    {
                        memory = memory.max((offset + 32).next_multiple_of(32));
                    }
                }
            }
        }
        memory
    }

    /// How many regions it has; one at least.
    pub(crate) fn regions(&self) -> usize {
        self.regions.len()
    }

    /// Bytecode of a region, in bytes.
    pub(crate) fn bytecode_bytes(&self, region: usize) -> usize {
        self.regions.get(region).map_or(0, |region| region.bytes.len())
    }

    /// Where the entries of a region are.
    pub(crate) fn entries(&self, region: usize) -> &[u32] {
        &self.regions[region].entries
    }

    /// How many instructions begin in a region.
    pub(crate) fn steps_of(&self, region: usize) -> usize {
        let Range { start, end } = self.regions[region].bytes;
        self.step_at[start as usize..end as usize]
            .iter()
            .filter(|step| **step != NO_STEP)
            .count()
    }

    /// The entry at a place in the code.
    pub(crate) fn entry(&self, pc: u32) -> Option<Entry> {
        match self.entries.get(pc as usize) {
            None | Some(0) => None,
            Some(entry) => Some(Entry(*entry)),
        }
    }

    /// Where an entry is.
    pub(crate) fn pc(&self, entry: Entry) -> u32 {
        self.regions[entry.region()].entries[entry.place()]
    }

    /// Whether a jump may go there.
    pub(crate) fn is_jumpdest(&self, pc: u64) -> bool {
        usize::try_from(pc).is_ok_and(|pc| self.targets.get(pc).is_some_and(|target| *target != 0))
    }

    /// For computed jumps, of each byte of the code: 0, [`UNNAMED`] or the entry.
    pub(crate) fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// The number of the instruction at a place in the code.
    pub(crate) fn index(&self, pc: u32) -> usize {
        // Behind the code there is one instruction.
        self.step_at
            .get(pc as usize)
            .map_or(self.steps.len() - 1, |index| *index as usize)
    }

    pub(crate) fn step(&self, index: usize) -> Step {
        self.steps[index]
    }

    /// What a PUSH pushes.
    pub(crate) fn operand(&self, step: &Step) -> U256 {
        let code = self.code.original_byte_slice();
        let start = (step.pc as usize + 1).min(code.len());
        let present = &code[start..(step.next as usize).min(code.len())];
        // Behind the code there are zeros.
        let absent = immediate_bytes(step.opcode) - present.len();
        U256::from_be_slice(present) << (8 * absent)
    }

    /// The static gas of an instruction.
    pub(crate) fn gas(&self, step: &Step) -> u64 {
        u64::from(self.rules.gas[usize::from(step.opcode)])
    }

    /// Length of the code.
    pub(crate) fn code_bytes(&self) -> usize {
        self.targets.len()
    }

    /// How much memory there is for certain at every entry but the first, in bytes.
    pub(crate) fn known_memory(&self) -> u64 {
        self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use revm::{interpreter::instructions::gas_table_spec, primitives::hardfork::SpecId};

    fn plan(code: &[u8]) -> Plan {
        let rules = Rules::new(SpecId::OSAKA, &gas_table_spec(SpecId::OSAKA));
        Plan::new(&Bytecode::new_raw(code.to_vec().into()), &rules).unwrap()
    }

    #[test]
    fn entries_are_the_beginning_named_jumpdests_and_what_follows_a_call() {
        // PUSH1 4, JUMP, INVALID, JUMPDEST, JUMPDEST, CREATE, POP
        let plan = plan(&[0x60, 4, 0x56, 0xfe, 0x5b, 0x5b, 0xf0, 0x50]);
        assert_eq!(plan.regions(), 1);
        assert_eq!(plan.entries(0), [0, 4, 7]);
        assert_eq!(plan.targets()[5], UNNAMED);
        assert!(
            plan.is_jumpdest(4) && plan.is_jumpdest(5) && !plan.is_jumpdest(0) && !plan.is_jumpdest(1 << 40)
        );
        assert_eq!(plan.pc(plan.entry(7).unwrap()), 7);
        assert_eq!(plan.entry(5), None);
    }

    #[test]
    fn data_of_a_push_is_no_jumpdest_and_what_is_missing_of_it_is_zero() {
        let plan = plan(&[0x61, 0x5b]);
        assert!(!plan.is_jumpdest(1));
        assert_eq!(plan.operand(&plan.step(0)), U256::from(0x5b00));
        assert_eq!((plan.step(1).opcode, plan.step(1).pc), (op::STOP, 3));
    }

    #[test]
    fn code_without_a_byte_stops() {
        // An account that is delegated to one without code executes it (EIP-7702).
        let plan = plan(&[]);
        assert_eq!(
            (plan.entries(0), plan.steps_of(0), plan.step(0).opcode),
            (&[0][..], 0, op::STOP)
        );
        assert!(!plan.is_jumpdest(0));
    }

    #[test]
    fn long_stretches_are_cut() {
        let plan = plan(&[op::ADDRESS; 24_576]);
        assert_eq!(plan.regions(), 12);
        for region in 0..plan.regions() {
            assert_eq!(plan.entries(region).len(), 1);
            assert_eq!(plan.steps_of(region), CUT_BYTES as usize);
            assert_eq!(plan.bytecode_bytes(region), CUT_BYTES as usize);
        }
    }

    #[test]
    fn a_push_that_the_end_cuts_short_is_no_region_of_its_own() {
        let mut code = vec![op::ADDRESS; CUT_BYTES as usize - 1];
        code.push(op::PUSH32);
        let plan = plan(&code);
        assert_eq!((plan.regions(), plan.steps_of(0)), (1, CUT_BYTES as usize));
    }

    #[test]
    fn what_follows_a_call_at_the_end_is_an_entry() {
        let plan = plan(&[op::CREATE]);
        assert_eq!(plan.entries(0), [0, 1]);
        assert_eq!((plan.index(1), plan.steps_of(0)), (1, 1));
    }

    #[test]
    fn memory_of_solidity_s_beginning_is_known() {
        // PUSH1 0x80, PUSH1 0x40, MSTORE, CALLVALUE, DUP1, ISZERO, JUMPI
        assert_eq!(
            plan(&[0x60, 0x80, 0x60, 0x40, 0x52, 0x34, 0x80, 0x15, 0x57]).known_memory(),
            0x60
        );
        // A place that is not known, and one that cannot be reached.
        assert_eq!(plan(&[0x34, 0x34, 0x52]).known_memory(), 0);
        assert_eq!(
            plan(&[0x5f, 0x5f, 0x20, 0x5f, 0x60, 0x40, 0x52]).known_memory(),
            0
        );
    }
}
