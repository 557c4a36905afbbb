use metisvm_import::hugging_face::{Choices, Folder, to_onnx};
use metisvm_import::{Calibration, Grid, Options, import_onnx, npy, npz::Archive};
use metisvm_model::{DType, Reference, Tensor};
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut choices = Choices::default();
    let mut suffix = String::new();
    for a in &args[2..] {
        let (k, v) = a.split_once('=').unwrap();
        if k == "part" {
            choices.part = Some(v.to_string())
        } else if k == "suffix" {
            suffix = v.into()
        } else {
            choices.dims.insert(k.into(), v.parse().unwrap());
        }
    }
    let onnx = to_onnx(&Folder::open(args[1].as_ref()).unwrap(), &choices).unwrap();
    let load = |name: &str| std::fs::read(format!("{}/{name}{suffix}.npz", args[1])).unwrap();
    let bytes = load("calibration");
    let archive = Archive::read(&bytes, 1 << 26).unwrap();
    let mut calibration = Calibration::default();
    for name in archive.names() {
        calibration.inputs.insert(
            name["input_".len()..].to_string(),
            npy::read_numbers(&archive.get(name).unwrap().unwrap())
                .unwrap()
                .to_array()
                .unwrap(),
        );
    }
    let t = std::time::Instant::now();
    let imported = import_onnx(
        &onnx.bytes,
        &Options {
            calibration: Some(calibration),
            ..Options::default()
        },
    )
    .unwrap();
    println!(
        "import {:?}: nodes {} macs {} weights {}",
        t.elapsed(),
        imported.graph.nodes().len(),
        imported.report.macs,
        imported.report.weights
    );
    println!("report {:?}", imported.report.outputs);
    for w in &imported.report.warnings {
        println!("warning: {w}");
    }
    for l in &imported.report.layers {
        if std::env::var("LAYERS").is_ok() {
            println!(
                "{:60} {:?} {:?} err {:.4?} clip {:.4}",
                l.node.name,
                l.operators.last(),
                l.result.as_ref().map(|r| r.dtype),
                l.error,
                l.clipped
            )
        }
    }
    let meta = |role: &str, name: &str, what: &str| {
        imported
            .graph
            .metadata()
            .get(&format!("{role}.{name}.{what}"))
            .map(|s| s.parse::<f64>().unwrap())
    };
    let bytes = load("expected");
    let archive = Archive::read(&bytes, 1 << 26).unwrap();
    let arrays: std::collections::BTreeMap<String, npy::Array> = archive
        .names()
        .map(|n| {
            (
                n.to_string(),
                npy::read_numbers(&archive.get(n).unwrap().unwrap())
                    .unwrap()
                    .to_array()
                    .unwrap(),
            )
        })
        .collect();
    let reference = Reference::new(Arc::new(imported.graph.clone()));
    let n = arrays.values().next().unwrap().shape()[0];
    for p in imported.graph.inputs() {
        println!(
            "input {} {:?} scale {:?} zero {:?}",
            p.name,
            p.ty,
            meta("input", &p.name, "scale"),
            meta("input", &p.name, "zero_point")
        );
    }
    let mut sums = vec![(0.0, 0.0, 0.0); imported.graph.outputs().len()];
    for s in 0..n {
        let mut raw = Vec::new();
        for port in imported.graph.inputs() {
            let a = &arrays[&format!("input_{}", port.name)];
            let size = a.data().len() / n;
            for &real in &a.data()[s * size..(s + 1) * size] {
                let v = match meta("input", &port.name, "scale") {
                    Some(scale) => {
                        let z = meta("input", &port.name, "zero_point").unwrap() as i64;
                        port.ty
                            .dtype
                            .saturate((real / scale as f32).round_ties_even() as i64 + z)
                    }
                    None => real as i32,
                };
                raw.extend_from_slice(&v.to_le_bytes()[..port.ty.bytes() / port.ty.elements()]);
            }
        }
        let out = reference.run(&raw).unwrap();
        let mut rest = &out[..];
        for (o, port) in imported.graph.outputs().iter().enumerate() {
            let ty = imported.graph.ty(port.value).clone();
            let (own, r) = rest.split_at(ty.bytes());
            rest = r;
            let t = Tensor::from_bytes(ty.clone(), own).unwrap();
            let (scale, zero) = (
                meta("output", &port.name, "scale").unwrap(),
                meta("output", &port.name, "zero_point").unwrap(),
            );
            let a = &arrays[&format!("output_{}", port.name)];
            let size = a.data().len() / n;
            for (g, w) in t.data().iter().zip(&a.data()[s * size..(s + 1) * size]) {
                let g = (f64::from(*g) - zero) * scale;
                let w = f64::from(*w);
                sums[o].0 += g * w;
                sums[o].1 += g * g;
                sums[o].2 += w * w;
            }
        }
    }
    for (p, (gw, gg, ww)) in imported.graph.outputs().iter().zip(sums) {
        println!(
            "MEASURED {} {}: cosine {:.5} relative {:.4}",
            args[1],
            p.name,
            gw / (gg * ww).sqrt(),
            ((gg + ww - 2.0 * gw) / ww).sqrt()
        );
    }
    let _ = (
        DType::U8,
        Grid {
            scale: 1.0,
            zero_point: 0,
            dtype: DType::U8,
        },
    );
}
