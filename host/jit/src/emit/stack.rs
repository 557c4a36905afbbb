//! The stack between memory and registers, its bounds, and gas.

use super::{
    Emitter, MOST_DIRTY,
    path::Path,
    trusted,
    word::{Limb, Limbs, Word, ZERO},
};
use crate::record;
use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::IntCC,
    types::{I8X16, I64},
};
use revm::{bytecode::opcode as op, interpreter::interpreter::STACK_LIMIT};

/// Bytes of a word.
const WORD: i64 = 32;

impl Emitter<'_, '_> {
    /// The word at a depth.
    pub(super) fn word(&mut self, path: &mut Path, depth: usize) -> Word {
        if let Some(word) = path.peek(depth) {
            return word;
        }
        let at = WORD as i32 * path.place(depth);
        let start = path.start;
        let limbs = [0, 8, 16, 24].map(|limb| self.builder.ins().load(I64, trusted(), start, at + limb));
        let word = Word::Limbs(Limbs::values(limbs));
        path.loaded(depth, word);
        word
    }

    /// The limbs of the word at a depth.
    pub(super) fn peek(&mut self, path: &mut Path, depth: usize) -> Limbs {
        let word = self.word(path, depth);
        self.limbs(word)
    }

    pub(super) fn pop(&mut self, path: &mut Path) -> Limbs {
        let limbs = self.peek(path, 0);
        path.drop(1);
        limbs
    }

    pub(super) fn limbs(&mut self, word: Word) -> Limbs {
        match word {
            Word::Limbs(limbs) => limbs,
            Word::Truth { bit, negated } => {
                let bit = if negated {
                    self.builder.ins().icmp_imm_s(IntCC::Equal, bit, 0)
                } else {
                    bit
                };
                let limb = self.bit(bit);
                Limbs::small(limb, 1)
            }
        }
    }

    /// Puts what only registers have into the stack in memory.
    pub(super) fn store(&mut self, path: &mut Path) {
        let unstored: Vec<_> = path.unstored().collect();
        for (place, word) in unstored {
            let limbs = self.limbs(word);
            self.store_limbs(path.start, WORD as i32 * place, limbs.limbs());
        }
        path.stored();
    }

    pub(super) fn store_limbs(&mut self, pointer: Value, at: i32, limbs: [Limb; 4]) {
        for (pair, at) in limbs.chunks_exact(2).zip([at, at + 16]) {
            // Most words are small: two zeros are one store of a register that the processor clears for nothing.
            if pair == [ZERO; 2] {
                let zeros = self.builder.func.dfg.constants.insert(vec![0; 16].into());
                let zeros = self.builder.ins().vconst(I8X16, zeros);
                self.builder.ins().store(trusted(), zeros, pointer, at);
                continue;
            }
            for (limb, at) in pair.iter().zip([at, at + 8]) {
                let value = self.value(*limb);
                self.builder.ins().store(trusted(), value, pointer, at);
            }
        }
    }

    /// One past the top of the stack.
    pub(super) fn top(&mut self, path: &Path) -> Value {
        match path.height() {
            0 => path.start,
            height => self
                .builder
                .ins()
                .iadd_imm_s(path.start, WORD * i64::from(height)),
        }
    }

    /// Leaves where the stretch from an instruction on would find too few words on the stack, or too many. Whether the
    /// path goes on: no stack has enough for some stretches.
    pub(super) fn check_stack(&mut self, path: &mut Path, index: usize) -> bool {
        let (present, room) = self.stack_of_stretch(index);
        let (present, room) = (present - path.height(), room + path.height());
        if present.max(room) > STACK_LIMIT as i32 {
            self.deoptimise(path, self.plan.step(index).pc);
            return false;
        }
        let mut bad = None;
        if present > path.present {
            path.present = present;
            let bottom = self
                .builder
                .ins()
                .iadd_imm_s(path.start, -WORD * i64::from(present));
            let stack = self.constant_field(record::STACK);
            bad = Some(self.builder.ins().icmp(IntCC::UnsignedLessThan, bottom, stack));
        }
        if room > path.room {
            path.room = room;
            let top = self.builder.ins().iadd_imm_s(path.start, WORD * i64::from(room));
            let end = self.constant_field(record::STACK_END);
            let full = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, top, end);
            bad = Some(match bad {
                Some(bad) => self.builder.ins().bor(bad, full),
                None => full,
            });
        }
        if let Some(bad) = bad {
            let gas = path.gas;
            self.leave_if(path, bad, self.plan.step(index).pc, gas);
        }
        true
    }

    /// How many words have to be on the stack for the stretch from an instruction up to where it may leave, and by how
    /// many it grows at most.
    fn stack_of_stretch(&self, first: usize) -> (i32, i32) {
        let (mut height, mut present, mut room) = (0_i32, 0, 0);
        let mut index = first;
        loop {
            let step = self.plan.step(index);
            let Some(form) = step.form else { break };
            if index > first && self.plan.entry(step.pc).is_some() {
                break;
            }
            present = present.max(i32::from(form.pops) - height);
            height += i32::from(form.pushes) - i32::from(form.pops);
            room = room.max(height);
            if form.ends_path() || form.kind == crate::opcode::Kind::JumpIf {
                break;
            }
            index += 1;
        }
        (present, room)
    }

    /// Takes the static gas of the segment that begins with an instruction, or leaves where it cannot be paid.
    pub(super) fn take_gas(&mut self, path: &mut Path, first: usize) {
        let (mut cost, mut index) = (0, first);
        let mut last_growth = None;
        loop {
            let step = self.plan.step(index);
            let Some(form) = step.form else { break };
            if index > first && self.plan.entry(step.pc).is_some() {
                break;
            }
            if matches!(step.opcode, op::MLOAD..=op::MSTORE8) {
                last_growth = Some(index);
            }
            cost += self.plan.gas(&step);
            index += 1;
            if form.ends_segment() {
                break;
            }
        }
        path.segment_end = index;
        path.last_growth = last_growth;
        path.rest = cost;
        if cost > 0 {
            let before = path.gas;
            let ins = self.builder.ins();
            let short = ins.icmp_imm_u(IntCC::UnsignedLessThan, before, cost as i64);
            if last_growth.is_some() {
                self.leave_if(path, short, self.plan.step(first).pc, before);
            } else {
                let goes_on = self.new_block(0);
                self.builder.ins().brif(short, self.out_of_gas, &[], goes_on, &[]);
                self.builder.switch_to_block(goes_on);
            }
            path.gas = self.builder.ins().iadd_imm_s(before, -(cost as i64));
        }
    }

    /// Leaves for the interpreter with so much gas where a condition holds.
    pub(super) fn leave_if(&mut self, path: &mut Path, condition: Value, pc: u32, gas: Value) {
        if path.dirty() > MOST_DIRTY {
            self.store(path);
        }
        let (out, goes_on) = (self.cold_block(), self.new_block(0));
        self.builder.ins().brif(condition, out, &[], goes_on, &[]);
        self.builder.switch_to_block(out);
        self.leave(&mut path.clone(), pc, gas);
        self.builder.switch_to_block(goes_on);
    }
}
