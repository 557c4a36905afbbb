//! VECTOR, tables, items.

use super::*;

fn vector(op: VectorOp, dst: u16, src: u16, pitch: u16, rows: usize, cols: usize) -> Vector {
    Vector {
        op,
        dst,
        dst_pitch: pitch,
        src,
        src_pitch: pitch,
        rows: rows as u16,
        cols: cols as u16,
    }
}

#[test]
fn vector_operations_match_plain_loops_on_every_geometry() {
    let (rows, cols) = (5_usize, 9_usize);
    let input: Vec<u8> = Random(3).bytes(rows * cols * 2);
    for geometry in geometries() {
        let device = card(geometry, 5);
        let pitch = cols.div_ceil(geometry.tile_cols.into()) as u16;
        let tiles = pitch * rows.div_ceil(geometry.tile_rows.into()) as u16;
        let x: Vec<i32> = input[..rows * cols].iter().map(|&v| i32::from(v as i8)).collect();
        let y: Vec<i32> = input[rows * cols..].iter().map(|&v| i32::from(v as i8)).collect();
        type Case = (VectorOp, fn(i32, i32) -> i32);
        let cases: [Case; 6] = [
            (VectorOp::Add, |y, x| y + x),
            (VectorOp::Max, |y, x| y.max(x)),
            (VectorOp::Min, |y, x| y.min(x)),
            (VectorOp::AddImmediate(i32::MAX), |_, x| x.wrapping_add(i32::MAX)),
            (VectorOp::MaxImmediate(-3), |_, x| x.max(-3)),
            (VectorOp::MinImmediate(-3), |_, x| x.min(-3)),
        ];
        for (op, expected) in cases {
            let mut builder = ProgramBuilder::new(geometry);
            for (base, offset) in [(0, 0), (tiles, rows * cols)] {
                builder
                    .load(Load {
                        buffer: Buffer::Acc,
                        to: Lanes {
                            base,
                            pitch,
                            ..matrix(rows, cols)
                        },
                        from: rows_of(Space::Input, offset, cols, Dtype::I8),
                        zero_point: 0,
                    })
                    .unwrap();
            }
            builder.vector(vector(op, tiles, 0, pitch, rows, cols)).unwrap();
            let from = Lanes {
                base: tiles,
                pitch,
                ..matrix(rows, cols)
            };
            builder
                .store(Store {
                    from,
                    to: rows_of(Space::Output, 0, cols, Dtype::I32),
                })
                .unwrap();
            let output = run(&device, &builder.finish().unwrap(), &input, rows * cols * 4).unwrap();
            let expected: Vec<i32> = x.iter().zip(&y).map(|(&x, &y)| expected(y, x)).collect();
            assert_eq!(i32s(&output), expected, "{op:?} on {geometry:?}");
        }
    }
}

#[test]
fn tables_and_argmax_through_workspace() {
    for geometry in geometries() {
        let device = card(geometry, 9);
        let (rows, cols) = (3_usize, 11_usize);
        let pitch = cols.div_ceil(geometry.tile_cols.into()) as u16;
        let tiles = pitch * rows.div_ceil(geometry.tile_rows.into()) as u16;
        let mut input: Vec<u8> = (0..=255_u8).rev().collect();
        // Equal values in a row: the lowest index must win.
        input.extend(
            (0..rows * cols).map(|i| [3, 1, 200, 0, 0, 7, 1, 1, 0, 0, 9][i % cols] + (i / cols) as u8),
        );
        let mut builder = ProgramBuilder::new(geometry);
        builder
            .load_tiles(burst(Buffer::Table, 1, 1, Space::Input, 0, Dtype::U8))
            .unwrap();
        builder
            .load(Load {
                buffer: Buffer::Acc,
                to: Lanes {
                    pitch,
                    ..matrix(rows, cols)
                },
                from: rows_of(Space::Input, 256, cols, Dtype::I8),
                zero_point: 0,
            })
            .unwrap();
        builder
            .vector(vector(VectorOp::Table(1), 0, 0, pitch, rows, cols))
            .unwrap();
        let table = Store {
            from: Lanes {
                pitch,
                ..matrix(rows, cols)
            },
            to: rows_of(Space::Workspace, 64, cols, Dtype::I16),
        };
        builder.store(table).unwrap();
        builder
            .load(Load {
                buffer: Buffer::Acc,
                to: Lanes {
                    pitch,
                    ..matrix(rows, cols)
                },
                from: rows_of(Space::Workspace, 64, cols, Dtype::I16),
                zero_point: 0,
            })
            .unwrap();
        let argmax = Vector {
            op: VectorOp::ArgMax {
                first: true,
                base: 100,
            },
            dst: tiles,
            dst_pitch: 2,
            src: 0,
            src_pitch: pitch,
            rows: rows as u16,
            cols: cols as u16,
        };
        builder.vector(argmax).unwrap();
        let again = VectorOp::ArgMax {
            first: false,
            base: 500,
        };
        builder.vector(Vector { op: again, ..argmax }).unwrap();
        let best = Lanes {
            base: tiles,
            pitch: 2,
            ..matrix(rows, 2)
        };
        builder
            .store(Store {
                from: best,
                to: rows_of(Space::Output, 0, 2, Dtype::I32),
            })
            .unwrap();
        let output = run(&device, &builder.finish().unwrap(), &input, rows * 8).unwrap();
        let mut expected = Vec::new();
        for row in 0..rows {
            let values: Vec<i32> = input[256 + row * cols..][..cols]
                .iter()
                .map(|&v| i32::from(input[usize::from(v)]))
                .collect();
            let best = *values.iter().max().unwrap();
            expected.extend([100 + values.iter().position(|&v| v == best).unwrap() as i32, best]);
        }
        assert_eq!(i32s(&output), expected, "{geometry:?}");
    }
}

#[test]
fn items_of_any_length_lie_side_by_side() {
    let device = card(Geometry::SMALL, 0);
    let mut random = Random(31);
    for bytes in (1..=17).chain([31, 63, 64, 65, 100]) {
        let program = device
            .load_program(&copies(&Geometry::SMALL, bytes as u16))
            .unwrap();
        for count in [1, 2, 9] {
            let inputs: Vec<Vec<u8>> = (0..count).map(|_| random.bytes(bytes)).collect();
            let views: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
            let job = RunJob {
                program: &program,
                data: None,
                state: None,
                workspace_bytes: 0,
                inputs: &views,
                output_bytes: bytes,
                dtype_in: Dtype::U8,
                dtype_out: Dtype::U8,
            };
            assert_eq!(
                device.run(&job).unwrap(),
                inputs,
                "{count} items of {bytes} bytes"
            );
        }
    }
}
