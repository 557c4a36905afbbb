//! What is committed under `host/cli/bundled` is what this crate makes.

use metisvm_executor::{BlockFile, DEFAULT_FILE_LIMIT};
use metisvm_model::Bundle;
use metisvm_workload::{DigitModels, bundled_files};
use std::{fs, io::Read, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../host/cli/bundled"))
}

fn decompressed(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    if !name.ends_with(".gz") {
        return bytes;
    }
    // Another version of the compressor may find other bytes for the same content.
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut content)
        .expect("a gzip file");
    content
}

#[test]
fn bundled_files_are_what_the_generator_makes() {
    for file in bundled_files().unwrap() {
        let path = folder().join(file.name);
        let committed = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            decompressed(file.name, committed) == decompressed(file.name, file.bytes),
            "{} differs; `cargo run --release -p metisvm-workload --bin make-bundled` writes it anew",
            file.name
        );
    }
}

#[test]
fn the_committed_files_are_sound() {
    let models = DigitModels::import().unwrap();
    for (name, model) in [
        ("digits-mlp.bundle", &models.mlp),
        ("digits-cnn.bundle", &models.cnn),
    ] {
        let bundle = Bundle::decode(&fs::read(folder().join(name)).unwrap()).unwrap();
        assert_eq!(bundle.id.0, model.id.0);
    }
    let file = BlockFile::read(folder().join("block.json.gz"), DEFAULT_FILE_LIMIT).unwrap();
    assert!(file.pre_state_complete);
    assert_eq!(file.chain_spec.unwrap().name, "metis-dev");
}
