//! What the tests share: the folder of models, its index, NumPy files of any type, and running an
//! imported graph on real numbers.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use metisvm_import::{Calibration, Grid, Imported, npy};
use metisvm_model::{DType, Reference};
use serde_json::Value as Json;
use std::path::PathBuf;
use std::sync::Arc;

/// `models/` of the repository.
pub(crate) fn models() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

pub(crate) fn read(path: &str) -> Vec<u8> {
    let full = models().join(path);
    std::fs::read(&full).unwrap_or_else(|e| panic!("{}: {e}", full.display()))
}

pub(crate) fn json(path: &str) -> Json {
    serde_json::from_slice(&read(path)).unwrap()
}

/// A NumPy file of any of the types that fixtures have, as f64.
pub(crate) struct Numbers {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

pub(crate) fn numbers(path: &str) -> Numbers {
    let bytes = read(path);
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    let data = &bytes[10 + length..];
    let shape = header.split_once("(").unwrap().1.split_once(")").unwrap().0;
    let shape = shape.split(',').filter_map(|d| d.trim().parse().ok()).collect();
    let data = if header.contains("'<f4'") {
        data.as_chunks()
            .0
            .iter()
            .map(|c| f32::from_le_bytes(*c).into())
            .collect()
    } else if header.contains("'<i8'") {
        data.as_chunks()
            .0
            .iter()
            .map(|c| i64::from_le_bytes(*c) as f64)
            .collect()
    } else if header.contains("'|u1'") {
        data.iter().map(|&b| b.into()).collect()
    } else if header.contains("'|i1'") {
        data.iter().map(|&b| f64::from(b as i8)).collect()
    } else {
        panic!("{path}: {header}")
    };
    Numbers { shape, data }
}

/// A port's grid from the metadata.
pub(crate) fn grid(imported: &Imported, role: &str, name: &str, dtype: DType) -> Option<(f64, f64, DType)> {
    let note = |what: &str| imported.graph.metadata().get(&format!("{role}.{name}.{what}"));
    let scale: f32 = note("scale")?.parse().unwrap();
    let zero: f64 = note("zero_point").unwrap().parse().unwrap();
    Some((scale.into(), zero, dtype))
}

/// The graph on real inputs, one list an input; gives the outputs' integers.
pub(crate) fn run(imported: &Imported, reference: &Reference, inputs: &[&[f64]]) -> Vec<Vec<i32>> {
    let mut bytes = Vec::new();
    for (port, reals) in imported.graph.inputs().iter().zip(inputs) {
        assert_eq!(port.ty.elements(), reals.len());
        let grid = grid(imported, "input", &port.name, port.ty.dtype);
        for &real in *reals {
            let value = match grid {
                Some((scale, zero, dtype)) => Grid {
                    scale: scale as f32,
                    zero_point: zero as i32,
                    dtype,
                }
                .nearest(real),
                None => real as i32,
            };
            bytes.extend_from_slice(&value.to_le_bytes()[..port.ty.bytes() / port.ty.elements()]);
        }
    }
    split_outputs(imported, &reference.run(&bytes).unwrap())
}

/// ONNX's QuantizeLinear, as a caller of a model does it.
pub(crate) trait Nearest {
    fn nearest(&self, real: f64) -> i32;
}

impl Nearest for Grid {
    fn nearest(&self, real: f64) -> i32 {
        let steps = (real as f32 / self.scale).round_ties_even() as i64;
        self.dtype.saturate(steps + i64::from(self.zero_point))
    }
}

pub(crate) fn split_outputs(imported: &Imported, mut bytes: &[u8]) -> Vec<Vec<i32>> {
    let mut outputs = Vec::new();
    for output in imported.graph.outputs() {
        let ty = imported.graph.ty(output.value).clone();
        let (own, rest) = bytes.split_at(ty.bytes());
        bytes = rest;
        outputs.push(
            metisvm_model::Tensor::from_bytes(ty, own)
                .unwrap()
                .data()
                .to_vec(),
        );
    }
    outputs
}

pub(crate) fn reference(imported: &Imported) -> Reference {
    Reference::new(Arc::new(imported.graph.clone()))
}

/// Samples that fit every real input of a file, hostile or not, for the import to get as far as it can.
pub(crate) fn made_up_calibration(bytes: &[u8]) -> Option<Calibration> {
    let model = onnx_rs::parse(bytes).ok()?;
    let mut calibration = Calibration::default();
    for input in &model.graph.as_ref()?.input {
        let dims: Vec<usize> = input
            .tensor_shape()?
            .dim
            .iter()
            .map(|d| match d.value {
                onnx_rs::ast::Dimension::Value(v) if v > 0 => v as usize,
                _ => 1,
            })
            .collect();
        let elements = dims
            .iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
            .filter(|&n| n < 1 << 16)?;
        let mut shape = vec![3];
        shape.extend(&dims);
        let data = (0..3 * elements).map(|i| (i % 17) as f32 / 4.0 - 2.0).collect();
        calibration
            .inputs
            .insert(input.name.to_string(), npy::Array::new(shape, data)?);
    }
    Some(calibration)
}

/// One step of the byte grid that covers these numbers and 0: what distances are measured in, whatever the
/// width of the integers that they come from.
pub(crate) fn byte_step(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let low = numbers.clone().fold(0.0, f64::min);
    let high = numbers.fold(0.0, f64::max);
    if high > low { (high - low) / 255.0 } else { 1.0 }
}
