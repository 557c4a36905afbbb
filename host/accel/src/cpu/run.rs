//! Runs a program over the items of a batch.

use super::chain::{Block, Chain, Sources, Target};
use super::compile::compile_late;
use super::memory::Memory;
use super::program::{Home, Late, Parameter, Product, Program, Spot, Step};
use super::view::{bytes_mut, get, split_at};
use super::{scalar, shifts};
use metisvm_model::{Constant, Value};
use metisvm_simd::Level;
use metisvm_simd::elements::{Slice, SliceMut};
use metisvm_simd::product::{self, Elements, Left, PackedMatrix, Right, Scratch, UNPACKED_ROWS, Zeros};
use std::borrow::Cow;
use std::ops::Range;

/// The multiply-accumulates from which on a product is divided among threads: below, waking one takes longer.
const SHARED_MACS: usize = 4 << 20;
/// The elements from which on a chain is.
const SHARED_ELEMENTS: usize = 1 << 18;
/// The multiply-accumulates up to which a product with a w of its own is done without packing it.
const UNPACKED_MACS: usize = 1 << 12;
/// Rows are divided in multiples of this, the height of the tiles of every level.
const ROW_TILE: usize = 16;

/// What a run needs besides its slots; used again by the next one.
#[derive(Default)]
pub(super) struct Worker {
    locals: Vec<Memory>,
    scratch: Scratch,
    /// Weights that were computed, packed.
    packed: Vec<Option<PackedMatrix>>,
}

/// The memory of one run.
#[derive(Default)]
pub(super) struct Arena {
    slots: Vec<Memory>,
    workers: Vec<Worker>,
}

impl Program {
    /// Runs items: the raw tensors of each input, an item after the other. Gives each output's likewise.
    pub(super) fn run(
        &self,
        level: Level,
        threads: usize,
        items: usize,
        inputs: &[&[&[u8]]],
        arena: &mut Arena,
    ) -> Vec<Vec<Vec<u8>>> {
        arena.prepare(self, items, threads);
        for (input, place) in inputs.iter().zip(&self.inputs) {
            if let Some((slot, bytes)) = *place {
                let memory = arena.slots[slot].bytes_mut();
                for (item, raw) in input.iter().enumerate() {
                    memory[item * bytes..][..bytes].copy_from_slice(raw);
                }
            }
        }
        for (number, step) in self.steps.iter().enumerate() {
            self.step(number, step, level, items, arena);
        }
        let raw = |spot: &Spot| -> Vec<Vec<u8>> {
            let bytes = spot.ty.bytes();
            let item = |item: usize| match spot.home {
                Home::Constant(index) => self.constants[index].bytes()[..bytes].to_vec(),
                Home::Slot(index) => arena.slots[index].bytes()[item * bytes..][..bytes].to_vec(),
            };
            (0..items).map(item).collect()
        };
        self.outputs.iter().map(raw).collect()
    }

    fn step(&self, number: usize, step: &Step, level: Level, items: usize, arena: &mut Arena) {
        let Arena { slots, workers } = arena;
        match step {
            Step::Chain(chain) => {
                let mut taken = Taken::of(chain, slots);
                let rows = chain.space.rows * items;
                let shared = chain.space.elements() * items >= SHARED_ELEMENTS;
                let sources = Sources {
                    constants: &self.constants,
                    slots,
                };
                let parts = if shared { workers.len() } else { 1 };
                let tile = chain.block_rows();
                divide(
                    0..rows,
                    parts,
                    tile,
                    taken.targets(),
                    workers,
                    &|rows, targets, worker| {
                        chain.run(level, rows, sources, &mut worker.locals, targets);
                    },
                );
                taken.put_back(slots);
            }
            Step::Product { product, chain } => {
                let mut taken = Taken::of(chain, slots);
                let sources = Sources {
                    constants: &self.constants,
                    slots,
                };
                let rows = chain.space.rows * items;
                let run = Feed {
                    product,
                    chain,
                    level,
                    sources,
                    number,
                };
                let macs = rows * chain.space.columns * run.depth();
                let parts = if macs >= SHARED_MACS { workers.len() } else { 1 };
                divide(
                    0..rows,
                    parts,
                    ROW_TILE,
                    taken.targets(),
                    workers,
                    &|rows, targets, worker| {
                        run.rows(rows, targets, worker);
                    },
                );
                taken.put_back(slots);
            }
            Step::Shift { shift, y } => self.each_item(y, items, slots, |view, target| {
                shifts::run(shift, level, view, y, target);
            }),
            Step::Late { late, y } => self.each_item(y, items, slots, |view, mut target| {
                bytes_mut(&mut target).copy_from_slice(&run_late(late, level, view));
            }),
            Step::Scalar { op, operands, y } => self.each_item(y, items, slots, |view, mut target| {
                scalar::run(op, operands, view, &y.ty, bytes_mut(&mut target));
            }),
        }
    }

