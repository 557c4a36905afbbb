use metisvm_import::hugging_face::{Choices, Folder, to_onnx};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut choices = Choices::default();
    for a in &args[3..] {
        let (k, v) = a.split_once('=').unwrap();
        if k == "part" {
            choices.part = Some(v.to_string())
        } else {
            choices.dims.insert(k.into(), v.parse().unwrap());
        }
    }
    match Folder::open(args[1].as_ref()).and_then(|f| to_onnx(&f, &choices)) {
        Ok(o) => {
            for w in o.warnings {
                eprintln!("warning: {w}");
            }
            std::fs::write(&args[2], o.bytes).unwrap()
        }
        Err(e) => {
            eprintln!("error: {e}");
            std::process::exit(1)
        }
    }
}
