//! Memory that values lie in, viewed as elements of a type: lines of the cache, or what somebody else holds.

use bytemuck::{Pod, Zeroable};
use bytes::Bytes;
use metisvm_model::{DType, Graph};
use metisvm_simd::elements::{Slice, SliceMut};
use std::ops::Range;
use std::sync::Arc;

/// The bytes of a line of the cache, and the widest vector.
const LINE: usize = 64;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Line([u8; LINE]);

/// Bytes from which on they are read where they are, if somebody else holds them. What is smaller is copied in less
/// time than it takes to find out.
pub(super) const LARGE: usize = 32 << 10;

/// Memory that values lie in.
#[derive(Clone)]
pub(super) enum Memory {
    /// Aligned to lines.
    Own(Vec<Line>),
    /// An input of a run, where its caller has it.
    Input(Bytes),
    /// A constant of a graph, by its number.
    Constant(Arc<Graph>, usize),
}

impl Default for Memory {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Memory {
    /// Room for so many bytes, zeroed.
    pub(super) fn new(bytes: usize) -> Self {
        Self::Own(vec![Line::zeroed(); bytes.div_ceil(LINE)])
    }

    /// A copy of bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut memory = Self::new(bytes.len());
        memory.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        memory
    }

    /// An input of elements of a type, in place if it is large and they can be viewed there.
    pub(super) fn of_input(bytes: &Bytes, dtype: DType) -> Option<Self> {
        is_in_place(bytes, dtype).then(|| Self::Input(bytes.clone()))
    }

    /// A constant of a graph, in place if it is large.
    pub(super) fn of_constant(graph: &Arc<Graph>, number: usize) -> Self {
        let constant = &graph.constants()[number];
        if is_in_place(&constant.bytes, constant.ty.dtype) {
            return Self::Constant(graph.clone(), number);
        }
        Self::of(&constant.bytes)
    }

    /// All of it.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(lines) => bytemuck::cast_slice(lines),
            Self::Input(bytes) => bytes,
            Self::Constant(graph, number) => &graph.constants()[*number].bytes,
        }
    }

    /// All of it. What somebody else holds is copied first.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        if !matches!(self, Self::Own(_)) {
            *self = Self::of(self.bytes());
        }
        match self {
            Self::Own(lines) => bytemuck::cast_slice_mut(lines),
            Self::Input(_) | Self::Constant(..) => unreachable!("it was copied"),
        }
    }

    /// Elements of a type.
    pub(super) fn slice(&self, dtype: DType, elements: Range<usize>) -> Slice<'_> {
        let size = dtype.size();
        let bytes = &self.bytes()[elements.start * size..elements.end * size];
        match dtype {
            DType::U8 => Slice::U8(bytes),
            DType::I8 => Slice::I8(bytemuck::cast_slice(bytes)),
            DType::I16 => Slice::I16(bytemuck::cast_slice(bytes)),
            DType::I32 => Slice::I32(bytemuck::cast_slice(bytes)),
        }
    }

    /// Elements of a type.
    pub(super) fn slice_mut(&mut self, dtype: DType, elements: Range<usize>) -> SliceMut<'_> {
        let size = dtype.size();
        let bytes = &mut self.bytes_mut()[elements.start * size..elements.end * size];
        match dtype {
            DType::U8 => SliceMut::U8(bytes),
            DType::I8 => SliceMut::I8(bytemuck::cast_slice_mut(bytes)),
            DType::I16 => SliceMut::I16(bytemuck::cast_slice_mut(bytes)),
            DType::I32 => SliceMut::I32(bytemuck::cast_slice_mut(bytes)),
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
    }
}

/// Whether bytes are read where they are, as elements of a type.
fn is_in_place(bytes: &[u8], dtype: DType) -> bool {
    bytes.len() >= LARGE && bytes.as_ptr().addr().is_multiple_of(dtype.size())
}
