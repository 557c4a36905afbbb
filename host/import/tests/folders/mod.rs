//! What tests of Hugging Face folders share: `models/hub/NAME`, its samples and expected floats, an import, and how far
//! the integers are off.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use metisvm_import::hugging_face::{Choices, Folder, to_onnx};
use metisvm_import::npy::{self, Array};
use metisvm_import::npz::Archive;
use metisvm_import::{Calibration, Imported, Options, import_onnx};
use metisvm_model::{Reference, Tensor};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An archive of samples unpacked has less.
const MAX_ARCHIVE: usize = 1 << 26;

pub(crate) fn hub(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../models/hub/{name}"))
}

/// Arrays of an archive whose names begin with `role` and an underscore, by what is behind it.
pub(crate) fn arrays(folder: &str, file: &str, role: &str) -> BTreeMap<String, Array> {
    let path = hub(folder).join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let archive = Archive::read(&bytes, MAX_ARCHIVE).unwrap();
    let of_role = |name: &str| name.strip_prefix(&format!("{role}_")).map(str::to_string);
    let names: Vec<(String, String)> = archive
        .names()
        .filter_map(|name| Some((name.to_string(), of_role(name)?)))
        .collect();
    assert!(
        !names.is_empty(),
        "{}: nothing begins with {role}_",
        path.display()
    );
    let read = |name: &str| npy::read_numbers(&archive.get(name).unwrap().unwrap()).unwrap();
    names
        .into_iter()
        .map(|(name, short)| (short, read(&name).to_array().unwrap()))
        .collect()
}

/// One row of a stack of samples.
pub(crate) fn row(array: &Array, at: usize) -> &[f32] {
    let size = array.data().len() / array.shape()[0];
    &array.data()[at * size..][..size]
}

pub(crate) fn choices(part: Option<&str>, dims: &[(&str, u32)]) -> Choices {
    Choices {
        part: part.map(str::to_string),
        dims: dims.iter().map(|(name, n)| (name.to_string(), *n)).collect(),
        ..Choices::default()
    }
}

/// The folder as integers, and a run of them.
pub(crate) struct Model {
    pub(crate) imported: Imported,
    reference: Reference,
}

impl Model {
    /// Of `folder`, with the samples in `calibration`.
    pub(crate) fn import(folder: &str, choices: &Choices, calibration: &str) -> Self {
        Self::import_with(folder, choices, arrays(folder, calibration, "input"))
    }

    pub(crate) fn import_with(folder: &str, choices: &Choices, inputs: BTreeMap<String, Array>) -> Self {
        let folder = Folder::open(&hub(folder)).unwrap();
        let onnx = to_onnx(&folder, choices).unwrap();
        assert_eq!(onnx.warnings, [""; 0]);
        let options = Options {
            calibration: Some(Calibration { inputs }),
            ..Options::default()
        };
        let imported = import_onnx(&onnx.bytes, &options).unwrap();
        let reference = Reference::new(Arc::new(imported.graph.clone()));
        Self { imported, reference }
    }

    pub(crate) fn scale(&self, role: &str, name: &str) -> f64 {
        self.note(role, name, "scale").unwrap()
    }

    pub(crate) fn zero(&self, role: &str, name: &str) -> i64 {
        self.note(role, name, "zero_point").unwrap() as i64
    }

    fn note(&self, role: &str, name: &str, what: &str) -> Option<f64> {
        let note = self
            .imported
            .graph
            .metadata()
            .get(&format!("{role}.{name}.{what}"))?;
        Some(note.parse().unwrap())
    }

    /// What a caller gives for these real numbers.
    pub(crate) fn quantised(&self, name: &str, reals: &[f32]) -> Vec<i64> {
        let Some(scale) = self.note("input", name, "scale") else {
            return reals.iter().map(|real| *real as i64).collect();
        };
        let zero = self.zero("input", name);
        let steps = |real: &f32| (real / scale as f32).round_ties_even() as i64 + zero;
        reals.iter().map(steps).collect()
    }

