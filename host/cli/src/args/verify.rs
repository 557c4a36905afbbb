//! The command line of `metisvm verify`.

use super::hex;
use super::prove::{Keys, VERIFY_MEMORY_LIMIT};
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Check a proof.
#[derive(Debug, ClapArgs)]
#[command(mut_arg("memory_limit", |limit| limit
    .default_value(VERIFY_MEMORY_LIMIT)
    .help("The most memory that making a key may take, as if proofs were made with it, about, MiB; a proof's file says in \
           which form, cuts and shape, and what would take more is refused before it is begun")))]
pub struct Verify {
    /// The proof, as prove writes it
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    /// The model that the proof has to be of; its key is made of it
    #[arg(long, value_name = "BUNDLE", conflicts_with_all = ["key", "model"])]
    pub bundle: Option<PathBuf>,
    /// The verifying key, as metisvm key writes it: no bundle is needed
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub key: Option<PathBuf>,
    /// With --key: the digest that the key has to have, such as the one that a registry says
    #[arg(long, value_name = "HASH", requires = "key", value_parser = hex::bytes32)]
    pub key_digest: Option<[u8; 32]>,
    /// The model that the proof has to be of, by its id, where its key is kept; whoever writes the folder of keys decides
    /// what is valid
    #[arg(long, value_name = "HASH", value_parser = hex::bytes32)]
    pub model: Option<[u8; 32]>,
    /// The chain that it has to be for
    #[arg(long, value_name = "N")]
    pub chain_id: Option<u64>,
    /// The job that it has to be for, 64 hexadecimal digits; of a batch one for all, or one an inference, comma-separated
    #[arg(long, value_name = "HASH", value_parser = hex::bytes32, value_delimiter = ',')]
    pub job: Vec<[u8; 32]>,
    /// The commitment to the input that it has to be about, 64 hexadecimal digits; of a batch one an inference,
    /// comma-separated
    #[arg(long, value_name = "HASH", value_parser = hex::bytes32, value_delimiter = ',')]
    pub commitment: Vec<[u8; 32]>,
    /// The input that it has to be about, as prove reads it (.npy with --bundle alone), by which the commitment follows;
    /// of a batch the inputs one after the other
    #[arg(long, value_name = "FILE", requires = "salt", conflicts_with = "commitment")]
    pub input: Option<PathBuf>,
    /// With --input: the salt of the commitment, a file of 32 bytes for each input
    #[arg(long, value_name = "FILE", requires = "input")]
    pub salt: Option<PathBuf>,
    /// The raw output that it has to prove, a file; of a batch the outputs one after the other. Without it the output is
    /// what the proof says
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Take what is not given (model, chain, job, commitment) from the proof's own file: that says what was proven, not
    /// that it is what anybody asked for
    #[arg(long)]
    pub as_stated: bool,
    /// Keys, memory, threads.
    #[command(flatten)]
    pub keys: Keys,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

impl Verify {
    /// What the proof would be held against by its own word alone.
    pub fn taken_from_file(&self) -> Vec<&'static str> {
        let given = [
            (
                "model",
                self.bundle.is_some() || self.key.is_some() || self.model.is_some(),
            ),
            ("chain_id", self.chain_id.is_some()),
            ("job_id", !self.job.is_empty()),
            (
                "input_commitment",
                !self.commitment.is_empty() || self.input.is_some(),
            ),
        ];
        let missing = given.into_iter().filter(|(_, given)| !given);
        missing.map(|(part, _)| part).collect()
    }

    /// What of the arguments does nothing, or is missing.
    pub(super) fn problem(&self) -> Option<String> {
        let missing = self.taken_from_file();
        if missing.is_empty() && self.as_stated {
            return Some("--as-stated has nothing to take from the file: leave it out".to_owned());
        }
        if missing.is_empty() || self.as_stated {
            return None;
        }
        let option = |part: &&str| match *part {
            "model" => "--bundle, --key or --model",
            "chain_id" => "--chain-id",
            "job_id" => "--job",
            _ => "--commitment, or --input with --salt",
        };
        let options: Vec<&str> = missing.iter().map(option).collect();
        Some(format!(
            "the proof would be held to its own word: give {}, or --as-stated to see what it proves, whoever asked for it",
            options.join("; ")
        ))
    }
}
