//! Dense layers.

use super::*;

/// A dense layer: u8 input with a zero point, i8 weights, i32 bias, a record a column.
struct Dense {
    rows: usize,
    inner: usize,
    cols: usize,
    zero: i16,
    weights: Vec<i8>,
    bias: Vec<i32>,
    records: Vec<Record>,
}

impl Dense {
    fn random(rows: usize, inner: usize, cols: usize, random: &mut Random) -> Self {
        Self {
            rows,
            inner,
            cols,
            zero: random.below(256) as i16,
            weights: random.bytes(inner * cols).iter().map(|&b| b as i8).collect(),
            bias: (0..cols).map(|_| random.below(2001) as i32 - 1000).collect(),
            records: (0..cols)
                .map(|_| Record {
                    multiplier: random.below(32767) as u16 + 1,
                    shift: random.below(47) as u8 + 1,
                    zero: random.below(256) as i32 - 128,
                })
                .collect(),
        }
    }

    /// Weights, bias, records, each from a multiple of 8 on.
    fn data(&self) -> Vec<u8> {
        let mut data: Vec<u8> = self.weights.iter().map(|&w| w as u8).collect();
        data.resize(data.len().next_multiple_of(8), 0);
        data.extend(self.bias.iter().flat_map(|b| b.to_le_bytes()));
        data.resize(data.len().next_multiple_of(8), 0);
        data.extend(self.records.iter().flat_map(|r| r.to_bytes()));
        data
    }

    /// Writes the raw accumulators, then the requantised i8.
    fn program(&self, geometry: &Geometry) -> Program {
        let &Self {
            rows, inner, cols, ..
        } = self;
        let tiles = |lanes: usize, side: u16| lanes.div_ceil(side.into()) as u16;
        let (m, k) = (tiles(rows, geometry.tile_rows), tiles(inner, geometry.tile_depth));
        let n = tiles(cols, geometry.tile_cols);
        let bias_at = (inner * cols).next_multiple_of(8);
        let records_at = (bias_at + cols * 4).next_multiple_of(8);
        let mut builder = ProgramBuilder::new(*geometry);
        // Ragged tiles: what the loads leave out must be zero in the inner dimension.
        builder
            .fill(Fill {
                buffer: Buffer::A,
                base: 0,
                tiles: m * k,
                value: 0,
            })
            .unwrap();
        builder
            .fill(Fill {
                buffer: Buffer::B,
                base: 0,
                tiles: k * n,
                value: 0,
            })
            .unwrap();
        let load = |buffer, pitch, rows, cols, from, zero_point| Load {
            buffer,
            to: Lanes {
                pitch,
                ..matrix(rows, cols)
            },
            from,
            zero_point,
        };
        let input = rows_of(Space::Input, 0, inner, Dtype::U8);
        builder
            .load(load(Buffer::A, k, rows, inner, input, self.zero))
            .unwrap();
        let weights = rows_of(Space::Resident, 0, cols, Dtype::I8);
        builder.load(load(Buffer::B, n, inner, cols, weights, 0)).unwrap();
        let bias = Walk {
            row_stride: 0,
            ..rows_of(Space::Resident, bias_at, cols, Dtype::I32)
        };
        builder.load(load(Buffer::Acc, n, rows, cols, bias, 0)).unwrap();
        builder
            .load_tiles(burst(
                Buffer::Param,
                0,
                cols,
                Space::Resident,
                records_at,
                Dtype::U8,
            ))
            .unwrap();
        builder
            .gemm(Gemm {
                accumulate: true,
                m_tiles: m,
                n_tiles: n,
                k_tiles: k,
                acc_pitch: n,
                a_pitch: k,
                a_step: 1,
                b_pitch: n,
                b_step: 1,
                ..Gemm::default()
            })
            .unwrap();
        let from = Lanes {
            pitch: n,
            ..matrix(rows, cols)
        };
        builder
            .store(Store {
                from,
                to: rows_of(Space::Output, 0, cols, Dtype::I32),
            })
            .unwrap();
        builder
            .vector(Vector {
                op: VectorOp::Requantise(Requantise {
                    param: 0,
                    shared: false,
                    dtype: Dtype::I8,
                }),
                dst: 0,
                dst_pitch: n,
                src: 0,
                src_pitch: n,
                rows: rows as u16,
                cols: cols as u16,
            })
            .unwrap();
        builder
            .store(Store {
                from,
                to: rows_of(Space::Output, rows * cols * 4, cols, Dtype::I8),
            })
            .unwrap();
        let program = builder.finish().unwrap();
        program.check_tokens().unwrap();
        program
    }

