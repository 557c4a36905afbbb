//! Keys of `config.json` that the models of diffusers have in common.

use crate::hugging_face::asked::Asked;
use crate::hugging_face::config::Config;
use crate::hugging_face::error::FolderError;
use serde_json::Value;

/// The greatest height or width of an image or latent.
const MAX_SIDE: usize = 1 << 13;

/// How the residual blocks of a model are made.
pub(in crate::hugging_face) struct Style<'c> {
    pub(in crate::hugging_face) config: &'c Config<'c>,
    /// The name of the activation function.
    pub(in crate::hugging_face) activation: &'c str,
    pub(in crate::hugging_face) groups: usize,
    pub(in crate::hugging_face) epsilon: f64,
    /// Whether the time scales and shifts what a norm gives, or is added before it.
    pub(in crate::hugging_face) scale_shift: bool,
}

/// The key with the name of the activation function.
pub(in crate::hugging_face) const ACTIVATION: &str = "act_fn";

/// Height and width: what was asked for, or else what `key` says, which may hold one number or two.
pub(in crate::hugging_face) fn sides(
    config: &Config<'_>,
    key: &str,
    divisor: usize,
    asked: &Asked<'_>,
) -> Result<[usize; 2], FolderError> {
    let usual = pair_if_any(config, key)?.map(|sides| sides.map(|side| (side / divisor).max(1)));
    let mut sides = [0; 2];
    for (at, name) in ["height", "width"].into_iter().enumerate() {
        sides[at] = match (asked.extent_if_any(name, MAX_SIDE)?, usual) {
            (Some(asked), _) => asked,
            (None, Some(usual)) if usual[at] <= MAX_SIDE => usual[at],
            (None, _) => asked.extent(name, MAX_SIDE)?,
        };
    }
    Ok(sides)
}

/// One size, which stands for two, or a list of two.
pub(in crate::hugging_face) fn pair_if_any(
    config: &Config<'_>,
    key: &str,
) -> Result<Option<[usize; 2]>, FolderError> {
    let pair = match config.get(key) {
        None => return Ok(None),
        Some(Value::Array(_)) => config.counts_if_any(key)?.unwrap_or_default(),
        Some(_) => vec![config.size(key)?; 2],
    };
    match pair[..] {
        [a, b] if a > 0 && b > 0 => Ok(Some([a, b])),
        _ => Err(FolderError::config(
            key,
            "it has to be a number of at least 1, or two of them",
        )),
    }
}

/// A size for each block: a list of them, or one that they all have.
pub(in crate::hugging_face) fn per_block(
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
pub(in crate::hugging_face) fn channels(config: &Config<'_>) -> Result<Vec<usize>, FolderError> {
    const KEY: &str = "block_out_channels";
    let channels = config.counts_if_any(KEY)?.unwrap_or_default();
    if channels.is_empty() || channels.contains(&0) {
        let why = "it has to be a list of the channels of each block, each at least 1";
        return Err(FolderError::config(KEY, why));
    }
    Ok(channels)
}

/// The names of blocks, one for each entry of `block_out_channels`.
pub(in crate::hugging_face) fn block_types<'c>(
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
