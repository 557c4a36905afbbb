//! `metisvm model`: import, info and run, and what they say of files that are not models.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_model::Bundle;
use serde_json::Value;
use support::{objects, repository, run, stderr, stdout};
use tempfile::tempdir;

fn path(file: &str) -> String {
    repository(file).to_str().unwrap().to_string()
}

#[test]
fn an_import_gives_the_bundle_that_is_bundled() {
    let folder = tempdir().unwrap();
    let onnx = path("models/digits/cnn_qdq.onnx");
    let arguments = [
        "model",
        "import",
        &onnx,
        "--keep",
        "logits",
        "-o",
        "cnn.bundle",
        "--json",
    ];
    let output = run(folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let bytes = std::fs::read(folder.path().join("cnn.bundle")).unwrap();
    assert_eq!(
        bytes,
        std::fs::read(repository("host/cli/bundled/digits-cnn.bundle")).unwrap()
    );
    let id = Bundle::decode(&bytes).unwrap().id.to_string();
    assert_eq!(objects(&output)[0]["model_id"], id.as_str());

    let info = run(folder.path(), &["model", "info", "cnn.bundle", "--json"]);
    let info = &objects(&info)[0];
    assert_eq!(info["model_id"], id.as_str());
    assert_eq!(info["macs"], 23_680);
    assert_eq!(info["outputs"].as_array().unwrap().len(), 1);
    let text = stdout(&run(folder.path(), &["model", "info", "cnn.bundle"]));
    assert!(
        text.contains(&id) && text.contains("multiply-accumulates"),
        "{text}"
    );
}

#[test]
fn an_f32_model_needs_calibration_and_both_backends_agree_on_it() {
    let folder = tempdir().unwrap();
    let onnx = path("models/digits/mlp_f32.onnx");
    let refused = run(folder.path(), &["model", "import", &onnx, "-o", "m.bundle"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("calibration"), "{}", stderr(&refused));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a failed import leaves nothing"
    );

    let samples = path("models/digits/calibration.npy");
    let done = run(
        folder.path(),
        &[
            "model",
            "import",
            &onnx,
            "--calibration",
            &samples,
            "-o",
            "m.bundle",
        ],
    );
    assert!(done.status.success(), "{}", stderr(&done));
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    std::fs::write(folder.path().join("image"), &images[..64]).unwrap();
    let outputs: Vec<Value> = ["reference", "fpga"]
        .iter()
        .map(|backend| {
            let arguments = [
                "model",
                "run",
                "m.bundle",
                "--input",
                "image",
                "--backend",
                backend,
                "--json",
            ];
            let object = objects(&run(folder.path(), &arguments)).remove(0);
            assert_eq!(object["fallbacks"], 0);
            object["outputs"].clone()
        })
        .collect();
    assert_eq!(outputs[0], outputs[1]);

    let raw = run(
        folder.path(),
        &["model", "run", "m.bundle", "--input", "image", "-o", "-"],
    );
    // Outputs of f32 files are words of 16 bits.
    let values: Vec<u8> = outputs[0][0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|v| (v.as_i64().unwrap() as i16).to_le_bytes())
        .collect();
    assert_eq!(raw.stdout, values);
}

#[test]
fn what_cannot_be_imported_is_named_and_leaves_no_file() {
    let folder = tempdir().unwrap();
    let qdq = path("models/digits/mlp_qdq.onnx");
    let cases: &[(&[&str], &str)] = &[
        (&["model", "import", "nowhere.onnx"], "nowhere.onnx"),
        (
            &["model", "import", &qdq, "--keep", "nothing", "-o", "x.bundle"],
            "the file's outputs are logits",
        ),
        (
            &["model", "import", &qdq, "-o", "no/such/folder/x.bundle"],
            "no/such/folder/x.bundle",
        ),
        (&["model", "info", &qdq], "not a model bundle"),
    ];
    for (arguments, says) in cases {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(
            stderr(&output).contains(says),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    for file in [
        "external_parent",
        "cycle",
        "dims_overflow_u64",
        "duplicate_initializer",
        "length_huge",
    ] {
        let onnx = path(&format!("models/fixtures/hostile/{file}.onnx"));
        let output = run(folder.path(), &["model", "import", &onnx, "-o", "x.bundle"]);
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(
            stderr(&output).contains(&format!("{file}.onnx")),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// An array as NumPy writes it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn an_input_may_be_an_npy_file_and_a_batch_gives_what_each_input_gives() {
    let folder = tempdir().unwrap();
    let bundle = path("host/cli/bundled/digits-mlp.bundle");
    let info = objects(&run(folder.path(), &["model", "info", &bundle, "--json"])).remove(0);
    let input = &info["inputs"][0];
    let dtype = input["dtype"].as_str().unwrap();
    let shape: Vec<u64> = input["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dim| dim.as_u64().unwrap())
        .collect();
    let descr = match dtype {
        "u8" => "|u1",
        "i8" => "|i1",
        other => panic!("{other}"),
    };
    let tuple = |dims: &[u64]| {
        let dims: String = dims.iter().map(|dim| format!("{dim}, ")).collect();
        format!("({dims})")
    };
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("raw", &images[..64]);
    write("one.npy", &npy(descr, &tuple(&shape), &images[..64]));
    write("three", &images[..192]);
    let mut stacked = shape.clone();
    stacked.insert(0, 3);
    write("three.npy", &npy(descr, &tuple(&stacked), &images[..192]));
    write("wrong_type.npy", &npy("<i4", &tuple(&[16]), &images[..64]));
    write("wrong_shape.npy", &npy(descr, &tuple(&[7]), &images[..7]));

    let one = |file: &str| {
        let output = run(
            folder.path(),
            &["model", "run", &bundle, "--input", file, "--json"],
        );
        assert!(output.status.success(), "{file}: {}", stderr(&output));
        objects(&output).remove(0)
    };
    let expected = one("raw");
    assert_eq!(one("one.npy")["outputs"], expected["outputs"]);
    assert!(expected["load_ms"].as_f64().unwrap() > 0.0 && expected["run_ms"].as_f64().unwrap() > 0.0);
    for file in ["three", "three.npy"] {
        let arguments = ["model", "run", &bundle, "--input", file, "--batch", "3", "--json"];
        let object = objects(&run(folder.path(), &arguments)).remove(0);
        let all = object["batch_outputs"].as_array().unwrap();
        assert_eq!(all.len(), 3);
        for (index, outputs) in all.iter().enumerate() {
            write("each", &images[64 * index..64 * (index + 1)]);
            assert_eq!(*outputs, one("each")["outputs"], "{file} {index}");
        }
    }
    for (file, says) in [
        ("wrong_type.npy", "it holds i32"),
        ("wrong_shape.npy", "it has the shape [7]"),
        ("three", "longer than the 64 bytes"),
    ] {
        let output = run(folder.path(), &["model", "run", &bundle, "--input", file]);
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(stderr(&output).contains(says), "{file}: {}", stderr(&output));
    }
}

#[test]
fn a_bundle_that_is_not_the_one_expected_is_not_run() {
    let folder = tempdir().unwrap();
    let bundle = path("host/cli/bundled/digits-mlp.bundle");
    std::fs::write(folder.path().join("input"), [3; 64]).unwrap();
    let id =
        objects(&run(folder.path(), &["model", "info", &bundle, "--json"])).remove(0)["model_id"].clone();
    let id = id.as_str().unwrap();
    let with = |expected: &str| {
        run(
            folder.path(),
            &[
                "model",
                "run",
                &bundle,
                "--input",
                "input",
                "--expect-id",
                expected,
            ],
        )
    };
    assert!(with(id).status.success());
    assert!(with(&id.to_uppercase().replace("0X", "0x")).status.success());
    let another = format!("0x{}", "12".repeat(32));
    let other = with(&another);
    assert_eq!(with("xyz").status.code(), Some(2));
    assert_eq!(other.status.code(), Some(1));
    assert!(
        stderr(&other).contains(id) && stderr(&other).contains(&another),
        "{}",
        stderr(&other)
    );
    assert_eq!(stdout(&other), "");
}
