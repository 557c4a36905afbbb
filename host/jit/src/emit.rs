//! From a region of a plan to Cranelift's intermediate form.
//!
//! A region is one function. Each of its entries is a block that has the stack in memory, and gas and the top of the
//! stack in registers. From there a *path* follows the code: what is pushed stays in registers until something has to
//! see the stack in memory (a call of one of revm's instructions, a jump to an entry). Short stretches that many
//! places jump to are emitted anew on each path ([`INLINED`]), so that what is known of the stack goes on.
//!
//! Gas is taken by *segment*: up to and including an instruction that observes gas or leaves. Where the stack has too
//! few words or too many, or an instruction is not ours, the interpreter goes on from there, and does and says what it
//! always does. It also does where a segment cannot be paid and memory may grow in it, because then the operands decide
//! what the frame fails of. Other segments that cannot be paid end the frame here.

mod arithmetic;
mod bits;
mod control;
mod instruction;
mod loops;
mod memory;
mod path;
mod stack;
mod word;

use crate::{
    helpers::NO_NEXT,
    opcode::Kind,
    plan::{Declined, Plan, Step},
    record::{self, Exit},
};
use cranelift_codegen::{
    ir::{
        AbiParam, Block, Function, InstBuilder, MemFlagsData, SigRef, Signature, Value,
        types::{I8, I64, Type},
    },
    isa::{CallConv, TargetFrontendConfig},
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use path::{Head, Path};

/// A path goes on in place through named JUMPDESTs as long as it has no more instructions than these. Solidity's
/// functions return by a jump, and little of the stack would be known behind it. More of them make Aave no faster, and
/// compiling it twice as long.
const INLINED: usize = 4;
/// And so many instructions are emitted for each of the region, above [`WORK`], before nothing more is emitted twice.
const WORK_PER_STEP: usize = 4;
/// In short regions some more is emitted without harm.
const WORK: usize = 512;
/// With more words in registers alone than these they are put into memory before an instruction that may leave: each
/// way out has to do it again.
const MOST_DIRTY: usize = 24;

/// The function of a region: record, entry, gas, top of the stack; gives an [`Exit`]. With a convention that allows
/// tail calls, because regions call each other and never come back.
pub(crate) fn region_signature() -> Signature {
    signature(CallConv::Tail, 4, 1)
}

/// A function with so many 64-bit parameters and results.
pub(crate) fn signature(convention: CallConv, parameters: usize, results: usize) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params = vec![AbiParam::new(I64); parameters];
    signature.returns = vec![AbiParam::new(I64); results];
    signature
}

/// For places that exist and are aligned.
pub(crate) fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

/// For places that exist and never change while machine code runs.
fn constant() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly()
}

struct Signatures {
    region: SigRef,
    instruction: SigRef,
    grow: SigRef,
    input_word: SigRef,
    arithmetic: SigRef,
}

/// A path that is still to be emitted.
struct Task {
    block: Block,
    /// Its place among the region's entries, where it begins with one.
    place: Option<usize>,
    index: usize,
    path: Path,
    /// For so many more instructions it may go through a JUMPDEST in place.
    inline: usize,
    /// JUMPDESTs that it has gone through.
    seen: Vec<u32>,
}

struct Emitter<'a, 'f> {
    builder: FunctionBuilder<'f>,
    plan: &'a Plan,
    region: usize,
    /// The pointer to the record.
    record: Value,
    /// Of each entry, with gas and the top of the stack.
    entries: Vec<Block>,
    /// Of each entry that is the head of a loop.
    heads: Vec<Option<Head>>,
    /// Gives its first parameter back; gas and top are the others.
    exit: Block,
    /// Gives its parameter back, gas and stack being with the interpreter.
    ended: Block,
    /// Ends the frame for want of gas.
    out_of_gas: Block,
    /// Goes to the entry that a computed jump has found; gas and top are the others.
    dispatch: Block,
    signatures: Signatures,
    tasks: Vec<Task>,
    /// So many more instructions may be emitted before nothing is emitted twice.
    work: usize,
    /// With more instructions than these of Cranelift's form the region is declined.
    most: usize,
}

