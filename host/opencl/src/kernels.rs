//! The programs: one file of `kernels/` each, built for element types, an operator, tile sizes.

use std::fmt;

/// An element type, by the name that OpenCL C has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// 8 bits without a sign.
    U8,
    /// 8 bits.
    I8,
    /// 16 bits.
    I16,
    /// 32 bits.
    I32,
}

impl Type {
    /// Bytes of an element.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::U8 => "uchar",
            Self::I8 => "char",
            Self::I16 => "short",
            Self::I32 => "int",
        }
    }
}

/// A program and the options of its build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) kernel: &'static str,
    /// A macro that chooses an operator; empty for none.
    pub(crate) op: &'static str,
    pub(crate) x: Type,
    pub(crate) b: Type,
    pub(crate) y: Type,
}

/// Rows of a product's tile.
pub(crate) const TILE_ROWS: usize = 8;
/// Vectors of 16 columns of a product's tile.
pub(crate) const TILE_VECTORS: usize = 2;
/// Columns of a product's tile.
pub(crate) const TILE_COLUMNS: usize = 16 * TILE_VECTORS;

impl Variant {
    pub(crate) const fn name(&self) -> &'static str {
        self.kernel
    }

    pub(crate) fn source(&self) -> String {
        let own = match self.kernel {
            "pointwise" => include_str!("../kernels/pointwise.cl"),
            "reduce" => include_str!("../kernels/reduce.cl"),
            "gather" => include_str!("../kernels/gather.cl"),
            "max_pool" | "convolve" | "pack_windows" => include_str!("../kernels/window.cl"),
            "pack_rows" | "pack_columns" | "column_starts" => include_str!("../kernels/pack.cl"),
            "product" => include_str!("../kernels/product.cl"),
            _ => include_str!("../kernels/keccak.cl"),
        };
        format!("{}{own}", include_str!("../kernels/common.cl"))
    }

    pub(crate) fn options(&self) -> String {
        let [x, b, y] = [self.x, self.b, self.y].map(Type::name);
        let mut options =
            format!("-DTX={x} -DTB={b} -DTY={y} -DMR={TILE_ROWS} -DNV={TILE_VECTORS} -DNR={TILE_COLUMNS}");
        if !self.op.is_empty() {
            options.push_str(" -DOP_");
            options.push_str(self.op);
        }
        options
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kernel, self.options())
    }
}
