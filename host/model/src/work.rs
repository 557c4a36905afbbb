//! What one execution of a graph costs, in counts that follow from operators and shapes alone. Gas is
//! a function of these (and of nothing that a bundle could claim).

use crate::op::Op;
use crate::operators;
use crate::tensor::TensorType;

/// Elements of a vector, to which short lines of products are rounded up: 16 lanes of 32 bits are the widest
/// vector that an engine is known to have, and two of the narrower ones.
pub(crate) const VECTOR: u64 = 16;

/// Counts of work. They saturate, so that a hostile graph costs more than there is, never less.
///
/// Each gas schedule says which counts it prices: the counts of one operator may be priced by one schedule
/// as `elements`, by another as `pointwise`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Nodes: what every operator costs before its first element.
    pub nodes: u64,
    /// Multiply-accumulates of 8-bit operands: MatMul and Conv2d.
    pub macs: u64,
    /// Multiply-accumulates with a 16-bit operand: WideMatMul.
    pub wide_macs: u64,
    /// Runs of multiply-accumulates along one line of the result: a row of a MatMul for each depth, a
    /// line of a Conv2d's image for each weight. A run costs something however short it is, so that a
    /// product of many short runs is dearer than its multiply-accumulates.
    pub lines: u64,
    /// Pieces apart from each other, each of which is set up by itself, however small: a MatMul's products by its
    /// leading indices, where w has them, else one; a Conv2d's images times its groups; a MaxPool2d's planes.
    pub products: u64,
    /// Multiply-accumulates of 8-bit operands as vectors do them: as `macs`, with the columns of a MatMul and the
    /// pixels of a Conv2d's image rounded up to 16; a row of these has as many more as its windows reach
    /// beyond it.
    pub vector_macs: u64,
    /// The same with a 16-bit operand.
    pub wide_vector_macs: u64,
    /// Elements of images, and of their padding, that an engine lays out for a Conv2d's vectors: those that windows
    /// begin with, and those that are read on the way to the next one.
    pub laid_out: u64,
    /// Weights of Conv2d: an engine lays them out anew where a parameter is computed.
    pub filters: u64,
    /// Elements that are made or carried: inputs, outputs, and the result of every node.
    pub elements: u64,
    /// Elements that a reduction reads, along a window or a row: MaxPool2d, ArgMax, ReduceSum, ReduceMax
    /// and InvNorm.
    pub compares: u64,
    /// Bytes of operands read and of results written. A Gather reads of its data what it writes.
    pub moved_bytes: u64,
    /// Elements that are computed one by one: Add, Sub, Mul, Requantise and Clamp.
    pub pointwise: u64,
    /// Elements that are looked up: Table and Interpolate.
    pub lookups: u64,
    /// Runs of neighbouring elements that something begins anew for: those that Gather, Transpose and Concat move,
    /// rows that ReduceSum, ReduceMax, InvNorm and ArgMax reduce, or lines that they reduce element by element, lines of
    /// MaxPool2d's result.
    pub runs: u64,
    /// Results of a division, or of a division and a root: Reciprocal and InvNorm.
    pub divisions: u64,
}

impl Work {
    /// No work.
    pub const NONE: Self = Self {
        nodes: 0,
        macs: 0,
        wide_macs: 0,
        lines: 0,
        elements: 0,
        products: 0,
        vector_macs: 0,
        wide_vector_macs: 0,
        laid_out: 0,
        filters: 0,
        compares: 0,
        moved_bytes: 0,
        pointwise: 0,
        lookups: 0,
        runs: 0,
        divisions: 0,
    };

    /// The work of one node: what every node costs, and what its operator counts.
    pub(crate) fn of(op: &Op, operands: &[&TensorType], result: &TensorType) -> Self {
        let read = operands
            .iter()
            .map(|ty| ty.bytes() as u64)
            .fold(0, u64::saturating_add);
        // Of a large table of embeddings it reads a few rows.
        let read = match (op, operands) {
            (Op::Gather { .. }, [_, index]) => (result.bytes() as u64).saturating_add(index.bytes() as u64),
            _ => read,
        };
        let node = Self {
            nodes: 1,
            elements: result.elements() as u64,
            moved_bytes: read.saturating_add(result.bytes() as u64),
            ..Self::NONE
        };
        node.saturating_add(operators::count(op, operands, result))
    }

    /// The work of an operator that computes its result element by element.
    pub(crate) fn pointwise(result: &TensorType) -> Self {
        Self {
            pointwise: result.elements() as u64,
            ..Self::NONE
        }
    }

    /// The work of an operator that reduces a dimension: rows, if it is the last, else lines element by element.
    pub(crate) fn reduction(x: &TensorType, axis: usize) -> Self {
        let (outer, extent, inner) = x.shape.split(axis);
        let lines = if inner == 1 {
            outer
        } else {
            outer.saturating_mul(extent)
        };
        Self {
            compares: x.elements() as u64,
            runs: lines as u64,
            ..Self::NONE
        }
    }

