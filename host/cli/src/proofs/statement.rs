//! A statement as people and programs are shown it.

use super::hex;
use crate::error::CliError;
use crate::output;
use metisvm_prover::Statement;
use serde_json::{Value, json};

/// The parts of a statement, with the names that JSON has for them.
pub fn parts(statement: &Statement) -> [(&'static str, Value); 5] {
    [
        ("model_id", json!(statement.model.to_string())),
        ("input_commitment", json!(hex::text(&statement.input.to_bytes()))),
        ("output", json!(hex::text(&statement.output))),
        ("chain_id", json!(statement.chain_id)),
        ("job_id", json!(hex::text(&statement.job_id))),
    ]
}

/// Adds it to an object for programs.
pub fn add_to(object: &mut Value, statement: &Statement) {
    for (name, value) in parts(statement) {
        object[name] = value;
    }
}

/// What is stated of one inference of a batch, whose model all have in common.
pub fn of_one(statement: &Statement) -> Value {
    let mut object = json!({});
    add_to(&mut object, statement);
    if let Some(parts) = object.as_object_mut() {
        parts.remove("model_id");
    }
    object
}

/// Shows it to people, one part a line, since hashes do not fit a table.
///
/// # Errors
/// If standard output is closed or full.
pub fn show(statement: &Statement) -> Result<(), CliError> {
    output::hash("model", &statement.model)?;
    output::hash("commitment", &hex::text(&statement.input.to_bytes()))?;
    output::hash("job", &hex::text(&statement.job_id))?;
    output::hash("chain", &statement.chain_id)?;
    output::hash("output", &output::shown(&hex::text(&statement.output)))
}
