//! Models of rows of features, of scikit-learn, LightGBM and XGBoost, as integers: on rows that they have not seen they
//! decide as ONNX Runtime does. Trees do so for every row, and need no calibration data.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{json, reference, split_outputs};
use metisvm_import::{Calibration, Grid, Imported, Options, import_onnx, npy};
use metisvm_model::DType;
use serde_json::Value as Json;

/// Rows of which a model that is not of trees may decide another way than its floats do.
const MOST_OTHERS: f64 = 0.01;
/// How far shares or probabilities may be off on average.
const SHARE: f64 = 0.01;
/// And the worst of trees, whose sums have 16 bits when they go out.
const TREE_SHARE: f64 = 0.0005;
/// Root of the mean squared error of real numbers, as a part of their spread. Nearly all of it comes from three rows
/// with features up to a third beyond all that calibration saw, which saturate.
const REAL: f64 = 0.05;
const TREE_REAL: f64 = 0.0005;

fn numbers(list: &Json) -> Vec<f32> {
    let list = list.as_array().unwrap().iter();
    list.map(|v| v.as_f64().unwrap() as f32).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks_exact(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// What the notes say of an input: a scale for each column, or one for all.
fn scales(imported: &Imported, name: &str) -> Vec<f32> {
    let note = |what: String| imported.graph.metadata().get(&format!("input.{name}.{what}"));
    let lists = (0..).map_while(|at| note(format!("scales.{at}")));
    let all: Vec<f32> = lists
        .flat_map(|l| l.split(' '))
        .map(|s| s.parse().unwrap())
        .collect();
    if all.is_empty() {
        vec![note("scale".to_string()).unwrap().parse().unwrap()]
    } else {
        all
    }
}

/// The outputs as real numbers.
fn run(imported: &Imported, rows: &[f32]) -> Vec<Vec<f64>> {
    let port = &imported.graph.inputs()[0];
    let scales = scales(imported, &port.name);
    let zero = &imported.graph.metadata()[&format!("input.{}.zero_point", port.name)];
    let zero: i64 = zero.parse().unwrap();
    let mut given = Vec::new();
    for (&v, scale) in rows.iter().zip(scales.iter().cycle()) {
        let value = port
            .ty
            .dtype
            .saturate((v / scale).round_ties_even() as i64 + zero);
        given.extend_from_slice(&value.to_le_bytes()[..port.ty.dtype.size()]);
    }
    let results = split_outputs(imported, &reference(imported).run(&given).unwrap());
    let outputs = imported.graph.outputs().iter().zip(results);
    outputs
        .map(|(output, result)| {
            let grid = common::grid(imported, "output", &output.name, DType::I16);
            let (scale, zero, _) = grid.unwrap_or((1.0, 0.0, DType::I32));
            result.iter().map(|&v| (f64::from(v) - zero) * scale).collect()
        })
        .collect()
}

fn calibration(all: &Json, width: usize) -> Calibration {
    let data = numbers(&all["calibration"]);
    Calibration::single(npy::Array::new(vec![1, data.len() / width, width], data).unwrap())
}

/// What is wrong with the outputs, if anything is.
fn wrong(case: &Json, outputs: &[Vec<f64>]) -> Result<(), String> {
    let trees = case["kind"] == "trees";
    let expected: Vec<Vec<f32>> = case["outputs"].as_array().unwrap().iter().map(numbers).collect();
    if expected.len() != outputs.len() {
        return Err(format!("{} outputs, not {}", outputs.len(), expected.len()));
    }
    let pairs = |at: usize| {
        outputs[at]
            .iter()
            .zip(&expected[at])
            .map(|(a, &b)| (*a, f64::from(b)))
    };
    let count = outputs[0].len() as f64;
    if outputs.len() == 1 {
        let mean = pairs(0).map(|(_, b)| b).sum::<f64>() / count;
        let spread = pairs(0).map(|(_, b)| (b - mean).powi(2)).sum::<f64>();
        let error = (pairs(0).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / spread).sqrt();
        println!("  error {:.4} %", error * 100.0);
        let most = if trees { TREE_REAL } else { REAL };
        return if error <= most {
            Ok(())
        } else {
            Err(format!("off by {:.3} %", error * 100.0))
        };
    }
    let others = pairs(0).filter(|(a, b)| a != b).count();
    let furthest = pairs(1).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let mean = pairs(1).map(|(a, b)| (a - b).abs()).sum::<f64>() / expected[1].len() as f64;
    println!("  {others} rows decided otherwise, scores off by {mean:.5}, at most by {furthest:.5}");
    let (most_others, most) = if trees {
        (0.0, TREE_SHARE)
    } else {
        (MOST_OTHERS, SHARE)
    };
    if others as f64 / count > most_others {
        return Err(format!("{others} rows of {count} decided otherwise"));
    }
    let shares = expected[1].iter().all(|v| (0.0..=1.0).contains(v));
    let off = if trees { furthest } else { mean };
    if shares && off > most {
        return Err(format!("scores are off by {off}"));
    }
    Ok(())
}

#[test]
fn models_decide_as_their_floats_do() {
    let all = json("fixtures/tabular.json");
    let rows = numbers(&all["rows"]);
    let mut failures = Vec::new();
    for (name, case) in all["models"].as_object().unwrap() {
        let model = bytes(case["model"].as_str().unwrap());
        let mut ways = vec![Some(calibration(&all, 8))];
        if case["kind"] == "trees" {
            ways.push(None);
        }
        for calibration in ways {
            let calibrated = calibration.is_some();
            println!("{name}, {}", if calibrated { "calibrated" } else { "as it is" });
            let options = Options {
                calibration,
                ..Options::default()
            };
            let outcome = import_onnx(&model, &options)
                .map_err(|e| e.to_string())
                .and_then(|imported| {
                    wrong(case, &run(&imported, &rows)).map_err(|why| {
                        let layers = imported.report.layers.iter().filter_map(|l| Some((l, l.error?)));
                        let layers: Vec<String> =
                            layers.map(|(l, e)| format!("{}: {e:.5}", l.node)).collect();
                        format!("{why}; {}", layers.join(", "))
                    })?;
                    match &imported.report.warnings[..] {
                        [] => Ok(()),
                        warnings => Err(warnings.join("; ")),
                    }
                });
            if let Err(why) = outcome {
                failures.push(format!("{name} (calibrated: {calibrated}): {why}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One byte grid for features of very different sizes ruins a model: that is not done unasked, and if it is asked for the
/// report says what it did.
#[test]
fn a_coarse_input_grid_is_warned_of() {
    let all = json("fixtures/tabular.json");
    for name in ["logistic_raw", "random_forest"] {
        let model = bytes(all["models"][name]["model"].as_str().unwrap());
        let grid = Grid {
            scale: 400.0,
            zero_point: 128,
            dtype: DType::U8,
        };
        let options = Options {
            calibration: Some(calibration(&all, 8)),
            input_grids: [("x".to_string(), grid)].into(),
            ..Options::default()
        };
        let imported = import_onnx(&model, &options).unwrap();
        let outputs = run(&imported, &numbers(&all["rows"]));
        assert!(wrong(&all["models"][name], &outputs).is_err(), "{name}");
        assert!(!imported.report.warnings.is_empty(), "{name}");
    }
}
