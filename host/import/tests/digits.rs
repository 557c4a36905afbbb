//! The digits models on all 540 test images, against ONNX Runtime's committed results.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{json, read, reference, run};
use metisvm_import::{ActivationType, Calibration, Grid, Imported, Options, Range, import_onnx, npy};
use metisvm_model::{Bundle, DType};

struct Score {
    accuracy: f64,
    /// Share of images whose class is ONNX Runtime's.
    agreement: f64,
    /// Images whose quantised logits differ, and by how many steps at most.
    differing: usize,
    steps: i64,
    accuracy_of_onnxruntime: f64,
}

fn calibration() -> Option<Calibration> {
    Some(Calibration::single(
        npy::read(&read("digits/calibration.npy")).unwrap(),
    ))
}

fn import(name: &str, options: &Options) -> Imported {
    let imported = import_onnx(&read(&format!("digits/{name}.onnx")), options).unwrap();
    let (bundle, bytes) = Bundle::encode(imported.graph.clone()).unwrap();
    assert_eq!(Bundle::decode(&bytes).unwrap().id, bundle.id);
    imported
}

fn score(name: &str, imported: &Imported) -> Score {
    let expected = &json("digits/expected.json")["models"][format!("{name}.onnx")];
    let images = read("digits/test_images.bin");
    let labels = read("digits/test_labels.bin");
    let reference = reference(imported);
    let (mut right, mut same, mut differing, mut steps) = (0, 0, 0, 0i64);
    for (i, (image, &label)) in images.chunks_exact(64).zip(&labels).enumerate() {
        let pixels: Vec<f64> = image.iter().map(|&p| p.into()).collect();
        let outputs = run(imported, &reference, &[&pixels]);
        let logits = &outputs[0];
        let class = (0..10).rev().max_by_key(|&c| logits[c]).unwrap();
        if let Some(own) = outputs.get(1) {
            assert_eq!(own[..], [class as i32], "the graph's own ArgMax");
        }
        right += usize::from(class == usize::from(label));
        same += usize::from(class as u64 == expected["predictions"][i].as_u64().unwrap());
        if let Some(want) = expected.get("quantised_logits") {
            let distance = (0..10)
                .map(|c| (i64::from(logits[c]) - want[i][c].as_i64().unwrap()).abs())
                .max()
                .unwrap();
            differing += usize::from(distance > 0);
            steps = steps.max(distance);
        }
    }
    Score {
        accuracy: right as f64 / labels.len() as f64,
        agreement: same as f64 / labels.len() as f64,
        differing,
        steps,
        accuracy_of_onnxruntime: expected["accuracy"].as_f64().unwrap(),
    }
}

fn check(what: &str, name: &str, imported: &Imported) {
    let s = score(name, imported);
    println!(
        "{what}: accuracy {:.4} (ONNX Runtime {:.4}), classes equal {:.4}, logits differ in {} images by at most {} steps",
        s.accuracy, s.accuracy_of_onnxruntime, s.agreement, s.differing, s.steps
    );
    assert!(s.agreement >= 0.995, "{what}: {}", s.agreement);
    assert!(
        s.accuracy >= s.accuracy_of_onnxruntime - 0.005,
        "{what}: {}",
        s.accuracy
    );
}

#[test]
fn quantised_digits_agree_with_onnxruntime() {
    for name in ["mlp_qdq", "cnn_qdq"] {
        let imported = import(name, &Options::default());
        check(name, name, &imported);
        assert!(score(name, &imported).steps <= 1, "{name}");
    }
}

#[test]
fn float_digits_keep_their_accuracy() {
    for name in ["mlp_f32", "cnn_f32"] {
        for activation in [ActivationType::U8, ActivationType::I8] {
            for range in [Range::MinMax, Range::MeanMinMax] {
                let options = Options {
                    calibration: calibration(),
                    activation,
                    range,
                    ..Options::default()
                };
                let imported = import(name, &options);
                if range == Range::MinMax {
                    check(&format!("{name} {activation:?}"), name, &imported);
                } else {
                    // Clipping is for long-tailed data, which these are not: it is only to work.
                    let s = score(name, &imported);
                    println!("{name} {activation:?} {range:?}: accuracy {:.4}", s.accuracy);
                    assert!(s.accuracy > 0.9);
                }
            }
        }
    }
}

#[test]
fn pixels_can_be_given_as_they_are() {
    for name in ["mlp_f32", "cnn_f32"] {
        let mut options = Options {
            calibration: calibration(),
            ..Options::default()
        };
        let grid = Grid {
            scale: 1.0,
            zero_point: 0,
            dtype: DType::U8,
        };
        options.input_grids.insert("pixels".to_string(), grid);
        let imported = import(name, &options);
        assert_eq!(imported.graph.metadata()["input.pixels.scale"], "1");
        assert_eq!(imported.graph.metadata()["input.pixels.zero_point"], "0");
        check(&format!("{name} on raw pixels"), name, &imported);
    }
}

#[test]
fn the_report_says_what_each_layer_became() {
    let options = Options {
        calibration: calibration(),
        ..Options::default()
    };
    let report = import("cnn_f32", &options).report;
    assert!(report.calibrated);
    assert_eq!(report.samples, 200);
    assert_eq!(report.weights, 8 * 9 + 8 + 16 * 8 * 9 + 16 + 64 * 10 + 10);
    assert_eq!(report.macs, 64 * 8 * 9 + 16 * 16 * 8 * 9 + 640);
    let conv = &report.layers[0];
    assert_eq!(
        (conv.node.name.as_str(), conv.operators.as_slice()),
        ("conv1", ["Conv2d"].as_slice())
    );
    for layer in &report.layers {
        assert!(layer.multiplier_error <= 2f64.powi(-15), "{layer:?}");
        assert!(layer.weight_error <= 0.5, "{layer:?}");
        println!("{layer:?}");
    }
}

/// What a caller asks of the outputs is striven for by finer operands of products; nothing of that where nobody asks, or
/// where they are near enough.
#[test]
fn products_are_refined_for_a_caller_who_asks() {
    let with = |target_error| {
        let options = Options {
            calibration: calibration(),
            target_error,
            ..Options::default()
        };
        let imported = import("mlp_f32", &options);
        let errors = imported.report.outputs.iter().map(|output| output.relative);
        let error = errors.fold(0f64, f64::max);
        (imported.graph, error)
    };
    let (plain, error) = with(None);
    assert!(with(Some(error * 1.01)).0 == plain);
    let (finer, less) = with(Some(error / 2.0));
    assert!(finer != plain && less < 0.9 * error, "{error}, then {less}");
}
