//! What is told of a proof that was looked at.

use super::End;
use crate::args::Verify;
use crate::error::CliError;
use crate::output::{self, ms};
use crate::proofs::keys::Origin;
use crate::proofs::strength::Bits;
use metisvm_verifier::key_bytes::KeyDigest;
use serde_json::{Value, json};
use std::time::Duration;

/// A key that was found, and the times.
pub(super) struct Checked {
    pub(super) origin: Origin,
    pub(super) digest: KeyDigest,
    /// Rows of its circuit, as a power of two.
    pub(super) degree_bits: usize,
    pub(super) strength: Option<Bits>,
    pub(super) key_time: Duration,
    pub(super) verify_time: Duration,
}

impl Checked {
    pub(super) fn add_to(&self, object: &mut Value) {
        object["verify_ms"] = json!(ms(self.verify_time));
        object["key_ms"] = json!(ms(self.key_time));
        object["key"] = json!(self.origin.name());
        object["key_digest"] = json!(self.digest.to_string());
        object["degree"] = json!(1u64 << self.degree_bits);
        Bits::add_to(self.strength, object);
    }
}

/// Says why a proof is not valid.
pub(super) fn refuse(args: &Verify, checked: Option<&Checked>, problem: &str) -> Result<End, CliError> {
    if args.json {
        let mut object = json!({ "valid": false, "verify_ms": null, "problem": problem });
        if let Some(checked) = checked {
            checked.add_to(&mut object);
        }
        output::json(&object)?;
    }
    output::complain(&format!("{}: not valid: {problem}", args.proof.display()));
    Ok(End::Invalid)
}

/// Says what was held against nothing but the file's own word.
pub(super) fn show_taken(taken: &[&str]) -> Result<(), CliError> {
    if taken.is_empty() {
        return Ok(());
    }
    let taken: Vec<&str> = taken.iter().map(|part| part.trim_end_matches("_id")).collect();
    output::line(&format!(
        "taken from the file itself, so no answer to anybody's question: {}",
        taken.join(", ").replace('_', " ")
    ))
}
