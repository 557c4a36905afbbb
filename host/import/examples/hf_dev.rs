//! dev only
use metisvm_import::hugging_face::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let folder = Folder::open(std::path::Path::new(&a[1])).unwrap_or_else(|e| panic!("{e}"));
    let mut c = Choices::default();
    for d in &a[3..] {
        let (k, v) = d.split_once('=').unwrap();
        if k == "step" {
            let (t, n) = v.split_once(',').unwrap();
            c.form = Form::Step {
                tokens: t.parse().unwrap(),
                context: n.parse().unwrap(),
            };
            continue;
        }
        if k == "part" {
            c.part = Some(v.into());
            continue;
        }
        c.dims.insert(k.into(), v.parse().unwrap());
    }
    let o = to_onnx(&folder, &c).unwrap_or_else(|e| panic!("{e}"));
    for w in o.warnings {
        println!("warning: {w}");
    }
    std::fs::write(&a[2], o.bytes).unwrap();
}
