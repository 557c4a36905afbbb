//! Element types, shapes and tensors.

use crate::limits::{MAX_ELEMENTS, MAX_RANK};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

/// An element type. All integers; the only ones there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DType {
    /// Unsigned 8 bits.
    U8 = 0,
    /// Signed 8 bits, two's complement.
    I8 = 1,
    /// Signed 16 bits.
    I16 = 2,
    /// Signed 32 bits: accumulators, biases, indices.
    I32 = 3,
}

impl DType {
    /// All element types, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::U8, Self::I8, Self::I16, Self::I32];

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        }
    }

    /// The least value.
    pub const fn min(self) -> i32 {
        match self {
            Self::U8 => 0,
            Self::I8 => i8::MIN as i32,
            Self::I16 => i16::MIN as i32,
            Self::I32 => i32::MIN,
        }
    }

    /// The greatest value.
    pub const fn max(self) -> i32 {
        match self {
            Self::U8 => u8::MAX as i32,
            Self::I8 => i8::MAX as i32,
            Self::I16 => i16::MAX as i32,
            Self::I32 => i32::MAX,
        }
    }

    /// The code that stands for the type in a bundle and in the device ABI.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The type with that code.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::U8),
            1 => Some(Self::I8),
            2 => Some(Self::I16),
            3 => Some(Self::I32),
            _ => None,
        }
    }

    /// Whether one element is one byte.
    pub const fn is_byte(self) -> bool {
        self.size() == 1
    }

    /// The nearest value of this type.
    pub fn saturate(self, value: i64) -> i32 {
        value.clamp(i64::from(self.min()), i64::from(self.max())) as i32
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
        })
    }
}

/// The extent of a tensor in each dimension, outermost first; no dimension is zero, a scalar has none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    rank: u8,
    /// Zero from the rank on. Shapes are copied with every value of every run, so they own no memory.
    dims: [u32; MAX_RANK],
}

impl PartialOrd for Shape {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Shape {
    fn cmp(&self, other: &Self) -> Ordering {
        self.dims().cmp(other.dims())
    }
}

impl Shape {
    /// A shape, if it has at most [`MAX_RANK`] dimensions, none of them zero, and at most
    /// [`MAX_ELEMENTS`] elements.
    pub fn new(dims: &[u32]) -> Option<Self> {
        let fits = dims.len() <= MAX_RANK
            && dims
                .iter()
                .try_fold(1u64, |n, &d| {
                    n.checked_mul(u64::from(d))
                        .filter(|n| (1..=MAX_ELEMENTS).contains(n))
                })
                .is_some();
        fits.then(|| {
            let mut own = [0; MAX_RANK];
            own[..dims.len()].copy_from_slice(dims);
            Self {
                rank: dims.len() as u8,
                dims: own,
            }
        })
    }

    /// The shape of a single element.
    pub const fn scalar() -> Self {
        Self {
            rank: 0,
            dims: [0; MAX_RANK],
        }
    }

    /// The extents.
    pub fn dims(&self) -> &[u32] {
        &self.dims[..usize::from(self.rank)]
    }

    /// How many dimensions.
    pub fn rank(&self) -> usize {
        self.rank.into()
    }

    /// The extent of dimension `axis`.
    ///
    /// # Panics
    /// If there is no such dimension.
    pub fn dim(&self, axis: usize) -> usize {
        self.dims()[axis] as usize
    }

    /// How many elements; at least one.
    pub fn elements(&self) -> usize {
        self.dims().iter().map(|&d| d as usize).product()
    }

    /// The elements before, in and after dimension `axis`: the tensor seen as `[outer, extent, inner]`.
    /// A scalar is `[1, 1, 1]`.
    pub fn split(&self, axis: usize) -> (usize, usize, usize) {
        let product = |dims: &[u32]| dims.iter().map(|&d| d as usize).product();
        match self.dims().get(axis) {
            Some(&extent) => (
                product(&self.dims()[..axis]),
                extent as usize,
                product(&self.dims()[axis + 1..]),
            ),
            None => (self.elements(), 1, 1),
        }
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, d) in self.dims().iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{d}")?;
        }
        f.write_str("]")
    }
}

/// An element type and a shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorType {
    /// The type of every element.
    pub dtype: DType,
    /// The extents.
    pub shape: Shape,
}