/// Whether a path goes on.
enum Flow {
    /// With the next instruction.
    Next,
    /// With another one, which is a JUMPDEST.
    At(usize),
    /// Not.
    Over,
}

/// Emits a region into an empty function; declines one that comes to more than so many instructions.
pub(crate) fn region(
    plan: &Plan,
    region: usize,
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    target: TargetFrontendConfig,
    most: usize,
) -> Result<(), Declined> {
    function.signature = region_signature();
    let mut builder = FunctionBuilder::new(function, context);
    let system = |parameters, results| signature(CallConv::SystemV, parameters, results);
    let signatures = Signatures {
        region: builder.import_signature(region_signature()),
        instruction: builder.import_signature(system(3, 1)),
        grow: builder.import_signature(system(6, 1)),
        input_word: builder.import_signature(system(2, 0)),
        arithmetic: builder.import_signature(system(1, 0)),
    };
    let mut with = |parameters: usize| {
        let block = builder.create_block();
        (0..parameters).for_each(|_| {
            builder.append_block_param(block, I64);
        });
        block
    };
    let entries: Vec<Block> = plan.entries(region).iter().map(|_| with(2)).collect();
    let (exit, ended, out_of_gas, dispatch) = (with(3), with(1), with(0), with(3));
    let start = builder.create_block();
    builder.append_block_params_for_function_params(start);
    builder.switch_to_block(start);
    let parameters = builder.block_params(start).to_vec();
    let mut emitter = Emitter {
        record: parameters[0],
        builder,
        plan,
        region,
        heads: vec![None; entries.len()],
        entries,
        exit,
        ended,
        out_of_gas,
        dispatch,
        signatures,
        tasks: Vec::new(),
        work: WORK + WORK_PER_STEP * plan.steps_of(region),
        most,
    };
    emitter.find_loops();
    emitter.choose_entry(parameters[1], parameters[2], parameters[3]);
    emitter.emit_dispatch();
    emitter.emit_exits();
    emitter.emit_paths()?;
    emitter.builder.seal_all_blocks();
    emitter.builder.finalize(target);
    Ok(())
}

impl Emitter<'_, '_> {
    fn emit_paths(&mut self) -> Result<(), Declined> {
        // Taken from the end, so that machine code lies as bytecode does.
        for (place, pc) in self.plan.entries(self.region).iter().enumerate().rev() {
            let block = self.entries[place];
            let (gas, top) = (
                self.builder.block_params(block)[0],
                self.builder.block_params(block)[1],
            );
            let memory = if *pc == 0 { 0 } else { self.plan.known_memory() };
            self.tasks.push(Task {
                block,
                place: Some(place),
                index: self.plan.index(*pc),
                path: Path::new(top, gas, memory),
                inline: INLINED,
                seen: vec![*pc],
            });
        }
        while let Some(mut task) = self.tasks.pop() {
            self.builder.switch_to_block(task.block);
            if let Some(head) = task.place.and_then(|place| self.heads[place]) {
                task = self.enter_loop(task, head);
            }
            self.follow(task)?;
        }
        Ok(())
    }

    /// Emits a path until it leaves.
    fn follow(&mut self, task: Task) -> Result<(), Declined> {
        let Task {
            mut index,
            mut path,
            mut inline,
            mut seen,
            ..
        } = task;
        let (mut at_beginning, mut to_check) = (true, true);
        loop {
            if self.builder.func.dfg.num_insts() > self.most {
                return Err(Declined);
            }
            let step = self.plan.step(index);
            if !at_beginning && self.plan.entry(step.pc).is_some() {
                if !self.may_inline(&step, inline, &seen) {
                    self.go_to(&mut path, step.pc);
                    return Ok(());
                }
                seen.push(step.pc);
                to_check = true;
            }
            at_beginning = false;
            let Some(form) = step.form else {
                self.deoptimise(&mut path, step.pc);
                return Ok(());
            };
            if to_check && !self.check_stack(&mut path, index) {
                return Ok(());
            }
            if index >= path.segment_end {
                self.take_gas(&mut path, index);
            }
            path.rest -= self.plan.gas(&step);
            self.work = self.work.saturating_sub(1);
            inline = inline.saturating_sub(1);
            // What follows a jump that was not taken has bounds of its own.
            to_check = form.kind == Kind::JumpIf;
            match self.instruction(&mut path, &step, inline, &seen) {
                Flow::Next => index += 1,
                Flow::At(target) => {
                    index = target;
                    seen.push(self.plan.step(index).pc);
                    at_beginning = true;
                    to_check = true;
                }
                Flow::Over => return Ok(()),
            }
            if form.ends_segment() || at_beginning {
                path.segment_end = 0;
            }
        }
    }

