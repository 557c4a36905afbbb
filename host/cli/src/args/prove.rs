//! The command line of `metisvm prove` and `metisvm key`.

use super::hex;
use super::threads::threads;
use clap::Args as ClapArgs;
use metisvm_prover::Form;
use std::path::PathBuf;

/// What a proof may take where nothing else is said, MiB.
const MEMORY_LIMIT: u64 = 4096;

/// What a key may take that a proof's file has somebody make, MiB, as clap takes it: less, since the file is not believed
/// yet. The bundled models' proofs of every form fit.
pub(super) const VERIFY_MEMORY_LIMIT: &str = "2048";

/// Where keys are, and what making them may take.
#[derive(Debug, Clone, ClapArgs)]
pub struct Keys {
    /// Where verifying keys are kept from one command to the next; none of it is needed [default: metisvm/keys in the
    /// user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// The most memory that proving may take, about, MiB; what would take more is refused before it is begun
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_LIMIT, value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    pub memory_limit: u64,
    /// Threads that make circuits and proofs. Default: one a core
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

impl Keys {
    /// The limit in bytes.
    pub const fn memory_limit_bytes(&self) -> u64 {
        self.memory_limit << 20
    }
}

/// Which form a proof has.
#[derive(Debug, Clone, ClapArgs)]
pub struct FormChoice {
    /// A proof that may be shown where its input may not: it is wrapped and blinded (docs/proofs.md says what that
    /// hides, and what it does not)
    #[arg(long, conflicts_with = "raw")]
    pub private_input: bool,
    /// The proof of the model's own circuit, not wrapped in a smaller one: quicker to make, larger, and it says
    /// something of its input
    #[arg(long)]
    pub raw: bool,
    /// A proof of the fewest bytes, wrapped several times: it takes longer to make
    #[arg(long, conflicts_with_all = ["raw", "proven_bits"])]
    pub small: bool,
    /// A proof that has at least 100 bits of strength which rest on no conjecture about codes: it takes longer to make,
    /// and is larger
    #[arg(long, conflicts_with = "raw")]
    pub proven_bits: bool,
    /// Cut the model into layers before these nodes, which are proven apart and joined. Default: none, or, for prove,
    /// those that the memory limit demands; key and proof have to be cut alike
    #[arg(long, value_name = "NODES", value_delimiter = ',', conflicts_with_all = ["raw", "proven_bits"])]
    pub cuts: Vec<usize>,
}

impl FormChoice {
    /// The form that was chosen.
    pub const fn form(&self) -> Form {
        if self.raw {
            return Form::Raw;
        }
        match (self.small, self.proven_bits, self.private_input) {
            (true, _, false) => Form::Small,
            (true, _, true) => Form::SmallBlinded,
            (_, true, false) => Form::Proven,
            (_, true, true) => Form::ProvenBlinded,
            (_, _, false) => Form::Wrapped,
            (_, _, true) => Form::Blinded,
        }
    }
}

/// Prove an inference, or those that a transaction asked for.
#[derive(Debug, ClapArgs)]
pub struct Prove {
    /// The bundle, with --input
    #[arg(value_name = "BUNDLE", requires = "input")]
    pub bundle: Option<PathBuf>,
    /// The input: raw little-endian tensors, concatenated in declared order, or, for a model of one input, an .npy
    /// file of its type; - is standard input
    #[arg(long, value_name = "FILE", requires = "bundle")]
    pub input: Option<PathBuf>,
    /// Prove so many inferences in one proof: the input holds one after the other, or, as an .npy file, an array of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 16), conflicts_with_all = ["tx", "cuts"])]
    pub batch: Option<u32>,
    /// With --tx: the block file [default: the bundled block]
    #[arg(long, value_name = "FILE", requires = "tx")]
    pub block: Option<PathBuf>,
    /// Prove the inferences that this transaction of a block asked for; 0 is the first
    #[arg(long, value_name = "N", conflicts_with_all = ["bundle", "input"])]
    pub tx: Option<usize>,
    /// With --tx: only this inference of the transaction; 0 is the first
    #[arg(long, value_name = "I", requires = "tx")]
    pub call: Option<usize>,
    /// With --tx: more models than the bundled ones: bundle files, or folders of them (*.bundle)
    #[arg(long, value_name = "PATH", requires = "tx")]
    pub models: Vec<PathBuf>,
    /// Where to write the proof. With --tx and without --call the number of the inference comes before the ending:
    /// proof.0.json, proof.1.json
    #[arg(long, short, value_name = "PROOF")]
    pub out: PathBuf,
    /// The form of the proof.
    #[command(flatten)]
    pub form: FormChoice,
    /// The chain that the proof is for [default: 0, which no chain has; with --tx that of the block]
    #[arg(long, value_name = "N", conflicts_with = "tx")]
    pub chain_id: Option<u64>,
    /// The job that the proof is for, 64 hexadecimal digits; of a batch one for all, or one an inference, comma-separated
    /// [default: zeros; with --tx it follows from block, transaction and call]
    #[arg(long, value_name = "HASH", value_parser = hex::bytes32, value_delimiter = ',', conflicts_with = "tx")]
    pub job: Vec<[u8; 32]>,
    /// The salt of the commitment to the input: a file of 32 random bytes, of a batch 32 for each input, to be kept as
    /// secret as the input [default: drawn anew; with --tx zeros, since a block's inputs are public]
    #[arg(long, value_name = "FILE")]
    pub salt: Option<PathBuf>,
    /// Write the salt that was drawn to a new file, which only its owner may read
    #[arg(long, value_name = "FILE", conflicts_with_all = ["salt", "tx"])]
    pub save_salt: Option<PathBuf>,
    /// Keys, memory, threads.
    #[command(flatten)]
    pub keys: Keys,
    /// One JSON object a proof instead of a table
    #[arg(long)]
    pub json: bool,
}

impl Prove {
    /// What of the arguments does nothing, or is missing.
    pub(super) fn problem(&self) -> Option<String> {
        if self.bundle.is_none() && self.tx.is_none() {
            return Some(
                "nothing to prove: give a BUNDLE and --input, or --tx and, unless it is of the bundled block, --block"
                    .to_owned(),
            );
        }
        let of_block = [
            ("--block", self.block.is_some()),
            ("--call", self.call.is_some()),
            ("--models", !self.models.is_empty()),
        ];
        // Clap lets `requires` pass where what it names would conflict with something that is given.
        if self.tx.is_none()
            && let Some((option, _)) = of_block.into_iter().find(|(_, given)| *given)
        {
            return Some(format!(
                "{option} is for the inferences of a block: add --tx, or leave it out"
            ));
        }
        let most = self.batch.unwrap_or(1) as usize;
        if self.job.len() > 1 && self.job.len() != most {
            let jobs = self.job.len();
            return Some(format!(
                "--job names {jobs} jobs for {most} inferences: give one for all, or one an inference"
            ));
        }
        if self.tx.is_some() && self.form.private_input {
            return Some(
                "the inputs of a block's inferences are public: leave --private-input out".to_owned(),
            );
        }
        None
    }
}

/// Write the verifying key of a model.
#[derive(Debug, ClapArgs)]
pub struct Key {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Where to write the key. Default: only say its digest
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The form of the proofs that it verifies.
    #[command(flatten)]
    pub form: FormChoice,
    /// Keys, memory, threads.
    #[command(flatten)]
    pub keys: Keys,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::MEMORY_LIMIT;
    use crate::args::{Args, Command};
    use clap::Parser;
    use metisvm_prover::Form;

