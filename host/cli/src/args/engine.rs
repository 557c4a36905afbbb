//! Which backends run inferences, and how: options that several commands share.

use super::{Card, card, cpu};
use crate::fault::Injection;
use clap::{Args, ValueEnum};
use metisvm_accel::opencl::Choice as OpenClDevice;
use metisvm_simd::Level;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Which backends, and how.
#[derive(Debug, Clone, Args)]
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
