//! What can be wrong with a folder.

use crate::error::shown;

/// Names that a list has before it is cut.
const LISTED: usize = 8;

/// Why a folder was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file of the folder cannot be read, or is none that is taken.
    #[error("{file}: {what}; {advice}", file = shown(file))]
    File {
        /// Its name in the folder.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do.
        advice: &'static str,
    },
    /// A key of `config.json` is missing, of another type, or asks for something that is not computed here.
    #[error("config.json: {key}: {why}", key = shown(key))]
    Config {
        /// The key; of an object within it with the names of both.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A tensor is missing or is another than `config.json` says.
    #[error("tensor {name:?}: {why}", name = shown(name))]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// What the caller asked for does not fit the model.
    #[error("{0}")]
    Choice(String),
    /// The model is larger than anything that can be imported.
    #[error("the model has over {limit} bytes as an ONNX file of f32; such a model cannot be imported")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
}

impl FolderError {
    pub(super) fn config(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Config {
            key: key.into(),
            why: why.into(),
        }
    }

    pub(super) fn tensor(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Tensor {
            name: name.into(),
            why: why.into(),
        }
    }
}

/// Names with commas, a few of them.
pub(super) fn list<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let mut some: Vec<String> = names
        .take(LISTED)
        .map(|n| shown(n).escape_debug().to_string())
        .collect();
    if count > some.len() {
        some.push(format!("… ({count} in all)"));
    }
    some.join(", ")
}
