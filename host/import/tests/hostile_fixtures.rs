//! Every hostile fixture is refused with an error that names the place.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{json, made_up_calibration, read};
use metisvm_import::{Options, import_onnx, npy};

#[test]
fn hostile_files_are_refused_by_name() {
    let index = json("fixtures/index.json");
    let mut failures = Vec::new();
    let mut refused = 0;
    for (path, entry) in index.as_object().unwrap() {
        if !path.starts_with("hostile/") {
            continue;
        }
        let bytes = read(&format!("fixtures/{path}"));
        let started = std::time::Instant::now();
        let mut options = Options::default();
        let mut result = import_onnx(&bytes, &options);
        if let Err(e) = &result
            && e.to_string().contains("needs calibration data")
        {
            options.calibration = made_up_calibration(&bytes);
            result = import_onnx(&bytes, &options);
        }
        let seconds = started.elapsed().as_secs_f64();
        if seconds > 2.0 {
            failures.push(format!("{path}: took {seconds:.1} s"));
        }
        match result {
            Ok(_) if entry["expect"] == "either" => println!("{path}: taken"),
            Ok(imported) if entry["expect"] == "accept" => {
                let said = imported.report.warnings.join("\n");
                let mentions = entry["error_mentions"].as_array().unwrap();
                if !mentions.iter().all(|m| said.contains(m.as_str().unwrap())) {
                    failures.push(format!("{path}: it says {said:?} ({})", entry["why"]));
                }
            }
            Ok(_) => failures.push(format!("{path}: taken ({})", entry["why"])),
            Err(e) => {
                refused += 1;
                let text = e.to_string();
                println!("{path}: {text}");
                let mentions = entry["error_mentions"].as_array().unwrap();
                let missing: Vec<_> = mentions
                    .iter()
                    .filter(|m| !text.contains(m.as_str().unwrap()))
                    .collect();
                // Several words are alternatives: the node or its operator, whichever the place is.
                if !mentions.is_empty() && missing.len() == mentions.len() {
                    failures.push(format!("{path}: {text:?} lacks {missing:?} ({})", entry["why"]));
                } else if !missing.is_empty() {
                    println!("  (without {missing:?})");
                }
                if text.chars().any(char::is_control) || text.len() > 2000 {
                    failures.push(format!("{path}: not fit for a terminal: {text:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(refused >= 100, "{refused}");
}

#[test]
fn npy_files_are_read_or_refused() {
    let index = json("fixtures/index.json");
    let mut failures = Vec::new();
    for (path, entry) in index.as_object().unwrap() {
        if !path.starts_with("npy/") {
            continue;
        }
        let result = npy::read(&read(&format!("fixtures/{path}")));
        println!("{path}: {result:?}");
        if result.is_ok() != (entry["expect"] == "accept") && entry["expect"] != "either" {
            failures.push(format!("{path}: {result:?} ({})", entry["why"]));
        }
        if let Ok(array) = result {
            assert_eq!(array.shape(), [2, 6]);
            assert_eq!(array.data(), std::array::from_fn::<f32, 12, _>(|i| i as f32));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
