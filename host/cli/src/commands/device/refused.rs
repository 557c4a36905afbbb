//! A card that cannot be talked to: said to programs as well.

use crate::error::CliError;
use crate::output;
use serde_json::json;

/// The error, after an object with it where objects are wanted.
pub(super) fn refused(card: &str, json: bool, error: CliError) -> CliError {
    if json && let Err(closed) = output::json(&json!({ "card": card, "error": error.to_string() })) {
        return closed;
    }
    error
}
