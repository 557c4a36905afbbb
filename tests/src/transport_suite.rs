//! What any transport must pass: the rules of [`Transport`], and the driver over it.
//!
//! Give [`run`] a way to attach a card; it says what it covered, or which rules are broken. The link itself
//! is tried with a card of the suite's own (`probe`), which does as it is told; only over a link that keeps
//! its rules is the driver tried, with the functional card, as it would only run into time-outs.

mod driver;
mod link;
mod memory;
mod probe;

use metisvm_driver::{Transport, TransportError};
use metisvm_firmware::port::CardModel;
use std::fmt;

/// Attaches a card: a new transport each time.
pub type Attach<'a> = dyn Fn(Box<dyn CardModel>) -> Result<Box<dyn Transport>, TransportError> + 'a;

/// A rule, and how it is tried: gives how many cases there were, or what went wrong.
type Check = (&'static str, fn(&Attach<'_>) -> Result<u64, String>);

const LINK: [Check; 9] = [
    ("registers", link::registers),
    ("order of register writes", link::order),
    ("doorbells publish memory", link::doorbells_publish_memory),
    ("interrupts", link::interrupts),
    ("regions", memory::regions),
    ("thousands of regions", memory::thousands_of_regions),
    ("DMA to the byte", memory::dma_to_the_byte),
    ("DMA outside of regions", memory::dma_outside_of_regions),
    ("isolation", memory::isolation),
];

const DRIVER: [Check; 6] = [
    ("handshake and jobs", driver::handshake_and_jobs),
    ("several jobs in flight", driver::several_in_flight),
    ("answers that come while the host sleeps", driver::asleep),
    ("time-outs", driver::time_outs),
    ("a reset under work", driver::reset_under_work),
    ("a dead card", driver::dead_card),
];

/// What was tried, with the number of cases.
#[derive(Debug)]
pub struct Report {
    /// The rule, and how many cases of it.
    pub covered: Vec<(&'static str, u64)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, cases) in &self.covered {
            writeln!(f, "{rule}: {cases}")?;
        }
        Ok(())
    }
}

/// A rule that a transport breaks.
#[derive(Debug)]
pub struct Violation {
    /// Which.
    pub rule: &'static str,
    /// What was seen.
    pub seen: String,
}

/// Tries a transport.
///
/// # Errors
/// Every rule that it breaks; those of the link alone, if there are any.
pub fn run(attach: &Attach<'_>) -> Result<Report, Vec<Violation>> {
    let mut covered = Vec::new();
    for checks in [&LINK[..], &DRIVER[..]] {
        let mut broken = Vec::new();
        for &(rule, check) in checks {
            match check(attach) {
                Ok(cases) => covered.push((rule, cases)),
                Err(seen) => broken.push(Violation { rule, seen }),
            }
        }
        if !broken.is_empty() {
            return Err(broken);
        }
    }
    Ok(Report { covered })
}

/// An error unless `holds`.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
