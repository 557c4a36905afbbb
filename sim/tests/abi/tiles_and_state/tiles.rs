//! Bursts of tiles, products with 16-bit operands, interpolation.

use super::*;

/// All lanes of `rows` × `cols` tiles of ACC from tile `base` on.
fn all_lanes(geometry: &Geometry, base: u16, rows: u16, cols: u16) -> Lanes {
    Lanes {
        base,
        pitch: cols,
        row: 0,
        col: 0,
        rows: rows * geometry.tile_rows,
        cols: cols * geometry.tile_cols,
    }
}

#[test]
fn a_burst_of_tiles_is_what_gathers_of_its_tiles_give() {
    let mut random = Random(17);
    for geometry in geometries() {
        let device = card(geometry);
        for dtype in Dtype::ALL {
            let (rows, cols) = (2, 3);
            let tile = geometry.tile_bytes(Buffer::Acc, dtype);
            let row_stride = cols * tile + 16;
            let input = random.bytes((8 + rows * row_stride) as usize);
            let lanes = all_lanes(&geometry, 5, rows as u16, cols as u16);
            let bytes = u64::from(lanes.rows) * u64::from(lanes.cols) * 4;
            let mut builder = ProgramBuilder::new(geometry);
            builder
                .load_tiles(LoadTiles {
                    buffer: Buffer::Acc,
                    base: 5,
                    pitch: cols as u16,
                    rows: rows as u16,
                    cols: cols as u16,
                    from: Burst {
                        space: Space::Input,
                        offset: 8,
                        row_stride: row_stride as u32,
                        dtype,
                    },
                    zero_point: 0,
                })
                .unwrap();
            builder
                .store(Store {
                    from: lanes,
                    to: row_major(Space::Output, 0, lanes.cols, Dtype::I32),
                })
                .unwrap();
            // The same tiles, one gather each, into other tiles.
            for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
                builder
                    .load(Load {
                        buffer: Buffer::Acc,
                        to: all_lanes(&geometry, 20 + (row * cols + col) as u16, 1, 1),
                        from: row_major(
                            Space::Input,
                            8 + row * row_stride + col * tile,
                            geometry.tile_cols,
                            dtype,
                        ),
                        zero_point: 0,
                    })
                    .unwrap();
            }
            builder
                .store(Store {
                    from: Lanes { base: 20, ..lanes },
                    to: row_major(Space::Output, bytes, lanes.cols, Dtype::I32),
                })
                .unwrap();
            // And back to memory in bursts.
            builder
                .store_tiles(StoreTiles {
                    base: 5,
                    pitch: cols as u16,
                    rows: rows as u16,
                    cols: cols as u16,
                    to: Burst {
                        space: Space::Output,
                        offset: (2 * bytes).next_multiple_of(8),
                        row_stride: (cols * tile) as u32,
                        dtype,
                    },
                })
                .unwrap();
            let end = (2 * bytes).next_multiple_of(8) + rows * cols * tile;
            let output = run(&device, &builder.finish().unwrap(), None, &[&input], end as usize).unwrap();
            let (burst, rest) = output[0].split_at(bytes as usize);
            assert_eq!(burst, &rest[..bytes as usize], "{dtype:?} on {geometry:?}");
            let stored = &output[0][(2 * bytes).next_multiple_of(8) as usize..];
            let packed = (geometry.unit_lanes(Buffer::Acc) * u64::from(dtype.bytes())) as usize;
            for (index, tile_bytes) in stored.chunks_exact(tile as usize).enumerate() {
                let at =
                    8 + index / cols as usize * row_stride as usize + index % cols as usize * tile as usize;
                assert_eq!(
                    tile_bytes[..packed],
                    input[at..at + packed],
                    "{dtype:?} on {geometry:?}"
                );
                assert!(
                    tile_bytes[packed..].iter().all(|&byte| byte == 0),
                    "padding is zero"
                );
            }
        }
    }
}

