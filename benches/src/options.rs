//! What a benchmark is asked for: arguments after `--` and variables of the environment.

use crate::{Failure, show::line};
use std::{env, path::PathBuf, str::FromStr};

/// The options.
#[derive(Debug, Clone)]
pub struct Options {
    /// One JSON object a line instead of tables (`--json`).
    pub json: bool,
    /// Parts of the names of what is measured; everything where there is none (other arguments).
    pub only: Vec<String>,
    /// How many samples of each variant (`METISVM_SAMPLES`).
    pub samples: usize,
    /// How many transactions a block has (`METISVM_TRANSACTIONS`, with commas between several).
    pub transactions: Vec<usize>,
}

impl Options {
    /// Reads them; the error names what cannot be understood.
    pub fn read(samples: usize, transactions: &[usize]) -> Result<Self, Failure> {
        let mut options = Self {
            json: false,
            only: Vec::new(),
            samples: numbers("METISVM_SAMPLES")?.map_or(Ok(samples), |given| match given[..] {
                [one] => Ok(one),
                _ => Err("METISVM_SAMPLES is one number"),
            })?,
            transactions: numbers("METISVM_TRANSACTIONS")?.unwrap_or_else(|| transactions.to_vec()),
        };
        for argument in env::args().skip(1) {
            match argument.as_str() {
                "--json" => options.json = true,
                // What `cargo bench` adds.
                "--bench" => {}
                name if !name.starts_with('-') => options.only.push(name.to_owned()),
                unknown => {
                    return Err(
                        format!("{unknown} is not known; there are --json and parts of names").into(),
                    );
                }
            }
        }
        Ok(options)
    }

    /// True where something of this name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part))
    }
}

fn numbers(variable: &str) -> Result<Option<Vec<usize>>, Failure> {
    let Ok(text) = env::var(variable) else {
        return Ok(None);
    };
    text.split(',')
        .map(|part| match usize::from_str(part.trim()) {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{variable}: {part:?} is not a number above 0").into()),
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

/// A folder of the shared data; says what is left out where it is not there.
pub fn shared_data(folder: &str) -> Result<Option<PathBuf>, Failure> {
    let root = env::var_os("METISVM_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let path = root.join(folder);
    if path.exists() {
        return Ok(Some(path));
    }
    line(format_args!("left out: {folder} (shared/data/{folder})"))?;
    Ok(None)
}
