//! The command line.

use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand, ValueEnum, error::ErrorKind};
use std::path::PathBuf;

/// An Ethereum virtual machine whose contracts run AI models.
#[derive(Debug, Parser)]
#[command(name = "metisvm", version, about, max_term_width = 110)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// The arguments, if they make sense together.
    ///
    /// # Errors
    /// Wrong use, worded as clap words it.
    pub fn check(self) -> Result<Self, clap::Error> {
        if let Command::Run(run) = &self.command
            && run.compare == Some(Compare::Threads)
            && run.threads == Some(1)
        {
            let problem = "--compare threads compares one thread with several: give --threads 2 or more, or \
                           leave it out for one a core";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, problem));
        }
        Ok(self)
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Execute blocks: the bundled one, or those of files
    Run(Run),
    /// Run the official Ethereum state tests
    Statetest(Statetest),
    /// Import, look at and run models
    #[command(subcommand)]
    Model(Model),
}

/// Execute blocks.
#[derive(Debug, ClapArgs)]
pub struct Run {
    /// Block files (JSON, plain or gzip); with none, the bundled block of inferences and swaps
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which backends to run inferences on, and how.
    #[command(flatten)]
    pub engine: Engine,
    /// Threads that recover senders and execute transactions; 1 executes in sequence. Default: one a core
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Run each block in several ways and compare the results
    #[arg(long, value_name = "WHAT", conflicts_with = "backend")]
    pub compare: Option<Compare>,
    /// Keep the chain in this folder: each block goes on from the last one there, and is written if it is valid
    #[arg(long, value_name = "DIR", conflicts_with = "compare")]
    pub datadir: Option<PathBuf>,
    /// Take the last N blocks of the chain in --datadir back before anything else
    #[arg(long, value_name = "N", requires = "datadir", value_parser = clap::value_parser!(u64).range(1..))]
    pub unwind: Option<u64>,
    /// More models: bundle files, or folders of them (*.bundle)
    #[arg(long, value_name = "PATH")]
    pub models: Vec<PathBuf>,
    /// One JSON object a line instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Run the official Ethereum state tests.
#[derive(Debug, ClapArgs)]
pub struct Statetest {
    /// Tests: files (JSON, plain or gzip), folders of them, archives (.tar, .tar.gz)
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// One JSON object a file, then one with the totals, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Which backends, and how.
#[derive(Debug, Clone, ClapArgs)]
pub struct Engine {
    /// Backends in order of preference, comma-separated; the reference always comes last
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "reference")]
    pub backend: Vec<Backend>,
    /// The card behind the fpga backend
    #[arg(long, value_name = "KIND", default_value = "functional")]
    pub card: Card,
    /// Use the card's results without checking its products (faster; a flipped bit goes unnoticed)
    #[arg(long)]
    pub trust_card: bool,
}

/// An inference backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The reference kernels, on the CPU
    Reference,
    /// The FPGA card
    Fpga,
}

/// A card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Card {
    /// The card in software, in this process: it follows the device ABI, at no particular speed
    Functional,
}

/// What to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// Every backend, each with a dispatcher of its own
    Backends,
    /// Plain revm, the engine on one thread, and the engine on --threads: results and times
    Threads,
}

/// Import, look at and run models.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Turn an ONNX file into a bundle
    Import(Import),
    /// Say what is in a bundle
    Info(Info),
    /// Run one inference
    Run(ModelRun),
}

/// Turn an ONNX file into a bundle.
#[derive(Debug, ClapArgs)]
pub struct Import {
    /// The ONNX file: int8 with QuantizeLinear and DequantizeLinear, or f32 with --calibration
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Input samples for an f32 model: an .npy file of f32, samples on the first dimension; repeat as
    /// NAME=FILE for a model of several inputs
    #[arg(long, value_name = "FILE")]
    pub calibration: Vec<String>,
    /// Where to write the bundle; default: the ONNX file's name with the ending .bundle
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Keep only this output of the model; repeat for several, in the order wanted. Default: all
    #[arg(long, value_name = "NAME")]
    pub keep: Vec<String>,
    /// What an open first dimension of an input becomes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: u32,
    /// The type of activations of an f32 model
    #[arg(long, value_name = "TYPE", default_value = "u8")]
    pub activation: Activation,
    /// One JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

/// An activation type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Activation {
    /// Unsigned bytes
    U8,
    /// Signed bytes
    I8,
}

/// Say what is in a bundle.
#[derive(Debug, ClapArgs)]
pub struct Info {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// One JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Run one inference.
#[derive(Debug, ClapArgs)]
pub struct ModelRun {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// The input: raw little-endian tensors, concatenated in declared order; - is standard input
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Where to write the raw output; - is standard output. Default: print the values
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub output: Option<PathBuf>,
    /// Which backends to run it on, and how.
    #[command(flatten)]
    pub engine: Engine,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Most threads that anybody can mean.
const MAX_THREADS: usize = 1024;

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=MAX_THREADS) => Ok(n),
        _ => Err(format!(
            "it must be a number from 1 to {MAX_THREADS}; leave the option out for one a core"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn one_thread_is_not_compared_with_itself() {
        let check = |count| {
            let arguments = ["metisvm", "run", "--compare", "threads", "--threads", count];
            Args::try_parse_from(arguments).and_then(Args::check)
        };
        assert!(check("1").unwrap_err().to_string().contains("--threads 2"));
        assert!(check("2").is_ok());
    }

    #[test]
    fn no_threads_is_wrong_use() {
        for bad in ["0", "-1", "x", "1025", ""] {
            assert!(
                Args::try_parse_from(["metisvm", "run", "--threads", bad]).is_err(),
                "{bad}"
            );
        }
    }
}
