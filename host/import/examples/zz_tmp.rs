//! t
#![allow(clippy::unwrap_used)]
use metisvm_import::*;
fn main() {
    let t = std::time::Instant::now();
    let b = std::fs::read("/tmp/nsfw/res.onnx").unwrap();
    let c = npy::read(&std::fs::read("/tmp/nsfw/cal.npy").unwrap()).unwrap();
    let o = Options {
        calibration: Some(Calibration::single(c)),
        ..Options::default()
    };
    let i = match import_onnx(&b, &o) {
        Ok(i) => i,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    println!(
        "{:?} nodes {} macs {} weights {}",
        t.elapsed(),
        i.graph.nodes().len(),
        i.report.macs,
        i.report.weights
    );
    let m = i.graph.metadata().clone();
    println!("{m:?}");
    let (bundle, bytes) = metisvm_model::Bundle::encode(i.graph.clone()).unwrap();
    println!("{} {} bytes", bundle.id, bytes.len());
    let r = metisvm_model::Reference::new(std::sync::Arc::new(i.graph));
    let t = std::fs::read("/tmp/nsfw/test.f32").unwrap();
    let s: f32 = m["input.input:0.scale"].parse().unwrap();
    let z: i32 = m["input.input:0.zero_point"].parse().unwrap();
    let so: f32 = m["output.fc_nsfw/BiasAdd:0.scale"].parse().unwrap();
    let zo: i32 = m["output.fc_nsfw/BiasAdd:0.zero_point"].parse().unwrap();
    for img in t.chunks_exact(3 * 224 * 224 * 4) {
        let q: Vec<u8> = img
            .as_chunks()
            .0
            .iter()
            .map(|c| {
                let v = f32::from_le_bytes(*c);
                ((v / s).round_ties_even() as i32 + z).clamp(0, 255) as u8
            })
            .collect();
        let y = r.run(&q).unwrap();
        println!(
            "{:?}",
            y.iter().map(|&b| (b as i32 - zo) as f32 * so).collect::<Vec<_>>()
        );
    }
}
