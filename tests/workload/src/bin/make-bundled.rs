//! Writes the files of `host/cli/bundled` anew: `cargo run --release -p metisvm-workload --bin
//! make-bundled`, from the folder of the workspace. A test compares what is committed with what this writes.

use metisvm_workload::bundled_files;
use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("host/cli/bundled");
    fs::create_dir_all(folder)?;
    for file in bundled_files()? {
        fs::write(folder.join(file.name), &file.bytes)?;
        println!(
            "{} ({} bytes)",
            folder.join(file.name).display(),
            file.bytes.len()
        );
    }
    Ok(())
}
