//! Jumps, and the ways into a region and out of it.

use super::{
    Emitter, Flow, MOST_DIRTY, Task,
    path::Path,
    word::{Limb, Limbs, Word},
};
use crate::{
    opcode::Kind,
    plan::{Step, UNNAMED},
    record::{self, Exit},
};
use cranelift_codegen::ir::{
    BlockArg, BlockCall, InstBuilder, JumpTableData, TrapCode, Value,
    condcodes::IntCC,
    types::{I32, I64},
};
use revm::bytecode::opcode as op;

/// A path that fails within so many instructions is taken for one that is hardly ever taken.
const SOON: usize = 40;

impl Emitter<'_, '_> {
    /// From the function's parameters to the block of an entry.
    pub(super) fn choose_entry(&mut self, entry: Value, gas: Value, top: Value) {
        let place = self.builder.ins().band_imm_u(entry, 0xffff);
        self.branch_to_place(place, gas, top);
    }

    fn branch_to_place(&mut self, place: Value, gas: Value, top: Value) {
        let place = self.builder.ins().ireduce(I32, place);
        let never = self.cold_block();
        let arguments = [BlockArg::Value(gas), BlockArg::Value(top)];
        let pool = &mut self.builder.func.dfg.value_lists;
        let otherwise = BlockCall::new(never, [], pool);
        // Places count from 1.
        let mut table = vec![otherwise];
        for block in &self.entries {
            table.push(BlockCall::new(*block, arguments, pool));
        }
        let table = self
            .builder
            .create_jump_table(JumpTableData::new(otherwise, &table));
        self.builder.ins().br_table(place, table);
        self.builder.switch_to_block(never);
        self.builder.ins().trap(TrapCode::unwrap_user(1));
    }

    /// What a computed jump does once it has looked its target up.
    pub(super) fn emit_dispatch(&mut self) {
        self.builder.switch_to_block(self.dispatch);
        let parameters = self.builder.block_params(self.dispatch).to_vec();
        let (entry, gas, top) = (parameters[0], parameters[1], parameters[2]);
        let (valid, invalid) = (self.new_block(0), self.cold_block());
        let (here, elsewhere, unnamed, far) = (
            self.new_block(0),
            self.new_block(0),
            self.cold_block(),
            self.new_block(0),
        );
        self.builder.ins().brif(entry, valid, &[], invalid, &[]);

        self.builder.switch_to_block(valid);
        let region = self.builder.ins().ushr_imm_u(entry, 16);
        let same = self
            .builder
            .ins()
            .icmp_imm_s(IntCC::Equal, region, self.region as i64);
        self.builder.ins().brif(same, here, &[], elsewhere, &[]);

        self.builder.switch_to_block(here);
        let place = self.builder.ins().band_imm_u(entry, 0xffff);
        self.branch_to_place(place, gas, top);

        self.builder.switch_to_block(elsewhere);
        let nameless = self
            .builder
            .ins()
            .icmp_imm_s(IntCC::Equal, entry, i64::from(UNNAMED));
        self.builder.ins().brif(nameless, unnamed, &[], far, &[]);

        self.builder.switch_to_block(far);
        self.tail_call(region, entry, gas, top);

        self.builder.switch_to_block(unnamed);
        let target = self.field(record::TARGET);
        let target = self.builder.ins().ishl_imm_u(target, 8);
        let code = self
            .builder
            .ins()
            .bor_imm_u(target, Exit::Deoptimise.code(0) as i64);
        self.builder
            .ins()
            .jump(self.exit, &[code.into(), gas.into(), top.into()]);

        self.builder.switch_to_block(invalid);
        let code = self.iconst(Exit::InvalidJump.code(0));
        self.builder
            .ins()
            .jump(self.exit, &[code.into(), gas.into(), top.into()]);
    }

    pub(super) fn emit_exits(&mut self) {
        for block in [self.exit, self.ended, self.out_of_gas] {
            self.builder.set_cold_block(block);
        }
        self.builder.switch_to_block(self.exit);
        let parameters = self.builder.block_params(self.exit).to_vec();
        self.set_field(record::GAS, parameters[1]);
        self.set_field(record::TOP, parameters[2]);
        self.builder.ins().return_(&[parameters[0]]);
        self.builder.switch_to_block(self.ended);
        let code = self.builder.block_params(self.ended)[0];
        self.builder.ins().return_(&[code]);
        self.builder.switch_to_block(self.out_of_gas);
        let code = self.iconst(Exit::OutOfGas.code(0));
        self.builder.ins().return_(&[code]);
    }

    fn tail_call(&mut self, region: Value, entry: Value, gas: Value, top: Value) {
        let regions = self.constant_field(record::REGIONS);
        let at = self.builder.ins().ishl_imm_u(region, 3);
        let at = self.builder.ins().iadd(regions, at);
        // Another thread may put code there meanwhile; each value that it has had is good.
        let function = self.builder.ins().load(I64, super::trusted(), at, 0);
        let arguments = [self.record, entry, gas, top];
        self.builder
            .ins()
            .return_call_indirect(self.signatures.region, function, &arguments);
    }