    fn expected(&self, input: &[u8]) -> Vec<u8> {
        let (mut raw, mut requantised) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            for col in 0..self.cols {
                let mut acc = self.bias[col];
                for k in 0..self.inner {
                    let x = i32::from(input[row * self.inner + k]) - i32::from(self.zero);
                    acc += x * i32::from(self.weights[k * self.cols + col]);
                }
                raw.extend(acc.to_le_bytes());
                let Record {
                    multiplier,
                    shift,
                    zero,
                } = self.records[col];
                let half = 1_i64 << (shift - 1);
                let scaled = (i64::from(acc) * i64::from(multiplier) + half) >> shift;
                requantised.push((scaled + i64::from(zero)).clamp(-128, 127) as i8 as u8);
            }
        }
        raw.extend(requantised);
        raw
    }
}

#[test]
fn dense_layers_match_plain_loops_on_every_geometry() {
    let mut random = Random(7);
    for (seed, geometry) in geometries().into_iter().enumerate() {
        let device = card(geometry, seed as u64);
        for (rows, inner, cols) in [(1, 1, 1), (1, 64, 10), (4, 4, 4), (5, 9, 13), (16, 16, 16)] {
            let layer = Dense::random(rows, inner, cols, &mut random);
            let tiles = rows.div_ceil(geometry.tile_rows.into()) * inner.div_ceil(geometry.tile_depth.into());
            if tiles > geometry.a_tiles as usize {
                continue;
            }
            let program = device.load_program(&layer.program(&geometry)).unwrap();
            let data = device.load_resident(&layer.data()).unwrap();
            let inputs: Vec<Vec<u8>> = (0..3).map(|_| random.bytes(rows * inner)).collect();
            let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
            let job = RunJob {
                program: &program,
                data: Some(&data),
                state: None,
                workspace_bytes: 0,
                inputs: &inputs,
                output_bytes: rows * cols * 5,
                dtype_in: Dtype::U8,
                dtype_out: Dtype::U8,
            };
            let outputs = device.run(&job).unwrap();
            for (input, output) in inputs.iter().zip(outputs) {
                assert_eq!(
                    output,
                    layer.expected(input),
                    "{rows}×{inner}×{cols} on {geometry:?}"
                );
            }
        }
    }
}

fn without_tokens(program: &Program) -> Program {
    let strip = |instruction: &Instruction| Instruction {
        dependencies: Dependencies::default(),
        ..*instruction
    };
    Program::new(program.instructions().map(strip)).unwrap()
}

#[test]
fn missing_tokens_show_under_some_seed() {
    let geometry = Geometry::SMALL;
    let layer = Dense::random(4, 4, 4, &mut Random(2));
    let good = layer.program(&geometry);
    let bad = without_tokens(&good);
    bad.check_tokens().unwrap();
    let input = Random(4).bytes(16);
    let outcome = |program: &Program, seed| {
        let device = card(geometry, seed);
        let program = device.load_program(program).unwrap();
        let data = device.load_resident(&layer.data()).unwrap();
        let job = RunJob {
            program: &program,
            data: Some(&data),
            state: None,
            workspace_bytes: 0,
            inputs: &[&input],
            output_bytes: 80,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::I8,
        };
        device.run(&job)
    };
    assert!((0..8).all(|seed| outcome(&good, seed).unwrap()[0] == layer.expected(&input)));
    assert!((0..8).any(|seed| outcome(&bad, seed).map_or(true, |found| found[0] != layer.expected(&input))));
}
