//! The command line.

mod bench;
mod card;
mod cpu;
mod device;
mod hex;
mod model;
mod prove;
mod register;
mod sim;

pub use bench::Bench;
pub use card::Card;
pub use device::{Bind, Device, Doctor, List, OneCard, Roots, Unbind, Validate};
pub use model::{Activation, Check, Import, Info, Model, ModelRun, RangeChoice};
pub use prove::{FormChoice, Key, Keys, Prove, Verify};
pub use register::Register;
pub use sim::Sim;

use crate::fault::Injection;
use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand, ValueEnum, error::ErrorKind};
use metisvm_accel::opencl::Choice as OpenClDevice;
use metisvm_simd::Level;
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

/// An Ethereum virtual machine whose contracts run AI models.
#[derive(Debug, Parser)]
#[command(name = "metisvm", version, about, max_term_width = 110)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// The arguments, if they make sense together. An option that would do nothing is wrong use.
    ///
    /// # Errors
    /// Wrong use, worded as clap words it.
    pub fn check(self) -> Result<Self, clap::Error> {
        let problem = match &self.command {
            Command::Run(run) => run.problem(),
            Command::Model(model) => model.problem(),
            Command::Bench(bench) => bench.problem(),
            Command::Device(device) => device.problem(),
            Command::Prove(prove) => prove.problem(),
            Command::Verify(verify) => verify.problem(),
            Command::Node(node) => node.problem(),
            _ => None,
        };
        match problem {
            Some(problem) => Err(self.command.wrong_use(problem)),
            None => Ok(self),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Execute blocks: the bundled one, or those of files
    Run(Run),
    /// Run the official Ethereum state tests
    Statetest(Statetest),
    /// Run the official Ethereum blockchain tests
    Blocktest(Blocktest),
    /// Look at, verify and unwind a chain on disk
    #[command(subcommand)]
    Chain(Chain),
    /// Import, look at and run models
    #[command(subcommand)]
    Model(Model),
    /// Prove an inference, or those that a block's transaction asked for
    Prove(Prove),
    /// Check a proof of an inference
    Verify(Verify),
    /// Say and write the key that verifies a model's proofs
    Key(Key),
    /// Measure engines side by side
    Bench(Bench),
    /// Cards of this machine: what there is, whether it works, and what is in its way
    #[command(subcommand)]
    Device(Device),
    /// Serve a chain to developers' tools: JSON-RPC over HTTP and WebSocket
    Node(Box<crate::node::Node>),
    /// Import a chain of RLP blocks, each validated as it comes
    ImportChain(crate::node::ImportChain),
    /// Serve a simulated card to another process, or to a virtual machine (vfio-user)
    Sim(Sim),
}

impl Command {
    /// Wrong use, with the usage of the command that was meant.
    fn wrong_use(&self, problem: String) -> clap::Error {
        let path: &[&str] = match self {
            Self::Run(_) => &["run"],
            Self::Node(_) => &["node"],
            Self::Model(model) => &["model", model.name()],
            Self::Device(device) => &["device", device.name()],
            Self::Prove(_) => &["prove"],
            Self::Verify(_) => &["verify"],
            _ => &[],
        };
        let mut meant = Args::command();
        // Building gives each command the names of those that it belongs to.
        meant.build();
        for name in path {
            if let Some(found) = meant.find_subcommand(name).cloned() {
                meant = found;
            }
        }
        meant.error(ErrorKind::ArgumentConflict, problem)
    }
}

/// Execute blocks.
#[derive(Debug, ClapArgs)]
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
    fn problem(&self) -> Option<String> {
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

/// Look at, verify and unwind a chain on disk.
#[derive(Debug, Subcommand)]
pub enum Chain {
    /// Say what is in it: the last block, the rules, how much of the disk it takes
    Info(ChainFolder),
    /// Read everything and check that it fits together, down to the state root
    Verify(ChainFolder),
    /// Take the last blocks back
    Unwind(Unwind),
}

/// Which chain.
#[derive(Debug, ClapArgs)]
pub struct ChainFolder {
    /// The folder of the chain, as run --datadir keeps it
    #[arg(long, value_name = "DIR")]
    pub datadir: PathBuf,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Take the last blocks back.
#[derive(Debug, ClapArgs)]
pub struct Unwind {
    /// How many
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub blocks: u64,
    /// Which chain.
    #[command(flatten)]
    pub chain: ChainFolder,
}

/// Run the official Ethereum state tests.
#[derive(Debug, ClapArgs)]
pub struct Statetest {
    /// Tests: files (JSON, plain or gzip), folders of them, archives (.tar, .tar.gz, .tar.xz)
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// One JSON object a file, then one with the totals, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Run the official Ethereum blockchain tests.
#[derive(Debug, ClapArgs)]
pub struct Blocktest {
    /// Tests: files (JSON, plain or gzip), folders of them, archives (.tar, .tar.gz, .tar.xz)
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Threads of the block engine. Default: one a core
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Where states are kept: each test runs once for each
    #[arg(long, value_name = "WHERE", default_value = "memory")]
    pub store: TestStore,
    /// One JSON object a file, then one with the totals, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Where the states of blockchain tests are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestStore {
    /// In memory
    Memory,
    /// In a store in a temporary folder
    Disk,
    /// In memory, then in a store
    Both,
}

/// Which backends, and how.
#[derive(Debug, Clone, ClapArgs)]
pub struct Engine {
    /// Backends in order of preference, comma-separated; the reference always comes last
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "cpu")]
    pub backend: Vec<Backend>,
    /// Who of them runs a part of a model: the first that takes it, or with auto whoever is expected to be quickest, by
    /// costs that are measured once and kept
    #[arg(long, value_name = "HOW", default_value = "order")]
    pub place: Place,
    /// The one set of instructions that the cpu backend uses, instead of the fastest that this processor has: portable,
    /// avx2, avx512, avx512-vnni or amx
    #[arg(long, value_name = "LEVEL")]
    pub cpu_level: Option<Level>,
    /// Compute one of so many of the cpu backend's inferences again on the reference kernels, and compare
    #[arg(long, value_name = "1/N", value_parser = cpu::audit)]
    pub audit: Option<NonZeroU32>,
    /// The cards behind the fpga backend, comma-separated, of which the first is the one behind --keccak card: in software;
    /// in RTL, built by Verilator on first use from the Verilog of a board (if none is named, sim hashes and sim-tensor
    /// infers); the one in a slot, as lspci -D names it; or the
    /// one that metisvm sim serves at a socket [default: functional]
    #[arg(
        long,
        value_name = "functional[:BOARD]|rtl[:BOARD]|vfio:BDF|vfio-user:SOCKET",
        value_delimiter = ','
    )]
    pub card: Vec<Card>,
    /// The most memory that each card may reach by DMA, MiB; what does not fit is computed elsewhere [default: no bound]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    pub dma_memory: Option<u64>,
    /// Write the waveforms of a card in RTL that hashes (FST, for GTKWave or Surfer)
    #[arg(long, value_name = "FILE.fst")]
    pub trace: Option<PathBuf>,
    /// Use the card's results without checking its products (faster; a flipped bit goes unnoticed)
    #[arg(long)]
    pub trust_card: bool,
    /// The device behind the opencl backend: its place among OpenCL's devices, from 0, or a part of its name [default: the
    /// first that is no processor, else the first]
    #[arg(long, value_name = "NAME|INDEX")]
    pub opencl_device: Option<OpenClDevice>,
    /// Use the OpenCL device's results without checking its products (much faster; a flipped bit goes unnoticed)
    #[arg(long)]
    pub trust_opencl: bool,
    /// Let the simulated card do something wrong, once, at a job (0 is its first, whatever the block); repeat for several.
    /// A kind that does not exist is answered with the list of all
    #[arg(long, value_name = "KIND[@JOB]")]
    pub fault: Vec<Injection>,
}

