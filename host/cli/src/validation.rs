//! The self-test of a card: what `metisvm device validate` does. Nothing is taken on the card's word: what it computes
//! is compared with the processor's Keccak, the interpreter of the card in software, and the reference kernels.

mod check;
mod instructions;
mod keccak;
mod memory;
mod models;
mod queue;
mod random;
mod speed;

pub use check::Target;
use check::{Check, Problem};
use std::time::{Duration, Instant};

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it has to be.
    Passed,
    /// The card is at fault: in what way.
    Failed(String),
    /// It was not done: why.
    Skipped(String),
}

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name for programs.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What there is to say of one that was passed.
    pub detail: String,
    /// Figures, by their keys for programs.
    pub figures: Vec<(&'static str, f64)>,
    /// How long it took.
    pub time: Duration,
}

const fn check(
    key: &'static str,
    name: &'static str,
    run: fn(&Target) -> Result<check::Passed, Problem>,
) -> Check {
    Check { key, name, run }
}

/// Before the instructions, and after them.
const FIRST: [Check; 3] = [
    check("queue", "queue", queue::queue),
    check("memory", "card memory", memory::memory),
    check("keccak", "Keccak-256", keccak::keccak),
];
const LAST: [Check; 4] = [
    check("models", "models", models::models),
    check("latency", "latency", speed::latency),
    check("dma_to_card", "DMA to the card", speed::to_card),
    check("dma_from_card", "DMA from the card", speed::from_card),
];

fn checks() -> impl Iterator<Item = &'static Check> {
    FIRST.iter().chain(&instructions::CHECKS).chain(&LAST)
}

/// How many checks there are.
pub fn count() -> usize {
    checks().count()
}

/// The report of something else that took a time: of opening the card, for one.
pub fn report(
    key: &'static str,
    name: &'static str,
    verdict: Verdict,
    detail: &str,
    time: Duration,
) -> Report {
    Report {
        key,
        name,
        verdict,
        detail: detail.to_owned(),
        figures: Vec::new(),
        time,
    }
}

/// All checks of a card that does not open.
pub fn skipped(why: &str) -> impl Iterator<Item = Report> {
    checks().map(move |check| {
        report(
            check.key,
            check.name,
            Verdict::Skipped(why.to_owned()),
            "",
            Duration::ZERO,
        )
    })
}

/// Does every check, and tells of each. A card that one of them takes out of service is reset for the next.
pub fn validate<E>(target: &Target, mut tell: impl FnMut(Report) -> Result<(), E>) -> Result<(), E> {
    let mut out: Option<String> = None;
    for check in checks() {
        let start = Instant::now();
        let done = match &out {
            None => (check.run)(target),
            Some(why) => Err(Problem::NotThere(why.clone())),
        };
        let time = start.elapsed();
        let (verdict, passed) = match done {
            Ok(passed) => (Verdict::Passed, passed),
            Err(Problem::Wrong(what)) => (Verdict::Failed(what), check::Passed::default()),
            Err(Problem::Device(error)) => (Verdict::Failed(error.to_string()), check::Passed::default()),
            Err(Problem::NotThere(why)) => (Verdict::Skipped(why), check::Passed::default()),
        };
        tell(Report {
            key: check.key,
            name: check.name,
            verdict,
            detail: passed.detail,
            figures: passed.figures,
            time,
        })?;
        if out.is_none() && !target.device.health().is_healthy() {
            let back = target.device.reset();
            out = back
                .err()
                .map(|error| format!("the card is out of service: {error}"));
        }
    }
    Ok(())
}
