//! Heights and widths of images.

use super::asked::Asked;
use super::config::Config;
use super::error::FolderError;
use serde_json::Value;

/// The greatest height or width of an image or latent.
const MAX_SIDE: usize = 1 << 13;

/// Height and width: what was asked for, or else what `key` says, which may hold one number or two.
pub(super) fn sides(
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
pub(super) fn pair_if_any(config: &Config<'_>, key: &str) -> Result<Option<[usize; 2]>, FolderError> {
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
