//! A folder: its configuration, and its files with tensors.

use super::error::{FolderError, list};
use super::safetensors::{Safetensors, open, unreadable};
use super::tensors::Tensors;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// What a file of JSON may have: the index of a model of a hundred thousand tensors has 10 MB.
const MAX_JSON_BYTES: u64 = 1 << 24;
/// Files that the tensors of one model may be spread over.
const MAX_SHARDS: usize = 1024;
/// The files that hold all tensors, by the names that transformers and diffusers give them.
const WHOLE: [&str; 2] = ["model.safetensors", "diffusion_pytorch_model.safetensors"];
/// What is computed.
const CONFIG: &str = "config.json";
/// What is behind the name of the index of files that hold some tensors each.
const INDEX: &str = ".index.json";
/// What lies beside the folders of the models of a pipeline.
const PIPELINE: &str = "model_index.json";
/// How files end that hold tensors as pickles: reading one runs whatever it holds.
const PICKLES: [&str; 4] = [".bin", ".pt", ".pth", ".ckpt"];

/// A folder whose configuration is read and whose tensors can be.
#[derive(Debug)]
pub struct Folder {
    config: Map<String, Value>,
    tensors: Tensors,
}

impl Folder {
    /// Opens a folder with `config.json` and `model.safetensors`, or `diffusion_pytorch_model.safetensors`, or the index
    /// of several such files.
    ///
    /// # Errors
    /// If a file is missing, cannot be read or is damaged, or if there are only pickles.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let there = |name: &str| path.join(name).exists();
        if there(PIPELINE) && !there(CONFIG) {
            return Err(FolderError::File {
                file: PIPELINE.to_string(),
                what: "the folder is a pipeline of several models".to_string(),
                advice: "give the folder of one of them, such as DIR/unet or DIR/vae",
            });
        }
        let config = json(path, CONFIG)?;
        if let Some(whole) = WHOLE.iter().find(|name| there(name)) {
            let tensors = Tensors::new(vec![Safetensors::open(path, whole)?])?;
            return Ok(Self { config, tensors });
        }
        let indices = WHOLE.map(|name| format!("{name}{INDEX}"));
        let Some(index) = indices.iter().find(|name| there(name)) else {
            return Err(without_tensors(path));
        };
        let mut files = Vec::new();
        for name in shards(index, &json(path, index)?)? {
            files.push(Safetensors::open(path, &name)?);
        }
        let tensors = Tensors::new(files)?;
        Ok(Self { config, tensors })
    }

    pub(super) fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    pub(super) fn tensors(&self) -> &Tensors {
        &self.tensors
    }
}

/// An object in a file of JSON.
fn json(folder: &Path, name: &str) -> Result<Map<String, Value>, FolderError> {
    let wrong = |what: String| FolderError::File {
        file: name.to_string(),
        what,
        advice: "load or save it again",
    };
    let mut bytes = Vec::new();
    open(folder, name)?
        .take(MAX_JSON_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(name, &e))?;
    if bytes.len() as u64 > MAX_JSON_BYTES {
        return Err(wrong(format!("it has more than {MAX_JSON_BYTES} bytes")));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(wrong("it is not a JSON object".to_string())),
        Err(error) => Err(wrong(format!("it is not JSON: {error}"))),
    }
}

/// The files that an index names, each once.
fn shards(index: &str, map: &Map<String, Value>) -> Result<Vec<String>, FolderError> {
    let wrong = |what: String| FolderError::File {
        file: index.to_string(),
        what,
        advice: "load or save it again",
    };
    let Some(Value::Object(map)) = map.get("weight_map") else {
        return Err(wrong("it has no object weight_map".to_string()));
    };
    let mut names = BTreeSet::new();
    for file in map.values() {
        let name = file.as_str().unwrap_or("");
        // No path: what lies outside of the folder is not opened.
        let plain = name.ends_with(".safetensors") && !name.contains(['/', '\\', '\0']);
        if !plain {
            let file = crate::error::plain(&file.to_string());
            return Err(wrong(format!(
                "{file} is not the name of a safetensors file in the folder"
            )));
        }
        names.insert(name.to_string());
        if names.len() > MAX_SHARDS {
            return Err(wrong(format!("it names more than {MAX_SHARDS} files")));
        }
    }
    Ok(names.into_iter().collect())
}

/// Why there is nothing to read.
fn without_tensors(path: &Path) -> FolderError {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let pickle = names
        .take(MAX_SHARDS)
        .filter(|name| PICKLES.iter().any(|end| name.ends_with(end)))
        .min();
    match pickle {
        Some(file) => FolderError::File {
            file,
            what: "a pickle runs whatever code it holds when it is read, and is not opened".to_string(),
            advice: "load the model where you trust it, and save it with model.save_pretrained(DIR, safe_serialization=True)",
        },
        None => FolderError::File {
            file: WHOLE[0].to_string(),
            what: format!(
                "it is not there, nor are {}",
                list([WHOLE[1], "an index of several files (…safetensors.index.json)"].into_iter())
            ),
            advice: "give the folder that save_pretrained writes; of a pipeline of diffusers that of one component",
        },
    }
}
