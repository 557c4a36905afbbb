//! What `metisvm model` says of levels, audits, gas schedules and times, through the binary.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use flate2::Crc;
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Tensor, TensorType};
use metisvm_simd::Level;
use metisvm_vm::GasSchedule;
use serde_json::Value;
use std::path::Path;
use support::{objects, repository, run, stderr, stdout};
use tempfile::tempdir;

fn cnn() -> String {
    let path = repository("host/cli/bundled/digits-cnn.bundle");
    path.to_str().unwrap().to_owned()
}

/// Images of digits as the bundled models take them, 64 bytes each.
fn images(count: usize) -> Vec<u8> {
    let all = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    all[..64 * count].to_vec()
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).unwrap()
}

/// Stores a bundle of a product of words by bytes, which schedule 1 does not price, and gives its graph.
fn wide_product(file: &Path) -> Graph {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I16, &[2, 5]));
    let constant = |g: &mut Parsed, dtype, dims: &[u32], data: Vec<i32>| {
        g.constant(&Tensor::new(ty(dtype, dims), data).unwrap())
    };
    let w = constant(&mut g, DType::I8, &[5, 3], (-7..8).collect());
    let x_zero = constant(&mut g, DType::I16, &[], vec![0]);
    let w_zero = constant(&mut g, DType::I8, &[], vec![0]);
    let y = g.node(Op::WideMatMul, &[x, w, x_zero, w_zero]);
    g.output("y", y);
    let (bundle, bytes) = Bundle::encode(g.check().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
    bundle.graph.clone()
}

/// An array as NumPy writes it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

/// An archive of arrays, stored without compression.
fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in arrays {
        let mut crc = Crc::new();
        crc.update(bytes);
        let name = format!("{name}.npy");
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        // Version, flags, method, time, date; the checksum, both sizes, the lengths of name and extra field.
        let shared = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &crc.sum().to_le_bytes(),
            &size,
            &size,
            &u16::try_from(name.len()).unwrap().to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        let at = u32::try_from(file.len()).unwrap().to_le_bytes();
        let local = [b"PK\x03\x04", &shared[..], name.as_bytes(), bytes].concat();
        file.extend(local);
        let entry = [b"PK\x01\x02\x14\x00", &shared[..], &[0; 10], &at, name.as_bytes()].concat();
        directory.extend(entry);
    }
    let count = u16::try_from(arrays.len()).unwrap().to_le_bytes();
    let start = u32::try_from(file.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let end = [
        b"PK\x05\x06",
        &[0; 4][..],
        &count,
        &count,
        &length,
        &start,
        &[0, 0],
    ]
    .concat();
    [file, directory, end].concat()
}

/// Writes samples of the convolutional net, with outputs that are its own, and gives the name of the file.
fn samples(folder: &Path, count: usize) -> &'static str {
    let bundle = cnn();
    let info = objects(&run(folder, &["model", "info", &bundle, "--json"])).remove(0);
    let (input, output) = (&info["inputs"][0], &info["outputs"][0]);
    let stacked = |port: &Value| {
        let dims = port["shape"].as_array().unwrap();
        let dims: String = dims.iter().map(|dim| format!("{dim}, ")).collect();
        format!("({count}, {dims})")
    };
    assert_eq!((&input["dtype"], &output["dtype"]), (&"i8".into(), &"i8".into()));
    std::fs::write(folder.join("images"), images(count)).unwrap();
    let batch = count.to_string();
    let arguments = [
        "model", "run", &bundle, "--input", "images", "--batch", &batch, "-o", "-",
    ];
    // In real numbers, as another implementation would give them.
    let number = |key: &str| -> f64 { info["metadata"][key].as_str().unwrap().parse().unwrap() };
    let (scale, zero_point) = (number("output.logits.scale"), number("output.logits.zero_point"));
    let real = |byte: &u8| ((f64::from(*byte as i8) - zero_point) * scale).to_le_bytes();
    let outputs: Vec<u8> = run(folder, &arguments).stdout.iter().flat_map(real).collect();
    let port = |role: &str, port: &Value| format!("{role}_{}", port["name"].as_str().unwrap());
    let archive = npz(&[
        (&port("input", input), npy("|i1", &stacked(input), &images(count))),
        (&port("output", output), npy("<f8", &stacked(output), &outputs)),
    ]);
    std::fs::write(folder.join("samples.npz"), archive).unwrap();
    "samples.npz"
}

