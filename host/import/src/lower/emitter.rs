//! Writes the integer graph, and remembers which ONNX node asked for what.

use super::weights::Weights;
use crate::error::{NodeName, Problem};
use crate::multiplier::{GREATEST_FACTOR, Multiplier};
use crate::report::Layer;
use metisvm_model::limits::MAX_NODES;
use metisvm_model::{DType, Op, Parsed, Tensor, TensorType, Value};

#[derive(Debug, Default)]
pub(super) struct Emitter {
    pub(super) parsed: Parsed,
    /// For each integer node, the ONNX node it comes from.
    pub(super) origins: Vec<NodeName>,
    pub(super) layers: Vec<Layer>,
    current: Option<Layer>,
}

impl Emitter {
    /// What follows stands for this ONNX node.
    pub(super) fn begin(&mut self, node: &NodeName) {
        if self.current.as_ref().is_some_and(|l| l.node == *node) {
            return;
        }
        self.end();
        self.current = Some(layer(node));
    }

    pub(super) fn end(&mut self) {
        self.layers.extend(self.current.take());
    }

    /// The place among the layers of the one that is being written.
    pub(super) fn at(&self) -> usize {
        self.layers.len()
    }

    pub(super) fn layer(&mut self) -> &mut Layer {
        self.current.get_or_insert_with(|| layer(&NodeName::default()))
    }

    pub(super) fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        let node = self.layer().node.clone();
        self.layer().operators.push(op.name());
        self.origins.push(node);
        self.parsed.node(op, operands)
    }

    /// A constant tensor.
    pub(super) fn tensor(&mut self, dtype: DType, dims: &[u32], data: Vec<i32>) -> Result<Value, Problem> {
        if self.parsed.nodes.len() > MAX_NODES {
            return Err(Problem::TooMany {
                what: "integer operators",
                count: self.parsed.nodes.len() as u64,
                limit: MAX_NODES as u64,
            });
        }
        let tensor = TensorType::new(dtype, dims)
            .and_then(|ty| Tensor::new(ty, data))
            .ok_or_else(|| {
                Problem::Shape(format!(
                    "a constant {dtype}{dims:?} is empty, too large or overflows"
                ))
            })?;
        Ok(self.parsed.constant(&tensor))
    }

    pub(super) fn scalar(&mut self, dtype: DType, value: i32) -> Result<Value, Problem> {
        self.tensor(dtype, &[], vec![value])
    }

    pub(super) fn weights(&mut self, w: &Weights) -> Result<Value, Problem> {
        let layer = self.layer();
        layer.weights += w.data.len() as u64;
        layer.weight_error = layer.weight_error.max(w.error);
        self.tensor(w.dtype, &w.dims, w.data.clone())
    }

    /// The zero points of weights: one, or one a channel where they differ.
    pub(super) fn zeros(&mut self, w: &Weights) -> Result<Value, Problem> {
        match w.zeros[..] {
            [first, ref rest @ ..] if rest.iter().all(|&z| z == first) => self.scalar(w.dtype, first),
            _ => self.tensor(w.dtype, &[w.zeros.len() as u32], w.zeros.clone()),
        }
    }

    /// A bias in steps of its accumulator's scale.
    pub(super) fn bias(&mut self, bias: &[f64], scales: &[f64]) -> Result<Value, Problem> {
        let steps = bias.iter().enumerate().map(|(index, &real)| {
            let scale = if scales.len() == 1 {
                scales[0]
            } else {
                scales[index]
            };
            let value = (real / scale).round();
            if value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX) {
                Ok(value as i32)
            } else {
                Err(Problem::Bias { index, value })
            }
        });
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        self.layer().weights += bias.len() as u64;
        self.tensor(DType::I32, &[bias.len() as u32], steps)
    }

    /// `zero + value · factor`, one factor or one for each index of `axis`.
    pub(super) fn requantise(
        &mut self,
        value: Value,
        factors: &[f64],
        axis: usize,
        to: DType,
        zero: i32,
    ) -> Result<Value, Problem> {
        let most = factors.iter().copied().fold(0.0, f64::max);
        let doublings = (most / GREATEST_FACTOR).log2().ceil();
        if (1.0..=30.0).contains(&doublings) {
            // What saturates here would saturate in the result, since the rest of the factor is thousands.
            let times = self.scalar(DType::I32, 1 << doublings as u32)?;
            let op = Op::Mul {
                shift: 0,
                to: DType::I32,
            };
            let value = self.node(op, &[value, times]);
            let rest: Vec<f64> = factors.iter().map(|f| f / doublings.exp2()).collect();
            return self.requantise(value, &rest, axis, to, zero);
        }
        let mut found = Vec::new();
        for &ratio in factors {
            let m = Multiplier::nearest(ratio).ok_or(Problem::Multiplier {
                sum: String::new(),
                ratio,
            })?;
            // Of factors that round everything to zero the distance says nothing.
            if m.multiplier >= 1 << 14 {
                let layer = self.layer();
                layer.multiplier_error = layer.multiplier_error.max(m.error(ratio));
            }
            found.push(m);
        }
        let alike = found.windows(2).all(|w| w[0] == w[1]);
        let (dims, axis) = if alike {
            found.truncate(1);
            (vec![], 0)
        } else {
            (vec![found.len() as u32], axis as u8)
        };
        let multipliers = found.iter().map(|m| m.multiplier).collect();
        let shifts = found.iter().map(|m| m.shift).collect();
        let operands = [
            value,
            self.tensor(DType::I16, &dims, multipliers)?,
            self.tensor(DType::U8, &dims, shifts)?,
            self.scalar(to, zero)?,
        ];
        Ok(self.node(Op::Requantise { to, axis }, &operands))
    }

    /// `value · factor >> shift`.
    pub(super) fn times(
        &mut self,
        value: Value,
        factor: i32,
        shift: u8,
        to: DType,
    ) -> Result<Value, Problem> {
        let factor = self.scalar(DType::I32, factor)?;
        Ok(self.node(Op::Mul { shift, to }, &[value, factor]))
    }

    /// A clamp, unless the type's own range is as narrow.
    pub(super) fn clamp(
        &mut self,
        value: Value,
        dtype: DType,
        low: i32,
        high: i32,
    ) -> Result<Value, Problem> {
        if low <= dtype.min() && high >= dtype.max() {
            return Ok(value);
        }
        let operands = [value, self.scalar(dtype, low)?, self.scalar(dtype, high)?];
        Ok(self.node(Op::Clamp, &operands))
    }

    /// Any function of bytes.
    pub(super) fn table(
        &mut self,
        value: Value,
        from: DType,
        to: DType,
        entry: impl Fn(i32) -> i32,
    ) -> Result<Value, Problem> {
        // The table is indexed by the bits of the byte.
        let byte = |bits: u8| {
            if from == DType::I8 {
                i32::from(bits as i8)
            } else {
                i32::from(bits)
            }
        };
        let entries = (0..=u8::MAX).map(|bits| entry(byte(bits))).collect();
        let table = self.tensor(to, &[256], entries)?;
        Ok(self.node(Op::Table, &[value, table]))
    }
}

fn layer(node: &NodeName) -> Layer {
    Layer {
        node: node.clone(),
        operators: Vec::new(),
        result: None,
        grid: None,
        weights: 0,
        multiplier_error: 0.0,
        weight_error: 0.0,
        error: None,
        clipped: 0.0,
    }
}
