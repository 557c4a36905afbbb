//! The least program that moves something.

use metisvm_firmware::program::Program;
use metisvm_firmware::{Buffer, Dtype, Geometry, Lanes, Load, ProgramBuilder, Space, Store, Walk};

/// A program that copies as many bytes as an item has, an element at a time.
pub(crate) fn copies(geometry: &Geometry, bytes: u16) -> Program {
    let lanes = Lanes {
        pitch: bytes.div_ceil(geometry.tile_cols),
        rows: 1,
        cols: bytes,
        ..Lanes::default()
    };
    let walk = |space| Walk {
        space,
        offset: 0,
        row_stride: bytes.into(),
        col_stride: 1,
        dtype: Dtype::U8,
    };
    let load = Load {
        buffer: Buffer::Acc,
        to: lanes,
        from: walk(Space::Input),
        zero_point: 0,
    };
    let store = Store {
        from: lanes,
        to: walk(Space::Output),
    };
    let mut builder = ProgramBuilder::new(*geometry);
    builder.load(load).unwrap();
    builder.store(store).unwrap();
    builder.finish().unwrap()
}