impl Engine {
    /// Backends in order of preference, and nothing else asked for.
    pub const fn of(backend: Vec<Backend>) -> Self {
        Self {
            backend,
            place: Place::Order,
            cpu_level: None,
            audit: None,
            card: Vec::new(),
            dma_memory: None,
            trace: None,
            trust_card: false,
            opencl_device: None,
            trust_opencl: false,
            fault: Vec::new(),
        }
    }

    /// What of this does nothing. `all` backends are used whatever the list says.
    pub(crate) fn problem(&self, all: bool) -> Option<String> {
        for (index, backend) in self.backend.iter().enumerate() {
            if self.backend[..index].contains(backend) {
                let name = crate::composition::name(*backend);
                return Some(format!(
                    "--backend names {name} twice; each backend is asked once"
                ));
            }
        }
        if let Some((Backend::Reference, [_, ..])) =
            self.backend.split_first().map(|(first, rest)| (*first, rest))
            && !all
        {
            return Some("the reference takes every model, so --backend names nothing after it".to_owned());
        }
        if let Some(problem) = self.idle_place(all) {
            return Some(problem);
        }
        if !all
            && !self.backend.contains(&Backend::Cpu)
            && let Some(problem) = cpu::idle(self.cpu_level, self.audit)
        {
            return Some(problem);
        }
        if !all && !self.backend.contains(&Backend::OpenCl) {
            let idle = [
                ("--opencl-device", self.opencl_device.is_some()),
                ("--trust-opencl", self.trust_opencl),
            ];
            if let Some((option, _)) = idle.into_iter().find(|(_, given)| *given) {
                return Some(format!("{option} does nothing here: add opencl to --backend"));
            }
        }
        if let Some(problem) = card::problem(&self.card) {
            return Some(problem);
        }
        if self.faulty_card().is_none() && !self.fault.is_empty() {
            return Some(
                "--fault is for a card in this process, not for one behind a socket or in a slot; metisvm sim has a \
                 --fault of its own for the card that it serves"
                    .to_owned(),
            );
        }
        if all || self.backend.contains(&Backend::Fpga) {
            return None;
        }
        let idle = [
            ("--trust-card", self.trust_card),
            ("--card", !self.card.is_empty()),
            ("--dma-memory", self.dma_memory.is_some()),
            ("--trace", self.trace.is_some()),
            ("--fault", !self.fault.is_empty()),
        ];
        let (option, _) = idle.into_iter().find(|(_, given)| *given)?;
        Some(format!(
            "{option} does nothing without a card: add --backend fpga"
        ))
    }
}

