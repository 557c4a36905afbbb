//! The guest's first file system: its program with the libraries that it is linked to, and modules.
//!
//! The program is the one that was built for this machine. Linked statically it would be built a second time, with all
//! that it is made of.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

type Entry = (cpio::NewcBuilder, Cursor<Vec<u8>>);

fn entry(name: &str, mode: u32, content: Vec<u8>) -> Entry {
    let builder = cpio::NewcBuilder::new(name.trim_start_matches('/'))
        .mode(mode)
        .nlink(1);
    (builder, Cursor::new(content))
}

/// Writes the file system into a file.
pub(crate) fn write(file: &Path, program: &Path, modules: &Path) -> Result<(), Box<dyn Error>> {
    let stripped = file.with_extension("stripped");
    let done = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(program)
        .status();
    // Whoever has no strip loads more.
    let program_bytes = match done {
        Ok(status) if status.success() => fs::read(&stripped)?,
        _ => fs::read(program)?,
    };
    let mut entries = Vec::new();
    let mut folders: BTreeSet<String> = ["dev", "proc", "sys", "tmp", "modules"].map(String::from).into();
    let mut files = vec![("init".to_owned(), program_bytes)];
    for library in libraries(program)? {
        let name = library.to_string_lossy().trim_start_matches('/').to_owned();
        for folder in Path::new(&name).ancestors().skip(1) {
            folders.insert(folder.to_string_lossy().into_owned());
        }
        files.push((name, fs::read(&library)?));
    }
    for module in fs::read_dir(modules)? {
        let path = module?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.push((format!("modules/{name}"), fs::read(&path)?));
    }
    // A folder sorts before what is in it.
    for folder in folders.iter().filter(|folder| !folder.is_empty()) {
        entries.push(entry(folder, FOLDER, Vec::new()));
    }
    entries.extend(
        files
            .into_iter()
            .map(|(name, content)| entry(&name, PROGRAM, content)),
    );
    cpio::write_cpio(entries.into_iter(), File::create(file)?)?;
    Ok(())
}

/// The libraries of a program, its loader among them, where the program looks for them.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let output = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8(output.stdout)?;
    let paths = text.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(paths.map(PathBuf::from).collect())
}
