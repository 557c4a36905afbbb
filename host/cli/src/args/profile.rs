//! `profile`: what is hot in blocks.

use super::samples::samples;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Say which contracts and opcodes are hot in blocks, and what compiling gains.
#[derive(Debug, Args)]
pub struct Profile {
    /// Block files with the state before the block (JSON, plain or gzip), - for standard input; with none, the bundled
    /// block
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Rows of each list [default: 20 in tables, all with --json]
    #[arg(long, value_name = "N", value_parser = rows)]
    pub top: Option<usize>,
    /// Also list which opcodes follow each other
    #[arg(long)]
    pub pairs: bool,
    /// Compile so many of the contracts that used most gas, and time the blocks with and without that; 0 compiles none
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = contracts)]
    pub compile: usize,
    /// How often each block is timed in each way; the quickest counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = samples)]
    pub samples: usize,
    /// Draw a flame graph of the paths of calls
    #[arg(long, value_name = "FILE.svg")]
    pub flame: Option<PathBuf>,
    /// Write the paths of calls as collapsed stacks, a line each, for other tools
    #[arg(long, value_name = "FILE")]
    pub folded: Option<PathBuf>,
    /// What --flame and --folded weigh paths by [default: gas]
    #[arg(long, value_name = "WHAT")]
    pub by: Option<Weight>,
    /// More models: bundle files, or folders of them (*.bundle)
    #[arg(long, value_name = "PATH")]
    pub models: Vec<PathBuf>,
    /// Verifying keys that the registry of keys names: files, or folders of them (*.key)
    #[arg(long, value_name = "PATH")]
    pub keys: Vec<PathBuf>,
    /// One JSON object a line instead of tables
    #[arg(long)]
    pub json: bool,
}

/// What a path weighs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Weight {
    /// The gas of its frames: exact
    #[default]
    Gas,
    /// Their time: measured
    Time,
    /// Their instructions: exact
    Instructions,
}

/// More rows than this are for programs, which --json serves; there are 65,536 pairs of opcodes.
const MAX_ROWS: usize = 65_536;
/// Compiling more takes minutes, and what is not among the hottest thousand is not hot.
const MAX_CONTRACTS: usize = 1000;

fn rows(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=MAX_ROWS) => Ok(n),
        _ => Err(format!("it must be a number from 1 to {MAX_ROWS}")),
    }
}

fn contracts(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 0..=MAX_CONTRACTS) => Ok(n),
        _ => Err(format!("it must be a number from 0 to {MAX_CONTRACTS}")),
    }
}

impl Profile {
    pub(super) fn problem(&self) -> Option<String> {
        if self.files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
            return Some("- is standard input, which can be read once".to_owned());
        }
        if self.by.is_some() && self.flame.is_none() && self.folded.is_none() {
            return Some("--by does nothing here: add --flame or --folded, or leave it out".to_owned());
        }
        if let (Some(flame), Some(folded)) = (&self.flame, &self.folded)
            && place(flame) == place(folded)
        {
            return Some("--flame and --folded name the same file; name two".to_owned());
        }
        None
    }
}

/// Where a path leads, as far as that is there already.
fn place(path: &Path) -> PathBuf {
    if let Ok(found) = path.canonicalize() {
        return found;
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    path.file_name().map_or(folder.clone(), |name| folder.join(name))
}

#[cfg(test)]
mod tests {
    use crate::args::Args;
    use clap::Parser;

    #[test]
    fn options_that_do_nothing_or_cannot_be_are_wrong_use() {
        let check = |arguments: &str| {
            let arguments = "metisvm profile ".to_owned() + arguments;
            let parsed = Args::try_parse_from(arguments.split_whitespace()).and_then(Args::check);
            parsed.map_err(|error| error.to_string())
        };
        for (arguments, said) in [
            ("--by time", "--by does nothing"),
            ("--by joules --flame f.svg", "gas"),
            ("- -", "can be read once"),
            ("--flame f --folded f", "name the same file"),
            ("--flame f --folded ./f", "name the same file"),
            ("--top 0", "from 1 to"),
            ("--top x", "from 1 to"),
            ("--samples 0", "from 1 to"),
            ("--compile 1001", "from 0 to 1000"),
        ] {
            let error = check(arguments).expect_err(arguments);
            assert!(error.contains(said), "{arguments}: {error}");
            assert!(
                error.contains("metisvm profile") || error.contains("--help"),
                "{error}"
            );
        }
        for arguments in [
            "",
            "a.json - --pairs --json",
            "--flame f.svg --folded f.txt --by instructions",
            "--compile 0 --samples 1 --top 3",
        ] {
            assert!(check(arguments).is_ok(), "{arguments}");
        }
    }
}
