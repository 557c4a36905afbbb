//! `run`: execute blocks.

use super::samples::samples;
use super::threads::threads;
use super::{Backend, Card, Engine, Jit, Keccak};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Execute blocks.
#[derive(Debug, Args)]
pub struct Run {
    /// Block files (JSON, plain or gzip), - for standard input; with none, the bundled block of inferences and swaps
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which backends to run inferences on, and how.
    #[command(flatten)]
    pub engine: Engine,
    /// Threads that recover senders and execute transactions; 1 executes in sequence. Default: one a core
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Whether contracts become native code.
    #[command(flatten)]
    pub jit: Jit,
    /// Run each block in several ways and compare the results
    #[arg(long, value_name = "WHAT", conflicts_with = "backend")]
    pub compare: Option<Compare>,
    /// With --compare threads: how often each way is timed. Default: 9 to 21 times, less if a block takes seconds
    #[arg(long, value_name = "N", value_parser = samples)]
    pub samples: Option<usize>,
    /// Keep the chain in this folder: each block goes on from the last one there, and is written if it is valid
    #[arg(long, value_name = "DIR", conflicts_with = "compare")]
    pub datadir: Option<PathBuf>,
    /// Take the last N blocks of the chain in --datadir back before anything else
    #[arg(long, value_name = "N", requires = "datadir", value_parser = clap::value_parser!(u64).range(1..))]
    pub unwind: Option<u64>,
    /// What hashes the state trie of --datadir: the processor; the card or the OpenCL device, batches of N messages and
    /// more (64 if N is not given); or with auto the processor or the card, whichever a measurement at the start shows to
    /// be quicker
    #[arg(long, value_name = "cpu|card[:N]|opencl[:N]|auto", default_value = "cpu")]
    pub keccak: Keccak,
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

impl Run {
    pub(super) fn problem(&self) -> Option<String> {
        let threads = self.compare == Some(Compare::Threads);
        if threads && self.threads == Some(1) {
            return Some(
                "--compare threads compares one thread with several: give --threads 2 or more, or leave it out for one \
                 a core"
                    .to_owned(),
            );
        }
        if threads
            && (self.engine.trust_card || !self.engine.card.is_empty() || !self.engine.fault.is_empty())
        {
            return Some(
                "--compare threads uses no card: leave --card, --trust-card and --fault out".to_owned(),
            );
        }
        if self.samples.is_some() && !threads {
            return Some(
                "--samples says how often --compare threads times a block: leave it out without that"
                    .to_owned(),
            );
        }
        if self.datadir.is_some() && self.files.is_empty() && self.unwind.is_none() {
            return Some(
                "--datadir needs the files of the blocks that come next; what is in it, metisvm chain info says"
                    .to_owned(),
            );
        }
        if self.datadir.is_none() && self.keccak != Keccak::Cpu {
            return Some(format!(
                "--keccak {} hashes the state trie of a chain on disk: add --datadir, or leave it out",
                self.keccak
            ));
        }
        if self.files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
            return Some("- is standard input, which can be read once".to_owned());
        }
        let hashes = matches!(self.keccak, Keccak::Card(_) | Keccak::Auto);
        let remote = self.engine.card.first().is_some_and(Card::has_one_user);
        if remote && hashes && self.engine.backend.contains(&Backend::Fpga) {
            return Some(
                "a card behind a socket or in a slot has one user: leave fpga out of --backend, or --keccak out"
                    .to_owned(),
            );
        }
        if let Some(problem) = self.jit.problem() {
            return Some(problem);
        }
        let mut engine = self.engine.clone();
        if let Some(problem) = self.idle_trace() {
            return Some(problem);
        }
        engine.trace = None;
        if matches!(self.keccak, Keccak::Card(_) | Keccak::Auto) {
            // It hashes, whatever infers.
            engine.card.clear();
            engine.dma_memory = None;
        }
        if matches!(self.keccak, Keccak::OpenCl(_)) {
            // The device hashes, whatever infers.
            engine.opencl_device = None;
        }
        engine.problem(self.compare == Some(Compare::Backends))
    }

    /// Why there would be no waveforms.
    fn idle_trace(&self) -> Option<String> {
        self.engine.trace.as_ref()?;
        let hashes = matches!(self.keccak, Keccak::Card(_) | Keccak::Auto);
        let rtl = matches!(self.engine.card.first(), Some(Card::Rtl(_)));
        (!hashes || !rtl).then(|| {
            "--trace writes the waveforms of a card in RTL that hashes: add --card rtl --keccak card"
                .to_owned()
        })
    }
}

