//! Memory that values lie in: lines of the cache, viewed as elements of a type.

use bytemuck::{Pod, Zeroable};
use metisvm_model::DType;
use metisvm_simd::elements::{Slice, SliceMut};
use std::ops::Range;

/// The bytes of a line of the cache, and the widest vector.
const LINE: usize = 64;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// Zeroed memory, aligned to lines.
#[derive(Clone, Default)]
pub(super) struct Memory(Vec<Line>);

impl Memory {
    /// Room for so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self(vec![Line::zeroed(); bytes.div_ceil(LINE)])
    }

    /// A copy of bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut memory = Self::new(bytes.len());
        memory.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        memory
    }

    /// All of it.
    pub(super) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }

    /// All of it.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
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
        write!(f, "{} bytes", self.0.len() * LINE)
    }
}
