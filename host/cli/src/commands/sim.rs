//! `metisvm sim`: a simulated card for another process, until a signal ends it.

use crate::args::{Card, Sim as Args};
use crate::cards::{self, Use};
use crate::error::CliError;
use crate::fault::Injection;
use crate::line_queue::LineQueue;
use crate::output;
use metisvm_firmware::pci::{SUBSYSTEM_FUNCTIONAL, SUBSYSTEM_RTL};
use metisvm_sim::vfio_user::{Limits, Options, Server};
use metisvm_sim::{FaultPlan, FaultyCard};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked whether a fault has happened.
const LOOK: Duration = Duration::from_millis(50);
/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    // Before the socket is there: whoever sees it may end us.
    let stop = signals().map_err(CliError::Signals)?;
    let (mut card, _) = cards::simulated(&args.card, Use::Inference, None).map_err(CliError::Card)?;
    let log = LineQueue::start(output::complain)
        .map_err(|error| CliError::Card(format!("there is no thread for its log: {error}")))?;
    let mut rehearsal = None;
    if !args.fault.is_empty() {
        let faulty = FaultyCard::new(card);
        rehearsal = Some(rehearse(args, faulty.faults(), &log)?);
        card = Box::new(faulty);
    }
    let options = Options {
        limits: Limits {
            bytes: args.dma_limit << 20,
            ..Limits::default()
        },
        subsystem: match args.card {
            Card::Rtl(_) => SUBSYSTEM_RTL,
            _ => SUBSYSTEM_FUNCTIONAL,
        },
        log: {
            let log = log.clone();
            Arc::new(move |line| log.put(line))
        },
        ..Options::default()
    };
    let mut server = Server::bind(&args.socket, card, options)?;
    let title = cards::title(&args.card);
    if args.json {
        output::json(&json!({ "socket": args.socket.to_string_lossy(), "card": title }))?;
    } else {
        output::line(&format!("serving a {title} at {}", args.socket.display()))?;
    }
    let served = server.run(stop.as_fd());
    if let Some(rehearsal) = rehearsal {
        // What happened since the last look.
        rehearsal.tell();
    }
    log.finish(LAST_LINES);
    Ok(served.map(|()| true)?)
}

/// The faults of a card, and how many of those that happened were told.
struct Rehearsal {
    plan: FaultPlan,
    faults: Vec<Injection>,
    told: Mutex<usize>,
    log: LineQueue,
}

impl Rehearsal {
    /// Tells of each that has happened, once.
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for happened in self.plan.history().into_iter().skip(*told) {
            *told += 1;
            let name = self.faults.iter().find(|fault| fault.fault() == happened.fault);
            let name = name.map_or_else(String::new, |fault| fault.name().to_owned());
            self.log
                .put(&format!("fault {name} happened at job {}", happened.job));
        }
    }
}

/// Arms the faults, and tells of each that happens.
fn rehearse(args: &Args, plan: FaultPlan, log: &LineQueue) -> Result<Arc<Rehearsal>, CliError> {
    let faults = args.fault.iter().map(|fault| fault.past_usual_timeout());
    let rehearsal = Arc::new(Rehearsal {
        faults: faults.collect(),
        plan,
        told: Mutex::default(),
        log: log.clone(),
    });
    for fault in &rehearsal.faults {
        fault.arm(&rehearsal.plan);
    }
    let every = args.fault_every.map(Duration::from_secs);
    let own = Arc::clone(&rehearsal);
    let work = move || {
        let mut again = own.faults.iter().cycle();
        let mut next = every.map(|every| Instant::now() + every);
        loop {
            thread::sleep(LOOK);
            own.tell();
            if let (Some(due), Some(every)) = (next, every)
                && Instant::now() >= due
                && let Some(fault) = again.next()
            {
                fault.arm(&own.plan);
                next = Some(due + every);
            }
        }
    };
    // It ends with the process.
    let started = thread::Builder::new().name("faults".into()).spawn(work);
    started
        .map(|_| rehearsal)
        .map_err(|error| CliError::Card(format!("there is no thread for its faults: {error}")))
}

/// What can be read from once somebody wants an end.
fn signals() -> io::Result<UnixStream> {
    let (stop, signalled) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM] {
        pipe::register(signal, signalled.try_clone()?)?;
    }
    Ok(stop)
}
