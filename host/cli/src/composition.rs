//! Backends and dispatchers from arguments.

use crate::args::{Backend, Card, Engine};
use crate::error::CliError;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Dispatcher, dispatcher};
use metisvm_driver::{Device, InProcess};
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

/// A dispatcher over the backends that were asked for, with these models.
///
/// # Errors
/// If a card does not open.
pub fn dispatcher(engine: &Engine, models: &[Bundle]) -> Result<Arc<Dispatcher>, CliError> {
    let mut backends = Vec::new();
    for backend in &engine.backend {
        backends.push(self::backend(*backend, engine)?);
    }
    let dispatcher = Dispatcher::new(backends, dispatcher::Options::default());
    for model in models {
        dispatcher.add(model.clone());
    }
    Ok(Arc::new(dispatcher))
}

fn backend(backend: Backend, engine: &Engine) -> Result<Arc<dyn metisvm_accel::Backend>, CliError> {
    Ok(match backend {
        Backend::Reference => Arc::new(ReferenceBackend),
        Backend::Fpga => {
            let Card::Functional = engine.card;
            let card = FunctionalCard::new(SimOptions::default());
            let transport = InProcess::start(Box::new(card)).map_err(metisvm_driver::DeviceError::from)?;
            let device = Device::open(Box::new(transport), metisvm_driver::Options::default())?;
            let options = fpga::Options { checked: !engine.trust_card, ..fpga::Options::default() };
            Arc::new(FpgaBackend::new(device, options))
        }
    })
}
