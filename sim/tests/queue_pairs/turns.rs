//! A card that takes its time, and jobs on two pairs that wait for each other.

use super::Bench;
use crate::support::{card, impatient, small};
use metisvm_driver::Options;
use metisvm_firmware::completion::COMPLETION_WORDS;
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostMemory, HostPort, Interrupts, Registers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A job's time, and what the card needs for one: two take longer, one does not.
const TIMEOUT: Duration = Duration::from_millis(2000);
const NEEDS: Duration = Duration::from_millis(1400);

/// How the card works.
#[derive(Default)]
struct Pace {
    /// It needs its time for each job.
    is_slow: AtomicBool,
    /// Jobs that it has begun to need it for.
    begun: AtomicU64,
}

/// A card that needs so long for each job, once it is told to.
struct Slow {
    card: Box<dyn CardModel>,
    pace: Arc<Pace>,
}

impl CardModel for Slow {
    fn registers(&self) -> Arc<dyn Registers> {
        self.card.registers()
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        self.card.poll(&SlowHost(host, &self.pace))
    }
}

struct SlowHost<'a>(&'a dyn HostPort, &'a Pace);

impl HostMemory for SlowHost<'_> {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        self.0.read_words(address, words)
    }
    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        if words.len() == COMPLETION_WORDS && self.1.is_slow.load(Ordering::SeqCst) {
            self.1.begun.fetch_add(1, Ordering::SeqCst);
            thread::sleep(NEEDS);
        }
        self.0.write_words(address, words)
    }
    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.0.read_bytes(address, bytes)
    }
    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        self.0.write_bytes(address, bytes)
    }
}

impl Interrupts for SlowHost<'_> {
    fn raise(&self, vector: u16) {
        self.0.raise(vector);
    }
}

#[test]
fn a_job_has_its_time_again_while_the_card_is_at_jobs_of_another_pair() {
    let sim = small();
    if sim.capabilities.max_queues < 2 {
        return;
    }
    let pace = Arc::<Pace>::default();
    let slow = Slow {
        card: card(sim),
        pace: Arc::clone(&pace),
    };
    let options = Options {
        queues: Some(2),
        timeout: TIMEOUT,
        ..impatient()
    };
    let bench = Bench::of_card(slow, options);
    let device = &bench.device;
    thread::scope(|scope| {
        let (sender, begun) = mpsc::channel();
        let pace = &pace;
        let other = bench.elsewhere(scope, move || {
            pace.is_slow.store(true, Ordering::SeqCst);
            let jobs: Vec<_> = (0..2)
                .map(|job| device.submit_keccak(&[&[job]]).unwrap())
                .collect();
            // From then on there is no way for this thread's first job to come after the other's.
            while pace.begun.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            sender.send(()).unwrap();
            jobs.into_iter()
                .map(|job| job.wait().map(drop))
                .collect::<Vec<_>>()
        });
        begun.recv().unwrap();
        let own = Instant::now();
        device.submit_keccak(&[b"own"]).unwrap().wait().unwrap();
        assert!(own.elapsed() > TIMEOUT, "it did not wait for another's");
        for outcome in other.join().unwrap().unwrap() {
            outcome.unwrap();
        }
    });
    pace.is_slow.store(false, Ordering::SeqCst);
    assert!(device.health().is_healthy());
}
