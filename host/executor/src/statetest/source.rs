//! Where tests come from: files, folders and archives, plain or compressed with gzip or xz.

use super::archive::visit_members;
use crate::{DEFAULT_FILE_LIMIT, Error};
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
    rc::Rc,
};

/// One file of tests, not yet looked into, or why it could not be read.
#[derive(Debug)]
pub struct Document {
    /// The file; for a member of an archive the archive, a colon and the member.
    pub name: String,
    /// The JSON.
    pub content: Result<Vec<u8>, Error>,
    /// How many bytes of files on disk were read up to here, for a progress bar.
    pub position: u64,
}

/// How many bytes on disk the files of these paths have.
pub fn bytes_on_disk(paths: &[PathBuf]) -> u64 {
    let files = paths.iter().filter_map(|path| find_files(path).ok()).flatten();
    files
        .filter_map(|file| fs::metadata(file).ok())
        .map(|found| found.len())
        .sum()
}

/// Calls `visit` with every file of tests, in the order of the paths and of the names within a folder.
///
/// A folder gives its `.json`, `.json.gz`, `.tar`, `.tar.gz`, `.tgz` and `.tar.xz` files, at any depth, without
/// following links to folders. What cannot be read is a document with an error; so is a path that holds
/// no tests at all.
pub fn visit_documents(
    paths: &[PathBuf],
    mut visit: impl FnMut(Document) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut position = 0;
    for path in paths {
        match find_files(path) {
            Err(error) => visit(Document {
                name: path.display().to_string(),
                content: Err(error),
                position,
            })?,
            Ok(files) => {
                for file in files {
                    position += visit_file(&file, position, &mut visit)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// The files of tests that a path holds, at least one.
fn find_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let metadata = fs::metadata(path).map_err(Error::Read)?;
    if metadata.is_file() {
        // Whoever names a file means it, whatever its ending.
        return Ok(vec![path.to_owned()]);
    }
    if !metadata.is_dir() {
        return Err(Error::unfit("the path", "is neither a file nor a folder"));
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| Error::Read(error).in_file(&folder))? {
            let entry = entry.map_err(|error| Error::Read(error).in_file(&folder))?;
            let kind = entry
                .file_type()
                .map_err(|error| Error::Read(error).in_file(entry.path()))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if holds_tests(&entry.path()) && entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    if files.is_empty() {
        let problem = "holds no tests (.json, .json.gz, .tar, .tar.gz, .tgz, .tar.xz): nothing to run";
        return Err(Error::unfit("the folder", problem));
    }
    files.sort();
    Ok(files)
}

fn holds_tests(path: &Path) -> bool {
    let name = path.to_string_lossy();
    is_archive(&name) || name.ends_with(".json") || name.ends_with(".json.gz")
}

fn is_archive(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".tar.xz"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Visits the documents of one file; gives how many bytes it has.
fn visit_file(
    path: &Path,
    before: u64,
    visit: &mut impl FnMut(Document) -> ControlFlow<()>,
) -> ControlFlow<(), u64> {
    let file_name = path.display().to_string();
    let count = Rc::new(Cell::new(0));
    let mut show = |name: String, content: Result<Vec<u8>, Error>| {
        visit(Document {
            name,
            content,
            position: before + count.get(),
        })
    };
    if !is_archive(&file_name) {
        show(file_name, open(path, &count).and_then(read_bounded))?;
        return ControlFlow::Continue(count.get());
    }
    let mut members = 0_u64;
    let visited = open(path, &count).and_then(|reader| {
        visit_members(reader, |member, content| {
            members += 1;
            show(format!("{file_name}:{member}"), content)
        })
    });
    match visited {
        Ok(ControlFlow::Continue(())) if members == 0 => {
            let problem = "holds no tests (.json): nothing to run";
            show(file_name, Err(Error::unfit("the archive", problem)))?;
        }
        Ok(flow) => flow?,
        Err(error) => show(file_name, Err(error))?,
    }
    ControlFlow::Continue(count.get())
}

/// What xz may ask for, in KiB: twice the dictionary of its highest level. The file only claims how much it needs.
const XZ_MEMORY_KIB: u32 = 128 << 10;
/// What a file compressed with xz begins with.
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";

/// Opens a file and decompresses it where it begins like gzip or xz.
fn open(path: &Path, count: &Rc<Cell<u64>>) -> Result<Box<dyn Read>, Error> {
    let file = File::open(path).map_err(Error::Read)?;
    let mut file = BufReader::new(Counted {
        file,
        count: count.clone(),
    });
    let begin = file.fill_buf().map_err(Error::Read)?;
    let (is_gzip, is_xz) = (begin.starts_with(&[0x1f, 0x8b]), begin.starts_with(XZ_MAGIC));
    Ok(if is_gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else if is_xz {
        Box::new(BufReader::new(XzReader::new_mem_limit(file, true, XZ_MEMORY_KIB)))
    } else {
        Box::new(file)
    })
}

/// Never holds more than the limit, no matter how well the file compresses.
fn read_bounded(reader: Box<dyn Read>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let limit = DEFAULT_FILE_LIMIT;
    reader
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Error::Compressed(error)
            }
            _ => Error::Read(error),
        })?;
    if bytes.len() as u64 > limit {
        return Err(Error::unfit(
            "the file",
            format!("holds more than {limit} bytes; a file of tests may not"),
        ));
    }
    Ok(bytes)
}

struct Counted {
    file: File,
    count: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}
