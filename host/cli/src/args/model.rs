//! The command line of `metisvm model`.

use super::named::{dim, grid, shape, step};
use super::{Backend, Engine, Generate, Place, Register, Template, cpu};
use crate::node_url::NodeUrl;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use metisvm_import::Grid;
use metisvm_simd::Level;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Import, register, look at, check and run models; begin with a template.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Turn an ONNX file, or a folder of Hugging Face, into a bundle
    Import(Import),
    /// Add a bundle to a running node, and register it there
    Register(Register),
    /// Say what is in a bundle
    Info(Info),
    /// Run one inference
    Run(ModelRun),
    /// Generate a text, token by token
    Generate(Generate),
    /// Compare what a bundle gives with what another implementation gave for the same inputs
    Check(Check),
    /// Projects to begin with: a model, a contract that calls it, a test
    #[command(subcommand)]
    Template(Template),
}

impl Model {
    /// What the command is called.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Import(_) => "import",
            Self::Register(_) => "register",
            Self::Info(_) => "info",
            Self::Run(_) => "run",
            Self::Generate(_) => "generate",
            Self::Check(_) => "check",
            Self::Template(_) => "template",
        }
    }

    /// What of the arguments does nothing, or contradicts itself.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            Self::Import(import) => import.problem(),
            Self::Run(run) => run.problem(),
            Self::Generate(generate) => generate.problem(),
            Self::Check(check) => check.problem(),
            Self::Info(info) => info.problem(),
            Self::Register(_) | Self::Template(_) => None,
        }
    }
}

/// Turn an ONNX file, or a folder of Hugging Face, into a bundle.
#[derive(Debug, ClapArgs)]
pub struct Import {
    /// The ONNX file: quantised, or f32 with --calibration. Or a folder with config.json and model.safetensors, as
    /// transformers and diffusers write it, with --calibration
    #[arg(value_name = "FILE|DIR")]
    pub file: PathBuf,
    /// Input samples for an f32 model: an .npy file, samples on the first dimension; repeat as NAME=FILE for a model
    /// of several inputs, or give one .npz file with an array for each input
    #[arg(long, value_name = "FILE", group = "samples")]
    pub calibration: Vec<String>,
    /// Where to write the bundle; default: the name of the ONNX file or of the folder with the ending .bundle
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the ONNX file that the folder becomes, f32, and no bundle
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "calibration", "output", "keep", "input_grid", "activation", "range", "target_error", "report", "register", "verbose",
    ])]
    pub onnx: Option<PathBuf>,
    /// With --onnx, of a model that generates: the graph that takes TOKENS tokens more and keeps the state of CONTEXT of
    /// them, in the place of the whole model
    #[arg(long, value_name = "TOKENS,CONTEXT", value_parser = step, requires = "onnx", conflicts_with = "output")]
    pub step: Option<(u32, u32)>,
    /// Which part of the folder's model, where it has several: encoder or decoder of an autoencoder
    #[arg(long, value_name = "NAME")]
    pub part: Option<String>,
    /// A text to calibrate a folder's language model with, in UTF-8: it becomes a bundle that generates, and its tokenizer
    /// is put beside it
    #[arg(long, value_name = "FILE", group = "samples", conflicts_with_all = [
        "calibration", "onnx", "keep", "batch", "shape", "input_grid", "step",
    ])]
    pub text: Option<PathBuf>,
    /// How many tokens of prompt and generated text together a model that generates has room for [default: 256, or as many
    /// as it has positions]
    #[arg(long, value_name = "N", requires = "text", value_parser = clap::value_parser!(u32).range(2..))]
    pub context: Option<u32>,
    /// How many tokens of a prompt a model that generates takes in at once [default: 16]
    #[arg(long, value_name = "N", requires = "text", value_parser = clap::value_parser!(u32).range(2..))]
    pub chunk: Option<u32>,
    /// Make this tensor an output, and look only at what it needs; repeat for several, in the order wanted. Default:
    /// the outputs of the file
    #[arg(long, value_name = "NAME")]
    pub keep: Vec<String>,
    /// What an open first dimension of an input becomes. Default: 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: Option<u32>,
    /// What the open dimension NAME becomes, wherever the file has it; repeat for several
    #[arg(long, value_name = "NAME=N", value_parser = dim)]
    pub dim: Vec<(String, u32)>,
    /// The whole shape of an input; repeat for several
    #[arg(long, value_name = "INPUT=N,N,…", value_parser = shape)]
    pub shape: Vec<(String, Vec<u32>)>,
    /// The grid of an input of an f32 model, real = SCALE · (byte - ZERO), DTYPE u8 (the default) or i8; repeat for
    /// several
    #[arg(long, value_name = "INPUT=SCALE,ZERO[,DTYPE]", value_parser = grid)]
    pub input_grid: Vec<(String, Grid)>,
    /// The type of activations of an f32 model
    #[arg(long, value_name = "TYPE", default_value = "u8")]
    pub activation: Activation,
    /// How the range of a tensor of an f32 model follows from what it was seen to hold
    #[arg(long, value_name = "HOW", default_value = "minmax", requires = "samples")]
    pub range: RangeChoice,
    /// What the outputs of an f32 model may be off on the calibration samples, as a part of them (root mean square).
    /// Beyond it, convolutions that gain most compute with 16 bits, at twice the work; and products, but only where this
    /// is given. Default: 0.02; of a model that generates its logits, 0.008
    #[arg(long, value_name = "PART", value_parser = part, requires = "samples")]
    pub target_error: Option<f64>,
    /// Where to write, as JSON, what became of each layer: the object that --json prints
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Register the bundle at the node that listens there, such as http://127.0.0.1:8545
    #[arg(long, value_name = "URL")]
    pub register: Option<NodeUrl>,
    /// Show all layers; default: of more than ten, the ten with the greatest error
    #[arg(long, short, conflicts_with = "json")]
    pub verbose: bool,
    /// One JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

