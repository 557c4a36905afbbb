//! Backends and dispatchers from arguments.

use crate::args::{Backend, Engine, Place};
use crate::card_report::{CardMark, CardReport, OpenCard};
use crate::fpga_cards::{Absent, Missing, Named, open_cards};
use crate::output;
use crate::user_cache;
use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::{FpgaPool, LateCard, Member, State};
use metisvm_accel::opencl::{self, OpenClBackend};
use metisvm_accel::{CostCache, Dispatcher, Policy, dispatcher};
use metisvm_model::Bundle;
use metisvm_sim::FaultPlan;
use metisvm_simd::Level;
use serde_json::{Value, json};
use std::sync::Arc;

/// The backends that `--compare backends` runs, each alone.
pub const ALL_BACKENDS: [Backend; 4] = [Backend::Reference, Backend::Cpu, Backend::Fpga, Backend::OpenCl];

/// The name of a backend as the command line has it.
pub const fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Reference => "reference",
        Backend::Cpu => "cpu",
        Backend::Fpga => "fpga",
        Backend::OpenCl => "opencl",
    }
}

/// What does inferences: a dispatcher over the backends that were asked for, and what is to be told of its card.
///
/// It lives as long as the process: its memo, its compiled models and what lies on its card serve all blocks.
/// What one block is told of is the difference between two marks.
#[derive(Debug)]
pub struct Composition {
    /// The dispatcher.
    pub dispatcher: Arc<Dispatcher>,
    /// The backends that it was made of, in order; the reference, which ends its list, is none of them.
    pub backends: Vec<Arc<dyn metisvm_accel::Backend>>,
    /// What kept a card from being one of the backends: a card that does not open costs speed, never a result.
    pub problems: Vec<String>,
    /// The cards, where there are any.
    pub cards: Vec<OpenCard>,
    /// Cards that were not there, and are looked for, with what people are told of each.
    late: Vec<(String, LateCard)>,
    /// Cards that did not open, and are done without, with what people are told of each, and why.
    left_out: Vec<(String, String)>,
    /// Several of them, as one backend.
    pool: Option<Arc<FpgaPool>>,
    /// Several were asked for.
    several_cards: bool,
    /// The processor's backend, where it is one of them.
    pub cpu: Option<Arc<CpuBackend>>,
    /// The OpenCL backend, where it is one of them.
    pub opencl: Option<Arc<OpenClBackend>>,
    told: bool,
}

/// How far the counters of a composition had come.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    counters: metisvm_accel::Counters,
    /// One for each card; none where nothing was done before.
    cards: Vec<CardMark>,
    cpu: [u64; 3],
    opencl: [u64; 5],
}

