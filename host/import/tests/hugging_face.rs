//! Folders of Hugging Face as integers, against the floats of transformers: `models/make_hub.py` makes the folders, with
//! inputs and outputs of samples that calibration has not seen.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{grid, models, read, reference, run};
use metisvm_import::hugging_face::{Choices, Folder, to_onnx};
use metisvm_import::npy::{self, Array};
use metisvm_import::npz::Archive;
use metisvm_import::{Calibration, Imported, Options, import_onnx};
use metisvm_model::DType;
use std::collections::BTreeMap;

/// The error of outputs that is asked for: perplexity follows it, and the default costs some of these models half a
/// percent.
const TARGET: f64 = 0.005;
/// What an archive of samples may unpack to.
const MAX_SAMPLES: usize = 1 << 26;

/// The arrays of `models/hub/NAME/FILE.npz` whose names begin with `role`, by the rest of their names.
fn arrays(name: &str, file: &str, role: &str) -> BTreeMap<String, Array> {
    let bytes = read(&format!("hub/{name}/{file}.npz"));
    let archive = Archive::read(&bytes, MAX_SAMPLES).unwrap();
    let names = archive.names().filter_map(|full| full.strip_prefix(role));
    let arrays = names.map(|rest| {
        let bytes = archive.get(&format!("{role}{rest}")).unwrap().unwrap();
        let array = npy::read_numbers(&bytes).unwrap().to_array().unwrap();
        (rest.to_string(), array)
    });
    arrays.collect()
}

fn import(name: &str, dims: &[(&str, u32)]) -> Imported {
    let folder = Folder::open(&models().join("hub").join(name)).unwrap();
    let choices = Choices {
        dims: dims.iter().map(|(name, n)| ((*name).to_string(), *n)).collect(),
        ..Choices::default()
    };
    let onnx = to_onnx(&folder, &choices).unwrap();
    assert_eq!(onnx.warnings, Vec::<String>::new(), "{name}");
    let options = Options {
        calibration: Some(Calibration {
            inputs: arrays(name, "calibration", "input_"),
        }),
        target_error: Some(TARGET),
        ..Options::default()
    };
    import_onnx(&onnx.bytes, &options).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// For each sample the real numbers of the first output, and what they should be.
fn outputs(name: &str, imported: &Imported) -> Vec<(Vec<f64>, Vec<f64>)> {
    let inputs = arrays(name, "expected", "input_");
    let port = &imported.graph.outputs()[0];
    let expected = &arrays(name, "expected", "output_")[&port.name];
    let samples = expected.shape()[0];
    let reference = reference(imported);
    let (scale, zero, _) = grid(imported, "output", &port.name, DType::I16).unwrap();
    let part = |array: &Array, at: usize| -> Vec<f64> {
        let size = array.data().len() / samples;
        let part = &array.data()[at * size..][..size];
        part.iter().map(|&v| f64::from(v)).collect()
    };
    let samples = (0..samples).map(|at| {
        let given: Vec<Vec<f64>> = imported
            .graph
            .inputs()
            .iter()
            .map(|port| part(&inputs[&port.name], at))
            .collect();
        let given: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
        let result = run(imported, &reference, &given).swap_remove(0);
        let reals = result.iter().map(|&v| (f64::from(v) - zero) * scale).collect();
        (reals, part(expected, at))
    });
    samples.collect()
}

/// Root mean square of the difference, as a part of that of the floats.
fn error(samples: &[(Vec<f64>, Vec<f64>)]) -> f64 {
    let pairs = || samples.iter().flat_map(|(is, should)| is.iter().zip(should));
    let off: f64 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
    let all: f64 = pairs().map(|(_, b)| b.powi(2)).sum();
    (off / all).sqrt()
}

fn greatest(row: &[f64]) -> usize {
    let places = row.iter().enumerate();
    places.max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0
}

/// The part of rows with the same greatest element.
fn agreement(samples: &[(Vec<f64>, Vec<f64>)], width: usize) -> f64 {
    let rows = samples
        .iter()
        .flat_map(|(is, should)| is.chunks_exact(width).zip(should.chunks_exact(width)));
    let same: Vec<bool> = rows.map(|(a, b)| greatest(a) == greatest(b)).collect();
    same.iter().filter(|same| **same).count() as f64 / same.len() as f64
}

/// Logarithm of the perplexity of the texts themselves, of the integers less that of the floats.
fn worse(name: &str, samples: &[(Vec<f64>, Vec<f64>)], width: usize) -> f64 {
    let tokens = &arrays(name, "expected", "input_")["tokens"];
    let rows = tokens.shape()[1];
    let loss = |logits: &[f64], next: usize| {
        let most = logits.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = logits.iter().map(|v| (v - most).exp()).sum();
        most + sum.ln() - logits[next]
    };
    let mut sum = 0.0;
    let mut count = 0.0;
    for (sample, (is, should)) in samples.iter().enumerate() {
        for row in 0..rows - 1 {
            let next = tokens.data()[sample * rows + row + 1] as usize;
            let part = row * width..(row + 1) * width;
            sum += loss(&is[part.clone()], next) - loss(&should[part], next);
            count += 1.0;
        }
    }
    sum / count
}

/// A model that generates: `bounds` are the error of logits, the part of rows with another best token, and the growth of
/// the perplexity.
fn generates(name: &str, bounds: [f64; 3]) {
    let imported = import(name, &[("sequence", 32)]);
    let samples = outputs(name, &imported);
    let width = imported.graph.ty(imported.graph.outputs()[0].value).shape.dims()[2] as usize;
    let measured = [
        error(&samples),
        1.0 - agreement(&samples, width),
        worse(name, &samples, width).exp() - 1.0,
    ];
    println!(
        "{name}: error of logits {:.5}, other tokens {:.5}, perplexity {:+.5}",
        measured[0], measured[1], measured[2]
    );
    for (is, most) in measured.iter().zip(bounds) {
        assert!(*is <= most, "{name}: {measured:?} is over {bounds:?}");
    }
}

#[test]
fn gpt2_gives_the_tokens_of_its_floats() {
    generates("gpt2", [0.012, 0.05, 0.003]);
}

#[test]
fn llama_gives_the_tokens_of_its_floats() {
    generates("llama", [0.012, 0.05, 0.005]);
}

#[test]
fn deepseek_gives_the_tokens_of_its_floats() {
    generates("deepseek", [0.025, 0.06, 0.005]);
}

#[test]
fn bert_gives_the_classes_of_its_floats() {
    let imported = import("bert", &[("sequence", 32)]);
    let samples = outputs("bert", &imported);
    let classes = samples[0].1.len();
    let measured = [error(&samples), 1.0 - agreement(&samples, classes)];
    println!(
        "bert: error of logits {:.5}, other classes {:.5}",
        measured[0], measured[1]
    );
    assert!(measured[0] <= 0.01 && measured[1] == 0.0, "{measured:?}");
}