    /// What it costs to take in the inputs and to hand out the outputs, whatever happens in between.
    pub(crate) fn of_ports<'a>(ports: impl Iterator<Item = &'a TensorType>) -> Self {
        let mut work = Self::NONE;
        for ty in ports {
            work.elements = work.elements.saturating_add(ty.elements() as u64);
            work.moved_bytes = work.moved_bytes.saturating_add(ty.bytes() as u64);
        }
        work
    }

    /// The sum, count by count.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            macs: self.macs.saturating_add(other.macs),
            wide_macs: self.wide_macs.saturating_add(other.wide_macs),
            lines: self.lines.saturating_add(other.lines),
            elements: self.elements.saturating_add(other.elements),
            compares: self.compares.saturating_add(other.compares),
            moved_bytes: self.moved_bytes.saturating_add(other.moved_bytes),
            pointwise: self.pointwise.saturating_add(other.pointwise),
            lookups: self.lookups.saturating_add(other.lookups),
            runs: self.runs.saturating_add(other.runs),
            products: self.products.saturating_add(other.products),
            vector_macs: self.vector_macs.saturating_add(other.vector_macs),
            wide_vector_macs: self.wide_vector_macs.saturating_add(other.wide_vector_macs),
            laid_out: self.laid_out.saturating_add(other.laid_out),
            filters: self.filters.saturating_add(other.filters),
            divisions: self.divisions.saturating_add(other.divisions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Padding, Shape, Window};
    use alloc::vec::Vec;

    fn ty(dtype: DType, dims: &[u32]) -> TensorType {
        TensorType::new(dtype, dims).unwrap()
    }

    /// The work of a node, without what every node counts.
    fn class(op: &Op, operands: &[TensorType]) -> Work {
        let operands: Vec<&TensorType> = operands.iter().collect();
        let result = crate::types::infer(op, &operands).unwrap();
        let work = Work::of(op, &operands, &result);
        let read: usize = operands.iter().map(|ty| ty.bytes()).sum();
        assert_eq!(work.nodes, 1);
        assert_eq!(work.elements, result.elements() as u64);
        assert_eq!(work.moved_bytes, (read + result.bytes()) as u64);
        Work {
            nodes: 0,
            elements: 0,
            moved_bytes: 0,
            ..work
        }
    }

    #[test]
    fn each_operator_is_counted_in_its_class() {
        let byte = |dims: &[u32]| ty(DType::I8, dims);
        let scalar = |dtype| ty(dtype, &[]);
        let (image, zero) = (byte(&[1, 2, 4, 4]), scalar(DType::I8));
        let padding = Padding {
            top: 1,
            ..Padding::default()
        };
        let window = Window {
            padding,
            ..Window::default()
        };
        let pointwise = |pointwise| Work {
            pointwise,
            ..Work::NONE
        };
        let compares = |compares, runs| Work {
            compares,
            runs,
            ..Work::NONE
        };
        let planes = |work| Work { products: 2, ..work };
        let x = byte(&[2, 3, 5]);
        let mat_mul = [x.clone(), byte(&[5, 7]), zero.clone(), zero.clone()];
        let work = Work {
            macs: 2 * 3 * 7 * 5,
            lines: 30,
            vector_macs: 2 * 3 * 16 * 5,
            products: 1,
            ..Work::NONE
        };
        assert_eq!(class(&Op::MatMul, &mat_mul), work);
        let each = [x.clone(), byte(&[2, 5, 17]), zero.clone(), zero.clone()];
        let work = Work {
            macs: 2 * 3 * 17 * 5,
            vector_macs: 2 * 3 * 32 * 5,
            products: 2,
            ..work
        };
        assert_eq!(class(&Op::MatMul, &each), work);
        // Four rows of four, from three channels of 2 × 2 × 1 taps.
        let conv = [image.clone(), byte(&[3, 2, 2, 1]), zero.clone(), zero.clone()];
        let groups = 1;
        let work = Work {
            macs: 3 * 4 * 4 * 4,
            lines: 3 * 4 * 4,
            vector_macs: 3 * 4 * 16,
            products: 1,
            laid_out: 2 * 5 * 4,
            filters: 3 * 4,
            ..Work::NONE
        };
        assert_eq!(class(&Op::Conv2d { window, groups }, &conv), work);
        let (groups, outs) = (2, 4);
        let conv = [image.clone(), byte(&[outs, 1, 2, 1]), zero.clone(), zero.clone()];
        let work = class(&Op::Conv2d { window, groups }, &conv);
        assert_eq!((work.products, work.filters), (2, 4 * 2));
        // Of windows three apart those two by one are laid out, of windows one apart every element.
        let apart = Window {
            stride: [3, 3],
            ..window
        };
        let of_apart = Op::Conv2d {
            window: apart,
            groups,
        };
        let work = class(&of_apart, &conv);
        assert_eq!(work.laid_out, 2 * (2 * 2) * 2);
        assert_eq!(class(&Op::Add, &[x.clone(), byte(&[5])]), pointwise(30));
        let requantise = Op::Requantise {
            to: DType::U8,
            axis: 0,
        };
        let parameters = [scalar(DType::I16), scalar(DType::U8), scalar(DType::U8)];
        let operands = [core::slice::from_ref(&x), &parameters[..]].concat();
        assert_eq!(class(&requantise, &operands), pointwise(30));
        assert_eq!(class(&Op::Clamp, &[x.clone(), zero.clone(), zero]), pointwise(30));
        let lookups = Work {
            lookups: 30,
            ..Work::NONE
        };
        assert_eq!(class(&Op::Table, &[x.clone(), ty(DType::I32, &[256])]), lookups);
        let kernel = [2, 3];
        let pool = Op::MaxPool2d { kernel, window };
        assert_eq!(class(&pool, &[image]), planes(compares(2 * 4 * 2 * 6, 2 * 4)));
        assert_eq!(
            class(&Op::ArgMax { axis: 1 }, core::slice::from_ref(&x)),
            compares(30, 6)
        );
        later_operators_are_counted();
        let shape = Shape::new(&[30]).unwrap();
        assert_eq!(class(&Op::Reshape { shape }, &[x]), Work::NONE);
    }

    fn later_operators_are_counted() {
        let x = ty(DType::I16, &[2, 3, 5]);
        let one = core::slice::from_ref(&x);
        let pointwise = Work {
            pointwise: 30,
            ..Work::NONE
        };
        let row = ty(DType::I8, &[5]);
        let mul = Op::Mul {
            shift: 3,
            to: DType::I8,
        };
        assert_eq!(class(&Op::Sub, &[x.clone(), row.clone()]), pointwise);
        assert_eq!(class(&mul, &[x.clone(), row]), pointwise);
        let (lookups, runs) = (
            |lookups| Work {
                lookups,
                ..Work::NONE
            },
            |runs| Work { runs, ..Work::NONE },
        );
        let nodes = ty(DType::U8, &[257]);
        assert_eq!(class(&Op::Interpolate, &[x.clone(), nodes]), lookups(30));
        let reads = |compares, runs, divisions| Work {
            compares,
            runs,
            divisions,
            ..Work::NONE
        };
        assert_eq!(class(&Op::ReduceSum { axis: 0 }, one), reads(30, 2, 0));
        assert_eq!(class(&Op::ReduceMax { axis: 2 }, one), reads(30, 6, 0));
        assert_eq!(class(&Op::Reciprocal { numerator: 9 }, one), reads(0, 0, 30));
        let norm = Op::InvNorm { shift: 1, epsilon: 1 };
        assert_eq!(class(&norm, one), reads(30, 6, 6));
        // Runs that stay together: the last dimensions that do not move.
        for (perm, count) in [
            (&[0, 1, 2], 1),
            (&[1, 0, 2], 6),
            (&[0, 2, 1], 30),
            (&[2, 1, 0], 30),
        ] {
            let perm = perm.to_vec();
            assert_eq!(class(&Op::Transpose { perm }, one), runs(count));
        }
        let three = [x.clone(), x.clone(), x.clone()];
        assert_eq!(class(&Op::Concat { axis: 0 }, &three), runs(3));
        assert_eq!(class(&Op::Concat { axis: 2 }, &three), runs(18));
        // A Gather moves what it writes, however large its data is.
        let (index, result) = (ty(DType::U8, &[2, 2]), ty(DType::I16, &[2, 2, 2, 5]));
        let work = Work::of(&Op::Gather { axis: 1 }, &[&x, &index], &result);
        assert_eq!((work.runs, work.moved_bytes), (2 * 4, 80 + 4 + 80));
    }

    /// The largest product that there can be, and more of it than a graph can have.
    #[test]
    fn counts_at_the_extremes_are_exact_until_they_saturate() {
        let (x, w) = (
            ty(DType::I8, &[1 << 13, 1 << 13]),
            ty(DType::I8, &[1 << 13, 1 << 13]),
        );
        let zero = ty(DType::I8, &[]);
        let result = ty(DType::I32, &[1 << 13, 1 << 13]);
        let work = Work::of(&Op::MatMul, &[&x, &w, &zero, &zero], &result);
        assert_eq!((work.macs, work.lines), (1 << 39, 1 << 26));
        assert_eq!((work.vector_macs, work.products), (1 << 39, 1));
        assert_eq!(work.moved_bytes, (1 << 26) + (1 << 26) + 2 + (1 << 28));
        let mut doubled = work;
        for _ in 0..64 {
            doubled = doubled.saturating_add(doubled);
        }
        assert_eq!((doubled.macs, doubled.lines), (u64::MAX, u64::MAX));
        assert_eq!((doubled.nodes, doubled.elements), (u64::MAX, u64::MAX));
        assert_eq!((doubled.vector_macs, doubled.products), (u64::MAX, u64::MAX));
        assert_eq!((doubled.moved_bytes, doubled.wide_macs), (u64::MAX, 0));
    }
}
