//! Products, and the chains that take their sums block by block.

use super::worker::Worker;
use crate::cpu::chain::{Block, Chain, Sources, Target};
use crate::cpu::memory::Memory;
use crate::cpu::program::{Home, Parameter, Product, Spot};
use crate::cpu::view::get;
use metisvm_simd::Level;
use metisvm_simd::elements::Slice;
use metisvm_simd::product::{self, Elements, Left, PackedMatrix, Right, Scratch, UNPACKED_ROWS, Zeros};
use std::borrow::Cow;
use std::ops::Range;

/// The multiply-accumulates up to which a product with a w of its own is done without packing it.
const UNPACKED_MACS: usize = 1 << 12;

/// A product and the chain that it feeds.
pub(super) struct Feed<'a> {
    pub(super) product: &'a Product,
    pub(super) chain: &'a Chain,
    pub(super) level: Level,
    pub(super) sources: Sources<'a>,
    /// The step's number: which of a worker's packed weights are this product's.
    pub(super) number: usize,
}

/// Where the sums of a product go: through the chain to its targets.
struct Sink<'a, 't> {
    feed: &'a Feed<'a>,
    locals: &'a mut Vec<Memory>,
    targets: &'a mut [Target<'t>],
}

impl Sink<'_, '_> {
    /// Takes a block whose rows are counted from row `before` of all.
    fn take(&mut self, before: usize, block: product::Block<'_>) {
        let whole = Block {
            first_row: before + block.first_row,
            rows: block.rows,
            columns: block.first_column..block.first_column + block.columns,
            product: Some((block.values, block.stride)),
        };
        let Feed {
            chain,
            level,
            sources,
            ..
        } = *self.feed;
        chain.run_block(level, &whole, sources, self.locals, self.targets);
    }
}

/// The parameters of a computed product, as one item has them.
struct Parameters<'a> {
    x_zero: i32,
    w_zeros: Cow<'a, [i32]>,
    bias: Option<Cow<'a, [i32]>>,
}

impl Parameters<'_> {
    fn zeros(&self) -> Zeros<'_> {
        match &self.w_zeros[..] {
            [one] => Zeros::One(*one),
            each => Zeros::Each(each),
        }
    }
}

