//! Loops keep words of the stack in registers from turn to turn.
//!
//! An entry that a jump from behind it goes to is the head of a loop. Beside its block, which has the stack in memory,
//! it has a second one that takes the topmost words as parameters. Jumps within the region go there.

use super::{
    Emitter, INLINED, Task,
    path::{Head, Path},
    word::{Limbs, Word},
};
use crate::plan::Plan;
use cranelift_codegen::ir::{BlockArg, InstBuilder, condcodes::IntCC};
use revm::bytecode::opcode as op;

/// At most so many words are kept, four registers each: x86-64 has 16, and further ones are put into memory again.
const MOST_WORDS: usize = 8;
/// The words that a loop uses are looked for in so many instructions from its head on.
const LONGEST_BODY: usize = 96;

impl Emitter<'_, '_> {
    /// Finds the heads of the region's loops.
    pub(super) fn find_loops(&mut self) {
        for (place, words) in loops(self.plan, self.region) {
            let block = self.new_block(2 + 4 * words);
            self.heads[place] = Some(Head { block, words });
        }
    }

    /// Emits the way from the first block of a loop's head to the second one, and gives the path of that.
    pub(super) fn enter_loop(&mut self, mut task: Task, head: Head) -> Task {
        let Head { block, words } = head;
        let pc = self.plan.step(task.index).pc;
        let bottom = self.builder.ins().iadd_imm_s(task.path.start, -32 * words as i64);
        let stack = self.constant_field(crate::record::STACK);
        let missing = self.builder.ins().icmp(IntCC::UnsignedLessThan, bottom, stack);
        let gas = task.path.gas;
        self.leave_if(&mut task.path, missing, pc, gas);
        self.jump_to_head(&mut task.path, head);
        self.builder.switch_to_block(block);
        let parameters = self.builder.block_params(block).to_vec();
        let mut path = Path::new(parameters[1], parameters[0], task.path.memory);
        path.present = words as i32;
        for (depth, limbs) in parameters[2..].chunks_exact(4).enumerate() {
            path.set(
                depth,
                Word::Limbs(Limbs::values([limbs[0], limbs[1], limbs[2], limbs[3]])),
            );
        }
        Task {
            path,
            inline: INLINED,
            ..task
        }
    }

    /// Goes to the head of a loop with words in registers, where they are known to be on the stack.
    pub(super) fn go_to_head(&mut self, path: &mut Path, place: usize) -> bool {
        match self.heads[place] {
            Some(head) if head.words as i32 - path.height() <= path.present => {
                self.jump_to_head(path, head);
                true
            }
            _ => false,
        }
    }

    fn jump_to_head(&mut self, path: &mut Path, head: Head) {
        let top = self.top(path);
        let mut arguments = vec![BlockArg::Value(path.gas), BlockArg::Value(top)];
        for depth in 0..head.words {
            let limbs = self.peek(path, depth).limbs();
            arguments.extend(limbs.map(|limb| BlockArg::Value(self.value(limb))));
        }
        path.drop(head.words);
        self.store(path);
        self.builder.ins().jump(head.block, &arguments);
    }
}

/// The heads of a region's loops: their places among its entries, and how many words each keeps.
fn loops(plan: &Plan, region: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let entries = plan.entries(region);
    let first = plan.index(entries[0]);
    for index in first..first + plan.steps_of(region) {
        let step = plan.step(index);
        if !matches!(step.opcode, op::JUMP | op::JUMPI) || index == first {
            continue;
        }
        let before = plan.step(index - 1);
        if !matches!(before.opcode, op::PUSH1..=op::PUSH3) {
            continue;
        }
        let target: u64 = plan.operand(&before).saturating_to();
        let entry = u32::try_from(target)
            .ok()
            .filter(|pc| *pc <= step.pc)
            .and_then(|pc| plan.entry(pc));
        if let Some(entry) = entry
            && entry.region() == region
            && plan.is_jumpdest(target)
            && !found.iter().any(|(place, _)| *place == entry.place())
        {
            let words = words_of_body(plan, plan.index(plan.pc(entry)));
            if words > 0 {
                found.push((entry.place(), words));
            }
        }
    }
    found
}

/// How many words the stretch from an instruction to the next one that does not fall through takes.
fn words_of_body(plan: &Plan, first: usize) -> usize {
    let (mut height, mut words) = (0_i32, 0);
    for index in first..first + LONGEST_BODY {
        let step = plan.step(index);
        let Some(form) = step.form else { break };
        words = words.max(i32::from(form.pops) - height);
        height += i32::from(form.pushes) - i32::from(form.pops);
        if form.ends_path() {
            break;
        }
    }
    (words.max(0) as usize).min(MOST_WORDS)
}
