//! The command line of `metisvm commitment`.

use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Say the commitment to an input.
#[derive(Debug, ClapArgs)]
pub struct CommitmentTo {
    /// The input, raw; with --bundle as prove reads it. - is standard input
    #[arg(value_name = "INPUT")]
    pub input: PathBuf,
    /// The salt: a file of 32 random bytes, to be kept as secret as the input
    #[arg(long, value_name = "FILE", required_unless_present = "save_salt")]
    pub salt: Option<PathBuf>,
    /// Draw a salt and write it to a new file, which only its owner may read
    #[arg(long, value_name = "FILE", conflicts_with = "salt")]
    pub save_salt: Option<PathBuf>,
    /// The model that the input is for, which it has to fit
    #[arg(long, value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// One JSON object instead of a line
    #[arg(long)]
    pub json: bool,
}
