//! The geometries that are tried, and their models.

use super::mistakes::IN_VECTOR;
use crate::seeded::seeded;
use crate::verilator::{Model, verilog_folder};
use metisvm_firmware::Geometry;
use metisvm_firmware::check::TABLE_ENTRIES;
use metisvm_hdl::tensor::vector::unit::VectorUnit;
use metisvm_hdl::verilog;
use std::ffi::OsString;
use std::fs;
use std::sync::OnceLock;

/// Rows and columns of a tile; the number of units differs too.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// One requantise unit.
    FourByFour,
    /// Two.
    EightByEight,
    /// Eight, one a column.
    TwoByEight,
    /// Two, one a column.
    FourByTwo,
    /// One for sixteen columns: nothing is slower.
    FourBySixteen,
}

impl Shape {
    /// Small, so that much is near an end, and no power of two, so that a bit too few is noticed.
    pub(crate) fn geometry(self) -> Geometry {
        let (tile_rows, tile_cols) = match self {
            Self::FourByFour => (4, 4),
            Self::EightByEight => (8, 8),
            Self::TwoByEight => (2, 8),
            Self::FourByTwo => (4, 2),
            Self::FourBySixteen => (4, 16),
        };
        Geometry {
            tile_rows,
            tile_cols,
            tile_depth: 4,
            a_tiles: 8,
            b_tiles: 8,
            acc_tiles: 37,
            param_entries: 53,
            table_count: 3,
        }
    }

    pub(crate) fn top(self) -> String {
        format!("metisvm_vector_{self:?}").to_lowercase()
    }

    pub(crate) fn emit(self) -> String {
        let (name, geometry) = (self.top(), self.geometry());
        match self {
            Self::FourByFour => verilog::emit(&name, VectorUnit::<4, 128, 256>::new(&geometry, 1)),
            Self::EightByEight => verilog::emit(&name, VectorUnit::<8, 256, 512>::new(&geometry, 2)),
            Self::TwoByEight => verilog::emit(&name, VectorUnit::<8, 256, 512>::new(&geometry, 8)),
            Self::FourByTwo => verilog::emit(&name, VectorUnit::<2, 64, 128>::new(&geometry, 2)),
            Self::FourBySixteen => verilog::emit(&name, VectorUnit::<16, 512, 1024>::new(&geometry, 1)),
        }
        .unwrap()
    }
}

/// Writes a top module's file, unless it is there, so that it is not built again.
pub(crate) fn write(top: &str, text: &str) {
    let path = verilog_folder().join(format!("{top}.v"));
    if fs::read_to_string(&path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

/// The model of a shape, built once; the one of tiles of 4×4 has seeded mistakes to choose from.
pub(crate) fn model(verilator: &OsString, shape: Shape) -> &'static Model {
    static BUILT: [OnceLock<Model>; 5] = [const { OnceLock::new() }; 5];
    BUILT[shape as usize].get_or_init(|| {
        let (top, mut text) = (shape.top(), shape.emit());
        if matches!(shape, Shape::FourByFour) {
            text = seeded(&top, &top, &text, IN_VECTOR);
        }
        write(&top, &text);
        Model::build(verilator, &top, "vector.cpp")
    })
}

/// What the harness must know first.
pub(crate) fn header(geometry: &Geometry, fault: usize) -> String {
    let rows = geometry.acc_tiles * u32::from(geometry.tile_rows);
    let entries = geometry.table_count * TABLE_ENTRIES as u32;
    format!(
        "{} {rows} {} {entries} {fault}\n",
        geometry.tile_cols, geometry.param_entries
    )
}