impl Import {
    fn problem(&self) -> Option<String> {
        if self.report.is_some() && self.report == self.output {
            return Some("--report and --output name the same file; name two".to_owned());
        }
        let calibrated = self
            .calibration
            .iter()
            .map(|argument| match argument.split_once('=') {
                Some((name, _)) => name,
                None => "",
            });
        let twice = first_twice(self.dim.iter().map(|(name, _)| name.as_str()))
            .map(|name| format!("--dim gives {name} twice"))
            .or_else(|| {
                first_twice(self.shape.iter().map(|(name, _)| name.as_str()))
                    .map(|name| format!("--shape gives {name} twice"))
            })
            .or_else(|| {
                first_twice(self.input_grid.iter().map(|(name, _)| name.as_str()))
                    .map(|name| format!("--input-grid gives {name} twice"))
            })
            .or_else(|| {
                first_twice(self.keep.iter().map(String::as_str))
                    .map(|name| format!("--keep names {name} twice"))
            })
            .or_else(|| {
                first_twice(calibrated).map(|name| {
                    if name.is_empty() {
                        "--calibration is given twice without a name: write INPUT=FILE, or one .npz file"
                            .to_owned()
                    } else {
                        format!("--calibration gives {name} twice")
                    }
                })
            });
        twice.map(|problem| format!("{problem}; say it once"))
    }
}

fn first_twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// An activation type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Activation {
    /// Unsigned bytes
    U8,
    /// Signed bytes
    I8,
}

/// How a range follows from samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RangeChoice {
    /// The least and the greatest value seen
    Minmax,
    /// The least and the greatest value of each sample, and of those the mean
    Mean,
    /// All but the hundredth of a percent of the elements that are furthest out
    Percentile,
    /// The part of the range whose grid of bytes has the least squared error
    Search,
}