    /// Fills a value item by item, from what each of them reads.
    fn each_item(
        &self,
        y: &Spot,
        items: usize,
        slots: &mut [Memory],
        mut fill: impl FnMut(shifts::View<'_>, SliceMut<'_>),
    ) {
        let Home::Slot(slot) = y.home else { return };
        let mut own = std::mem::take(&mut slots[slot]);
        let elements = y.ty.elements();
        for item in 0..items {
            let view = shifts::View {
                constants: &self.constants,
                slots,
                item,
            };
            fill(
                view,
                own.slice_mut(y.ty.dtype, item * elements..(item + 1) * elements),
            );
        }
        slots[slot] = own;
    }
}

/// Compiles a node for one item, and runs it.
fn run_late(late: &Late, level: Level, view: shifts::View<'_>) -> Vec<u8> {
    let constant = |(value, spot): &(Value, Spot)| {
        let constant = Constant {
            ty: spot.ty.clone(),
            bytes: view.bytes(spot).to_vec(),
        };
        (*value, constant)
    };
    let known = late.known.iter().map(constant).collect();
    let program = compile_late(&late.segment, level, &known);
    let inputs: Vec<[&[u8]; 1]> = late.inputs.iter().map(|spot| [view.bytes(spot)]).collect();
    let inputs: Vec<&[&[u8]]> = inputs.iter().map(<[_; 1]>::as_slice).collect();
    let outputs = program.run(level, 1, 1, &inputs, &mut Arena::default());
    outputs.into_iter().flatten().next().unwrap_or_default()
}

impl Arena {
    fn prepare(&mut self, program: &Program, items: usize, threads: usize) {
        self.slots.resize_with(program.slots.len(), Memory::default);
        for (slot, bytes) in self.slots.iter_mut().zip(&program.slots) {
            if slot.bytes().len() < bytes * items {
                *slot = Memory::new(bytes * items);
            }
        }
        if self.workers.len() != threads.max(1) {
            self.workers.resize_with(threads.max(1), Worker::default);
        }
        for worker in &mut self.workers {
            worker.packed.resize_with(program.steps.len(), || None);
        }
    }
}

/// The slots that a chain fills, taken out while it reads the others.
struct Taken<'a> {
    chain: &'a Chain,
    own: Vec<Memory>,
}

impl<'a> Taken<'a> {
    fn of(chain: &'a Chain, slots: &mut [Memory]) -> Self {
        let own = chain
            .results
            .iter()
            .map(|&(slot, _)| std::mem::take(&mut slots[slot]));
        Self {
            own: own.collect(),
            chain,
        }
    }

    fn targets(&mut self) -> Vec<(Target<'_>, usize)> {
        let each = self.own.iter_mut().zip(&self.chain.results);
        each.map(|(memory, &(_, out))| {
            let unit = if out.wide { self.chain.space.columns } else { 1 };
            let all = memory.bytes().len() / out.dtype.size();
            let data = memory.slice_mut(out.dtype, 0..all);
            (Target { data, first: 0 }, unit)
        })
        .collect()
    }

    fn put_back(self, slots: &mut [Memory]) {
        for (memory, &(slot, _)) in self.own.into_iter().zip(&self.chain.results) {
            slots[slot] = memory;
        }
    }
}

