//! From the bytes of an ONNX file to the typed graph that is planned and lowered.

use crate::error::ImportError;
use crate::options::Options;
use crate::typed::Typed;
use crate::{passes, resolve, wire};

/// Checks, parses, resolves and rewrites a file.
///
/// # Errors
/// If it is malformed, or holds something unsupported.
pub(crate) fn typed(bytes: &[u8], options: &Options) -> Result<Typed, ImportError> {
    wire::check(bytes)?;
    let model = onnx_rs::parse(bytes).map_err(|e| ImportError::File {
        at: 0,
        what: e.to_string(),
    })?;
    Ok(passes::run(resolve::resolve(&model, options)?))
}
