//! Mistakes put into a card's Verilog, all in one build and chosen by an input.

use super::NONCE;
use super::rtl::cache;
use metisvm_driver::ring::QueuePair;
use metisvm_driver::{DeviceError, DmaBuffer, InProcess, Transport};
use metisvm_firmware::registers as reg;
use metisvm_firmware::{Capabilities, Completion, Status, Submission};
use metisvm_sim::rtl::{Meter, Source, boards};
use metisvm_sim::{RtlCard, RtlOptions};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a card may take to come out of a reset.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How many cycles an answer may take.
const CYCLES: u64 = 1_000_000;
/// A card that owes an answer and has counted next to no cycles in so long waits for something that nobody brings.
/// Reading its registers takes some; one with work to do counts more even on a loaded machine.
const AT_REST: (Duration, u64) = (Duration::from_secs(2), 10_000);

/// Cards with a mistake that are tried at once.
const AT_ONCE: usize = 4;

/// A card under test, and the little that a host needs.
pub(crate) struct Subject {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) meter: Meter,
    pub(crate) pair: QueuePair,
    pub(crate) capabilities: Capabilities,
}

pub(crate) type Outcome = Result<(), String>;

pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} instead of {expected:?}"))
    }
}

impl Subject {
    pub(crate) fn new(source: &Source, options: &RtlOptions) -> Result<Self, String> {
        let card = RtlCard::new(source, options, &cache(), &|_| {}).unwrap();
        let (meter, capabilities) = (card.meter(), *card.capabilities());
        let transport: Arc<dyn Transport> = Arc::new(InProcess::start(Box::new(card)).unwrap());
        transport.write32(reg::BOOT_NONCE, NONCE);
        equal("nonce", transport.read32(reg::BOOT_NONCE), NONCE)?;
        let pair = QueuePair::new(&transport, 0, 4, NONCE).map_err(|error| format!("{error:?}"))?;
        Ok(Self {
            transport,
            meter,
            pair,
            capabilities,
        })
    }

    pub(crate) fn buffer(&self, bytes: usize) -> DmaBuffer {
        DmaBuffer::new(&self.transport, bytes).unwrap()
    }

    /// Resets the card and starts a session with another nonce.
    pub(crate) fn reset(&mut self) -> Outcome {
        let nonce = self.transport.read32(reg::BOOT_NONCE);
        self.transport.write32(reg::CONTROL, reg::CONTROL_RESET);
        let deadline = Instant::now() + PATIENCE;
        while self.transport.read32(reg::BOOT_NONCE) != 0 {
            if Instant::now() > deadline {
                return Err("no acknowledgement of a reset".into());
            }
        }
        self.transport.write32(reg::BOOT_NONCE, nonce + 1);
        self.pair = QueuePair::new(&self.transport, 0, 4, nonce + 1).map_err(|error| format!("{error:?}"))?;
        Ok(())
    }

    /// The next completion.
    pub(crate) fn answer(&mut self) -> Result<Completion, String> {
        let cycles = || self.meter.counts().cycles;
        let first = cycles();
        let (mut last, mut since) = (first, Instant::now());
        let slice = Duration::from_millis(50);
        let (span, least) = AT_REST;
        loop {
            let outcome = self.pair.wait(Instant::now() + slice, slice);
            let now = cycles();
            let waits = since.elapsed() > span && now - last < least;
            if !matches!(outcome, Err(DeviceError::Timeout(_))) || waits || now - first > CYCLES {
                return outcome.map_err(|error| format!("{error:?}"));
            }
            if since.elapsed() > span {
                (last, since) = (now, Instant::now());
            }
        }
    }

    /// Submits entries at once and compares status and detail of each.
    pub(crate) fn expect(&mut self, entries: &[Submission], expected: &[(Status, u32)]) -> Outcome {
        let sequences: Vec<u32> = entries
            .iter()
            .map(|entry| self.pair.push(*entry).unwrap())
            .collect();
        self.pair.ring_doorbell();
        let mut found = vec![None; entries.len()];
        for _ in entries {
            let completion = self.answer()?;
            let index = sequences.iter().position(|&s| s == completion.sequence).unwrap();
            found[index] = Some((Status::from_bits(completion.status).unwrap(), completion.detail));
        }
        let expected: Vec<_> = expected.iter().copied().map(Some).collect();
        equal("answers", found, expected)?;
        equal("broken rule", self.meter.broken(), None)
    }
}