    /// One run: integers of each input by name, saturated to its type, give those of each output in order.
    pub(crate) fn run(&self, inputs: &BTreeMap<&str, Vec<i64>>) -> Vec<Vec<i32>> {
        let graph = &self.imported.graph;
        let mut raw = Vec::new();
        for port in graph.inputs() {
            let numbers = &inputs[port.name.as_str()];
            assert_eq!(numbers.len(), port.ty.elements(), "{}", port.name);
            let width = port.ty.bytes() / port.ty.elements();
            for &number in numbers {
                raw.extend_from_slice(&port.ty.dtype.saturate(number).to_le_bytes()[..width]);
            }
        }
        let bytes = self.reference.run(&raw).unwrap();
        let mut rest = &bytes[..];
        let mut outputs = Vec::new();
        for port in graph.outputs() {
            let ty = graph.ty(port.value).clone();
            let (own, behind) = rest.split_at(ty.bytes());
            rest = behind;
            outputs.push(Tensor::from_bytes(ty, own).unwrap().data().to_vec());
        }
        outputs
    }

    /// The same with real numbers, by name.
    pub(crate) fn reals(&self, inputs: &BTreeMap<&str, &[f32]>) -> BTreeMap<String, Vec<f64>> {
        let quantised = inputs
            .iter()
            .map(|(name, reals)| (*name, self.quantised(name, reals)))
            .collect();
        let ports = self.imported.graph.outputs().iter();
        let with = ports.zip(self.run(&quantised)).map(|(port, integers)| {
            let (scale, zero) = (self.scale("output", &port.name), self.zero("output", &port.name));
            let real = |n: i32| (i64::from(n) - zero) as f64 * scale;
            (port.name.clone(), integers.into_iter().map(real).collect())
        });
        with.collect()
    }
}

/// How far integers are from floats, over all samples.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Distance {
    product: f64,
    got: f64,
    want: f64,
    /// Rows of the last dimension whose greatest element is the same, and all rows.
    pub(crate) same: usize,
    pub(crate) rows: usize,
}

impl Distance {
    pub(crate) fn add(&mut self, got: &[f64], want: &[f32], row: usize) {
        assert_eq!(got.len(), want.len());
        for (g, w) in got.iter().zip(want) {
            let w = f64::from(*w);
            self.product += g * w;
            self.got += g * g;
            self.want += w * w;
        }
        for (g, w) in got.chunks(row).zip(want.chunks(row)) {
            let best = (0..w.len()).max_by(|&a, &b| w[a].total_cmp(&w[b]));
            self.same += usize::from(best == (0..g.len()).max_by(|&a, &b| g[a].total_cmp(&g[b])));
            self.rows += 1;
        }
    }

    pub(crate) fn cosine(&self) -> f64 {
        self.product / (self.got * self.want).sqrt()
    }

    /// Root mean square of the difference, as a part of the floats'.
    pub(crate) fn relative(&self) -> f64 {
        ((self.got + self.want - 2.0 * self.product) / self.want)
            .max(0.0)
            .sqrt()
    }
}

/// The outputs of a model on all rows of `expected`, against what is there, by name.
pub(crate) fn distances(model: &Model, folder: &str, expected: &str) -> BTreeMap<String, Distance> {
    let inputs = arrays(folder, expected, "input");
    let outputs = arrays(folder, expected, "output");
    let samples = outputs.values().next().unwrap().shape()[0];
    let mut all: BTreeMap<String, Distance> = BTreeMap::new();
    for at in 0..samples {
        let given = inputs
            .iter()
            .map(|(name, array)| (name.as_str(), row(array, at)))
            .collect();
        let got = model.reals(&given);
        assert_eq!(got.len(), outputs.len(), "outputs of {folder}");
        for (name, got) in got {
            let want = &outputs[&name];
            let last = want.shape().last().copied().unwrap_or(1);
            all.entry(name).or_default().add(&got, row(want, at), last);
        }
    }
    for (name, distance) in &all {
        println!(
            "{folder} {name}: cosine {:.5}, relative error {:.4}, greatest element the same in {} of {}",
            distance.cosine(),
            distance.relative(),
            distance.same,
            distance.rows
        );
    }
    all
}
