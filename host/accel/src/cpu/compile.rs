//! From a part of a graph to a program.
//!
//! Nodes are taken in an order of our own: once a product or a chain is begun, every node that reads what it
//! makes and runs over the same rows joins it, with the nodes that those need besides; then it is closed, and
//! what nodes outside read of it gets a slot.

mod chains;
mod constants;
mod joins;
mod products;
mod readers;
mod slots;
#[cfg(test)]
mod tests;

use super::memory::LARGE;
use super::program::{Entering, Home, Late, Program, Shift, Spot, Step};
use chains::Open;
use constants::Constants;
pub(super) use constants::Known;
use joins::Slices;
use metisvm_model::{Graph, Op, Segment, TensorType, Value};
use metisvm_simd::Level;
use metisvm_simd::product::join;
use readers::Readers;
use slots::Slots;
use std::collections::BTreeMap;

/// Compiles a part for a level. Beside its constants some values may be known: the computed parameters of a node
/// that is compiled for one run.
pub(super) fn compile(segment: &Segment, level: Level, known: &Known) -> Program {
    let mut compiler = Compiler::new(segment, level, known, &[], segment.outputs());
    compiler.run();
    compiler.finish(segment.outputs())
}

/// Compiles what of a part is not `given`: results of nodes that come from elsewhere, and enter after the part's
/// inputs. The outputs are the values that are `kept`, none of which is given.
pub(super) fn compile_rest(segment: &Segment, level: Level, given: &[Value], kept: &[Value]) -> Program {
    let known = Known::new();
    let mut compiler = Compiler::new(segment, level, &known, given, kept);
    compiler.run();
    compiler.finish(kept)
}

/// The multiply-accumulates from which on a node with computed parameters is compiled for each run: that takes a few
/// microseconds, which the reference kernel needs for so many.
const LATE_MACS: u64 = 1 << 13;
/// The elements of a result from which on it is: the reference kernels take up to ten nanoseconds for each.
const LATE_ELEMENTS: u64 = 1 << 8;

struct Compiler<'a> {
    segment: &'a Segment,
    graph: &'a Graph,
    known: &'a Known,
    level: Level,
    constants: Constants<'a>,
    readers: Readers,
    /// What enters, the inputs and what is given; `None` if nothing reads it.
    entering: Vec<Option<Entering>>,
    /// Nodes whose result is known, or that are part of what is open.
    done: Vec<bool>,
    /// What has a place, by its root.
    homes: BTreeMap<Value, Home>,
    slots: Slots,
    slices: Slices,
    steps: Vec<Step>,
    scalar_macs: u64,
}

impl<'a> Compiler<'a> {
    fn new(segment: &'a Segment, level: Level, known: &'a Known, given: &[Value], kept: &[Value]) -> Self {
        let graph = &**segment.graph();
        let nodes = segment.nodes();
        let mut compiler = Self {
            segment,
            graph,
            known,
            level,
            constants: Constants::new(segment.graph()),
            readers: Readers::new(segment, kept),
            entering: Vec::new(),
            done: vec![false; nodes.len()],
            homes: BTreeMap::new(),
            slots: Slots::default(),
            slices: Slices::default(),
            steps: Vec::new(),
            scalar_macs: 0,
        };
        for index in nodes.clone() {
            if matches!(graph.nodes()[index].op, Op::Reshape { .. }) {
                // The same elements: it has the place of its operand.
                compiler.done[index - nodes.start] = true;
            }
        }
        for &value in given {
            if let Value::Node(index) = value {
                compiler.set_done(index as usize);
            }
        }
        for &value in segment.inputs().iter().chain(given) {
            let slot = compiler.readers.is_open(value).then(|| {
                let ty = graph.ty(value);
                let (dtype, bytes) = (ty.dtype, ty.bytes());
                let slot = match bytes < LARGE {
                    true => compiler.slots.take(bytes),
                    false => compiler.slots.take_for_good(bytes),
                };
                compiler.homes.insert(value, Home::Slot(slot));
                Entering { slot, bytes, dtype }
            });
            compiler.entering.push(slot);
        }
        compiler
    }

    /// What a value is, however often it was reshaped.
    fn root(&self, value: Value) -> Value {
        self.readers.root(value)
    }

    fn is_done(&self, index: usize) -> bool {
        self.done[index - self.segment.nodes().start]
    }

    /// A node's result is known from now on, or will be when what is open is closed.
    fn set_done(&mut self, index: usize) {
        let done = &mut self.done[index - self.segment.nodes().start];
        if !std::mem::replace(done, true) {
            self.readers.done(&self.graph.nodes()[index].operands);
        }
    }

    /// Whether a value has a place.
    fn is_placed(&self, value: Value) -> bool {
        let root = self.root(value);
        matches!(root, Value::Constant(_)) || self.homes.contains_key(&root)
    }

    /// Where a value lies, with the type that its readers see.
    fn spot(&mut self, value: Value) -> Spot {
        let root = self.root(value);
        let home = match root {
            Value::Constant(index) => Home::Constant(self.constants.raw(index)),
            _ => self.homes[&root],
        };
        Spot {
            home,
            ty: self.graph.ty(value).clone(),
        }
    }

