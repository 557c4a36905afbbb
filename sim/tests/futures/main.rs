//! Jobs as futures on tokio's runtimes, over both links: many at a time, dropped, late, and with a card that fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod dropped;
mod faults;
mod held;
#[path = "../support/mod.rs"]
mod support;
mod work;

use metisvm_driver::{AsyncDevice, Device, DeviceError, Options};
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_sim::{FaultPlan, FaultyCard, SimOptions};
use sha3::{Digest, Keccak256};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::card;
use support::held::{Held, Shared};
use support::served::{PATIENCE, Served};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

const TIMEOUT: Duration = Duration::from_secs(1);

fn options() -> Options {
    Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Options::default()
    }
}

/// A card that does nothing while it is told to stop.
struct Stoppable<C> {
    card: C,
    /// Held while the card works, so that whoever stops it waits until it does not.
    stopped: Arc<Mutex<bool>>,
}

impl<C: CardModel> CardModel for Stoppable<C> {
    fn registers(&self) -> Arc<dyn Registers> {
        self.card.registers()
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        let stopped = self.stopped.lock().unwrap();
        if *stopped {
            return Activity::WaitFor(Duration::from_millis(1));
        }
        self.card.poll(host)
    }
}

/// A card, the futures of its jobs, and what goes wrong.
struct Bench {
    link: &'static str,
    held: Arc<Held>,
    jobs: AsyncDevice,
    device: Arc<Device>,
    faults: FaultPlan,
    stopped: Arc<Mutex<bool>>,
    server: Option<Served>,
}

impl Bench {
    /// Over both links.
    fn both(sim: SimOptions, options: Options) -> impl Iterator<Item = Self> {
        ["in process", "vfio-user"]
            .into_iter()
            .map(move |link| Self::new(link, sim.clone(), options))
    }

    fn new(link: &'static str, sim: SimOptions, options: Options) -> Self {
        let card = FaultyCard::new(card(sim));
        let faults = card.faults();
        let stopped = Arc::<Mutex<bool>>::default();
        let card = Stoppable {
            card,
            stopped: Arc::clone(&stopped),
        };
        let (held, server) = if link == "in process" {
            (Held::new(card, true), None)
        } else {
            let served = Served::new(card);
            (Held::around(Box::new(served.transport())), Some(served))
        };
        let device = Device::open(Box::new(Shared(Arc::clone(&held))), options);
        let device = Arc::new(device.unwrap());
        Self {
            link,
            held,
            jobs: AsyncDevice::new(Arc::clone(&device)).unwrap(),
            device,
            faults,
            stopped,
            server,
        }
    }

    /// From now on the card begins nothing.
    fn stop(&self) {
        *self.stopped.lock().unwrap() = true;
    }

    /// The card goes on, and has been given all that was submitted.
    fn go_on(&self) {
        self.held.flush();
        *self.stopped.lock().unwrap() = false;
    }

    async fn hash(&self, text: &str) -> Result<(), DeviceError> {
        let digests = self.jobs.keccak(vec![text.as_bytes().to_vec()]).await?;
        assert_eq!(digests, [digest(text)], "{}", self.link);
        Ok(())
    }

    /// Waits until nothing is in flight any more.
    async fn settled(&self) {
        let start = Instant::now();
        while self.device.counters().in_flight > 0 {
            assert!(start.elapsed() < PATIENCE, "{}: a job stays in flight", self.link);
            sleep(Duration::from_millis(2)).await;
        }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Keccak256::digest(text).into()
}

fn message(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(count)
        .enable_time()
        .build()
        .unwrap()
}

/// One thread, so that whatever blocks it blocks all.
fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// What comes of several futures, each a task.
async fn all<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let handles: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut outcomes = Vec::new();
    for handle in handles {
        outcomes.push(handle.await.unwrap());
    }
    outcomes
}
