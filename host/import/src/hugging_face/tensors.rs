//! The tensors of a folder by name, whichever file they are in.

use super::error::FolderError;
use super::safetensors::Safetensors;
use metisvm_model::limits::MAX_ELEMENTS;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How names end that stand for no weights: masks and tables that older versions of transformers saved, and that
/// follow from the configuration.
const BUFFERS: &[&str] = &[
    ".attn.bias",
    ".attn.masked_bias",
    ".position_ids",
    ".rotary_emb.inv_freq",
];

/// All tensors; those that were read are remembered.
#[derive(Debug)]
pub(super) struct Tensors {
    files: Vec<Safetensors>,
    /// The file of each.
    places: BTreeMap<String, usize>,
    read: RefCell<BTreeSet<String>>,
}

impl Tensors {
    pub(super) fn new(files: Vec<Safetensors>) -> Result<Self, FolderError> {
        let mut places = BTreeMap::new();
        for (at, file) in files.iter().enumerate() {
            for name in file.names() {
                if places.insert(name.clone(), at).is_some() {
                    let why = "two files have it; get the whole folder anew";
                    return Err(FolderError::tensor(name, why));
                }
            }
        }
        Ok(Self {
            files,
            places,
            read: RefCell::default(),
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The first of these beginnings with which there is a tensor called `name`; where there is none, the last.
    /// Checkpoints of a model with a head have the model's name before its tensors, others do not.
    pub(super) fn prefix(&self, beginnings: &[&'static str], name: &str) -> &'static str {
        let there = |b: &&&'static str| self.has(&format!("{b}{name}"));
        let last = beginnings.last().copied().unwrap_or("");
        beginnings.iter().find(there).copied().unwrap_or(last)
    }

    /// The shape of a tensor, if it is there.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        let file = &self.files[*self.places.get(name)?];
        file.info(name).map(|info| &info.shape[..])
    }

    /// The numbers of a tensor, which has to be of this shape.
    pub(super) fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FolderError> {
        let found = self.places.get(name).map(|at| &self.files[*at]);
        let Some((file, info)) = found.and_then(|file| Some((file, file.info(name)?))) else {
            let why = format!(
                "it is missing; config.json asks for it, of shape {shape:?}. The files are not those of this configuration"
            );
            return Err(FolderError::tensor(name, why));
        };
        if info.shape != shape {
            let why = format!(
                "its shape is {:?}; by config.json it has to be {shape:?}",
                info.shape
            );
            return Err(FolderError::tensor(name, why));
        }
        let elements = shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d as u64));
        if elements.is_none_or(|n| n > MAX_ELEMENTS) {
            let why = format!("it has more than {MAX_ELEMENTS} elements, the most that one tensor can have");
            return Err(FolderError::tensor(name, why));
        }
        self.read.borrow_mut().insert(name.to_string());
        file.read(name, info)
    }

    /// Tensors whose names begin so are of a part of the model that is not asked for.
    pub(super) fn without_effect(&self, beginnings: &[&str]) {
        let others = self.places.keys();
        let others = others.filter(|name| beginnings.iter().any(|b| name.starts_with(b)));
        self.read.borrow_mut().extend(others.cloned());
    }

    /// Tensors that nothing has read, and that should be weights.
    pub(super) fn unread(&self) -> Vec<&str> {
        let read = self.read.borrow();
        let names = self.places.keys().map(String::as_str);
        names
            .filter(|name| !read.contains(*name) && !BUFFERS.iter().any(|b| name.ends_with(b)))
            .collect()
    }
}
