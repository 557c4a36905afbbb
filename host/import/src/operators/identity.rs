//! Identity, and what is one in inference.

use crate::call::Call;
use crate::error::Problem;
use crate::typed::Arg;

pub(super) fn identity(call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    call.arg(0).cloned()
}

/// In inference it changes nothing.
pub(super) fn dropout(call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 3, "1 to 3")?;
    call.attributes.float("ratio", 0.5)?;
    call.attributes.int("seed", 0)?;
    let training = match call.constant(2, "training_mode")? {
        Some(mode) => mode.whole("training_mode")?.iter().any(|&v| v != 0),
        None => false,
    };
    if training {
        return Err(Problem::Unsupported(
            "training_mode is true; export the model for inference".to_string(),
        ));
    }
    call.arg(0).cloned()
}