    /// Goes on at another place in the code, which is an entry or has none.
    pub(super) fn go_to(&mut self, path: &mut Path, pc: u32) {
        let Some(entry) = self.plan.entry(pc) else {
            return self.deoptimise(path, pc);
        };
        if entry.region() == self.region && self.go_to_head(path, entry.place()) {
            return;
        }
        self.store(path);
        let (gas, top) = (path.gas, self.top(path));
        if entry.region() == self.region {
            let block = self.entries[entry.place()];
            self.builder.ins().jump(block, &[gas.into(), top.into()]);
        } else {
            let region = self.iconst(entry.region() as u64);
            let entry = self.iconst(u64::from(entry.raw()));
            self.tail_call(region, entry, gas, top);
        }
    }

    pub(super) fn jump(&mut self, path: &mut Path, inline: usize, seen: &[u32]) -> Flow {
        let target = self.pop(path);
        match target.constant() {
            Some(_) => match self.static_target(&target) {
                Some(pc) => {
                    let index = self.plan.index(pc);
                    if self.may_inline(&self.plan.step(index), inline, seen) {
                        return Flow::At(index);
                    }
                    self.go_to(path, pc);
                }
                None => self.invalid_jump(path),
            },
            None => self.computed_jump(path, &target),
        }
        Flow::Over
    }

    pub(super) fn jump_if(&mut self, path: &mut Path, step: &Step, inline: usize, seen: &[u32]) -> Flow {
        let target = self.pop(path);
        let condition = self.word(path, 0);
        path.drop(1);
        let (condition, negated) = match condition {
            Word::Truth { bit, negated } => (bit, negated),
            Word::Limbs(limbs) => match self.or(&limbs.limbs()) {
                Limb::Known(0) => return Flow::Next,
                Limb::Known(_) => (self.iconst(1), false),
                Limb::Value(value) => (value, false),
            },
        };
        // Both sides have to store what only registers have.
        if path.dirty() > MOST_DIRTY {
            self.store(path);
        }
        let (taken, falls) = (self.new_block(0), self.new_block(0));
        let (if_set, if_not) = if negated { (falls, taken) } else { (taken, falls) };
        self.builder.ins().brif(condition, if_set, &[], if_not, &[]);

        let index = self.plan.index(step.pc);
        let known = self.static_target(&target);
        if let Some(pc) = known
            && self.fails_soon(index + 1)
            && self.may_inline(&self.plan.step(self.plan.index(pc)), inline, seen)
        {
            // A check has passed: what is known goes on with the code behind it.
            self.builder.set_cold_block(falls);
            let mut other = path.clone();
            other.segment_end = 0;
            let seen = seen.to_vec();
            self.tasks.push(Task {
                block: falls,
                place: None,
                index: index + 1,
                path: other,
                inline: 0,
                seen,
            });
            self.builder.switch_to_block(taken);
            return Flow::At(self.plan.index(pc));
        }
        self.builder.switch_to_block(taken);
        let mut other = path.clone();
        match known {
            Some(pc) => self.go_to(&mut other, pc),
            None if target.constant().is_some() => self.invalid_jump(&mut other),
            None => self.computed_jump(&mut other, &target),
        }
        self.builder.switch_to_block(falls);
        Flow::Next
    }

    /// The place that a known target names, where a jump may go there.
    fn static_target(&self, target: &Limbs) -> Option<u32> {
        let pc = target.small_constant()?;
        self.plan.is_jumpdest(pc).then_some(pc as u32)
    }

    fn invalid_jump(&mut self, path: &mut Path) {
        self.store(path);
        let (gas, top) = (path.gas, self.top(path));
        let code = self.iconst(Exit::InvalidJump.code(0));
        self.builder
            .ins()
            .jump(self.exit, &[code.into(), gas.into(), top.into()]);
    }

    fn computed_jump(&mut self, path: &mut Path, target: &Limbs) {
        self.store(path);
        let (gas, top) = (path.gas, self.top(path));
        let high = self.or(&target.limbs()[1..]);
        let low = self.value(target.limb(0));
        let bytes = self.constant_field(record::CODE_BYTES);
        let mut within = self.builder.ins().icmp(IntCC::UnsignedLessThan, low, bytes);
        if high != Limb::Known(0) {
            let high = self.value(high);
            let none = self.builder.ins().icmp_imm_s(IntCC::Equal, high, 0);
            within = self.builder.ins().band(within, none);
        }
        let look_up = self.new_block(0);
        let invalid = self.iconst(0);
        let (gas, top) = (BlockArg::Value(gas), BlockArg::Value(top));
        self.builder
            .ins()
            .brif(within, look_up, &[], self.dispatch, &[invalid.into(), gas, top]);
        self.builder.switch_to_block(look_up);
        let targets = self.constant_field(record::TARGETS);
        let at = self.builder.ins().ishl_imm_u(low, 2);
        let at = self.builder.ins().iadd(targets, at);
        let entry = self.builder.ins().uload32(super::constant(), at, 0);
        self.set_field(record::TARGET, low);
        self.builder.ins().jump(self.dispatch, &[entry.into(), gas, top]);
    }

    /// Whether the stretch from an instruction on ends soon, with everything undone.
    fn fails_soon(&self, first: usize) -> bool {
        for index in first..first + SOON {
            let step = self.plan.step(index);
            match step.form {
                None => return true,
                Some(_) if step.opcode == op::REVERT => return true,
                Some(_) if self.plan.entry(step.pc).is_some() => return false,
                Some(form) if form.ends_path() || form.kind == Kind::JumpIf => return false,
                Some(_) => {}
            }
        }
        false
    }
}
