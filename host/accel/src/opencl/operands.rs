//! What a node's launch needs of its operands, for the items of a run.

use metisvm_model::{DType, TensorType};
use metisvm_opencl::{Slice, Type};

/// A value as a launch sees it.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) slice: Slice,
    pub(super) ty: TensorType,
    /// Whether each item has its own, one after the other, or all share one: a constant.
    pub(super) own: bool,
    /// Where it lies, for others to come after; `None` for what nothing writes.
    pub(super) region: Option<super::hazards::Region>,
}

impl Operand {
    /// The element type as kernels name it.
    pub(super) const fn element(&self) -> Type {
        element(self.ty.dtype)
    }

    /// Slice and element type.
    pub(super) const fn typed(&self) -> (&Slice, Type) {
        (&self.slice, self.element())
    }

    /// Elements of one item.
    pub(super) fn elements(&self) -> u32 {
        // At most 2^26.
        self.ty.elements() as u32
    }

    /// Elements from one item to the next: 0 where they share one.
    pub(super) fn item(&self) -> u32 {
        if self.own { self.elements() } else { 0 }
    }
}

/// An element type as kernels name it.
pub(super) const fn element(dtype: DType) -> Type {
    match dtype {
        DType::U8 => Type::U8,
        DType::I8 => Type::I8,
        DType::I16 => Type::I16,
        DType::I32 => Type::I32,
    }
}
