//! A graph under construction, and numbers for it.

use metisvm_model::{Constant, DType, Node, Op, Output, Parsed, Port, TensorType, Value};

/// Numbers that look random and are always the same.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// A graph under construction.
pub(super) struct Builder {
    pub(super) parsed: Parsed,
    pub(super) numbers: Numbers,
}

impl Builder {
    pub(super) fn input(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let index = self.parsed.inputs.len();
        self.parsed.inputs.push(Port {
            name: format!("input {index}"),
            ty: ty(dtype, dims),
        });
        Value::Input(index as u32)
    }

    pub(super) fn constant(&mut self, dtype: DType, dims: &[u32], values: impl FnMut(usize) -> i32) -> Value {
        let ty = ty(dtype, dims);
        let values: Vec<i32> = (0..ty.elements()).map(values).collect();
        let bytes = values
            .iter()
            .flat_map(|v| v.to_le_bytes()[..dtype.size()].to_vec());
        let bytes = bytes.collect();
        self.parsed.constants.push(Constant { ty, bytes });
        Value::Constant(self.parsed.constants.len() as u32 - 1)
    }

    pub(super) fn scalar(&mut self, dtype: DType, value: i32) -> Value {
        self.constant(dtype, &[], |_| value)
    }

    pub(super) fn weights(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let bytes = self.numbers.bytes(ty(dtype, dims).elements());
        self.constant(dtype, dims, |at| match dtype {
            DType::U8 => i32::from(bytes[at]),
            _ => i32::from(bytes[at] as i8),
        })
    }

    pub(super) fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.parsed.nodes.push(Node {
            op,
            operands: operands.to_vec(),
        });
        Value::Node(self.parsed.nodes.len() as u32 - 1)
    }

    pub(super) fn requantise(&mut self, x: Value, to: DType, multiplier: i32, shift: i32) -> Value {
        let multiplier = self.scalar(DType::I16, multiplier);
        let shift = self.scalar(DType::U8, shift);
        let zero = self.scalar(to, 3);
        self.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
    }

    pub(super) fn output(&mut self, name: &str, value: Value) {
        let name = name.to_owned();
        self.parsed.outputs.push(Output { name, value });
    }
}

pub(super) fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("a small shape")
}
