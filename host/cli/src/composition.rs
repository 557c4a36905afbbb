//! Backends and dispatchers from arguments.

use crate::args::{Backend, Card, Engine};
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Dispatcher, dispatcher};
use metisvm_driver::{Device, DeviceError, InProcess};
use metisvm_model::Bundle;
use metisvm_sim::{FunctionalCard, SimOptions};
use std::sync::Arc;

/// The backends that `--compare backends` runs, each alone.
pub const ALL_BACKENDS: [Backend; 2] = [Backend::Reference, Backend::Fpga];

/// The name of a backend as the command line has it.
pub const fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Reference => "reference",
        Backend::Fpga => "fpga",
    }
}

/// A dispatcher over the backends that were asked for, with these models, and what kept a card from
/// being one of them: a card that does not open costs speed, never a result.
pub fn dispatcher(engine: &Engine, models: &[Bundle]) -> (Arc<Dispatcher>, Vec<String>) {
    let mut backends: Vec<Arc<dyn metisvm_accel::Backend>> = Vec::new();
    let mut problems = Vec::new();
    for backend in &engine.backend {
        match backend {
            Backend::Reference => backends.push(Arc::new(ReferenceBackend)),
            Backend::Fpga => {
                let Card::Functional = engine.card;
                match fpga(FunctionalCard::new(SimOptions::default()), engine.trust_card) {
                    Ok(fpga) => backends.push(fpga),
                    Err(error) => problems.push(format!("fpga: the card does not open: {error}")),
                }
            }
        }
    }
    let dispatcher = Dispatcher::new(backends, dispatcher::Options::default());
    for model in models {
        dispatcher.add(model.clone());
    }
    (Arc::new(dispatcher), problems)
}

fn fpga(card: FunctionalCard, trust_card: bool) -> Result<Arc<FpgaBackend>, DeviceError> {
    let transport = InProcess::start(Box::new(card))?;
    let device = Device::open(Box::new(transport), metisvm_driver::Options::default())?;
    let options = fpga::Options {
        checked: !trust_card,
        ..fpga::Options::default()
    };
    Ok(Arc::new(FpgaBackend::new(device, options)))
}