    fn parsed(arguments: &str) -> Result<Args, String> {
        let arguments = ["metisvm"].into_iter().chain(arguments.split_whitespace());
        let parsed = Args::try_parse_from(arguments).and_then(Args::check);
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn each_form_has_its_option() {
        for (option, expected) in [
            ("", Form::Wrapped),
            ("--raw", Form::Raw),
            ("--private-input", Form::Blinded),
            ("--small", Form::Small),
            ("--small --private-input", Form::SmallBlinded),
            ("--proven-bits", Form::Proven),
            ("--proven-bits --private-input", Form::ProvenBlinded),
        ] {
            let Ok(Args {
                command: Command::Prove(prove),
            }) = parsed(&format!("prove m.bundle --input x -o p {option}"))
            else {
                panic!("{option}")
            };
            assert_eq!(prove.form.form(), expected);
        }
    }

    #[test]
    fn what_does_nothing_is_wrong_use() {
        let job = "0".repeat(64);
        for (arguments, said) in [
            ("prove -o p".to_owned(), "nothing to prove"),
            ("prove m.bundle -o p".to_owned(), "--input"),
            ("prove --input x -o p".to_owned(), "BUNDLE"),
            ("prove m.bundle --input x".to_owned(), "--out"),
            ("prove m.bundle --input x --tx 1 -o p".to_owned(), "--tx"),
            ("prove --block b -o p".to_owned(), "--tx"),
            ("prove --tx 1 -o p --private-input".to_owned(), "are public"),
            ("prove --tx 1 -o p --batch 2".to_owned(), "--batch"),
            ("prove m.bundle --input x -o p --batch 0".to_owned(), "--batch"),
            (
                "prove m.bundle --input x -o p --raw --cuts 2".to_owned(),
                "--cuts",
            ),
            (
                "prove m.bundle --input x -o p --batch 2 --cuts 2".to_owned(),
                "--cuts",
            ),
            (
                format!("prove m.bundle --input x -o p --job {job},{job}"),
                "2 jobs for 1 inferences",
            ),
            (
                format!("prove m.bundle --input x -o p --batch 3 --job {job},{job}"),
                "2 jobs for 3 inferences",
            ),
            ("commitment x".to_owned(), "--salt"),
            ("prove --tx 1 -o p --chain-id 1".to_owned(), "--chain-id"),
            (format!("prove --tx 1 -o p --job {job}"), "--job"),
            ("prove m.bundle --input x -o p --call 1".to_owned(), "add --tx"),
            ("prove m.bundle --input x -o p --block b".to_owned(), "add --tx"),
            ("prove m.bundle --input x -o p --models b".to_owned(), "add --tx"),
            (
                "prove m.bundle --input x -o p --raw --private-input".to_owned(),
                "--raw",
            ),
            (
                "prove m.bundle --input x -o p --memory-limit 0".to_owned(),
                "memory-limit",
            ),
            (
                "prove m.bundle --input x -o p --job 12".to_owned(),
                "64 hexadecimal",
            ),
            ("verify p".to_owned(), "held to its own word"),
            (
                format!("verify p --bundle m --chain-id 1 --job {job}"),
                "--commitment, or --input with --salt",
            ),
            (
                format!("verify p --bundle m --chain-id 1 --job {job} --commitment {job} --as-stated"),
                "nothing to take",
            ),
            ("verify p --as-stated --input x".to_owned(), "--salt"),
            ("verify p --as-stated --key k --bundle b".to_owned(), "--bundle"),
            (format!("verify p --as-stated --key-digest {job}"), "--key"),
        ] {
            let error = parsed(&arguments).expect_err(&arguments);
            assert!(error.contains(said), "{arguments}: {error}");
        }
        for arguments in [
            "verify p --as-stated".to_owned(),
            format!("verify p --key m --chain-id 1 --job {job} --commitment {job}"),
            format!("verify p --model {job} --chain-id 1 --job {job} --input x --salt s"),
        ] {
            assert!(parsed(&arguments).is_ok(), "{arguments}");
        }
    }

    /// A file that is not believed yet has less made for it than somebody who proves asks for.
    #[test]
    fn verifying_has_a_memory_limit_of_its_own() {
        for (arguments, expected) in [
            ("prove b --input x -o p", MEMORY_LIMIT),
            ("key b", MEMORY_LIMIT),
            ("verify p --as-stated", 2048),
            ("verify p --as-stated --memory-limit 300", 300),
        ] {
            let keys = match parsed(arguments).expect(arguments).command {
                Command::Prove(prove) => prove.keys,
                Command::Key(key) => key.keys,
                Command::Verify(verify) => verify.keys,
                _ => unreachable!("{arguments}"),
            };
            assert_eq!(keys.memory_limit, expected, "{arguments}");
        }
    }
}