impl Engine {
    /// The cards, also where none is named.
    pub fn cards(&self) -> &[Card] {
        const DEFAULT: &[Card] = &[Card::Functional(None)];
        if self.card.is_empty() { DEFAULT } else { &self.card }
    }

    /// The card with which `--fault` goes wrong: the first of this process.
    pub fn faulty_card(&self) -> Option<usize> {
        let here = |card: &Card| !card.has_one_user();
        self.cards().iter().position(here)
    }

    /// What of `--place` does nothing.
    fn idle_place(&self, all: bool) -> Option<String> {
        if self.place == Place::Order {
            return None;
        }
        if all {
            return Some("--compare runs each backend alone: leave --place out".to_owned());
        }
        let named = self.backend.iter().filter(|b| **b != Backend::Reference);
        let device = named.clone().any(|b| *b != Backend::Cpu);
        (!device && named.count() < 2).then(|| {
            "--place auto chooses among backends: name a device or several engines in --backend".to_owned()
        })
    }
}

/// What hashes the state trie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keccak {
    /// The processor
    Cpu,
    /// The card, for batches of so many messages and more; `None` for the usual number
    Card(Option<usize>),
    /// The OpenCL device, likewise
    OpenCl(Option<usize>),
    /// The card from where on it is quicker
    Auto,
}

impl FromStr for Keccak {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (engine, least) = match text.split_once(':') {
            None => (text, None),
            Some((engine, messages)) => match messages.parse() {
                Ok(least @ 1..) => (engine, Some(least)),
                _ => {
                    return Err(format!(
                        "{messages:?} after {engine}: is no number of messages; 1 is the least"
                    ));
                }
            },
        };
        match (engine, least) {
            ("cpu", None) => Ok(Self::Cpu),
            ("card", least) => Ok(Self::Card(least)),
            ("opencl", least) => Ok(Self::OpenCl(least)),
            ("auto", None) => Ok(Self::Auto),
            _ => Err(
                "it is cpu, card, opencl, auto, or card:N or opencl:N (batches of N messages and more)"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for Keccak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Card(None) => f.write_str("card"),
            Self::Card(Some(messages)) => write!(f, "card:{messages}"),
            Self::OpenCl(None) => f.write_str("opencl"),
            Self::OpenCl(Some(messages)) => write!(f, "opencl:{messages}"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// An inference backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The processor's own instruction sets
    Cpu,
    /// The reference kernels, which define every result
    Reference,
    /// The FPGA card
    Fpga,
    /// A GPU, or another device that OpenCL knows
    #[value(name = "opencl")]
    OpenCl,
}

/// What decides which backend runs a part of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// The order of --backend
    Order,
    /// What each is expected to take
    Auto,
}

/// What to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// Every backend, each with a dispatcher of its own
    Backends,
    /// Plain revm, the engine on one thread, and the engine on --threads: results and times
    Threads,
}

/// So many threads a processor: more only wait for each other, and each costs memory and time to start.
const THREADS_A_PROCESSOR: usize = 4;
/// So many are taken on any machine: state that has to be read from a disk is waited for by several at once.
const THREADS_ANYWHERE: usize = 16;

pub(crate) fn threads(text: &str) -> Result<usize, String> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let most = (processors * THREADS_A_PROCESSOR).max(THREADS_ANYWHERE);
    match text.parse::<usize>() {
        Ok(0) | Err(_) => Err(format!(
            "it must be a number from 1 to {most}; leave the option out for one a core"
        )),
        Ok(n) if n > most => Err(format!(
            "this machine has {processors} processors, and more than {most} threads only get into each other's way; \
             leave the option out for one a core"
        )),
        Ok(n) => Ok(n),
    }
}

/// Most samples that anybody can mean.
const MAX_SAMPLES: usize = 1000;

fn samples(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=MAX_SAMPLES) => Ok(n),
        _ => Err(format!("it must be a number from 1 to {MAX_SAMPLES}")),
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
    fn what_hashes_is_read_as_it_is_shown_and_nothing_else_is_taken() {
        for text in ["cpu", "card", "card:1", "card:4096", "opencl", "opencl:2", "auto"] {
            assert_eq!(text.parse::<Keccak>().unwrap().to_string(), text);
        }
        for text in [
            "", "gpu", "card:", "card:0", "card:-1", "card:x", "auto:3", "cpu:1", "auto:", "Card", "opencl:0",
        ] {
            assert!(text.parse::<Keccak>().is_err(), "{text}");
        }
    }

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