#[test]
fn check_takes_a_level_and_audits_and_says_which_level_it_was() {
    let folder = tempdir().unwrap();
    let (bundle, data) = (cnn(), samples(folder.path(), 3));
    let check = |options: &[&str]| {
        let arguments = [&["model", "check", &bundle, "--data", data], options].concat();
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{options:?}: {}", stderr(&output));
        output
    };
    for level in Level::available() {
        let found = objects(&check(&["--cpu-level", level.name(), "--audit", "1/1", "--json"]));
        let names: Vec<&str> = found.iter().map(|one| one["backend"].as_str().unwrap()).collect();
        assert_eq!(names, ["reference", "cpu", "fpga"]);
        for one in &found {
            assert_eq!(one["bit_identical"], true, "{one}");
            assert!(one["cosine"].as_f64() > Some(0.9999), "{one}");
        }
        let cpu = &found[1];
        assert_eq!(cpu["cpu_level"], level.name());
        // Every inference, with all multiply-accumulates of each.
        assert_eq!(
            (&cpu["cpu_audited"], &cpu["cpu_condemned"]),
            (&3.into(), &0.into())
        );
        let counted = cpu["cpu_macs"].as_u64().unwrap() + cpu["cpu_scalar_macs"].as_u64().unwrap();
        assert_eq!(counted, 3 * 23_680);
        assert_eq!(
            (&found[0]["cpu_level"], &found[2]["cpu_level"]),
            (&Value::Null, &Value::Null)
        );
        let table = stdout(&check(&["--cpu-level", level.name(), "--backend", "cpu"]));
        assert!(table.contains(level.name()), "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
    let plain = objects(&check(&["--backend", "cpu", "--json"])).remove(0);
    let fastest = Level::available().next().unwrap();
    assert_eq!(
        (&plain["cpu_level"], &plain["cpu_audited"]),
        (&fastest.name().into(), &0.into())
    );
}

#[test]
fn options_of_a_backend_that_is_not_checked_and_shares_out_of_bounds_are_wrong_use() {
    let folder = tempdir().unwrap();
    let check = ["model", "check", "m.bundle", "--data", "d.npz"];
    let infer = ["model", "run", "m.bundle", "--input", "x"];
    let others = ["--backend", "reference,fpga"];
    for (command, options, said) in [
        (
            &check,
            &[&others[..], &["--audit", "1/2"]].concat()[..],
            "--audit does nothing here: add cpu",
        ),
        (
            &check,
            &[&others[..], &["--cpu-level", "portable"]].concat(),
            "--cpu-level does nothing here: add cpu",
        ),
        (&check, &["--cpu-level", "sse9"], "portable"),
        (&check, &["--audit", "1/0"], "from 1 to 4294967295"),
        (&check, &["--audit", "1/99999999999"], "from 1 to 4294967295"),
        (&infer, &["--audit", "1/0"], "from 1 to 4294967295"),
        (&infer, &["--audit", "1/99999999999"], "from 1 to 4294967295"),
        (&infer, &["--audit", "2/3"], "it is written 1/N"),
        (&infer, &["-o", "-", "--json"], "give --output a file"),
    ] {
        let output = run(folder.path(), &[&command[..], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(stderr(&output).contains(said), "{options:?}: {}", stderr(&output));
    }
}

#[test]
fn info_has_the_gas_of_each_schedule_that_prices_the_model() {
    let folder = tempdir().unwrap();
    let graph = wide_product(&folder.path().join("wide.bundle"));
    let gas = |graph: &Graph, schedule: GasSchedule| {
        schedule.inference_gas(&graph.work(), graph.output_bytes() as u64)
    };
    let info = |bundle: &str| {
        let object = objects(&run(folder.path(), &["model", "info", bundle, "--json"])).remove(0);
        (object, stdout(&run(folder.path(), &["model", "info", bundle])))
    };
    let (wide, text) = info("wide.bundle");
    // Two rows of three results, each of five products.
    assert_eq!(wide["macs"], 2 * 3 * 5);
    assert_eq!(wide["inference_gas"], Value::Null);
    let expected = serde_json::json!({ "1": null, "2": gas(&graph, GasSchedule::V2) });
    assert_eq!(wide["inference_gas_by_schedule"], expected);
    let line = |text: &str, of: &str| {
        let found = text.lines().find(|line| line.contains(of));
        found.unwrap_or_else(|| panic!("{of} in {text}")).to_owned()
    };
    assert!(line(&text, "gas of one run, schedule 1").contains("does not price WideMatMul"));
    assert!(!line(&text, "gas of one run, schedule 2").contains("does not price"));
    assert!(line(&text, "multiply-accumulates").contains("30"));

    let bundle = cnn();
    let (narrow, text) = info(&bundle);
    let bytes = std::fs::read(&bundle).unwrap();
    let graph = &Bundle::decode(&bytes).unwrap().graph;
    let (first, second) = (gas(graph, GasSchedule::V1), gas(graph, GasSchedule::V2));
    assert_eq!(
        (&narrow["macs"], &narrow["inference_gas"]),
        (&23_680.into(), &first.into())
    );
    let expected = serde_json::json!({ "1": first, "2": second });
    assert_eq!(narrow["inference_gas_by_schedule"], expected);
    assert!(!text.contains("does not price"), "{text}");
}

#[test]
fn outputs_go_to_a_file_and_times_and_level_are_told_beside() {
    let folder = tempdir().unwrap();
    let bundle = cnn();
    std::fs::write(folder.path().join("images"), images(2)).unwrap();
    let infer = |options: &[&str]| {
        let common = ["model", "run", &bundle, "--input", "images", "--batch", "2"];
        let output = run(folder.path(), &[&common[..], options].concat());
        assert!(output.status.success(), "{options:?}: {}", stderr(&output));
        output
    };
    let raw = infer(&["-o", "-", "--cpu-level", "portable"]);
    let times = stderr(&raw);
    assert!(times.contains("run in ") && times.contains("on cpu"), "{times}");
    assert!(
        times.contains("level: portable") && times.lines().count() == 1,
        "{times}"
    );

    let both = infer(&["-o", "out", "--json", "--cpu-level", "portable", "--audit", "1/1"]);
    let written = std::fs::read(folder.path().join("out")).unwrap();
    assert_eq!(written, raw.stdout);
    let object = objects(&both).remove(0);
    assert_eq!(
        (&object["output"], &object["output_bytes"]),
        (&"out".into(), &written.len().into())
    );
    assert_eq!(
        (&object["backend"], &object["cpu_level"]),
        (&"cpu".into(), &"portable".into())
    );
    assert_eq!((&object["cpu_audited"], &object["batch"]), (&2.into(), &2.into()));
    assert!(object["run_ms"].as_f64() > Some(0.0), "{object}");
    assert_eq!(
        (&object["outputs"], &object["batch_outputs"]),
        (&Value::Null, &Value::Null)
    );

    let shown = stdout(&infer(&["-o", "out"]));
    assert!(shown.lines().count() == 1 && shown.contains("on cpu"), "{shown}");
    let table = stdout(&infer(&["--backend", "reference"]));
    let last = table.lines().last().unwrap();
    assert!(
        last.contains("run in ") && last.ends_with("on reference"),
        "{last}"
    );
    // Values are still told where they go nowhere else.
    let values = objects(&infer(&["--json"])).remove(0);
    assert_eq!(
        (
            values["batch_outputs"].as_array().unwrap().len(),
            &values["output"]
        ),
        (2, &Value::Null)
    );
}
