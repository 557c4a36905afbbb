//! Nodes of the operators that came after version 1 of the bundle.

use super::{Builder, tensor_of};
use metisvm_model::{DType, Op, TensorType, Value};

/// Operators that move elements may make them more; beyond this a graph takes long and shows nothing new.
const MOST_ELEMENTS: usize = 1 << 13;
/// Dimensions that a Gather may come to.
const MOST_RANK: usize = 6;

impl Builder<'_> {
    /// A node of any operator.
    pub(super) fn grow_any(&mut self) {
        match self.rng.below(24) {
            0..12 => self.grow(),
            12 => self.broadcast_pair(false),
            13 => self.broadcast_pair(true),
            14 | 15 => self.interpolate(),
            16 => self.reduce_sum(),
            17 => self.reduce_max(),
            18 => self.reciprocal(),
            19 => self.inv_norm(),
            20 => self.gather(),
            21 => self.transpose(),
            22 => self.concat(),
            _ => self.wide_mat_mul(),
        }
    }

    /// Sub, or Mul.
    fn broadcast_pair(&mut self, product: bool) {
        let Some((a, at)) = self.find(|_| true) else {
            return;
        };
        let dims = at.shape.dims().to_vec();
        // Two products of i32 may be 2^62, which the proof refuses; differences of i32 more often.
        let fits =
            |ty: &TensorType| ty.shape == at.shape && (at.dtype != DType::I32 || ty.dtype != DType::I32);
        let b = match self.find(fits) {
            Some((found, _)) if self.rng.one_in(2) => found,
            _ => {
                let skip = self.rng.below(dims.len() as u64 + 1) as usize;
                let own: Vec<u32> = dims[skip..]
                    .iter()
                    .map(|&d| if self.rng.one_in(3) { 1 } else { d })
                    .collect();
                let dtype = self.rng.pick(&[DType::U8, DType::I8, DType::I16]);
                let style = self.rng.below(4);
                self.constant(dtype, &own, style)
            }
        };
        let operands = if self.rng.one_in(2) { [b, a] } else { [a, b] };
        if product {
            let to = self.rng.pick(&DType::ALL);
            let shift = match self.rng.below(4) {
                0 => self.rng.pick(&[0, 1, 31, 62]),
                1 => self.rng.within(0, 62),
                _ => self.rng.within(4, 20),
            } as u8;
            self.add_node(Op::Mul { shift, to }, &operands, to, &dims);
        } else {
            self.add_node(Op::Sub, &operands, DType::I32, &dims);
        }
    }

    /// A value of i16, as it is or made from another.
    fn sixteen(&mut self, fits: impl Fn(&TensorType) -> bool) -> Option<(Value, TensorType)> {
        if let Some(found) = self.find(|ty| ty.dtype == DType::I16 && fits(ty)) {
            return Some(found);
        }
        let (x, ty) = self.find(&fits)?;
        let low = if ty.dtype == DType::I32 { 8 } else { 1 };
        let shift = self.rng.within(low, 24) as i32;
        let operands = [
            x,
            self.scalar(DType::I16, 32767 - shift),
            self.scalar(DType::U8, shift),
            self.scalar(DType::I16, 0),
        ];
        let to = DType::I16;
        self.add_node(Op::Requantise { to, axis: 0 }, &operands, to, ty.shape.dims());
        self.values.last().cloned()
    }

    fn scalar(&mut self, dtype: DType, value: i32) -> Value {
        self.values_of(dtype, &[], |_| value.into())
    }

    /// A value within bounds: clamped, unless its type says so already.
    fn bounded(&mut self, (x, ty): (Value, TensorType), [low, high]: [i32; 2]) -> (Value, TensorType) {
        if low <= ty.dtype.min() && ty.dtype.max() <= high {
            return (x, ty);
        }
        let limits = [low, high].map(|bound| bound.clamp(ty.dtype.min(), ty.dtype.max()));
        let [low, high] = limits.map(|bound| self.scalar(ty.dtype, bound));
        self.add_node(Op::Clamp, &[x, low, high], ty.dtype, ty.shape.dims());
        self.values.last().cloned().unwrap_or((x, ty))
    }

    fn interpolate(&mut self) {
        let Some((x, ty)) = self.sixteen(|_| true) else {
            return;
        };
        let dtype = self.rng.pick(&[DType::U8, DType::I8, DType::I16, DType::I16]);
        let style = self.rng.below(4);
        let computed = self.find(|ty| ty.shape.dims() == [257] && ty.dtype != DType::I32);
        let (table, dtype) = match computed {
            Some((value, ty)) => (value, ty.dtype),
            None => (self.constant(dtype, &[257], style), dtype),
        };
        self.add_node(Op::Interpolate, &[x, table], dtype, ty.shape.dims());
    }

    fn axis_of(&mut self, ty: &TensorType) -> u8 {
        self.rng.below(ty.shape.rank() as u64) as u8
    }

    fn reduce_sum(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.shape.rank() > 0) else {
            return;
        };
        let axis = self.axis_of(&ty);
        let most = i32::MAX / ty.shape.dim(axis.into()) as i32;
        let (x, ty) = self.bounded((x, ty), [-most, most]);
        let dims = reduced(&ty, axis);
        self.add_node(Op::ReduceSum { axis }, &[x], DType::I32, &dims);
    }

    fn reduce_max(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.shape.rank() > 0) else {
            return;
        };
        let axis = self.axis_of(&ty);
        let dims = reduced(&ty, axis);
        self.add_node(Op::ReduceMax { axis }, &[x], ty.dtype, &dims);
    }

    fn reciprocal(&mut self) {
        let Some((x, ty)) = self.find(|_| true) else {
            return;
        };
        let numerator = match self.rng.below(4) {
            0 => self.rng.pick(&[1, 2, 1 << 31, (1 << 62) - 1]),
            _ => self.rng.within(1, 1 << 40),
        } as u64;
        self.add_node(Op::Reciprocal { numerator }, &[x], DType::I32, ty.shape.dims());
    }

    fn inv_norm(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.shape.rank() > 0) else {
            return;
        };
        // 2^20 squares of this and an epsilon of 2^61 stay below 2^62.
        let (x, ty) = self.bounded((x, ty), [-(1 << 20), 1 << 20]);
        let shift = match self.rng.below(3) {
            0 => self.rng.pick(&[0, 1, 31, 62]),
            _ => self.rng.within(20, 62),
        } as u8;
        let epsilon = match self.rng.below(3) {
            0 => 1,
            1 => self.rng.within(1, 1 << 20) as u64,
            _ => 1 << self.rng.below(62),
        };
        let dims = reduced(&ty, ty.shape.rank() as u8 - 1);
        self.add_node(Op::InvNorm { shift, epsilon }, &[x], DType::I32, &dims);
    }

    fn gather(&mut self) {
        let Some((data, ty)) = self.find(|ty| ty.shape.rank() > 0) else {
            return;
        };
        let axis = self.axis_of(&ty);
        let last = ty.shape.dim(axis.into()) as i32 - 1;
        let found = self.find(|ty| ty.elements() <= 64);
        let (index, index_ty) = match found {
            Some(found) if self.rng.one_in(3) => self.bounded(found, [0, last]),
            _ => {
                let dims = match self.rng.below(4) {
                    0 => Vec::new(),
                    1 => vec![self.rng.within(1, 3) as u32, self.rng.within(1, 3) as u32],
                    _ => vec![self.extent()],
                };
                let dtype = self.rng.pick(&DType::ALL);
                let last = i64::from(last.min(dtype.max()));
                let index = self.values_of(dtype, &dims, |rng| rng.within(0, last));
                (index, TensorType::new(dtype, &dims).expect("small"))
            }
        };
        let own = ty.shape.dims();
        let at = usize::from(axis);
        let dims = [&own[..at], index_ty.shape.dims(), &own[at + 1..]].concat();
        if dims.len() <= MOST_RANK && elements(&dims) <= MOST_ELEMENTS {
            self.add_node(Op::Gather { axis }, &[data, index], ty.dtype, &dims);
        }
    }

    fn transpose(&mut self) {
        let Some((x, ty)) = self.find(|_| true) else {
            return;
        };
        let mut left: Vec<u8> = (0..ty.shape.rank() as u8).collect();
        let mut perm = Vec::new();
        while !left.is_empty() {
            perm.push(left.remove(self.rng.below(left.len() as u64) as usize));
        }
        let dims: Vec<u32> = perm
            .iter()
            .map(|&axis| ty.shape.dims()[usize::from(axis)])
            .collect();
        self.add_node(Op::Transpose { perm }, &[x], ty.dtype, &dims);
    }

    fn concat(&mut self) {
        let Some((x, ty)) = self.find(|ty| ty.shape.rank() > 0) else {
            return;
        };
        let axis = self.axis_of(&ty);
        let at = usize::from(axis);
        let count = if self.rng.one_in(8) {
            64
        } else {
            self.rng.within(2, 4)
        };
        let (mut operands, mut dims) = (vec![x], ty.shape.dims().to_vec());
        let fits = |other: &TensorType| {
            let (a, b) = (other.shape.dims(), ty.shape.dims());
            other.dtype == ty.dtype && a.len() == b.len() && a[..at] == b[..at] && a[at + 1..] == b[at + 1..]
        };
        while operands.len() < count as usize {
            let (operand, extent) = if self.rng.one_in(2) {
                let Some((value, ty)) = self.find(fits) else {
                    return;
                };
                (value, ty.shape.dims()[at])
            } else {
                let mut own = ty.shape.dims().to_vec();
                own[at] = self.rng.within(1, 3) as u32;
                let style = self.rng.below(4);
                let tensor = tensor_of(self.rng, &TensorType::new(ty.dtype, &own).expect("small"), style);
                (self.graph.constant(&tensor), own[at])
            };
            operands.push(operand);
            dims[at] += extent;
        }
        if elements(&dims) <= MOST_ELEMENTS {
            self.add_node(Op::Concat { axis }, &operands, ty.dtype, &dims);
        }
    }

    fn wide_mat_mul(&mut self) {
        let Some((x, ty)) = self.sixteen(|ty| ty.shape.rank() >= 2) else {
            return;
        };
        let mut dims = ty.shape.dims().to_vec();
        let last = dims.len() - 1;
        let (k, n) = (dims[last], self.extent());
        let batched = dims.len() > 2 && self.rng.one_in(2);
        let w_dims = if batched {
            [&dims[..last - 1], &[k, n]].concat()
        } else {
            vec![k, n]
        };
        let dtype = self.rng.pick(&[DType::I8, DType::U8]);
        let style = self.rng.below(4);
        if elements(&w_dims) > MOST_ELEMENTS {
            return;
        }
        let w = self.constant(dtype, &w_dims, style);
        let operands = self.product_operands(x, DType::I16, w, dtype, n);
        dims[last] = n;
        self.add_node(Op::WideMatMul, &operands, DType::I32, &dims);
        self.epilogue(n, last);
    }
}

fn reduced(ty: &TensorType, axis: u8) -> Vec<u32> {
    let mut dims = ty.shape.dims().to_vec();
    dims[usize::from(axis)] = 1;
    dims
}

fn elements(dims: &[u32]) -> usize {
    dims.iter().map(|&d| d as usize).product()
}
