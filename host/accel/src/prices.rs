//! What work costs on each of a dispatcher's backends: as they claim it, as it was measured in an earlier process, or
//! measured now, once.

use crate::backend::Backend;
use crate::calibration::{self, CostCache, Found};
use crate::costs::Costs;
use crate::member::{Member, caught};
use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What decides which of the backends that take a part runs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The order of the list: the first that takes it.
    #[default]
    Order,
    /// What it is expected to take, launches and transfers included.
    Auto,
}

/// A backend that has not been measured by then is passed over. Devices have time-outs of their own, which are shorter.
const PATIENCE: Duration = Duration::from_secs(30);

/// Costs of a dispatcher's backends.
#[derive(Debug)]
pub(crate) struct Prices {
    pub(crate) policy: Policy,
    cache: Option<CostCache>,
    /// What measurements gave, by the member's place; no costs where it failed.
    measured: Mutex<BTreeMap<usize, Option<Costs>>>,
    notes: Mutex<Vec<String>>,
}

impl Prices {
    pub(crate) fn new(policy: Policy, cache: Option<CostCache>) -> Self {
        Self {
            policy,
            cache,
            measured: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Whether costs decide anything: engines of the host that take everything are asked in their order.
    pub(crate) fn decide(&self, members: &[Member]) -> bool {
        let named = members.iter().filter(|member| !member.backend.is_last_resort());
        self.policy == Policy::Auto && (members.iter().any(Member::is_device) || named.count() > 1)
    }

    /// The costs of each backend, where they are known. Whoever asks first waits until they are measured.
    pub(crate) fn of(&self, members: &[Member]) -> Vec<Option<Costs>> {
        let one = |(index, member): (usize, &Member)| {
            if let Some(claim) = caught(|| member.backend.claimed_costs()).flatten() {
                return claim.checked();
            }
            let mut measured = lock(&self.measured);
            *measured.entry(index).or_insert_with(|| self.find(member))
        };
        members.iter().enumerate().map(one).collect()
    }

    /// What was to be said of measurements since the last call.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.notes))
    }

    /// Asks the file, or measures. It says one line of what it measured.
    fn find(&self, member: &Member) -> Option<Costs> {
        let name = member.name();
        let identity = caught(|| member.backend.identity()).flatten();
        let kept = self.cache.as_ref().zip(identity.as_deref());
        let mut why = String::new();
        match kept.map(|(cache, identity)| (cache, cache.get(identity))) {
            Some((_, Found::Costs(costs))) => return Some(*costs),
            Some((cache, Found::Damage)) => why = format!(", because {} is damaged", cache.file().display()),
            Some((_, Found::Nothing)) | None => {}
        }
        if !member.healthy() {
            self.note(format!(
                "{name}: passed over: it is out of service and cannot be measured"
            ));
            return None;
        }
        let started = Instant::now();
        match measure(member.backend.clone()) {
            Ok(costs) => {
                let to = match kept.map(|(cache, identity)| (cache, cache.put(identity, costs))) {
                    Some((cache, true)) => format!("kept in {}", cache.file().display()),
                    Some((cache, false)) => format!("not kept: {} cannot be written", cache.file().display()),
                    None => "not kept".to_owned(),
                };
                let time = started.elapsed().as_millis();
                self.note(format!(
                    "{name}: what work costs was measured in {time} ms{why}, and {to}"
                ));
                Some(costs)
            }
            Err(problem) => {
                self.note(format!(
                    "{name}: passed over: it failed when it was measured: {problem}"
                ));
                None
            }
        }
    }

    fn note(&self, text: String) {
        lock(&self.notes).push(text);
    }
}

/// Measures on a thread of its own: the caller may be one of a pool, which would take other work while it waits, and
/// a device may never answer.
fn measure(backend: Arc<dyn Backend>) -> Result<Costs, String> {
    let (send, receive) = channel();
    let work = move || {
        let costs = caught(|| calibration::measure(backend));
        // Whoever waited may have given up.
        let _ = send.send(costs.unwrap_or_else(|| Err("it panicked".to_owned())));
    };
    let started = std::thread::Builder::new().name("calibration".into()).spawn(work);
    started.map_err(|error| format!("there is no thread for it: {error}"))?;
    receive.recv_timeout(PATIENCE).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => format!("no answer in {} s", PATIENCE.as_secs()),
            RecvTimeoutError::Disconnected => "it ended without an answer".to_owned(),
        })
    })
}

/// Nothing under these locks is left half-changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
