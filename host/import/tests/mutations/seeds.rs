//! The sound files that others are made from: every operator that import takes is in one of them.

use crate::common::{json, models, read};
use metisvm_import::{ImportError, Options, Problem, import_onnx};
use serde_json::Value as Json;

/// A file.
pub(crate) struct Seed {
    pub(crate) bytes: Vec<u8>,
    /// Whether it is imported with samples.
    pub(crate) samples: bool,
}

/// What is written as digits in base 16.
fn hexadecimal(text: &Json) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

/// Names of the files of a folder, in order.
fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(models().join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// Valid fixtures, the digits models, and the cases of single operators and of groups.
pub(crate) fn seeds() -> Vec<Seed> {
    let index = json("fixtures/index.json");
    let valid = index
        .as_object()
        .unwrap()
        .keys()
        .filter(|k| k.starts_with("valid/"))
        .map(|k| format!("fixtures/{k}"));
    let digits = ["mlp_f32", "mlp_qdq", "cnn_f32", "cnn_qdq"].map(|n| format!("digits/{n}.onnx"));
    let paths = valid.chain(digits);
    let mut files: Vec<Vec<u8>> = paths.map(|path| read(&path)).collect();
    for path in names("operators") {
        let cases = json(&path);
        files.extend(cases.as_array().unwrap().iter().map(|c| hexadecimal(&c["model"])));
    }
    for path in names("fixtures/float-groups") {
        let cases = json(&path);
        files.extend(
            cases
                .as_object()
                .unwrap()
                .values()
                .map(|c| hexadecimal(&c["model"])),
        );
    }
    files.into_iter().map(seed).collect()
}

fn seed(bytes: Vec<u8>) -> Seed {
    let samples = match import_onnx(&bytes, &Options::default()) {
        Err(ImportError::Model(problem)) => *problem == Problem::NeedsCalibration,
        _ => false,
    };
    Seed { bytes, samples }
}