    fn ty(&self, value: Value) -> &'a TensorType {
        self.graph.ty(value)
    }

    /// Whether something outside of these nodes reads a value: other nodes, or whoever takes the outputs.
    fn is_read_later(&self, root: Value) -> bool {
        self.readers.is_open(root)
    }

    fn run(&mut self) {
        for index in self.segment.nodes() {
            if self.is_done(index) {
                continue;
            }
            if self.leave(index) {
                continue;
            }
            if let Some(mut open) = self.begin(index) {
                while self.grow(&mut open) {}
                self.close(open);
                continue;
            }
            let step = self.alone(index);
            self.set_done(index);
            self.steps.push(step);
            self.release();
        }
    }

    /// A step that no chain takes part in.
    fn alone(&mut self, index: usize) -> Step {
        let node = &self.graph.nodes()[index];
        if let Some(joined) = self.joined(index) {
            return joined;
        }
        let operands: Vec<Spot> = node.operands.iter().map(|&value| self.spot(value)).collect();
        let value = Value::Node(index as u32);
        let y = Spot {
            home: Home::Slot(self.place(value)),
            ty: self.ty(value).clone(),
        };
        let first = || operands[0].clone();
        let shift = match &node.op {
            Op::Gather { axis } => Shift::Gather {
                data: first(),
                index: operands[1].clone(),
                axis: usize::from(*axis),
            },
            Op::Transpose { perm } => Shift::Transpose {
                x: first(),
                perm: perm.clone(),
            },
            Op::MaxPool2d { kernel, window } => Shift::MaxPool {
                x: first(),
                kernel: *kernel,
                window: *window,
            },
            Op::ArgMax { axis } => Shift::ArgMax {
                x: first(),
                axis: usize::from(*axis),
            },
            Op::ReduceSum { axis } => Shift::Sum {
                x: first(),
                axis: usize::from(*axis),
            },
            Op::ReduceMax { axis } => Shift::Max {
                x: first(),
                axis: usize::from(*axis),
            },
            op => {
                if let Some(late) = self.late(index, &operands) {
                    return Step::Late { late, y };
                }
                self.scalar_macs += self.macs(index);
                return Step::Scalar {
                    op: op.clone(),
                    operands,
                    y,
                };
            }
        };
        Step::Shift { shift, y }
    }

    /// A node whose parameters are computed, if it is worth compiling in each run.
    fn late(&self, index: usize, operands: &[Spot]) -> Option<Late> {
        let node = &self.graph.nodes()[index];
        let result = self.ty(Value::Node(index as u32)).elements() as u64;
        let is_worth_it = match self.macs(index) {
            0 => result >= LATE_ELEMENTS,
            macs => macs >= LATE_MACS,
        };
        // A node that is compiled late is not left for later again.
        if !self.known.is_empty() || !is_worth_it {
            return None;
        }
        // The operands besides the tensors that are computed with.
        let parameters = match node.op {
            Op::Conv2d { .. } | Op::Requantise { .. } | Op::Clamp | Op::Table | Op::Interpolate => {
                1..operands.len()
            }
            _ => return None,
        };
        let segment = Segment::node(self.segment.graph().clone(), index);
        let spot = |value: &Value| node.operands.iter().position(|operand| operand == value);
        let inputs = segment
            .inputs()
            .iter()
            .map(|value| spot(value).map(|at| operands[at].clone()));
        let known: Vec<(Value, Spot)> = parameters
            .clone()
            .filter(|&at| self.graph.constant(node.operands[at]).is_none())
            .map(|at| (node.operands[at], operands[at].clone()))
            .collect();
        // With nothing more known it would be compiled to itself again.
        if known.is_empty() {
            return None;
        }
        Some(Late {
            inputs: inputs.collect::<Option<_>>()?,
            known,
            segment,
        })
    }

    /// Multiply-accumulates of a node.
    fn macs(&self, index: usize) -> u64 {
        crate::macs::macs(self.graph, index)
    }

    /// Gives a value a slot.
    fn place(&mut self, value: Value) -> usize {
        let slot = self.slots.take(self.ty(value).bytes());
        self.homes.insert(value, Home::Slot(slot));
        self.readers.placed(value);
        slot
    }

    /// Frees the slots of what nothing reads any more.
    fn release(&mut self) {
        for root in self.readers.take_closed() {
            if let Some(Home::Slot(slot)) = self.homes.remove(&root) {
                self.slots.free(slot);
            }
        }
    }

    fn finish(mut self, kept: &[Value]) -> Program {
        let outputs = kept.iter().map(|&value| self.spot(value)).collect();
        let macs = self.segment.nodes().map(|index| self.macs(index)).sum();
        join(self.steps.iter_mut().filter_map(Step::weights).collect());
        Program {
            constants: self.constants.finish(),
            slots: self.slots.finish(),
            inputs: self.entering,
            outputs,
            steps: self.steps,
            macs,
            scalar_macs: self.scalar_macs,
        }
    }

    /// Begins a product or a chain with a node, if it is one.
    fn begin(&mut self, index: usize) -> Option<Open> {
        self.begin_product(index).or_else(|| self.begin_chain(index))
    }
}
