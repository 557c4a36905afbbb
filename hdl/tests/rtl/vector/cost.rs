//! No VECTOR takes more cycles than it costs units, however few of a tile's columns count.

use super::cycles;
use super::geometries::Shape;
use super::operations::requantise;
use metisvm_firmware::{Operation, Vector, VectorOp};

/// Cycles in which the runner begins an instruction and ends it, around this module's: less than that.
const RUNNER: u64 = 16;

const OPS: [VectorOp; 8] = [
    VectorOp::Add,
    VectorOp::Max,
    VectorOp::Min,
    VectorOp::AddImmediate(1),
    VectorOp::MinImmediate(5),
    VectorOp::Table(1),
    VectorOp::Interpolate {
        nodes: 0,
        differences: 1,
    },
    VectorOp::ArgMax { first: true, base: 0 },
];

/// Each operation on a row and on many, of one column, of a tile's, and of one more.
fn vectors(shape: Shape) -> Vec<Vector> {
    let geometry = shape.geometry();
    let mut all = Vec::new();
    for op in OPS.into_iter().chain([requantise(0, false), requantise(3, true)]) {
        let reduces = matches!(op, VectorOp::ArgMax { .. });
        for cols in [1, geometry.tile_cols, geometry.tile_cols + 1] {
            let pitch = cols.div_ceil(geometry.tile_cols);
            for rows in [1, 16 / pitch * geometry.tile_rows] {
                all.push(Vector {
                    op,
                    dst: if reduces { 20 } else { 0 },
                    dst_pitch: pitch,
                    src: 0,
                    src_pitch: pitch,
                    rows,
                    cols,
                });
            }
        }
    }
    all
}

fn holds(shape: Shape) {
    let vectors = vectors(shape);
    let Some(cycles) = cycles("cost", shape, &vectors) else {
        return;
    };
    for (vector, cycles) in vectors.iter().zip(cycles) {
        let cost = Operation::Vector(*vector).cost(&shape.geometry());
        assert!(
            cycles + RUNNER <= cost,
            "{shape:?}: {cycles} cycles, cost {cost}: {vector:?}"
        );
    }
}

#[test]
fn no_vector_on_four_columns_takes_more_cycles_than_it_costs() {
    holds(Shape::FourByFour);
}

#[test]
fn no_vector_on_eight_columns_takes_more_cycles_than_it_costs() {
    holds(Shape::EightByEight);
}

#[test]
fn no_vector_on_sixteen_columns_takes_more_cycles_than_it_costs() {
    holds(Shape::FourBySixteen);
}