pub(crate) type Check = fn(&mut Subject) -> Outcome;

/// A mistake: in which module, what stands there, what takes its place, and the check that must notice it.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    module: &'static str,
    target: &'static str,
    right: &'static str,
    wrong: &'static str,
    check: Check,
}

impl Fault {
    /// What its check says of a card.
    pub(crate) fn noticed_by(&self, card: &mut Subject) -> Outcome {
        (self.check)(card)
    }
}

pub(crate) const fn fault(
    module: &'static str,
    target: &'static str,
    right: &'static str,
    wrong: &'static str,
    check: Check,
) -> Fault {
    Fault {
        module,
        target,
        right,
        wrong,
        check,
    }
}

/// The card with all mistakes, chosen by a port `fault_select`.
fn seeded(verilog: &str, faults: &[Fault]) -> Result<String, String> {
    let mut text = verilog.to_owned();
    for (number, fault) in (1..).zip(faults) {
        let Fault {
            module,
            target,
            right,
            wrong,
            ..
        } = fault;
        let begin = text
            .find(&format!("module metisvm_card${module}("))
            .ok_or(format!("no module {module}"))?;
        let end = begin + text[begin..].find("endmodule").unwrap();
        let old = format!(" {target} = {right};");
        let at = text[begin..end]
            .find(&old)
            .ok_or(format!("{module}: there is no{old}"))?;
        let new = format!(" {target} = metisvm_card.fault_select == 6'd{number} ? {wrong} : {right};");
        text.replace_range(begin + at..begin + at + old.len(), &new);
    }
    let port = "module metisvm_card(";
    let begin = text.find(port).ok_or("no top module")?;
    let body = begin + text[begin..].find(");").ok_or("no list of ports")? + 2;
    text.insert_str(body, "\n    input wire [5:0] fault_select;");
    text.insert_str(begin + port.len(), "fault_select,");
    Ok(text)
}

/// The board's card with these mistakes.
pub(crate) fn source(board: &str, faults: &[Fault]) -> Source {
    let sound = boards::named(board).unwrap();
    Source {
        name: "seeded".into(),
        verilog: seeded(&sound.verilog, faults).unwrap().into(),
    }
}

/// Each check passes on a card without a mistake, and each mistake is noticed by its check.
pub(crate) fn are_noticed(source: &Source, options: &RtlOptions, checks: &[Check], faults: &[Fault]) {
    are_noticed_from(1, source, options, checks, faults);
}

/// The same of mistakes before which the card's build has others: the first one's number is given.
pub(crate) fn are_noticed_from(
    first: u32,
    source: &Source,
    options: &RtlOptions,
    checks: &[Check],
    faults: &[Fault],
) {
    let on = |fault, disorder| {
        Subject::new(
            source,
            &RtlOptions {
                fault,
                disorder,
                ..options.clone()
            },
        )
    };
    for (index, check) in checks.iter().enumerate() {
        for disorder in [None, Some(5)] {
            let outcome = on(0, disorder).and_then(|mut card| check(&mut card));
            assert_eq!(outcome, Ok(()), "check {index} without a mistake");
        }
    }
    // Cards that wait for nothing keep no processor: several are waited for at once.
    let next = AtomicUsize::new(0);
    let unnoticed = Mutex::new(Vec::new());
    let tries = || {
        while let Some((number, fault)) = (first..).zip(faults).nth(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = on(number, Some(6)).and_then(|mut card| (fault.check)(&mut card));
            let what = format!("{number}: {} in {}", fault.target, fault.module);
            match outcome {
                Ok(()) => unnoticed.lock().unwrap().push(what),
                Err(noticed) => println!("{what}: {noticed:.100}"),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(tries);
        }
    });
    assert_eq!(unnoticed.into_inner().unwrap(), [""; 0]);
}
