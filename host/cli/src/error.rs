//! What ends a command.

use std::io;
use std::path::PathBuf;

/// Why a command failed: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Output could not be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// A file could not be read or written.
    #[error("{}: {problem}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file has several problems.
    #[error("{}: {}", file.display(), lines.join("; "))]
    Listed {
        /// The file.
        file: PathBuf,
        /// What they have in common, then one after the other.
        lines: Vec<String>,
    },
    /// A block was not executed.
    #[error(transparent)]
    Block(#[from] metisvm_executor::Error),
    /// A model was asked for that is not here, or its input is wrong, or it could not run.
    #[error(transparent)]
    Inference(#[from] metisvm_accel::DispatchError),
    /// A measurement came to nothing.
    #[error(transparent)]
    Bench(#[from] metisvm_bench::Error),
    /// There is no card.
    #[error("the card does not come about: {0}")]
    Card(String),
    /// A card is there, and cannot be talked to.
    #[error("{card}: {problem}; docs/operators.md says what to do with such a card")]
    NoAnswer {
        /// Which.
        card: String,
        /// What it does instead.
        problem: metisvm_driver::DeviceError,
    },
    /// Signals could not be waited for.
    #[error("signals cannot be waited for: {0}")]
    Signals(io::Error),
    /// A card could not be served.
    #[error(transparent)]
    Serve(#[from] metisvm_sim::vfio_user::ServerError),
    /// A model cannot be proven.
    #[error("model {model}: {problem}")]
    Prepare {
        /// Which.
        model: metisvm_model::ModelId,
        /// Why.
        problem: metisvm_prover::PrepareError,
    },
    /// An inference was not proven.
    #[error(transparent)]
    Prove(#[from] metisvm_prover::ProveError),
    /// There is no key, or no proof.
    #[error("{0}")]
    Proof(String),
    /// An option makes no sense.
    #[error("{0}")]
    Use(String),
    /// There is no native code, or no folder for it.
    #[error(transparent)]
    Jit(#[from] metisvm_jit::JitError),
    /// A node did not come about, or failed.
    #[error(transparent)]
    Node(metisvm_node::NodeError),
    /// A running node did not do what it was asked.
    #[error("{url}: {problem}")]
    RunningNode {
        /// Which.
        url: crate::node_url::NodeUrl,
        /// What it did instead.
        problem: Box<crate::node_client::Problem>,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {error}; choose another with --host and --port")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// Data within the binary is damaged.
    #[error("the bundled {what} is damaged: {problem}; build the binary again")]
    Bundled {
        /// Which.
        what: &'static str,
        /// In what way.
        problem: String,
    },
}

impl CliError {
    /// An error of a file.
    ///
    /// Where the problem itself begins with the file, or with one in the folder, it stands there once.
    pub fn file(file: impl Into<PathBuf>, problem: impl ToString) -> Self {
        let file = file.into();
        let problem = problem.to_string();
        let named = problem.strip_prefix(&*file.to_string_lossy()).and_then(|rest| {
            let (within, problem) = rest.split_once(": ")?;
            let within = match within.strip_prefix(std::path::MAIN_SEPARATOR) {
                Some(name) => file.join(name),
                None if within.is_empty() => file.clone(),
                None => return None,
            };
            Some((within, problem.to_owned()))
        });
        let (file, problem) = named.unwrap_or((file, problem));
        Self::File { file, problem }
    }
}
