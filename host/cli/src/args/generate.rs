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
    /// What chance is drawn from, a number, or 0x and the digits of a bytes32: the same seed gives the same text, on
    /// every engine
    #[arg(long, value_name = "N|0x…", default_value = "0", value_parser = seed)]
    pub seed: [u8; 32],
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

/// A number as a `bytes32` has it, or its digits.
fn seed(text: &str) -> Result<[u8; 32], String> {
    let wrong = || "a seed is a number below 2^64, or 0x and up to 64 hexadecimal digits".to_owned();
    let mut seed = [0; 32];
    match text.strip_prefix("0x") {
        None => {
            let number = text.parse::<u64>().map_err(|_| wrong())?;
            seed[24..].copy_from_slice(&number.to_be_bytes());
        }
        Some(digits) if (1..=64).contains(&digits.len()) => {
            for (at, digit) in digits.chars().rev().enumerate() {
                let digit = digit.to_digit(16).ok_or_else(wrong)? as u8;
                seed[31 - at / 2] |= digit << (4 * (at % 2));
            }
        }
        Some(_) => return Err(wrong()),
    }
    Ok(seed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_numbers_or_digits_of_a_word() {
        let seven = seed("7").unwrap_or_default();
        assert_eq!((seven[31], seven[..31].iter().max()), (7, Some(&0)));
        assert_eq!(seed("0x7"), Ok(seven));
        assert_eq!(seed("0x0107").map(|s| (s[30], s[31])), Ok((1, 7)));
        let word = format!("0x{}", "ab".repeat(32));
        assert_eq!(seed(&word), Ok([0xab; 32]));
        for bad in ["", "-1", "0x", "0xg", "18446744073709551616", &format!("{word}0")] {
            assert!(seed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn temperatures_are_whole_steps() {
        assert_eq!(temperature("0"), Ok(0));
        assert_eq!(temperature("1"), Ok(TEMPERATURE_ONE));
        assert_eq!(temperature("64"), Ok(64 * TEMPERATURE_ONE));
        for bad in ["-1", "64.1", "nan", "1e-9", "warm"] {
            assert!(temperature(bad).is_err(), "{bad}");
        }
    }
}