/// What to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// Every backend, each with a dispatcher of its own
    Backends,
    /// Plain revm, the engine on one thread, and the engine on --threads: results and times
    Threads,
}

#[cfg(test)]
mod tests {
    use crate::args::Args;
    use clap::Parser;

    #[test]
    fn card_that_has_no_trie_to_hash_is_wrong_use() {
        let check = |arguments: &[&str]| {
            let arguments = ["metisvm", "run", "--keccak", "card"].iter().chain(arguments);
            Args::try_parse_from(arguments).and_then(Args::check)
        };
        assert!(
            check(&["a.json"])
                .unwrap_err()
                .to_string()
                .contains("add --datadir")
        );
        assert!(check(&["a.json", "--datadir", "there"]).is_ok());
    }

    #[test]
    fn card_in_rtl_is_for_those_that_use_a_card_and_waveforms_are_of_one_that_hashes() {
        let check = |arguments: &str| {
            let arguments = "metisvm run a.json --datadir there ".to_owned() + arguments;
            let parsed = Args::try_parse_from(arguments.split_whitespace()).and_then(Args::check);
            parsed.map_err(|error| error.to_string())
        };
        for arguments in [
            "--keccak card --card rtl",
            "--keccak auto --card rtl:sim",
            "--keccak card:1 --card functional",
            "--keccak card:1 --card functional:ecp5-85f",
            "--backend fpga --card rtl",
            "--keccak card --card rtl --trace wave.fst",
            "--keccak card --card vfio-user:socket",
            "--backend fpga --card vfio-user:/run/card:0",
            "--backend fpga --card functional,functional:sim-tensor,rtl,vfio-user:s --fault hang",
            "--backend fpga --card vfio:0000:01:00.0",
        ] {
            assert!(check(arguments).is_ok(), "{arguments}: {:?}", check(arguments));
        }
        for (arguments, said) in [
            ("--card rtl", "without a card"),
            ("--keccak opencl --card rtl", "without a card"),
            (
                "--keccak card --card rtl:none",
                "there is no board \"none\"; there are sim",
            ),
            (
                "--keccak card --card simulated",
                "functional[:BOARD], rtl[:BOARD], vfio:BDF or vfio-user:SOCKET",
            ),
            (
                "--keccak card --card functional:none",
                "there is no board \"none\"",
            ),
            ("--keccak card --trace wave.fst", "add --card rtl"),
            ("--backend fpga --card vfio-user:", "vfio-user:SOCKET"),
            ("--backend fpga --card vfio:01:00", "lspci -D"),
            ("--backend fpga --card vfio:1:0.0 --fault hang", "in a slot"),
            ("--backend fpga --card vfio-user:s --keccak card", "has one user"),
            (
                "--backend fpga --card vfio-user:s --fault hang",
                "--fault is for a card in this process",
            ),
            (
                "--backend fpga --card functional,vfio-user:s,vfio-user:s",
                "names vfio-user:s twice",
            ),
            ("--backend fpga --card functional,", "functional[:BOARD]"),
            (
                "--backend fpga --card rtl --trace wave.fst",
                "add --card rtl --keccak card",
            ),
        ] {
            let error = check(arguments).unwrap_err();
            assert!(error.contains(said), "{arguments}: {error}");
        }
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
    fn samples_are_those_of_a_comparison_of_threads() {
        let check = |compare: &[&str], count| {
            let arguments = ["metisvm", "run", "--samples", count];
            let arguments = arguments.iter().chain(compare);
            Args::try_parse_from(arguments).and_then(Args::check).is_ok()
        };
        assert!(check(&["--compare", "threads"], "3"));
        assert!(!check(&["--compare", "threads"], "0"));
        assert!(!check(&["--compare", "threads"], "1001"));
        assert!(!check(&["--compare", "backends"], "3"));
        assert!(!check(&[], "3"));
    }

    #[test]
    fn no_threads_is_wrong_use() {
        for bad in ["0", "-1", "x", "1000000", ""] {
            assert!(
                Args::try_parse_from(["metisvm", "run", "--threads", bad]).is_err(),
                "{bad}"
            );
        }
    }
}
