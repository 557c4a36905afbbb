//! Runs a program over the items of a batch.

mod feed;
mod worker;

use super::chain::{Chain, Sources, Target};
use super::compile::compile;
use super::memory::Memory;
use super::program::{Entering, Home, Late, Program, Spot, Step};
use super::view::{bytes_mut, split_at};
use super::{scalar, shifts};
use bytes::Bytes;
use feed::Feed;
use metisvm_model::{Constant, Value};
use metisvm_simd::Level;
use metisvm_simd::elements::SliceMut;
use metisvm_simd::level::Kind;
use std::ops::Range;
use worker::Worker;

/// The elements from which on a chain is divided among threads: some 50 µs of work, since waking a thread and waiting
/// for it takes up to 20 µs.
const SHARED_ELEMENTS: usize = 1 << 19;
/// Rows are divided in multiples of this, the height of the tiles of every level.
const ROW_TILE: usize = 16;

/// The multiply-accumulates from which on a product is divided among threads: some 100 µs of a level's work, as for
/// chains.
fn shared_macs(level: Level) -> usize {
    match level.kind() {
        Kind::Portable => 1 << 20,
        Kind::Avx2 | Kind::Avx512 => 8 << 20,
        Kind::Avx512Vnni => 32 << 20,
        // Amx, and whatever comes after it.
        _ => 64 << 20,
    }
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
            if let Some(Entering { slot, bytes, .. }) = *place {
                let memory = arena.slots[slot].bytes_mut();
                for (item, raw) in input.iter().enumerate() {
                    memory[item * bytes..][..bytes].copy_from_slice(raw);
                }
            }
        }
        self.steps(level, items, arena)
    }

    /// Runs one item, whose large inputs are read where they are.
    pub(super) fn run_one(
        &self,
        level: Level,
        threads: usize,
        inputs: &[&Bytes],
        arena: &mut Arena,
    ) -> Vec<Vec<Vec<u8>>> {
        arena.slots.resize_with(self.slots.len(), Memory::default);
        let mut in_place = Vec::new();
        for (input, place) in inputs.iter().zip(&self.inputs) {
            if let Some(Entering { slot, dtype, .. }) = *place
                && let Some(memory) = Memory::of_input(input, dtype)
            {
                arena.slots[slot] = memory;
                in_place.push(slot);
            }
        }
        arena.prepare(self, 1, threads);
        for (input, place) in inputs.iter().zip(&self.inputs) {
            if let Some(Entering { slot, bytes, .. }) = *place
                && !in_place.contains(&slot)
            {
                arena.slots[slot].bytes_mut()[..bytes].copy_from_slice(input);
            }
        }
        let outputs = self.steps(level, 1, arena);
        // The caller's memory is not held any longer.
        for slot in in_place {
            arena.slots[slot] = Memory::default();
        }
        outputs
    }

    /// Runs the steps over items that have entered, and gives each output's raw tensors.
    fn steps(&self, level: Level, items: usize, arena: &mut Arena) -> Vec<Vec<Vec<u8>>> {
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
                let parts = if macs >= shared_macs(level) {
                    workers.len()
                } else {
                    1
                };
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
    let program = compile(&late.segment, level, &known);
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