impl Composition {
    /// Who did what a device did not do.
    pub const fn instead(&self) -> &'static str {
        if self.several_cards {
            "another card or the next backend"
        } else {
            "the next backend"
        }
    }

    /// The problems, if they were not asked for before.
    pub fn untold_problems(&mut self) -> &[String] {
        let told = std::mem::replace(&mut self.told, true);
        if told { &[] } else { &self.problems }
    }

    /// How far the counters have come.
    pub fn mark(&self) -> Mark {
        Mark {
            counters: self.dispatcher.counters(),
            cards: self
                .all_cards()
                .iter()
                .map(|card| card.as_ref().map_or_else(CardMark::default, OpenCard::mark))
                .collect(),
            cpu: self.cpu.as_ref().map_or([0; 3], |cpu| counts(&cpu.report())),
            opencl: self
                .opencl
                .as_ref()
                .map_or([0; 5], |device| opencl_counts(&device.report())),
        }
    }

    /// What the dispatcher has done since.
    pub fn counters_since(&self, mark: &Mark) -> metisvm_accel::Counters {
        self.dispatcher.counters().since(&mark.counters)
    }

    /// What the processor's backend did since, where it is one of the backends.
    pub fn cpu_since(&self, mark: &Mark) -> Option<CpuReport> {
        let report = self.cpu.as_ref()?.report();
        let now = counts(&report);
        let [macs, scalar_macs, audited] = std::array::from_fn(|at| now[at] - mark.cpu[at]);
        Some(CpuReport {
            level: report.level.map_or("none", Level::name),
            macs,
            scalar_macs,
            audited,
            condemned: report.condemned.len(),
        })
    }

    /// What the OpenCL device did since, where there is one.
    pub fn opencl_since(&self, mark: &Mark) -> Option<OpenClReport> {
        let report = self.opencl.as_ref()?.report();
        let now = opencl_counts(&report);
        let [macs, launches, sent, received, faults] = std::array::from_fn(|at| now[at] - mark.opencl[at]);
        Some(OpenClReport {
            device: report.device,
            macs,
            launches,
            sent,
            received,
            faults,
            health: match report.condemned {
                None => "healthy".to_owned(),
                Some(why) => format!("out of service: {why}"),
            },
        })
    }

    /// What became of each card since. Faults that happened before are left out. Those that are not open come last.
    pub fn cards_since(&self, mark: &Mark) -> Vec<CardReport> {
        let report = |(index, card): (usize, Option<OpenCard>)| {
            let mark = mark.cards.get(index).copied().unwrap_or_default();
            Some(card?.report(&mark))
        };
        let open = self.all_cards().into_iter().enumerate().filter_map(report);
        let late = self.late.iter().filter_map(|(title, card)| {
            let why = card.why()?;
            Some(CardReport::of_absent(title, State::Probing, &why))
        });
        let left_out = self.left_out.iter();
        let left_out = left_out.map(|(title, why)| CardReport::of_absent(title, State::Failed, why));
        open.chain(late).chain(left_out).collect()
    }

    /// The cards that were there, and behind them those that have come since, each in its place.
    fn all_cards(&self) -> Vec<Option<OpenCard>> {
        let late = self.late.iter().map(|(title, card)| {
            Some(OpenCard {
                backend: card.get()?.clone(),
                title: title.clone(),
                plan: FaultPlan::default(),
                injections: Vec::new(),
                jobs_before: 0,
            })
        });
        self.cards.iter().cloned().map(Some).chain(late).collect()
    }

    /// What went wrong on cards since the last call, while other cards did the work.
    pub fn take_card_errors(&self) -> Vec<String> {
        self.pool
            .as_ref()
            .map_or_else(Vec::new, |pool| pool.take_errors())
    }
}

/// The counts of a report of the processor's backend.
const fn counts(report: &cpu::Report) -> [u64; 3] {
    [report.macs, report.scalar_macs, report.audited]
}

/// The counts of a report of the OpenCL backend.
const fn opencl_counts(report: &opencl::Report) -> [u64; 5] {
    let counters = &report.counters;
    [
        report.macs,
        counters.launches,
        counters.sent,
        counters.received,
        counters.faults,
    ]
}

/// What the OpenCL device did.
#[derive(Debug, Clone)]
pub struct OpenClReport {
    /// Its name.
    pub device: String,
    /// Multiply-accumulates on it.
    pub macs: u64,
    /// Kernels that were enqueued.
    pub launches: u64,
    /// Bytes that were sent to it.
    pub sent: u64,
    /// Bytes that came back.
    pub received: u64,
    /// Faults that were noticed.
    pub faults: u64,
    /// Whether it takes work, and why not.
    pub health: String,
}

impl OpenClReport {
    /// Adds it to an object for programs.
    pub fn json(&self, object: &mut Value) {
        object["opencl_device"] = json!(self.device);
        object["opencl_macs"] = json!(self.macs);
        object["opencl_launches"] = json!(self.launches);
        object["opencl_sent_bytes"] = json!(self.sent);
        object["opencl_received_bytes"] = json!(self.received);
        object["opencl_faults"] = json!(self.faults);
        object["opencl_health"] = json!(self.health);
    }
}

/// What the processor's backend did.
#[derive(Debug, Clone)]
pub struct CpuReport {
    /// The set of instructions in use.
    pub level: &'static str,
    /// Multiply-accumulates with it.
    pub macs: u64,
    /// Multiply-accumulates by the reference kernels, in forms of operators that no set of instructions has.
    pub scalar_macs: u64,
    /// Inferences that were computed again by the reference kernels.
    pub audited: u64,
    /// Sets of instructions that were found to compute wrongly.
    pub condemned: usize,
}

