//! Backends and dispatchers from arguments.

use crate::args::{Backend, Engine, Place};
use crate::card_work::CardWork;
use crate::cards::{self, Opened, RTL_TIMEOUT, Use};
use crate::fault::{self, Injection};
use crate::output;
use crate::user_cache;
use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::opencl::{self, OpenClBackend};
use metisvm_accel::{CostCache, Dispatcher, Policy, dispatcher};
use metisvm_driver::{CardCounters, Device, Health};
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
    /// The simulated card, where there is one.
    pub card: Option<SimulatedCard>,
    /// The processor's backend, where it is one of them.
    pub cpu: Option<Arc<CpuBackend>>,
    /// The OpenCL backend, where it is one of them.
    pub opencl: Option<Arc<OpenClBackend>>,
    told: bool,
}

/// How far the counters of a composition had come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    counters: metisvm_accel::Counters,
    card: metisvm_driver::Counters,
    /// What the card counts itself, and multiply-accumulates that it did.
    counted: Option<CardCounters>,
    card_macs: u64,
    cpu: [u64; 3],
    opencl: [u64; 5],
    /// Faults that had happened.
    happened: usize,
}

impl Composition {
    /// The problems, if they were not asked for before.
    pub fn untold_problems(&mut self) -> &[String] {
        let told = std::mem::replace(&mut self.told, true);
        if told { &[] } else { &self.problems }
    }

    /// How far the counters have come.
    pub fn mark(&self) -> Mark {
        let card = self.card.as_ref();
        Mark {
            counters: self.dispatcher.counters(),
            card: card.map_or_else(Default::default, |card| card.backend.device().counters()),
            counted: card.and_then(|card| card.backend.device().card_counters()),
            card_macs: card.map_or(0, |card| card.backend.macs()),
            cpu: self.cpu.as_ref().map_or([0; 3], |cpu| counts(&cpu.report())),
            opencl: self
                .opencl
                .as_ref()
                .map_or([0; 5], |device| opencl_counts(&device.report())),
            happened: card.map_or(0, |card| card.plan.history().len()),
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

    /// What became of the card since, where there is one. Faults that happened before are left out.
    pub fn card_since(&self, mark: &Mark) -> Option<CardReport> {
        self.card.as_ref().map(|card| card.report(mark))
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

/// A simulated card, and what it was told to do wrong.
#[derive(Debug, Clone)]
pub struct SimulatedCard {
    backend: Arc<FpgaBackend>,
    title: String,
    plan: FaultPlan,
    injections: Vec<Injection>,
    /// Jobs of the handshake, before anybody's work.
    jobs_before: u64,
}

/// What became of an injected fault.
#[derive(Debug, Clone)]
pub struct FaultReport {
    /// The fault, as it was asked for.
    pub fault: String,
    /// The number of the job at which it happened, 0 for the first; `None` where it did not.
    pub at_job: Option<u64>,
}

/// What the driver saw of a card.
#[derive(Debug, Clone)]
pub struct CardReport {
    /// What card it is.
    pub title: String,
    /// What it counted itself, where it has an engine and counters.
    pub work: Option<CardWork>,
    /// The faults that were injected.
    pub faults: Vec<FaultReport>,
    /// Faults that the driver noticed and that put the card out of service.
    pub noticed: u64,
    /// Resets that the card acknowledged.
    pub resets: u64,
    /// Bytes of memory that are given up because the card never acknowledged a reset.
    pub leaked_bytes: u64,
    /// Whether the card takes work, and why not.
    pub health: String,
}

impl SimulatedCard {
    /// The card as a backend.
    pub const fn backend(&self) -> &Arc<FpgaBackend> {
        &self.backend
    }

    /// What became of it since.
    fn report(&self, mark: &Mark) -> CardReport {
        let mut history: Vec<_> = self.plan.history().into_iter().enumerate().collect();
        let faults = self.injections.iter().filter_map(|injection| {
            let place = history
                .iter()
                .position(|(_, happened)| happened.fault == injection.fault());
            let happened = place.map(|place| history.remove(place));
            let before = happened.as_ref().is_some_and(|(index, _)| *index < mark.happened);
            (!before).then(|| FaultReport {
                fault: injection.to_string(),
                at_job: happened.map(|(_, happened)| happened.job.saturating_sub(self.jobs_before)),
            })
        });
        let faults = faults.collect();
        let device = self.backend.device();
        let counters = device.counters().since(&mark.card);
        let macs = self.backend.macs() - mark.card_macs;
        let work = device
            .card_counters()
            .zip(mark.counted)
            .and_then(|(now, before)| {
                let grown = now.since(&before);
                CardWork::new(grown, macs, device.capabilities())
            });
        CardReport {
            title: self.title.clone(),
            work,
            faults,
            noticed: counters.faults,
            resets: counters.resets,
            leaked_bytes: counters.leaked_bytes,
            health: match device.health() {
                Health::Healthy => "healthy".to_owned(),
                Health::Unhealthy(why) => format!("out of service: {why}"),
                Health::Dead(why) => format!("dead: {why}"),
            },
        }
    }
}

impl FaultReport {
    /// What came of it, for people.
    pub fn outcome(&self) -> String {
        match self.at_job {
            Some(job) => format!("happened at job {job}"),
            None => "did NOT happen: no such job came, or another fault took it".to_owned(),
        }
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        json!({ "fault": self.fault, "at_job": self.at_job })
    }
}

/// Puts together what the arguments ask for, with these models.
pub fn compose(engine: &Engine, models: &[Bundle]) -> Composition {
    let mut backends: Vec<Arc<dyn metisvm_accel::Backend>> = Vec::new();
    let mut problems = Vec::new();
    let mut card = None;
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
            Backend::Fpga => match open(engine) {
                Ok(opened) => {
                    if !opened.backend.infers() {
                        problems.push(
                            "fpga: the card has no engine for inferences: the other backends do them"
                                .to_owned(),
                        );
                    }
                    backends.push(opened.backend.clone());
                    card = Some(opened);
                }
                Err(error) => problems.push(format!("fpga: the card does not open: {error}")),
            },
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
        card,
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

fn open(engine: &Engine) -> Result<SimulatedCard, String> {
    let Opened {
        link,
        slow,
        faults: plan,
        ..
    } = cards::open(engine, Use::Inference)?;
    let mut options = metisvm_driver::Options::default();
    match (slow, engine.fault.is_empty()) {
        (false, true) => {}
        (false, false) => options.timeout = fault::TIMEOUT,
        (true, true) => options.timeout = RTL_TIMEOUT,
        (true, false) => options.timeout = fault::RTL_TIMEOUT,
    }
    let device = Device::open(link, options).map_err(|error| error.to_string())?;
    let jobs_before = plan.jobs();
    for injection in &engine.fault {
        injection.arm(&plan);
    }
    let options = fpga::Options {
        checked: !engine.trust_card,
        ..fpga::Options::default()
    };
    Ok(SimulatedCard {
        backend: Arc::new(FpgaBackend::new(device, options)),
        title: cards::title(engine.card.as_ref()),
        plan,
        injections: engine.fault.clone(),
        jobs_before,
    })
}