impl Feed<'_> {
    /// Multiply-accumulates of an element.
    pub(super) fn depth(&self) -> usize {
        match self.product {
            Product::Matrix { depth, .. } | Product::Convolution { depth, .. } => *depth,
            Product::Computed { size, .. } => size[1],
        }
    }

    /// Computes rows of all items, and hands them to the chain.
    pub(super) fn rows(&self, rows: Range<usize>, targets: &mut [Target<'_>], worker: &mut Worker) {
        let Worker {
            locals,
            scratch,
            packed,
        } = worker;
        let mut sink = Sink {
            feed: self,
            locals,
            targets,
        };
        match self.product {
            Product::Matrix { .. } => self.matrix(rows, scratch, &mut sink),
            Product::Computed { .. } => self.computed(rows, scratch, &mut packed[self.number], &mut sink),
            Product::Convolution { .. } => self.convolution(rows, scratch, &mut sink),
        }
    }

    /// Rows of all items are rows of one product.
    fn matrix(&self, rows: Range<usize>, scratch: &mut Scratch, sink: &mut Sink<'_, '_>) {
        let Product::Matrix {
            x,
            x_zero,
            weights,
            bias,
            depth,
        } = self.product
        else {
            return;
        };
        let total = self.chain.space.rows;
        let items = rows.end.div_ceil(total);
        product::mat_mul(
            weights,
            elements(self.all(x), 0..items * total * depth),
            *x_zero,
            bias.as_deref(),
            rows,
            0..self.chain.space.columns,
            self.chain.whole_rows,
            scratch,
            &mut |block| sink.take(0, block),
        );
    }

    /// Each item has one product or several; small ones are done without packing their weights.
    fn computed(
        &self,
        rows: Range<usize>,
        scratch: &mut Scratch,
        packed: &mut Option<PackedMatrix>,
        sink: &mut Sink<'_, '_>,
    ) {
        let Product::Computed {
            x,
            w,
            turned,
            x_zero,
            w_zeros,
            bias,
            size,
            w_step,
            kind,
        } = self.product
        else {
            return;
        };
        let [m, k, n] = *size;
        let whole_rows = self.chain.whole_rows;
        let batches = self.chain.space.rows / m;
        let (all_x, all_w) = (self.all(x), self.all(w));
        let mut parameters = None;
        let mut packed_at = None;
        let mut done = rows.start;
        while done < rows.end {
            let product = done / m;
            let (item, batch) = (product / batches, product % batches);
            let x_start = item_of(x, item) * x.ty.elements() + batch * m * k;
            let w_start = item_of(w, item) * w.ty.elements() + batch * w_step;
            let first = product * m;
            let own = done - first..rows.end.min(first + m) - first;
            // They are an item's: its products share them.
            let (_, own_parameters) = match parameters.take() {
                Some(read @ (of, _)) if of == item => parameters.insert(read),
                _ => parameters.insert((item, self.parameters(x_zero, w_zeros, bias.as_ref(), item))),
            };
            let zeros = own_parameters.zeros();
            let bias = own_parameters.bias.as_deref();
            let left = |rows: Range<usize>| Left {
                elements: elements(all_x, x_start + rows.start * k..x_start + rows.end * k),
                zero: own_parameters.x_zero,
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
                    turned: *turned,
                    n,
                    zeros,
                };
                product::mat_mul_unpacked(
                    self.level,
                    left(own.start..own.start + count),
                    right,
                    bias,
                    [m, k],
                    whole_rows,
                    scratch,
                    &mut |block| sink.take(done, block),
                );
                done += count;
                continue;
            }
            let raw = elements(all_w, w_start..w_start + k * n);
            // Zero points may be the item's own where w is not.
            if packed_at != Some((item, w_start)) {
                match &mut *packed {
                    Some(packed) => packed.repack(raw, zeros),
                    empty => *empty = Some(PackedMatrix::new(self.level, raw, k, n, zeros, *kind)),
                }
                packed_at = Some((item, w_start));
            }
            let Some(weights) = &*packed else { return };
            product::mat_mul(
                weights,
                left(0..m).elements,
                own_parameters.x_zero,
                bias,
                own.clone(),
                0..n,
                whole_rows,
                scratch,
                &mut |block| sink.take(first, block),
            );
            done = first + own.end;
        }
    }

    /// Each image is a product of its own.
    fn convolution(&self, rows: Range<usize>, scratch: &mut Scratch, sink: &mut Sink<'_, '_>) {
        let Product::Convolution {
            x,
            x_zero,
            filters,
            bias,
            image,
            outs,
            ..
        } = self.product
        else {
            return;
        };
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
                &mut |block| sink.take(first, block),
            );
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

    fn parameters<'p>(
        &self,
        x_zero: &'p Parameter,
        w_zeros: &'p Parameter,
        bias: Option<&'p Parameter>,
        item: usize,
    ) -> Parameters<'p> {
        Parameters {
            x_zero: self.parameter(x_zero, item)[0],
            w_zeros: self.parameter(w_zeros, item),
            bias: bias.map(|bias| self.parameter(bias, item)),
        }
    }

    /// What a parameter holds for an item.
    fn parameter<'p>(&self, parameter: &'p Parameter, item: usize) -> Cow<'p, [i32]> {
        match parameter {
            Parameter::Known(known) => Cow::Borrowed(known),
            Parameter::Read(spot) => {
                let count = spot.ty.elements();
                let first = item_of(spot, item) * count;
                let all = self.all(spot);
                Cow::Owned((first..first + count).map(|at| get(all, at)).collect())
            }
        }
    }
}

/// Which of a value's items is an item's own: a constant has one for all.
fn item_of(spot: &Spot, item: usize) -> usize {
    match spot.home {
        Home::Constant(_) => 0,
        Home::Slot(_) => item,
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
