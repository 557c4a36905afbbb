//! The command line of `metisvm bench`.

use super::samples::samples;
use super::threads::threads;
use super::{Backend, Card, Engine};
use clap::Args as ClapArgs;
use metisvm_accel::opencl::Choice as OpenClDevice;
use metisvm_bench::Subject;
use std::path::PathBuf;
use std::time::Duration;

/// Measure engines side by side.
#[derive(Debug, ClapArgs)]
pub struct Bench {
    /// What to measure: kernels, keccak, models, rings, card, blocks; with none, all of it
    #[arg(value_name = "SUBJECT")]
    pub subjects: Vec<Subject>,
    /// Engines to compare, comma-separated; what one of them leaves of a model, the cpu does
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "cpu,opencl,fpga,reference"
    )]
    pub backend: Vec<Backend>,
    /// The card behind the fpga backend: in software, or in RTL, of a board (if none is named, sim-tensor), one that
    /// another process serves at a socket, or one in a slot [default: functional]
    #[arg(long, value_name = "functional[:BOARD]|rtl[:BOARD]|vfio-user:SOCKET|vfio:BDF")]
    pub card: Option<Card>,
    /// Use the card's results without checking its products
    #[arg(long)]
    pub trust_card: bool,
    /// The OpenCL device: its place among OpenCL's devices, from 0, or a part of its name [default: the first that is no
    /// processor, else the first]
    #[arg(long, value_name = "NAME|INDEX")]
    pub opencl_device: Option<OpenClDevice>,
    /// Use the OpenCL device's results without checking its products
    #[arg(long)]
    pub trust_opencl: bool,
    /// A bundle to measure instead of the bundled models; repeat for several
    #[arg(long, value_name = "FILE")]
    pub bundle: Vec<PathBuf>,
    /// Items of a batch of models, comma-separated
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = clap::value_parser!(u32).range(1..=MAX_BATCH),
        default_value = "1,4,16,64"
    )]
    pub batch: Vec<u32>,
    /// Threads of models and blocks, comma-separated. Default: 1, and one a core
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = threads)]
    pub threads: Vec<usize>,
    /// How often each engine is timed in each case. Default: 3 to 21 times, as often as fits into 0.8 seconds
    #[arg(long, value_name = "N", value_parser = samples)]
    pub samples: Option<usize>,
    /// Leave an engine out of a case where one call would take it longer
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "1")]
    pub patience: Duration,
    /// Write a page with tables and plots, which needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Figures to show in the page beside ours: lines as --json writes them, such as benches/onnxruntime.py makes;
    /// repeat for several
    #[arg(long, value_name = "FILE", requires = "html")]
    pub peer: Vec<PathBuf>,
    /// One JSON object a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

/// The most items of a batch, as for `model run`.
const MAX_BATCH: i64 = 4096;

impl Bench {
    /// The subjects, each once, in the order in which they are measured.
    pub fn subjects(&self) -> Vec<Subject> {
        let wanted = |subject: &Subject| self.subjects.is_empty() || self.subjects.contains(subject);
        Subject::ALL.into_iter().filter(wanted).collect()
    }

    /// One backend of the list by itself.
    pub fn engine(&self, backend: Backend) -> Engine {
        Engine {
            card: self.card.iter().cloned().collect(),
            trust_card: self.trust_card,
            opencl_device: self.opencl_device.clone(),
            trust_opencl: self.trust_opencl,
            ..Engine::of(vec![backend])
        }
    }

    /// What of the arguments does nothing, or contradicts itself.
    pub(super) fn problem(&self) -> Option<String> {
        for (option, given, backend) in [
            ("--card", self.card.is_some(), Backend::Fpga),
            ("--trust-card", self.trust_card, Backend::Fpga),
            ("--trust-opencl", self.trust_opencl, Backend::OpenCl),
            ("--opencl-device", self.opencl_device.is_some(), Backend::OpenCl),
        ] {
            if given && !self.backend.contains(&backend) {
                let name = crate::composition::name(backend);
                return Some(format!("{option} does nothing here: add {name} to --backend"));
            }
        }
        for (index, backend) in self.backend.iter().enumerate() {
            if self.backend[..index].contains(backend) {
                let name = crate::composition::name(*backend);
                return Some(format!(
                    "--backend names {name} twice; each backend is measured once"
                ));
            }
        }
        let subjects = self.subjects();
        let models = subjects.contains(&Subject::Models);
        if !self.bundle.is_empty() && !models {
            return Some(
                "--bundle is measured by the subject models: name it, or leave --bundle out".to_owned(),
            );
        }
        if !self.threads.is_empty() && !models && !subjects.contains(&Subject::Blocks) {
            return Some(
                "--threads is for models and blocks, and neither is measured: leave it out".to_owned(),
            );
        }
        // Without a card there is nothing that these would measure; of all subjects they are just left out.
        let card = self.backend.contains(&Backend::Fpga);
        if !card && let Some(subject) = self.subjects.iter().find(|subject| **subject == Subject::Rings) {
            return Some(format!("{subject} are those of a card: add fpga to --backend"));
        }
        None
    }
}

/// A time that a person waits.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|s| (0.001..=3600.0).contains(s));
    let seconds = seconds.ok_or_else(|| "it must be a number of seconds from 0.001 to 3600".to_owned())?;
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn parsed(arguments: &[&str]) -> Result<Bench, String> {
        let arguments = ["metisvm", "bench"].iter().chain(arguments);
        let parsed = Args::try_parse_from(arguments).and_then(Args::check);
        match parsed.map(|args| args.command) {
            Ok(Command::Bench(bench)) => Ok(bench),
            Ok(_) => unreachable!("the command is bench"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn without_a_subject_all_are_measured_and_none_twice() {
        assert_eq!(parsed(&[]).unwrap().subjects(), Subject::ALL);
        let some = parsed(&["models", "kernels", "models"]).unwrap();
        assert_eq!(some.subjects(), [Subject::Kernels, Subject::Models]);
    }

    #[test]
    fn what_does_nothing_is_wrong_use() {
        for (arguments, said) in [
            (&["keccak", "--bundle", "m.bundle"][..], "models"),
            (&["keccak", "--threads", "1"], "--threads"),
            (&["rings", "--backend", "cpu"], "fpga"),
            (&["--backend", "cpu,cpu"], "twice"),
            (&["--peer", "p.jsonl"], "--html"),
            (&["--trust-card", "--backend", "cpu"], "add fpga"),
            (&["--trust-opencl", "--backend", "cpu"], "add opencl"),
            (&["--batch", "0"], "--batch"),
            (&["--patience", "0"], "seconds"),
            (&["--samples", "0"], "--samples"),
            (&["gpu"], "kernels, keccak"),
        ] {
            let error = parsed(arguments).unwrap_err();
            assert!(error.contains(said), "{arguments:?}: {error}");
        }
        assert!(parsed(&["models", "--bundle", "m.bundle", "--threads", "1,2"]).is_ok());
    }
}