/// Say what is in a bundle.
#[derive(Debug, ClapArgs)]
pub struct Info {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Also say which of these backends --place auto would let run which part of it, and what that is expected to take;
    /// comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub backend: Vec<Backend>,
    /// One JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

impl Info {
    /// The backends as an engine, where there are any.
    pub fn engine(&self) -> Option<Engine> {
        let backend = self.backend.clone();
        (!backend.is_empty()).then(|| Engine {
            place: Place::Auto,
            ..Engine::of(backend)
        })
    }

    fn problem(&self) -> Option<String> {
        let engine = self.engine()?;
        // A single backend has a partition and a time, too.
        let place = Place::Order;
        Engine { place, ..engine }.problem(false)
    }
}

/// Run one inference.
#[derive(Debug, ClapArgs)]
pub struct ModelRun {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// The input: raw little-endian tensors, concatenated in declared order, or, for a model of one input, an .npy
    /// file of its type; - is standard input
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Stop if the bundle has another id than this one
    #[arg(long, value_name = "HASH", value_parser = hash)]
    pub expect_id: Option<String>,
    /// The input holds N inputs one after the other, which run as one batch
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// Where to write the raw output; - is standard output. Default: print the values
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Which backends to run it on, and how.
    #[command(flatten)]
    pub engine: Engine,
    /// One JSON object instead of a table; with --output, what there is beside the values
    #[arg(long)]
    pub json: bool,
}

impl ModelRun {
    fn problem(&self) -> Option<String> {
        if self.json && self.output.as_deref() == Some(Path::new("-")) {
            return Some(
                "--output - and --json both write to standard output: give --output a file, or leave it out"
                    .to_owned(),
            );
        }
        self.engine.problem(false)
    }
}

/// Compare what a bundle gives with what another implementation gave.
#[derive(Debug, ClapArgs)]
pub struct Check {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// An .npz file with arrays input_NAME and output_NAME, by the names of the bundle's inputs and outputs: one sample
    /// of the declared shape, or several along one dimension more
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Backends to check, each alone, comma-separated
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "reference,cpu,fpga"
    )]
    pub backend: Vec<Backend>,
    /// The one set of instructions that the cpu backend uses, instead of the fastest that this processor has: portable,
    /// avx2, avx512, avx512-vnni or amx
    #[arg(long, value_name = "LEVEL")]
    pub cpu_level: Option<Level>,
    /// Compute one of so many of the cpu backend's inferences again on the reference kernels, and compare
    #[arg(long, value_name = "1/N", value_parser = cpu::audit)]
    pub audit: Option<NonZeroU32>,
    /// Fail where the mean cosine is below this
    #[arg(long, value_name = "X", value_parser = cosine)]
    pub min_cosine: Option<f64>,
    /// One JSON object a backend instead of a table
    #[arg(long)]
    pub json: bool,
}

impl Check {
    fn problem(&self) -> Option<String> {
        let names = self.backend.iter().map(|backend| match backend {
            Backend::Reference => "reference",
            Backend::Cpu => "cpu",
            Backend::Fpga => "fpga",
            Backend::OpenCl => "opencl",
        });
        if let Some(name) = first_twice(names) {
            return Some(format!(
                "--backend names {name} twice; each backend is checked once"
            ));
        }
        if self.backend.contains(&Backend::Cpu) {
            return None;
        }
        cpu::idle(self.cpu_level, self.audit)
    }

    /// One backend of the list by itself.
    pub fn engine(&self, backend: Backend) -> Engine {
        let cpu = backend == Backend::Cpu;
        Engine {
            cpu_level: self.cpu_level.filter(|_| cpu),
            audit: self.audit.filter(|_| cpu),
            ..Engine::of(vec![backend])
        }
    }
}

/// A number from 0 to 1.
fn part(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|v| (0.0..=1.0).contains(v));
    value.ok_or_else(|| "it must be a number from 0 to 1".to_owned())
}

fn cosine(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if (-1.0..=1.0).contains(&x) => Ok(x),
        _ => Err("a cosine is a number from -1 to 1".to_owned()),
    }
}

fn hash(text: &str) -> Result<String, String> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err("the id of a model is 64 hexadecimal digits, as model info shows it".to_owned())
}

#[cfg(test)]
mod tests;
