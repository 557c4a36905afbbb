//! Keys of `config.json` that the models of diffusers have in common.

use crate::hugging_face::config::Config;
use crate::hugging_face::error::FolderError;
use serde_json::Value;

/// How the residual blocks of a model are made.
pub(crate) struct Style<'c> {
    pub(crate) config: &'c Config<'c>,
    /// The name of the activation function.
    pub(crate) activation: &'c str,
    pub(crate) groups: usize,
    pub(crate) epsilon: f64,
    /// Whether the time scales and shifts what a norm gives, or is added before it.
    pub(crate) scale_shift: bool,
}

/// The key with the name of the activation function.
pub(crate) const ACTIVATION: &str = "act_fn";

/// A size for each block: a list of them, or one that they all have.
pub(crate) fn per_block(
    config: &Config<'_>,
    key: &str,
    default: usize,
    blocks: usize,
) -> Result<Vec<usize>, FolderError> {
    let list = match config.get(key) {
        Some(Value::Array(_)) => config.counts_if_any(key)?.unwrap_or_default(),
        _ => vec![config.size_or(key, default)?; blocks],
    };
    if list.len() != blocks || list.contains(&0) {
        let why = format!("it has to be one number of at least 1, or {blocks} of them, one for each block");
        return Err(FolderError::config(key, why));
    }
    Ok(list)
}

/// The channels of each block.
pub(crate) fn channels(config: &Config<'_>) -> Result<Vec<usize>, FolderError> {
    const KEY: &str = "block_out_channels";
    let channels = config.counts_if_any(KEY)?.unwrap_or_default();
    if channels.is_empty() || channels.contains(&0) {
        let why = "it has to be a list of the channels of each block, each at least 1";
        return Err(FolderError::config(KEY, why));
    }
    Ok(channels)
}

/// The names of blocks, one for each entry of `block_out_channels`.
pub(crate) fn block_types<'c>(
    config: &Config<'c>,
    key: &str,
    blocks: usize,
) -> Result<Vec<&'c str>, FolderError> {
    let names = config.texts_if_any(key)?.unwrap_or_default();
    if names.len() == blocks {
        return Ok(names);
    }
    let why = format!(
        "it has {} entries, and block_out_channels {blocks}; there has to be one for each",
        names.len()
    );
    Err(FolderError::config(key, why))
}
