//! `metisvm commitment`: what binds an input without telling it, as the verification precompile's `commit` makes it.

use crate::args::CommitmentTo;
use crate::error::CliError;
use crate::proofs::{hex, salt};
use crate::{inputs, models, output};
use metisvm_prover::commit;
use serde_json::json;

pub(super) fn run(args: &CommitmentTo) -> Result<(), CliError> {
    let bundle = args.bundle.as_deref().map(models::read).transpose()?;
    let input = inputs::raw(&args.input, 1, bundle.as_ref().map(|bundle| &bundle.graph))?.concat();
    let salt = match &args.salt {
        Some(file) => salt::read(file)?,
        None => salt::draw()?,
    };
    if let Some(file) = &args.save_salt {
        // Before the commitment is told: without it nobody could show what was committed to.
        salt::write_new(file, &[salt])?;
    }
    let commitment = hex::text(&commit(&salt, &input).to_bytes());
    if args.json {
        return output::json(&json!({
            "input_commitment": commitment,
            "input_bytes": input.len(),
            "model_id": bundle.map(|bundle| bundle.id.to_string()),
        }));
    }
    output::line(&commitment)
}