    /// Whether a path may go on in place through a JUMPDEST that is an entry.
    fn may_inline(&self, step: &Step, inline: usize, seen: &[u32]) -> bool {
        step.opcode == revm::bytecode::opcode::JUMPDEST
            && inline > 0
            && self.work > 0
            && !seen.contains(&step.pc)
            && self.plan.entry(step.pc).is_some()
    }

    fn iconst(&mut self, value: u64) -> Value {
        self.builder.ins().iconst(I64, value as i64)
    }

    /// A field of the record.
    fn field(&mut self, offset: i32) -> Value {
        let record = self.record;
        self.builder.ins().load(I64, trusted(), record, offset)
    }

    /// A field of the record that is the same for the whole run.
    fn constant_field(&mut self, offset: i32) -> Value {
        let record = self.record;
        self.builder.ins().load(I64, constant(), record, offset)
    }

    fn set_field(&mut self, offset: i32, value: Value) {
        let record = self.record;
        self.builder.ins().store(trusted(), value, record, offset);
    }

    fn new_block(&mut self, parameters: usize) -> Block {
        let block = self.builder.create_block();
        for _ in 0..parameters {
            self.builder.append_block_param(block, I64);
        }
        block
    }

    fn cold_block(&mut self) -> Block {
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        block
    }

    fn cast(&mut self, value: Value, to: Type) -> Value {
        self.builder.ins().uextend(to, value)
    }

    /// A comparison's result as a limb.
    fn bit(&mut self, bit: Value) -> Value {
        debug_assert_eq!(self.builder.func.dfg.value_type(bit), I8);
        self.cast(bit, I64)
    }

    /// Calls revm's function of an instruction.
    fn call(&mut self, path: &mut Path, step: &Step) -> Flow {
        let Some(form) = step.form else { return Flow::Over };
        self.store(path);
        let top = self.top(path);
        self.set_field(record::TOP, top);
        self.set_field(record::GAS, path.gas);
        let function = self.constant_field(record::INSTRUCTION);
        let opcode = self.iconst(u64::from(step.opcode));
        let next = self.iconst(if form.kind == Kind::Suspend {
            u64::from(step.next)
        } else {
            NO_NEXT
        });
        let arguments = [self.record, opcode, next];
        let call = self
            .builder
            .ins()
            .call_indirect(self.signatures.instruction, function, &arguments);
        let ended = self.builder.inst_results(call)[0];
        if form.kind == Kind::End {
            self.builder.ins().jump(self.ended, &[ended.into()]);
            return Flow::Over;
        }
        if form.kind != Kind::Constant {
            let goes_on = self.new_block(0);
            self.builder
                .ins()
                .brif(ended, self.ended, &[ended.into()], goes_on, &[]);
            self.builder.switch_to_block(goes_on);
            path.gas = self.field(record::GAS);
        }
        path.forget();
        path.drop(usize::from(form.pops));
        (0..form.pushes).for_each(|_| path.push_stored());
        if form.kind == Kind::Suspend {
            self.go_to(path, step.next);
            return Flow::Over;
        }
        Flow::Next
    }

    /// The way out to the interpreter, from a place between instructions where the segment before has ended.
    fn deoptimise(&mut self, path: &mut Path, pc: u32) {
        let gas = path.gas;
        self.leave(path, pc, gas);
    }

    /// The way out to the interpreter with so much gas.
    fn leave(&mut self, path: &mut Path, pc: u32, gas: Value) {
        self.store(path);
        let top = self.top(path);
        let code = self.iconst(Exit::Deoptimise.code(pc));
        self.builder
            .ins()
            .jump(self.exit, &[code.into(), gas.into(), top.into()]);
    }
}
