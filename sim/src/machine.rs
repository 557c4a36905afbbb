//! The scratchpads, and what each instruction does to them.
//!
//! One instruction may be minutes of work, and a reset must not wait for it: every loop looks, once
//! a row or a tile, whether it is to stop.

mod contents;
mod layout;
mod memory;

pub use contents::Contents;
pub use memory::Spaces;

use layout::Layout;
use memory::{check_burst, check_reach, place, read};
use metisvm_firmware::check::{Record, TABLE_ENTRIES};
use metisvm_firmware::{
    Buffer, Dtype, Fill, Gemm, Geometry, Instruction, Lanes, Load, LoadTiles, Operation, Requantise, Status,
    Store, StoreTiles, Vector, VectorOp,
};
use std::sync::atomic::{AtomicBool, Ordering};

/// The tensor unit's memories.
#[derive(Debug)]
pub struct Machine {
    geometry: Geometry,
    a: Vec<i16>,
    b: Vec<i16>,
    acc: Vec<i32>,
    params: Vec<Option<Record>>,
    tables: Vec<[i32; TABLE_ENTRIES]>,
}

impl Machine {
    /// What lies in the scratchpads.
    pub fn contents(&self) -> Contents<'_> {
        Contents {
            a: &self.a,
            b: &self.b,
            acc: &self.acc,
            params: &self.params,
            tables: &self.tables,
        }
    }

    /// Empty scratchpads.
    pub fn new(geometry: Geometry) -> Self {
        let lanes = |buffer| geometry.size(buffer) as usize * Layout::of(&geometry, buffer).lanes();
        Self {
            a: vec![0; lanes(Buffer::A)],
            b: vec![0; lanes(Buffer::B)],
            acc: vec![0; lanes(Buffer::Acc)],
            params: vec![None; geometry.param_entries as usize],
            tables: vec![[0; TABLE_ENTRIES]; geometry.table_count as usize],
            geometry,
        }
    }

    /// Fills the scratchpads with garbage.
    pub fn poison(&mut self) {
        self.a.fill(-173);
        self.b.fill(89);
        self.acc.fill(0x5bad_f00d);
        self.params.fill(None);
        self.tables.fill([-0x0bad_f00d; TABLE_ENTRIES]);
    }

    /// Forgets the requantisation records, as a card may at the start of a job.
    pub fn forget_records(&mut self) {
        self.params.fill(None);
    }

    /// Executes one well-formed instruction, unless `stop` becomes true.
    ///
    /// # Errors
    /// What is wrong with its operands, or that it was stopped.
    pub fn execute(
        &mut self,
        instruction: &Instruction,
        spaces: &mut Spaces<'_>,
        stop: &AtomicBool,
    ) -> Result<(), Status> {
        instruction
            .check_operands(&self.geometry)
            .map_err(|_| Status::InvalidOperand)?;
        match &instruction.operation {
            Operation::Nop(_) => Ok(()),
            Operation::Load(load) => self.load(load, spaces, stop),
            Operation::LoadTiles(load) => self.load_tiles(load, spaces, stop),
            Operation::Fill(fill) => self.fill(fill, stop),
            Operation::Gemm(gemm) => self.gemm(gemm, stop),
            Operation::Vector(vector) => self.vector(vector, stop),
            Operation::Store(store) => self.store(store, spaces, stop),
            Operation::StoreTiles(store) => self.store_tiles(store, spaces, stop),
        }
    }

    fn load(&mut self, load: &Load, spaces: &Spaces<'_>, stop: &AtomicBool) -> Result<(), Status> {
        let Load {
            buffer,
            to,
            from,
            zero_point,
        } = load;
        let memory = spaces.readable(from.space);
        check_reach(from, to, from.dtype.bytes() as usize, memory.len())?;
        let value = |row, col| read(from.dtype, &memory[place(from, row, col)..]);
        let layout = Layout::of(&self.geometry, *buffer);
        let zero = i32::from(*zero_point);
        let lane = |row, col| nine_bits(value(row, col) - zero);
        match buffer {
            Buffer::A => scatter(&mut self.a, layout, to, lane, stop),
            Buffer::B => scatter(&mut self.b, layout, to, lane, stop),
            Buffer::Acc => scatter(&mut self.acc, layout, to, value, stop),
            Buffer::Table => {
                let entries = (0..TABLE_ENTRIES).map(|col| value(0, col));
                fill_from(&mut self.tables[usize::from(to.base)], entries);
                Ok(())
            }
            // No well-formed LOAD names it.
            Buffer::Param => Ok(()),
        }
    }

    fn load_tiles(&mut self, load: &LoadTiles, spaces: &Spaces<'_>, stop: &AtomicBool) -> Result<(), Status> {
        let LoadTiles { buffer, from, .. } = load;
        let memory = spaces.readable(from.space);
        let tile_bytes = self.geometry.tile_bytes(*buffer, from.dtype) as usize;
        check_burst(from, load.rows, load.cols, tile_bytes, memory.len())?;
        let lanes = self.geometry.unit_lanes(*buffer) as usize;
        let element = from.dtype.bytes() as usize;
        let zero = i32::from(load.zero_point);
        for (row, col) in cells(load.rows, load.cols) {
            go_on(stop)?;
            let tile = usize::from(load.base) + row * usize::from(load.pitch) + col;
            let at = from.offset as usize + row * from.row_stride as usize + col * tile_bytes;
            let elements = memory[at..].chunks_exact(element).take(lanes);
            let values = elements.map(|bytes| read(from.dtype, bytes));
            match buffer {
                Buffer::A => fill_from(&mut self.a[tile * lanes..], values.map(|v| nine_bits(v - zero))),
                Buffer::B => fill_from(&mut self.b[tile * lanes..], values.map(|v| nine_bits(v - zero))),
                Buffer::Acc => fill_from(&mut self.acc[tile * lanes..], values),
                Buffer::Param => {
                    let bytes = memory[at..].first_chunk().copied().unwrap_or_default();
                    let record = Record::from_bytes(bytes).ok_or(Status::InvalidRecord)?;
                    self.params[tile] = Some(record);
                }
                Buffer::Table => fill_from(&mut self.tables[tile], values),
            }
        }
        Ok(())
    }

    fn fill(&mut self, fill: &Fill, stop: &AtomicBool) -> Result<(), Status> {
        let lanes = Layout::of(&self.geometry, fill.buffer).lanes();
        for tile in 0..usize::from(fill.tiles) {
            go_on(stop)?;
            let start = (usize::from(fill.base) + tile) * lanes;
            let range = start..start + lanes;
            match fill.buffer {
                Buffer::A => self.a[range].fill(nine_bits(fill.value)),
                Buffer::B => self.b[range].fill(nine_bits(fill.value)),
                Buffer::Acc => self.acc[range].fill(fill.value),
                // No well-formed FILL names these.
                Buffer::Param | Buffer::Table => {}
            }
        }
        Ok(())
    }

    fn gemm(&mut self, gemm: &Gemm, stop: &AtomicBool) -> Result<(), Status> {
        let g = &self.geometry;
        let (cols, depth) = (usize::from(g.tile_cols), usize::from(g.tile_depth));
        let a_lanes = Layout::of(g, Buffer::A).lanes();
        let b_lanes = Layout::of(g, Buffer::B).lanes();
        let acc_lanes = Layout::of(g, Buffer::Acc).lanes();
        let step = |base: u16, i: usize, si: u16, j: usize, sj: u16| {
            usize::from(base) + i * usize::from(si) + j * usize::from(sj)
        };
        for m in 0..usize::from(gemm.m_tiles) {
            for n in 0..usize::from(gemm.n_tiles) {
                let acc = &mut self.acc[step(gemm.acc, m, gemm.acc_pitch, n, 1) * acc_lanes..][..acc_lanes];
                if !gemm.accumulate {
                    acc.fill(0);
                } else if gemm.shift {
                    acc.iter_mut().for_each(|sum| *sum <<= 8);
                }
                for k in 0..usize::from(gemm.k_tiles) {
                    go_on(stop)?;
                    let a = &self.a[step(gemm.a, m, gemm.a_pitch, k, gemm.a_step) * a_lanes..][..a_lanes];
                    let b = &self.b[step(gemm.b, k, gemm.b_pitch, n, gemm.b_step) * b_lanes..][..b_lanes];
                    for (sums, row) in acc.chunks_exact_mut(cols).zip(a.chunks_exact(depth)) {
                        for (&activation, weights) in row.iter().zip(b.chunks_exact(cols)) {
                            for (sum, &weight) in sums.iter_mut().zip(weights) {
                                *sum = sum.wrapping_add(i32::from(activation) * i32::from(weight));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn vector(&mut self, vector: &Vector, stop: &AtomicBool) -> Result<(), Status> {
        let layout = Layout::of(&self.geometry, Buffer::Acc);
        let Vector {
            op,
            dst,
            dst_pitch,
            src,
            src_pitch,
            rows,
            cols,
        } = *vector;
        let (rows, cols) = (usize::from(rows), usize::from(cols));
        let to = |row, col| layout.at(dst, dst_pitch, row, col);
        let from = |row, col| layout.at(src, src_pitch, row, col);
        let acc = &mut self.acc;
        let mut each = |f: &mut dyn FnMut(i32, i32, usize) -> i32| {
            for row in 0..rows {
                go_on(stop)?;
                for col in 0..cols {
                    acc[to(row, col)] = f(acc[to(row, col)], acc[from(row, col)], col);
                }
            }
            Ok(())
        };
        match op {
            VectorOp::Add => each(&mut |old, value, _| old.wrapping_add(value)),
            VectorOp::Max => each(&mut |old, value, _| old.max(value)),
            VectorOp::Min => each(&mut |old, value, _| old.min(value)),
            VectorOp::AddImmediate(immediate) => each(&mut |_, value, _| value.wrapping_add(immediate)),
            VectorOp::MaxImmediate(immediate) => each(&mut |_, value, _| value.max(immediate)),
            VectorOp::MinImmediate(immediate) => each(&mut |_, value, _| value.min(immediate)),
            VectorOp::Requantise(Requantise { param, shared, dtype }) => {
                let count = if shared { 1 } else { cols };
                let records: Option<Vec<Record>> = self.params[usize::from(param)..][..count]
                    .iter()
                    .copied()
                    .collect();
                // A record that was never loaded is as invalid as a malformed one.
                let records = records.ok_or(Status::InvalidRecord)?;
                each(&mut |_, value, col| requantise(value, &records[if shared { 0 } else { col }], dtype))
            }
            VectorOp::Table(table) => {
                let table = &self.tables[usize::from(table)];
                each(&mut |_, value, _| table[usize::from(value as u8)])
            }
            VectorOp::Interpolate { nodes, differences } => {
                let nodes = &self.tables[usize::from(nodes)];
                let differences = &self.tables[usize::from(differences)];
                each(&mut |_, value, _| {
                    let above_least = i32::from(value as i16) + 32768;
                    let (node, part) = ((above_least >> 8) as usize, above_least & 255);
                    nodes[node].wrapping_add((eighteen_bits(differences[node]) * part + 128) >> 8)
                })
            }
            VectorOp::ArgMax { first, base } => {
                for row in 0..rows {
                    go_on(stop)?;
                    let (mut index, mut best) = (acc[to(row, 0)], acc[to(row, 1)]);
                    for col in 0..cols {
                        let value = acc[from(row, col)];
                        if value > best || (first && col == 0) {
                            (index, best) = (base.wrapping_add(col as i32), value);
                        }
                    }
                    (acc[to(row, 0)], acc[to(row, 1)]) = (index, best);
                }
                Ok(())
            }
        }
    }

    fn store(&mut self, store: &Store, spaces: &mut Spaces<'_>, stop: &AtomicBool) -> Result<(), Status> {
        let Store { from, to } = store;
        let layout = Layout::of(&self.geometry, Buffer::Acc);
        let memory = spaces.writable(to.space);
        let width = to.dtype.bytes() as usize;
        check_reach(to, from, width, memory.len())?;
        for row in 0..usize::from(from.rows) {
            go_on(stop)?;
            for col in 0..usize::from(from.cols) {
                let value = self.acc[layout.lane(from, row, col)].to_le_bytes();
                memory[place(to, row, col)..][..width].copy_from_slice(&value[..width]);
            }
        }
        Ok(())
    }

    fn store_tiles(
        &mut self,
        store: &StoreTiles,
        spaces: &mut Spaces<'_>,
        stop: &AtomicBool,
    ) -> Result<(), Status> {
        let StoreTiles { base, pitch, to, .. } = store;
        let memory = spaces.writable(to.space);
        let tile_bytes = self.geometry.tile_bytes(Buffer::Acc, to.dtype) as usize;
        check_burst(to, store.rows, store.cols, tile_bytes, memory.len())?;
        let lanes = self.geometry.unit_lanes(Buffer::Acc) as usize;
        let element = to.dtype.bytes() as usize;
        for (row, col) in cells(store.rows, store.cols) {
            go_on(stop)?;
            let tile = usize::from(*base) + row * usize::from(*pitch) + col;
            let at = to.offset as usize + row * to.row_stride as usize + col * tile_bytes;
            let (values, padding) = memory[at..at + tile_bytes].split_at_mut(lanes * element);
            for (bytes, value) in values.chunks_exact_mut(element).zip(&self.acc[tile * lanes..]) {
                bytes.copy_from_slice(&value.to_le_bytes()[..element]);
            }
            padding.fill(0);
        }
        Ok(())
    }
}

/// Rows and columns of a block of tiles.
fn cells(rows: u16, cols: u16) -> impl Iterator<Item = (usize, usize)> {
    (0..usize::from(rows)).flat_map(move |row| (0..usize::from(cols)).map(move |col| (row, col)))
}

fn fill_from<T>(lanes: &mut [T], values: impl Iterator<Item = T>) {
    lanes
        .iter_mut()
        .zip(values)
        .for_each(|(lane, value)| *lane = value);
}

/// Between two pieces of work: whether there may be another.
#[inline]
pub(crate) fn go_on(stop: &AtomicBool) -> Result<(), Status> {
    if stop.load(Ordering::Relaxed) {
        Err(Status::Cancelled)
    } else {
        Ok(())
    }
}

fn scatter<T>(
    lanes: &mut [T],
    layout: Layout,
    to: &Lanes,
    value: impl Fn(usize, usize) -> T,
    stop: &AtomicBool,
) -> Result<(), Status> {
    for row in 0..usize::from(to.rows) {
        go_on(stop)?;
        for col in 0..usize::from(to.cols) {
            lanes[layout.lane(to, row, col)] = value(row, col);
        }
    }
    Ok(())
}

/// The low 9 bits, sign-extended.
fn nine_bits(value: i32) -> i16 {
    (value << 23 >> 23) as i16
}

/// The low 18 bits, sign-extended.
fn eighteen_bits(value: i32) -> i32 {
    value << 14 >> 14
}

/// One rounding, half up, then the clamp.
fn requantise(value: i32, record: &Record, dtype: Dtype) -> i32 {
    let half = 1_i64 << (record.shift - 1);
    let scaled = (i64::from(value) * i64::from(record.multiplier) + half) >> record.shift;
    let (low, high) = dtype.range();
    (i64::from(record.zero) + scaled).clamp(low.into(), high.into()) as i32
}
