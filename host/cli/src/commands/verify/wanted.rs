//! What a proof is asked to prove, and what its file says that it proves.

use crate::args::Verify;
use crate::error::CliError;
use crate::proofs::{hex, salt};
use crate::{inputs, models};
use metisvm_model::limits::MAX_BUNDLE_BYTES;
use metisvm_model::{Bundle, ModelId};
use metisvm_prover::{Commitment, Statement, commit};
use metisvm_verifier::key_bytes::KeyDigest;

/// No raw output that is compared is longer.
const MAX_OUTPUT_BYTES: usize = MAX_BUNDLE_BYTES;

/// What was asked for, of each inference; `None` is taken from the file.
pub(super) struct Wanted {
    pub(super) bundle: Option<Bundle>,
    pub(super) model: Option<ModelId>,
    chain_id: Option<u64>,
    job_ids: Option<Vec<[u8; 32]>>,
    inputs: Option<Vec<Commitment>>,
    outputs: Option<Vec<Vec<u8>>>,
}

/// What is known of the key.
pub(super) struct Held {
    pub(super) model: ModelId,
    pub(super) digest: KeyDigest,
}

impl Wanted {
    /// What is asked of a proof of `count` inferences; within, why it cannot be one for what was asked.
    pub(super) fn of(args: &Verify, count: usize) -> Result<Result<Self, String>, CliError> {
        let bundle = args.bundle.as_deref().map(models::read).transpose()?;
        let number = |what: &str, given: usize| format!("{what} says {given}, and the proof is of {count}");
        let jobs = args.job.len();
        if jobs > 1 && jobs != count {
            return Ok(Err(number("--job", jobs)));
        }
        let mut inputs = None;
        if !args.commitment.is_empty() {
            if args.commitment.len() != count {
                return Ok(Err(number("--commitment", args.commitment.len())));
            }
            let read = args.commitment.iter().map(|bytes| {
                Commitment::from_bytes(bytes).ok_or_else(|| {
                    let text = hex::text(bytes);
                    CliError::Proof(format!(
                        "--commitment {text} is no commitment: one of its four numbers is not below p"
                    ))
                })
            });
            inputs = Some(read.collect::<Result<_, _>>()?);
        }
        if let (Some(input), Some(salt)) = (&args.input, &args.salt) {
            let read = inputs::raw(input, count, bundle.as_ref().map(|bundle| &bundle.graph))?;
            let salts = salt::read_all(salt, count)?;
            let committed = read.iter().zip(&salts).map(|(input, salt)| commit(salt, input));
            inputs = Some(committed.collect());
        }
        let outputs = match &args.output {
            None => None,
            Some(file) => {
                let all = models::read_bounded(file, MAX_OUTPUT_BYTES)?;
                if !all.len().is_multiple_of(count) {
                    let what = format!("the {} bytes of --output", all.len());
                    return Ok(Err(format!("{what} are not {count} outputs of one length")));
                }
                let each = all.len() / count;
                Some((0..count).map(|i| all[i * each..][..each].to_vec()).collect())
            }
        };
        Ok(Ok(Self {
            model: bundle
                .as_ref()
                .map(|bundle| bundle.id)
                .or(args.model.map(ModelId)),
            bundle,
            chain_id: args.chain_id,
            job_ids: (jobs > 0).then(|| (0..count).map(|i| args.job[i.min(jobs - 1)]).collect()),
            inputs,
            outputs,
        }))
    }

    /// The statement of inference `i` that the proof has to prove; an error where the file itself says that it proves
    /// another one.
    pub(super) fn statement(
        &self,
        i: usize,
        key: &Held,
        stated: &Statement,
        key_digest: &KeyDigest,
    ) -> Result<Statement, String> {
        let hashes = |found: &[u8], wanted: &[u8]| (hex::text(found), hex::text(wanted));
        let differs = |what: &str, (found, wanted): (String, String)| {
            Err(format!("the proof is for the {what} {found}, not {wanted}"))
        };
        if stated.model != key.model {
            return differs("model", (stated.model.to_string(), key.model.to_string()));
        }
        if *key_digest != key.digest {
            return differs("key", hashes(&key_digest.0, &key.digest.0));
        }
        if let Some(wanted) = self.chain_id.filter(|wanted| *wanted != stated.chain_id) {
            return differs("chain", (stated.chain_id.to_string(), wanted.to_string()));
        }
        let job_id = self.job_ids.as_ref().map_or(stated.job_id, |jobs| jobs[i]);
        if job_id != stated.job_id {
            return differs("job", hashes(&stated.job_id, &job_id));
        }
        let input = self.inputs.as_ref().map_or(stated.input, |inputs| inputs[i]);
        if input != stated.input {
            return differs("commitment", hashes(&stated.input.to_bytes(), &input.to_bytes()));
        }
        let output = self
            .outputs
            .as_ref()
            .map_or(&stated.output, |outputs| &outputs[i]);
        if *output != stated.output {
            return Err("the proof is for another output than that of --output".to_owned());
        }
        Ok(Statement {
            model: key.model,
            input,
            output: output.clone(),
            chain_id: self.chain_id.unwrap_or(stated.chain_id),
            job_id,
        })
    }
}
