//! Native code for bytecode: options that commands share.

use super::threads::threads;
use clap::{Args, ValueEnum};
use metisvm_jit::JitMode;
use std::path::PathBuf;

/// Whether contracts become native code, and where that is kept.
#[derive(Debug, Clone, Args)]
pub struct Jit {
    /// When bytecode becomes native code
    #[arg(long = "jit", id = "jit", value_name = "WHEN", default_value = "on")]
    pub when: When,
    /// Keep native code in this folder [default: DIR/jit of --datadir; without that, in memory alone]
    #[arg(long = "jit-cache", id = "jit_cache", value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Threads that compile in the background. Default: 1
    #[arg(long = "jit-threads", id = "jit_threads", value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// When bytecode becomes native code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Never: everything is interpreted
    Off,
    /// When it is hot, in the background; on machines that have no native code, never
    On,
    /// Before it first runs, by the thread that runs it: for tests
    Always,
}

impl From<When> for JitMode {
    fn from(when: When) -> Self {
        match when {
            When::Off => Self::Off,
            When::On => Self::On,
            When::Always => Self::Always,
        }
    }
}

impl Jit {
    /// What of this does nothing.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.when == When::Off && self.cache.is_some() {
            return Some(
                "--jit-cache keeps native code, and --jit off makes none: leave one of them out".to_owned(),
            );
        }
        if self.when != When::On && self.threads.is_some() {
            return Some(
                "--jit-threads compile in the background, which --jit on alone does: leave one of them out"
                    .to_owned(),
            );
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Args;
    use clap::Parser;

    #[test]
    fn options_of_native_code_that_do_nothing_are_wrong_use() {
        for command in [
            "run",
            "node",
            "import-chain chain.rlp --genesis genesis.json --datadir there",
        ] {
            let check = |arguments: &str| {
                let arguments = format!("metisvm {command} {arguments}");
                let parsed = Args::try_parse_from(arguments.split_whitespace()).and_then(Args::check);
                parsed.map(|_| ()).map_err(|error| error.to_string())
            };
            for right in [
                "",
                "--jit off",
                "--jit on --jit-cache there --jit-threads 2",
                "--jit-cache there",
                "--jit always --jit-cache there",
            ] {
                assert_eq!(check(right), Ok(()), "{command} {right}");
            }
            for (wrong, said) in [
                ("--jit off --jit-cache there", "--jit off makes none"),
                ("--jit off --jit-threads 2", "--jit on alone does"),
                ("--jit always --jit-threads 2", "--jit on alone does"),
                ("--jit-threads 0", "from 1 to"),
                ("--jit sometimes", "off, on, always"),
            ] {
                let error = check(wrong).unwrap_err();
                assert!(error.contains(said), "{command} {wrong}: {error}");
            }
        }
    }
}