impl CpuReport {
    /// Adds it to an object for programs.
    pub fn json(&self, object: &mut Value) {
        object["cpu_level"] = json!(self.level);
        object["cpu_macs"] = json!(self.macs);
        object["cpu_scalar_macs"] = json!(self.scalar_macs);
        object["cpu_audited"] = json!(self.audited);
        object["cpu_condemned"] = json!(self.condemned);
    }
}

/// Puts together what the arguments ask for, with these models.
pub fn compose(engine: &Engine, models: &[Bundle]) -> Composition {
    compose_with(engine, models, Absent::IsLeftOut)
}

/// The same for a process that goes on: a card behind a socket that is not there joins when its server has come.
pub fn compose_for_long(engine: &Engine, models: &[Bundle]) -> Composition {
    compose_with(engine, models, Absent::IsLookedFor)
}

fn compose_with(engine: &Engine, models: &[Bundle], absent: Absent) -> Composition {
    let mut backends: Vec<Arc<dyn metisvm_accel::Backend>> = Vec::new();
    let mut problems = Vec::new();
    let (mut cards, mut late, mut left_out, mut pool) = (Vec::new(), Vec::new(), Vec::new(), None);
    let mut processor = None;
    let mut device = None;
    for backend in &engine.backend {
        match backend {
            // The dispatcher's last, which takes everything: what is listed after it is never asked.
            Backend::Reference => break,
            Backend::Cpu => {
                let own = Arc::new(CpuBackend::new(cpu::Options {
                    level: engine.cpu_level,
                    audit: engine.audit,
                    sabotage: None,
                }));
                for (level, why) in own.report().condemned {
                    problems.push(format!("cpu: the level {level} is not used: {why}"));
                }
                backends.push(own.clone());
                processor = Some(own);
            }
            Backend::Fpga => {
                let missing;
                Named {
                    opened: cards,
                    missing,
                    left_out,
                } = open_cards(engine, absent, &mut problems);
                if let ([only], []) = (cards.as_slice(), missing.as_slice()) {
                    backends.push(only.backend.clone());
                } else if !cards.is_empty() || !missing.is_empty() {
                    let open = cards
                        .iter()
                        .map(|card| (card.title.clone(), Member::Open(card.backend.clone())));
                    let mut members: Vec<_> = open.collect();
                    for Missing { title, why, open } in missing {
                        let card = LateCard::missing(why);
                        late.push((title.clone(), card.clone()));
                        members.push((title, Member::Absent(card, open)));
                    }
                    let several = Arc::new(FpgaPool::of(members));
                    backends.push(several.clone());
                    pool = Some(several);
                }
            }
            Backend::OpenCl => match open_opencl(engine) {
                Ok(opened) => {
                    backends.push(opened.clone());
                    device = Some(opened);
                }
                Err(error) => problems.push(format!("opencl: {error}")),
            },
        }
    }
    let policy = match engine.place {
        Place::Order => Policy::Order,
        Place::Auto => Policy::Auto,
    };
    let cache = user_cache::folder().map(|folder| CostCache::in_folder(&folder));
    let dispatcher = Dispatcher::with_policy(backends.clone(), dispatcher::Options::default(), policy, cache);
    for model in models {
        dispatcher.add(model.clone());
    }
    tell_notes(&dispatcher);
    Composition {
        dispatcher: Arc::new(dispatcher),
        backends,
        problems,
        cards,
        late,
        left_out,
        pool,
        several_cards: engine.cards().len() > 1,
        cpu: processor,
        opencl: device,
        told: false,
    }
}

/// Says what was measured, once.
pub fn tell_notes(dispatcher: &Dispatcher) {
    for note in dispatcher.take_notes() {
        output::complain(&format!("note: {note}"));
    }
}

/// Opens the OpenCL device that the arguments name. Nothing of OpenCL is loaded before.
pub(crate) fn open_opencl(engine: &Engine) -> Result<Arc<OpenClBackend>, opencl::Error> {
    let found = opencl::find(&engine.opencl_device.clone().unwrap_or_default())?;
    let options = opencl::DeviceOptions {
        cache: if found.keeps_programs() {
            None
        } else {
            user_cache::folder().map(|folder| folder.join("opencl"))
        },
        ..opencl::DeviceOptions::default()
    };
    let device = opencl::Device::open(found, options)?;
    let options = opencl::Options {
        checked: !engine.trust_opencl,
    };
    Ok(Arc::new(OpenClBackend::new(device, options)))
}
