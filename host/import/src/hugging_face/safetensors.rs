//! One safetensors file: its header is read and checked, and its tensors one by one when they are asked for.

use super::error::FolderError;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of the length that a file begins with.
const LENGTH_BYTES: u64 = 8;
/// The longest header that is read. That of a model of a thousand tensors has 100 kB.
const MAX_HEADER_BYTES: u64 = 1 << 24;

/// An open file with a sound header.
#[derive(Debug)]
pub(super) struct Safetensors {
    name: String,
    file: File,
    /// Where the data begin.
    data: u64,
    header: Metadata,
}

impl Safetensors {
    /// Opens a file and reads its header.
    pub(super) fn open(folder: &Path, name: &str) -> Result<Self, FolderError> {
        let damaged = |what: String| FolderError::File {
            file: name.to_string(),
            what: format!("it is not a sound safetensors file: {what}"),
            advice: "load or save it again",
        };
        let mut file = open(folder, name)?;
        let length = file.metadata().map_err(|e| unreadable(name, &e))?.len();
        let mut first = [0; LENGTH_BYTES as usize];
        if length < LENGTH_BYTES {
            return Err(damaged(format!("it has {length} bytes")));
        }
        file.read_exact(&mut first).map_err(|e| unreadable(name, &e))?;
        let header = u64::from_le_bytes(first);
        if header > length - LENGTH_BYTES {
            return Err(damaged(format!(
                "its header should have {header} bytes, the whole file has {length}"
            )));
        }
        if header > MAX_HEADER_BYTES {
            return Err(damaged(format!(
                "its header has {header} bytes; at most {MAX_HEADER_BYTES} are read"
            )));
        }
        let mut text = vec![0; usize::try_from(header).map_err(|e| damaged(e.to_string()))?];
        file.read_exact(&mut text).map_err(|e| unreadable(name, &e))?;
        let header: Metadata = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        let data = LENGTH_BYTES + text.len() as u64;
        let expected = data.checked_add(header.data_len() as u64);
        if expected != Some(length) {
            let tensors = header.data_len();
            return Err(damaged(format!(
                "its tensors should have {tensors} bytes, behind its header there are {}",
                length - data
            )));
        }
        Ok(Self {
            name: name.to_string(),
            file,
            data,
            header,
        })
    }

    /// The names of its tensors.
    pub(super) fn names(&self) -> Vec<String> {
        self.header.offset_keys()
    }

    /// Type and shape of a tensor.
    pub(super) fn info(&self, tensor: &str) -> Option<&TensorInfo> {
        self.header.info(tensor)
    }

    /// The numbers of a tensor, in their order in the file. The caller has found its size to be one that is taken.
    pub(super) fn read(&self, tensor: &str, info: &TensorInfo) -> Result<Vec<f32>, FolderError> {
        let (start, end) = info.data_offsets;
        let mut file = &self.file;
        let mut bytes = vec![0; end - start];
        file.seek(SeekFrom::Start(self.data + start as u64))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|e| unreadable(&self.name, &e))?;
        let numbers = match info.dtype {
            Dtype::F32 => bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Dtype::F16 => pairs(&bytes).map(crate::half::half).collect(),
            Dtype::BF16 => pairs(&bytes)
                .map(|bits| f32::from_bits(u32::from(bits) << 16))
                .collect(),
            other => {
                let why = format!(
                    "its elements are {other:?}; F32, F16 and BF16 are taken: save it in one of these"
                );
                return Err(FolderError::tensor(tensor, why));
            }
        };
        Ok(numbers)
    }
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
}

/// Opens a file of a folder: a plain one, so that opening does not wait for anybody.
pub(super) fn open(folder: &Path, name: &str) -> Result<File, FolderError> {
    let path = folder.join(name);
    let found = std::fs::metadata(&path).map_err(|e| unreadable(name, &e))?;
    if !found.is_file() {
        return Err(FolderError::File {
            file: name.to_string(),
            what: "it is not a plain file".to_string(),
            advice: "give a folder as save_pretrained writes it",
        });
    }
    File::open(&path).map_err(|e| unreadable(name, &e))
}

pub(super) fn unreadable(name: &str, error: &std::io::Error) -> FolderError {
    FolderError::File {
        file: name.to_string(),
        what: error.to_string(),
        advice: "a folder has config.json and all files with tensors; get the whole of it",
    }
}