#[test]
fn products_of_16_bit_operands_are_two_passes() {
    let mut random = Random(23);
    for geometry in geometries() {
        let device = card(geometry);
        let (m, k, n) = (
            usize::from(geometry.tile_rows),
            usize::from(geometry.tile_depth) * 2,
            usize::from(geometry.tile_cols),
        );
        let extremes = [i16::MIN, i16::MAX, -1, 0, 1, 255, 256, -256];
        let x: Vec<i16> = (0..m * k)
            .map(|i| {
                if i % 3 == 0 {
                    extremes[i / 3 % 8]
                } else {
                    random.next() as i16
                }
            })
            .collect();
        let w: Vec<i8> = random.bytes(k * n).iter().map(|&byte| byte as i8).collect();
        let mut input: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
        let weights_at = input.len() as u64;
        input.extend(w.iter().map(|&v| v as u8));
        let mut builder = ProgramBuilder::new(geometry);
        let lanes = |pitch: u16, rows: usize, cols: usize| Lanes {
            pitch,
            rows: rows as u16,
            cols: cols as u16,
            ..Lanes::default()
        };
        builder
            .load(Load {
                buffer: Buffer::B,
                to: lanes(1, k, n),
                from: row_major(Space::Input, weights_at, n as u16, Dtype::I8),
                zero_point: 0,
            })
            .unwrap();
        for (byte, dtype, accumulate) in [(1, Dtype::I8, false), (0, Dtype::U8, true)] {
            let from = Walk {
                row_stride: k as i32 * 2,
                col_stride: 2,
                ..row_major(Space::Input, byte, 0, dtype)
            };
            builder
                .load(Load {
                    buffer: Buffer::A,
                    to: lanes(2, m, k),
                    from,
                    zero_point: 0,
                })
                .unwrap();
            builder
                .gemm(Gemm {
                    accumulate,
                    shift: accumulate,
                    m_tiles: 1,
                    n_tiles: 1,
                    k_tiles: 2,
                    a_step: 1,
                    b_pitch: 1,
                    ..Gemm::default()
                })
                .unwrap();
        }
        builder
            .store(Store {
                from: lanes(1, m, n),
                to: row_major(Space::Output, 0, n as u16, Dtype::I32),
            })
            .unwrap();
        let output = run(&device, &builder.finish().unwrap(), None, &[&input], m * n * 4).unwrap();
        let expected: Vec<i32> = (0..m * n)
            .map(|at| {
                (0..k)
                    .map(|d| i32::from(x[at / n * k + d]) * i32::from(w[d * n + at % n]))
                    .sum()
            })
            .collect();
        assert_eq!(i32s(&output[0]), expected, "{geometry:?}");
    }
}

#[test]
fn interpolation_is_its_formula_for_every_16_bit_value() {
    let geometry = Geometry::MEDIUM;
    let device = card(geometry);
    // Nodes over the whole range, so that differences take all of their 17 bits.
    let node = |i: usize| match i % 5 {
        0 => i32::from(i16::MIN),
        1 => i32::from(i16::MAX),
        _ => (i as i32 * 7919) % 32768 - 16384,
    };
    let mut input: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let nodes_at = input.len() as u64;
    input.extend((0..256).flat_map(|i| node(i).to_le_bytes()));
    // The highest bits of a difference do not count.
    let difference = |i: usize| (node(i + 1) - node(i)) ^ 0x0004_0000;
    input.extend((0..256).flat_map(|i| difference(i).to_le_bytes()));
    let mut builder = ProgramBuilder::new(geometry);
    builder
        .load_tiles(LoadTiles {
            buffer: Buffer::Table,
            base: 3,
            pitch: 0,
            rows: 1,
            cols: 2,
            from: Burst {
                space: Space::Input,
                offset: nodes_at,
                row_stride: 0,
                dtype: Dtype::I32,
            },
            zero_point: 0,
        })
        .unwrap();
    let area = Lanes {
        pitch: 16,
        rows: 256,
        cols: 256,
        ..Lanes::default()
    };
    builder
        .load(Load {
            buffer: Buffer::Acc,
            to: area,
            from: row_major(Space::Input, 0, 256, Dtype::I16),
            zero_point: 0,
        })
        .unwrap();
    builder
        .vector(Vector {
            op: VectorOp::Interpolate {
                nodes: 3,
                differences: 4,
            },
            dst: 0,
            dst_pitch: 16,
            src: 0,
            src_pitch: 16,
            rows: 256,
            cols: 256,
        })
        .unwrap();
    builder
        .store(Store {
            from: area,
            to: row_major(Space::Output, 0, 256, Dtype::I32),
        })
        .unwrap();
    let output = run(&device, &builder.finish().unwrap(), None, &[&input], 65536 * 4).unwrap();
    for (bits, found) in (0..=u16::MAX).zip(i32s(&output[0])) {
        let u = i32::from(bits as i16) + 32768;
        let (h, l) = ((u >> 8) as usize, u & 255);
        let expected = node(h) + (((node(h + 1) - node(h)) * l + 128) >> 8);
        assert_eq!(found, expected, "of {}", bits as i16);
    }
}
