//! A proof of several inferences as a file: JSON, as that of one.

use super::file::{FORMAT_VERSION, Stated, bytes_of, check_versions, form_of, hash_of, text_of};
use super::hex;
use metisvm_model::ModelId;
use metisvm_prover::{BatchProof, BatchShape, Form};
use metisvm_verifier::batch::MAX_BATCH;
use metisvm_verifier::statement::VERSION;
use serde::{Deserialize, Serialize};

/// What the first key of such a file says.
const FORMAT: &str = "metisvm batch proof";

/// A proof of several statements about one model, and which key verifies it.
#[derive(Clone, Debug)]
pub struct BatchFile {
    /// The form of the proof.
    pub form: Form,
    /// What its key follows from beside model and form.
    pub shape: BatchShape,
    /// The digest of the key that it was made for.
    pub key_digest: [u8; 32],
    /// The model.
    pub model: ModelId,
    /// Statements and proof.
    pub proof: BatchProof,
}

/// The object in the file. Every key has to be there, once, and no other may be.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    format: String,
    version: u32,
    circuit_version: u32,
    form: String,
    lanes: usize,
    doublings: u32,
    key_digest: String,
    model_id: String,
    inferences: Vec<Stated>,
    proof: String,
}

/// What tells the kinds of files apart.
#[derive(Deserialize)]
struct Kind {
    format: String,
}

/// Whether the bytes of a file are those of a batch, well formed or not.
pub fn is_batch(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Kind>(bytes).is_ok_and(|kind| kind.format == FORMAT)
}

/// Whether a batch of so many inferences is ever given this shape. Whoever verifies makes its circuits, and a file may
/// not have them make greater ones than its inferences need.
fn is_of(shape: BatchShape, count: usize) -> bool {
    // The shape holds the count, so that this many doublings can be written.
    let circuits = 1usize << shape.doublings;
    let halves = shape.doublings == 0 || count > circuits / 2;
    halves && shape.lanes == count.div_ceil(circuits)
}

impl BatchFile {
    /// The file's content.
    ///
    /// # Errors
    /// If it would be longer than such a file may be.
    pub fn to_json(&self) -> Result<String, String> {
        let stated = self.proof.statements.iter().map(Stated::of);
        text_of(&Object {
            format: FORMAT.to_owned(),
            version: FORMAT_VERSION,
            circuit_version: VERSION,
            form: self.form.name().to_owned(),
            lanes: self.shape.lanes,
            doublings: self.shape.doublings,
            key_digest: hex::text(&self.key_digest),
            model_id: self.model.to_string(),
            inferences: stated.collect(),
            proof: hex::text(&self.proof.bytes),
        })
    }

    /// A proof from the bytes of its file. Nothing in it is verified by that.
    ///
    /// # Errors
    /// If they are no proof of a batch: what is wrong in them.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let object: Object =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no proof file: {error}"))?;
        check_versions(&object.format, FORMAT, object.version, object.circuit_version)?;
        let shape = BatchShape {
            lanes: object.lanes,
            doublings: object.doublings,
        };
        let capacity = shape
            .capacity()
            .ok_or_else(|| format!("lanes and doublings are not those of 1 to {MAX_BATCH} inferences"))?;
        let count = object.inferences.len();
        if !(1..=capacity).contains(&count) {
            return Err(format!(
                "it states {count} inferences, and its shape holds 1 to {capacity}"
            ));
        }
        if !is_of(shape, count) {
            let BatchShape { lanes, doublings } = shape;
            return Err(format!(
                "no batch of {count} inferences has lanes {lanes} and doublings {doublings}"
            ));
        }
        let model = ModelId(hash_of("model_id", &object.model_id)?);
        let statements = object.inferences.iter().map(|stated| stated.about(model));
        Ok(Self {
            form: form_of(&object.form)?,
            shape,
            key_digest: hash_of("key_digest", &object.key_digest)?,
            model,
            proof: BatchProof {
                statements: statements.collect::<Result<_, String>>()?,
                bytes: bytes_of("proof", &object.proof)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_prover::{Statement, commit};

    fn example() -> BatchFile {
        let statement = |output| Statement {
            model: ModelId([1; 32]),
            input: commit(&[2; 32], b"input"),
            output: vec![output],
            chain_id: 7,
            job_id: [3; 32],
        };
        BatchFile {
            form: Form::Blinded,
            shape: BatchShape {
                lanes: 2,
                doublings: 1,
            },
            key_digest: [4; 32],
            model: ModelId([1; 32]),
            proof: BatchProof {
                statements: vec![statement(5), statement(6), statement(7)],
                bytes: vec![8, 9],
            },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = example().to_json().expect("it is short");
        assert!(is_batch(text.as_bytes()));
        let read = BatchFile::parse(text.as_bytes()).expect("it was written");
        assert_eq!(read.to_json(), Ok(text));
        assert_eq!(read.proof.statements, example().proof.statements);
    }

    #[test]
    fn a_batch_has_the_shapes_that_a_prover_gives_it_and_no_other() {
        for count in 1..=40usize {
            // One circuit for all, for a half, a quarter, and so on until there is one inference in each.
            let mut given = vec![(count, 0)];
            while given.last().is_some_and(|(lanes, _)| *lanes > 1) {
                let doublings = given.len() as u32;
                given.push((count.div_ceil(1 << doublings), doublings));
            }
            for lanes in 1..=50 {
                for doublings in 0..=10 {
                    let shape = BatchShape { lanes, doublings };
                    let holds = shape.capacity().is_some_and(|capacity| count <= capacity);
                    assert_eq!(
                        holds && is_of(shape, count),
                        given.contains(&(lanes, doublings)),
                        "{count} inferences, {shape:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_batch_is_told_from_one() {
        let text = example().to_json().expect("it is short");
        for (from, to, said) in [
            ("\"lanes\": 2", "\"lanes\": 1", "states 3 inferences"),
            ("\"lanes\": 2", "\"lanes\": 0", "lanes and doublings"),
            ("\"doublings\": 1", "\"doublings\": 40", "lanes and doublings"),
            ("\"lanes\": 2", "\"lanes\": 1000000", "lanes and doublings"),
            ("\"lanes\": 2", "\"lanes\": 3", "no batch of 3 inferences"),
            ("\"lanes\": 2", "\"lanes\": 1000", "no batch of 3 inferences"),
            ("\"doublings\": 1", "\"doublings\": 2", "no batch of 3 inferences"),
            ("\"version\": 1", "\"version\": 2", "version is 2"),
            ("\"chain_id\"", "\"chain\"", "unknown field `chain`"),
            ("\"model_id\": \"0x01", "\"model_id\": \"01", "model_id is not 0x"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let problem = BatchFile::parse(changed.as_bytes()).expect_err(from);
            assert!(problem.contains(said), "{from}: {problem}");
        }
        for length in [0, 1, text.len() / 2, text.len() - 3] {
            assert!(
                BatchFile::parse(&text.as_bytes()[..length]).is_err(),
                "{length} bytes"
            );
        }
        assert!(!is_batch(b"{}") && !is_batch(b"no JSON"));
    }
}