impl TensorType {
    /// A type from its parts; `None` where [`Shape::new`] gives none.
    pub fn new(dtype: DType, dims: &[u32]) -> Option<Self> {
        Some(Self {
            dtype,
            shape: Shape::new(dims)?,
        })
    }

    /// A single element.
    pub const fn scalar(dtype: DType) -> Self {
        Self {
            dtype,
            shape: Shape::scalar(),
        }
    }

    /// Elements.
    pub fn elements(&self) -> usize {
        self.shape.elements()
    }

    /// Bytes of the raw little-endian form.
    pub fn bytes(&self) -> usize {
        self.elements() * self.dtype.size()
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}

/// A tensor of the reference kernels: every element widened to 32 bits, row-major.
///
/// Widening costs memory and speed and buys kernels that are the same text for every element type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    ty: TensorType,
    data: Vec<i32>,
}

impl Tensor {
    /// A tensor from widened elements; `None` if their number is wrong or one does not fit the type.
    pub fn new(ty: TensorType, data: Vec<i32>) -> Option<Self> {
        let range = ty.dtype.min()..=ty.dtype.max();
        (data.len() == ty.elements() && data.iter().all(|v| range.contains(v))).then_some(Self { ty, data })
    }

    /// Like [`Self::new`] for kernels, whose results fit by the checks of [`crate::Graph`].
    pub(crate) fn computed(ty: TensorType, data: Vec<i32>) -> Self {
        debug_assert_eq!(data.len(), ty.elements());
        debug_assert!(data.iter().all(|v| (ty.dtype.min()..=ty.dtype.max()).contains(v)));
        Self { ty, data }
    }

    /// A tensor from its raw little-endian form; `None` if the length is not that of the type.
    pub fn from_bytes(ty: TensorType, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != ty.bytes() {
            return None;
        }
        let data = match ty.dtype {
            DType::U8 => bytes.iter().map(|&b| i32::from(b)).collect(),
            DType::I8 => bytes.iter().map(|&b| i32::from(b as i8)).collect(),
            DType::I16 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|c| i32::from(i16::from_le_bytes(*c)))
                .collect(),
            DType::I32 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|c| i32::from_le_bytes(*c))
                .collect(),
        };
        Some(Self { ty, data })
    }

    /// Appends the raw little-endian form to `out`.
    pub fn write_bytes(&self, out: &mut Vec<u8>) {
        out.reserve(self.ty.bytes());
        for &v in &self.data {
            out.extend_from_slice(&v.to_le_bytes()[..self.ty.dtype.size()]);
        }
    }

    /// The type.
    pub const fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// The element type.
    pub const fn dtype(&self) -> DType {
        self.ty.dtype
    }

    /// The shape.
    pub const fn shape(&self) -> &Shape {
        &self.ty.shape
    }

    /// The widened elements, row-major.
    pub fn data(&self) -> &[i32] {
        &self.data
    }

    /// Element `index` of a per-channel operand: a scalar stands for every channel.
    pub(crate) fn channel(&self, index: usize) -> i32 {
        if self.data.len() == 1 {
            self.data[0]
        } else {
            self.data[index]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_overflows_is_refused() {
        assert!(Shape::new(&[u32::MAX, u32::MAX, u32::MAX]).is_none());
        assert!(Shape::new(&[0]).is_none());
        assert!(Shape::new(&[u32::MAX, 0]).is_none());
        assert!(Shape::new(&[1; 9]).is_none());
        assert_eq!(Shape::new(&[]).unwrap().elements(), 1);
    }

    #[test]
    fn bytes_round_trip_for_every_type() {
        for dtype in DType::ALL {
            let ty = TensorType::new(dtype, &[3]).unwrap();
            let t = Tensor::new(ty.clone(), [dtype.min(), 1, dtype.max()].to_vec()).unwrap();
            let mut bytes = Vec::new();
            t.write_bytes(&mut bytes);
            assert_eq!(Tensor::from_bytes(ty, &bytes).unwrap(), t);
        }
    }

    #[test]
    fn split_views_a_tensor_around_an_axis() {
        let s = Shape::new(&[2, 3, 4]).unwrap();
        assert_eq!(s.split(0), (1, 2, 12));
        assert_eq!(s.split(2), (6, 4, 1));
        assert_eq!(Shape::scalar().split(0), (1, 1, 1));
    }
}
