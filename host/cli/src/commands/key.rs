//! `metisvm key`: the key that verifies a model's proofs, for whoever registers it or has no bundle.

use crate::args::Key;
use crate::error::CliError;
use crate::files::Target;
use crate::models;
use crate::output::{self, ms, thousands};
use crate::proofs::keys;
use crate::proofs::strength::Bits;
use serde_json::json;
use std::time::Instant;

pub(super) fn run(args: &Key) -> Result<(), CliError> {
    let form = args.form.form();
    if args.out.is_some() && !form.has_key_bytes() {
        return Err(CliError::Proof(
            "the key of raw proofs has no form as bytes: who checks one makes it of the bundle; leave --out or --raw out"
                .to_owned(),
        ));
    }
    let probe = |out| Target::probe(out, &[&args.bundle]);
    let target = args.out.as_deref().map(probe).transpose()?;
    let bundle = models::read(&args.bundle)?;
    let started = Instant::now();
    let key = keys::of_bundle(&bundle, form, &args.form.cuts, &args.keys)?;
    let key_ms = ms(started.elapsed());
    let bytes = form
        .has_key_bytes()
        .then(|| keys::bytes(&key.verifier))
        .transpose()?;
    if let (Some(target), Some(bytes)) = (&target, &bytes) {
        target.write(bytes)?;
    }
    let rows = 1u64 << key.verifier.degree_bits();
    if args.json {
        let mut object = json!({
            "model_id": bundle.id.to_string(),
            "form": form.name(),
            "cuts": args.form.cuts,
            "key_digest": key.digest.to_string(),
            "key_bytes": bytes.map(|bytes| bytes.len()),
            "key": key.origin.name(),
            "degree": rows,
            "key_ms": key_ms,
            "file": args.out.as_ref().map(|file| file.display().to_string()),
        });
        Bits::add_to(key.strength, &mut object);
        return output::json(&object);
    }
    output::hash("model", &bundle.id)?;
    output::hash("key", &key.digest)?;
    let bytes = bytes.map_or_else(String::new, |bytes| {
        format!("{} bytes, ", thousands(bytes.len() as u64))
    });
    output::line(&format!(
        "of {form} proofs: {bytes}{} rows, {} in {key_ms:.1} ms",
        thousands(rows),
        key.origin.name()
    ))
}
