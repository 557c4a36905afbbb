//! The command line of `metisvm model generate`.

use super::Engine;
use clap::Args as ClapArgs;
use metisvm_model::generation::TEMPERATURE_ONE;
use std::path::PathBuf;

/// Generate a text.
#[derive(Debug, ClapArgs)]
pub struct Generate {
    /// The bundle of a model that generates
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// The text to go on from
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present = "tokens",
        conflicts_with = "tokens"
    )]
    pub prompt: Option<String>,
    /// The tokens to go on from, comma-separated, instead of a text
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    pub tokens: Vec<u32>,
    /// The model's tokenizer.json; default: the file beside the bundle that import put there
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
    /// How many tokens to generate, at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
    /// How freely to choose, from 0 (always the most likely token) to 64; 1 is what the model was trained for
    #[arg(long, value_name = "T", default_value = "0", value_parser = temperature)]
    pub temperature: u32,
    /// Among how many of the most likely tokens to choose; 0 among all
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub top_k: u32,
    /// What chance is drawn from: the same seed gives the same text, on every engine
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Which backends to run it on, and how.
    #[command(flatten)]
    pub engine: Engine,
    /// One JSON object at the end, instead of the text as it comes
    #[arg(long)]
    pub json: bool,
}

impl Generate {
    pub(super) fn problem(&self) -> Option<String> {
        self.engine.problem(false)
    }
}

/// A temperature in 65,536ths.
fn temperature(text: &str) -> Result<u32, String> {
    let wrong = || "a temperature is a number from 0 to 64".to_owned();
    let value = text.parse::<f64>().ok().filter(|t| (0.0..=64.0).contains(t));
    let steps = (value.ok_or_else(wrong)? * f64::from(TEMPERATURE_ONE)).round() as u32;
    match steps {
        0 if value != Some(0.0) => {
            Err("that temperature is too near 0 to be told from it; give 0".to_owned())
        }
        steps => Ok(steps),
    }
}
