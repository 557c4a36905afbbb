//! Memory and call data.

use super::{
    Emitter, MOST_DIRTY,
    path::Path,
    trusted,
    word::{Limb, Limbs, Word, ZERO},
};
use crate::{
    plan::{REACHABLE, Step},
    record::{self, Exit, NOT_GROWN},
};
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, condcodes::IntCC, types::I64};
use revm::primitives::U256;

/// Memory has less than 2^48 bytes, as many as a processor can address.
const MEMORY_BITS: u32 = 48;

impl Emitter<'_, '_> {
    /// Where so many bytes of memory at an offset are, once they are there; before the operands of the instruction are
    /// taken from the stack.
    pub(super) fn memory(&mut self, path: &mut Path, step: &Step, offset: &Limbs, bytes: u64) -> Value {
        // Memory beyond costs more gas than there is, so that nothing is to be known of it.
        let near = offset.small_constant().filter(|offset| *offset < REACHABLE);
        let end = near.map(|offset| offset + bytes);
        let low = self.value(offset.limb(0));
        if end.is_some_and(|end| end <= path.memory) {
            let memory = self.field(record::MEMORY);
            return self.builder.ins().iadd(memory, low);
        }
        // Behind the last one the frame can fail of nothing else.
        let last = path.last_growth == Some(self.plan.index(step.pc));
        if !last && path.dirty() > MOST_DIRTY {
            self.store(path);
        }
        let (slow, there) = (self.cold_block(), self.new_block(1));
        let high = self.or(&offset.limbs()[1..]);
        if let Limb::Value(high) = high {
            let near = self.new_block(0);
            self.builder.ins().brif(high, slow, &[], near, &[]);
            self.builder.switch_to_block(near);
        }
        if matches!(high, Limb::Known(1..)) {
            self.builder.ins().jump(slow, &[]);
        } else {
            let below = self.field(if bytes == 32 {
                record::MEMORY_WORDS_BELOW
            } else {
                record::MEMORY_BYTES
            });
            let present = self.builder.ins().icmp(IntCC::UnsignedLessThan, low, below);
            self.builder
                .ins()
                .brif(present, there, &[path.gas.into()], slow, &[]);
        }

        self.builder.switch_to_block(slow);
        let grow = self.constant_field(record::GROW);
        let (high, bytes, rest) = (self.value(high), self.iconst(bytes), self.iconst(path.rest));
        let arguments = [self.record, low, high, bytes, path.gas, rest];
        let call = self
            .builder
            .ins()
            .call_indirect(self.signatures.grow, grow, &arguments);
        let left = self.builder.inst_results(call)[0];
        let failed = self
            .builder
            .ins()
            .icmp_imm_s(IntCC::Equal, left, NOT_GROWN as i64);
        if last {
            let code = self.iconst(Exit::Ended.code(0));
            self.builder
                .ins()
                .brif(failed, self.ended, &[code.into()], there, &[left.into()]);
        } else {
            let out = self.cold_block();
            self.builder.ins().brif(failed, out, &[], there, &[left.into()]);
            self.builder.switch_to_block(out);
            self.leave_before(&mut path.clone(), step);
        }

        self.builder.switch_to_block(there);
        path.gas = self.builder.block_params(there)[0];
        if let Some(end) = end {
            path.memory = path.memory.max(end.next_multiple_of(32));
        }
        if offset.constant().is_none() && offset.bits() > MEMORY_BITS {
            // From here on more is known of this word.
            let narrow = Limbs::below(offset.limbs(), MEMORY_BITS);
            path.replace(Word::Limbs(*offset), Word::Limbs(narrow));
        }
        let memory = self.field(record::MEMORY);
        self.builder.ins().iadd(memory, low)
    }

    /// Leaves for the interpreter within a segment, before an instruction: what it and those behind it take is given back.
    fn leave_before(&mut self, path: &mut Path, step: &Step) {
        let taken = path.rest + self.plan.gas(step);
        let gas = self.builder.ins().iadd_imm_s(path.gas, taken as i64);
        self.leave(path, step.pc, gas);
    }

    /// The word at an address, whose highest byte comes first.
    pub(super) fn load_word(&mut self, address: Value) -> Limbs {
        Limbs::values([24, 16, 8, 0].map(|at| {
            let limb = self.builder.ins().load(I64, trusted(), address, at);
            self.builder.ins().bswap(limb)
        }))
    }

    pub(super) fn store_word(&mut self, address: Value, word: &Limbs) {
        for (limb, at) in word.limbs().into_iter().zip([24, 16, 8, 0]) {
            let value = match limb {
                Limb::Known(known) => self.iconst(known.swap_bytes()),
                Limb::Value(value) => self.builder.ins().bswap(value),
            };
            self.builder.ins().store(trusted(), value, address, at);
        }
    }

    /// `CALLDATALOAD`.
    pub(super) fn input_word(&mut self, offset: &Limbs) -> Limbs {
        let high = self.or(&offset.limbs()[1..]);
        if matches!(high, Limb::Known(1..)) {
            return Limbs::known(U256::ZERO);
        }
        let low = self.value(offset.limb(0));
        let (slow, within, done) = (self.cold_block(), self.new_block(0), self.new_block(4));
        if let Limb::Value(high) = high {
            let (beyond, near) = (self.cold_block(), self.new_block(0));
            self.builder.ins().brif(high, beyond, &[], near, &[]);
            self.builder.switch_to_block(beyond);
            let zero = BlockArg::Value(self.iconst(0));
            self.builder.ins().jump(done, &[zero; 4]);
            self.builder.switch_to_block(near);
        }
        let below = self.constant_field(record::INPUT_WORDS_BELOW);
        let whole = self.builder.ins().icmp(IntCC::UnsignedLessThan, low, below);
        self.builder.ins().brif(whole, within, &[], slow, &[]);

        self.builder.switch_to_block(within);
        let input = self.field(record::INPUT);
        let address = self.builder.ins().iadd(input, low);
        let word = self.load_word(address);
        self.finish(done, &word);

        self.builder.switch_to_block(slow);
        let function = self.constant_field(record::INPUT_WORD);
        self.builder
            .ins()
            .call_indirect(self.signatures.input_word, function, &[self.record, low]);
        let word = self.words(256);
        self.finish(done, &word);

        self.builder.switch_to_block(done);
        let limbs = self.builder.block_params(done).to_vec();
        Limbs::values([limbs[0], limbs[1], limbs[2], limbs[3]])
    }

    fn finish(&mut self, done: cranelift_codegen::ir::Block, word: &Limbs) {
        let limbs = word.limbs().map(|limb| BlockArg::Value(self.value(limb)));
        self.builder.ins().jump(done, &limbs);
    }

    /// A word of the record.
    pub(super) fn record_word(&mut self, at: i32, bits: u32) -> Limbs {
        let limbs = core::array::from_fn(|index| match index as u32 * 64 {
            under if under >= bits => ZERO,
            _ => Limb::Value(self.constant_field(at + 8 * index as i32)),
        });
        Limbs::below(limbs, bits)
    }
}
