//! The cards behind the fpga backend, from arguments.

use crate::args::{Card, Engine};
use crate::card_report::OpenCard;
use crate::cards::{self, Opened, RTL_TIMEOUT, Use};
use crate::fault::{self, Injection};
use metisvm_accel::fpga::{self, FpgaBackend, Opener};
use metisvm_driver::Device;
use metisvm_sim::FaultPlan;
use std::sync::Arc;

/// What becomes of a card behind a socket that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// The other backends do without.
    IsLeftOut,
    /// It joins when its server has come.
    IsLookedFor,
}

/// A card that may come later.
pub(crate) struct Missing {
    pub(crate) title: String,
    /// Why it does not open now, which was told.
    pub(crate) why: String,
    /// How it is opened then.
    pub(crate) open: Opener,
}

/// The cards that the arguments name.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) opened: Vec<OpenCard>,
    pub(crate) missing: Vec<Missing>,
    /// Those that do not open and are not looked for: what people are told of each, and why.
    pub(crate) left_out: Vec<(String, String)>,
}

/// Opens the cards that the arguments name. Of those that do not open it says why; of those that may come later, how
/// they are opened then.
pub(crate) fn open_cards(engine: &Engine, absent: Absent, problems: &mut Vec<String>) -> Named {
    let named = engine.cards();
    let several = named.len() > 1;
    let mut cards = Named::default();
    for (index, card) in named.iter().enumerate() {
        let mut title = cards::title(card);
        if several {
            title = format!("card {index}, {title}");
        }
        let which = if several {
            format!("{title}: it")
        } else {
            "the card".to_owned()
        };
        // What is to go wrong, does so with the first card of this process.
        let faulty = engine.faulty_card() == Some(index);
        match open_card(engine, card, faulty, title.clone()) {
            Ok(card) => {
                if !card.backend.infers() {
                    problems.push(format!(
                        "fpga: {which} has no engine for inferences: the other backends do them"
                    ));
                }
                cards.opened.push(card);
            }
            Err(error) if absent == Absent::IsLookedFor && matches!(card, Card::VfioUser(_)) => {
                problems.push(format!(
                    "fpga: {which} does not open: {error}; it is looked for, and used once it does"
                ));
                let (engine, card) = (engine.clone(), card.clone());
                cards.missing.push(Missing {
                    title,
                    why: error,
                    open: Box::new(move || open_backend(&engine, &card, &[]).map(|(backend, _)| backend)),
                });
            }
            Err(error) => {
                problems.push(format!("fpga: {which} does not open: {error}"));
                cards.left_out.push((title, error));
            }
        }
    }
    cards
}

fn open_card(engine: &Engine, named: &Card, faulty: bool, title: String) -> Result<OpenCard, String> {
    let faults: &[Injection] = if faulty { &engine.fault } else { &[] };
    let (backend, plan) = open_backend(engine, named, faults)?;
    let jobs_before = plan.jobs();
    for injection in faults {
        injection.arm(&plan);
    }
    Ok(OpenCard {
        backend: Arc::new(backend),
        title,
        plan,
        injections: faults.to_vec(),
        jobs_before,
    })
}

fn open_backend(
    engine: &Engine,
    named: &Card,
    faults: &[Injection],
) -> Result<(FpgaBackend, FaultPlan), String> {
    let Opened {
        link,
        slow,
        faults: plan,
        ..
    } = cards::open(named, Use::Inference, None, !faults.is_empty())?;
    let mut options = cards::options(engine);
    match (slow, faults.is_empty()) {
        (false, true) => {}
        (false, false) => options.timeout = fault::TIMEOUT,
        (true, true) => options.timeout = RTL_TIMEOUT,
        (true, false) => options.timeout = fault::RTL_TIMEOUT,
    }
    let device = Device::open(link, options).map_err(|error| error.to_string())?;
    let trust = fpga::Options {
        checked: !engine.trust_card,
        ..fpga::Options::default()
    };
    Ok((cards::backend(named, device, options, trust), plan))
}