/// Divides rows among threads, each with its part of the targets.
fn divide<F>(
    rows: Range<usize>,
    parts: usize,
    tile: usize,
    targets: Vec<(Target<'_>, usize)>,
    workers: &mut [Worker],
    run: &F,
) where
    F: Fn(Range<usize>, &mut [Target<'_>], &mut Worker) + Sync,
{
    let tiles = rows.len().div_ceil(tile);
    let Some((worker, others)) = workers.split_first_mut() else {
        return;
    };
    if parts <= 1 || tiles <= 1 || others.is_empty() {
        let mut targets: Vec<Target<'_>> = targets.into_iter().map(|(target, _)| target).collect();
        run(rows, &mut targets, worker);
        return;
    }
    let own = tiles.div_ceil(parts) * tile;
    let middle = rows.end.min(rows.start + own);
    let mut mine = Vec::with_capacity(targets.len());
    let mut theirs = Vec::with_capacity(targets.len());
    for (target, unit) in targets {
        let (a, b) = split_at(target.data, middle * unit - target.first);
        mine.push(Target {
            data: a,
            first: target.first,
        });
        theirs.push((
            Target {
                data: b,
                first: middle * unit,
            },
            unit,
        ));
    }
    rayon::join(
        || run(rows.start..middle, &mut mine, worker),
        || {
            if middle < rows.end {
                divide(middle..rows.end, parts - 1, tile, theirs, others, run);
            }
        },
    );
}

/// A product and the chain that it feeds.
struct Feed<'a> {
    product: &'a Product,
    chain: &'a Chain,
    level: Level,
    sources: Sources<'a>,
    number: usize,
}

impl Feed<'_> {
    /// Multiply-accumulates of an element.
    fn depth(&self) -> usize {
        match self.product {
            Product::Matrix { depth, .. } => *depth,
            Product::Computed { size, .. } => size[1],
            Product::Convolution { depth, .. } => *depth,
        }
    }

    /// All elements of a value, of all items.
    fn all(&self, spot: &Spot) -> Slice<'_> {
        let memory = match spot.home {
            Home::Constant(index) => &self.sources.constants[index],
            Home::Slot(index) => &self.sources.slots[index],
        };
        memory.slice(spot.ty.dtype, 0..memory.bytes().len() / spot.ty.dtype.size())
    }

    /// What a parameter holds for an item.
    fn parameter<'p>(&self, parameter: &'p Parameter, item: usize) -> Cow<'p, [i32]> {
        match parameter {
            Parameter::Known(known) => Cow::Borrowed(known),
            Parameter::Read(spot) => {
                let count = spot.ty.elements();
                let first = if matches!(spot.home, Home::Slot(_)) {
                    item * count
                } else {
                    0
                };
                let all = self.all(spot);
                Cow::Owned((first..first + count).map(|at| get(all, at)).collect())
            }
        }
    }

    fn rows(&self, rows: Range<usize>, targets: &mut [Target<'_>], worker: &mut Worker) {
        let Worker {
            locals,
            scratch,
            packed,
        } = worker;
        let chain = self.chain;
        // Rows of a block are counted from the first of the product at hand.
        let mut take = |before: usize, block: product::Block<'_>| {
            let whole = Block {
                first_row: before + block.first_row,
                rows: block.rows,
                columns: block.first_column..block.first_column + block.columns,
                product: Some((block.values, block.stride)),
            };
            chain.run_block(self.level, &whole, self.sources, locals, targets);
        };
        match self.product {
            Product::Matrix {
                x,
                x_zero,
                weights,
                bias,
                depth,
            } => {
                let total = chain.space.rows;
                let items = rows.end.div_ceil(total);
                let x = elements(self.all(x), 0..items * total * depth);
                let columns = 0..chain.space.columns;
                product::mat_mul(
                    weights,
                    x,
                    *x_zero,
                    bias.as_deref(),
                    rows,
                    columns,
                    chain.whole_rows,
                    scratch,
                    &mut |block| take(0, block),
                );
            }
            Product::Computed {
                x,
                w,
                x_zero,
                w_zeros,
                bias,
                size: [m, k, n],
                w_step,
                kind,
            } => {
                let (m, k, n) = (*m, *k, *n);
                let batches = chain.space.rows / m;
                let (all_x, all_w) = (self.all(x), self.all(w));
                let mut packed_at = None;
                let mut done = rows.start;
                while done < rows.end {
                    let product = done / m;
                    let (item, batch) = (product / batches, product % batches);
                    let x_item = if matches!(x.home, Home::Slot(_)) { item } else { 0 };
                    let w_item = if matches!(w.home, Home::Slot(_)) { item } else { 0 };
                    let (first, w_start) = (product * m, w_item * w.ty.elements() + batch * w_step);
                    let own = done - first..rows.end.min(first + m) - first;
                    let x_start = x_item * x.ty.elements() + batch * m * k;
                    let x_zero = self.parameter(x_zero, item)[0];
                    let w_zeros = self.parameter(w_zeros, item);
                    let zeros = match &w_zeros[..] {
                        [one] => Zeros::One(*one),
                        each => Zeros::Each(each),
                    };
                    let bias = bias.as_ref().map(|bias| self.parameter(bias, item));
                    let left = |rows: Range<usize>| Left {
                        elements: elements(all_x, x_start + rows.start * k..x_start + rows.end * k),
                        zero: x_zero,
                    };
                    let is_small = m <= UNPACKED_ROWS || m * k * n <= UNPACKED_MACS;
                    if is_small && left(own.clone()).fits() {
                        // All whole products of an item, or what there is of one.
                        let end = rows.end.min((item + 1) * batches * m);
                        let (products, m) = match (end - done) / m {
                            _ if own.start > 0 => (1, own.len()),
                            0 => (1, own.len()),
                            whole => (whole, m),
                        };
                        let count = products * m;
                        let right = Right {
                            elements: elements(all_w, w_start..w_start + (products - 1) * w_step + k * n),
                            n,
                            zeros,
                        };
                        product::mat_mul_unpacked(
                            self.level,
                            left(own.start..own.start + count),
                            right,
                            bias.as_deref(),
                            [m, k],
                            chain.whole_rows,
                            scratch,
                            &mut |block| take(done, block),
                        );
                        done += count;
                        continue;
                    }
                    let raw = elements(all_w, w_start..w_start + k * n);
                    // Zero points may be the item's own where w is not.
                    if packed_at != Some((item, w_start)) {
                        match &mut packed[self.number] {
                            Some(packed) => packed.repack(raw, zeros),
                            empty => *empty = Some(PackedMatrix::new(self.level, raw, k, n, zeros, *kind)),
                        }
                        packed_at = Some((item, w_start));
                    }
                    let Some(weights) = &packed[self.number] else {
                        continue;
                    };
                    product::mat_mul(
                        weights,
                        left(0..m).elements,
                        x_zero,
                        bias.as_deref(),
                        own.clone(),
                        0..n,
                        chain.whole_rows,
                        scratch,
                        &mut |block| take(first, block),
                    );
                    done = first + own.end;
                }
            }
            Product::Convolution {
                x,
                x_zero,
                filters,
                bias,
                image,
                outs,
                ..
            } => {
                let all = self.all(x);
                for number in rows.start / outs..rows.end.div_ceil(*outs) {
                    let first = number * outs;
                    let own = rows.start.max(first) - first..rows.end.min(first + outs) - first;
                    // The images of a constant are those of every item.
                    let number = match x.home {
                        Home::Constant(_) => number % x.ty.shape.dim(0),
                        Home::Slot(_) => number,
                    };
                    product::conv2d(
                        filters,
                        elements(all, number * image..(number + 1) * image),
                        *x_zero,
                        bias.as_deref(),
                        own,
                        scratch,
                        &mut |block| take(first, block),
                    );
                }
            }
        }
    }
}

/// Elements of an operand of a product.
fn elements(slice: Slice<'_>, range: Range<usize>) -> Elements<'_> {
    match slice {
        Slice::U8(s) => Elements::U8(&s[range]),
        Slice::I8(s) => Elements::I8(&s[range]),
        Slice::I16(s) => Elements::I16(&s[range]),
        Slice::I32(_) => unreachable!("an operand of a product has at most 16 bits"),
    }
}
