//! What is known of one kind of call: the steps that its traces consist of, and how well they were foretold.
//!
//! A *step* is an access that traces have in common, told apart by the expressions for its address and slot,
//! not by its place: which steps a call takes depends on its branches. A trace is laid over the steps that are
//! known; an access that fits none becomes a new step. What a step reads is a word for the steps after it.

use super::{
    Call, Change, Footprint, Forecast, Outlook, Trace,
    atom::{Origin, Scene, StepId},
    guard::History,
    step::Step,
    trace::{Access, MAX_ACCESSES},
};
use alloy_primitives::{Address, B256, Keccak256, U256, keccak256};

/// So many steps are kept for one kind.
const MAX_STEPS: usize = 64;
/// No steps are added to a template that has become so large, in bytes.
const MAX_BYTES: usize = 48 << 10;
/// So many hashes are computed for one call at most; steps that would take more are not foretold. A contract
/// made for the purpose could otherwise have more hashed for nothing than its calls pay for.
const MAX_HASHES: usize = 160;
/// After so many slots what was counted is halved, so that what has changed is noticed.
const MAX_TOUCHED: usize = 4_096;
/// So many traces in a row that were foretold exactly settle a kind.
const SETTLED: u32 = 8;
/// So many say that it is known well, for now.
const KNOWN_WELL: u32 = 3;
/// One in so many calls of a settled kind is looked at, to see whether it still is.
const SAMPLE: u32 = 64;
/// All of so many first traces are looked at, and then fewer and fewer.
const TRIES: u32 = 16;
/// At least one in so many calls of an unsettled kind is looked at.
const RARELY: u32 = 256;

/// How much of what was touched was foretold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) touched: usize,
    pub(super) foretold: usize,
    pub(super) hits: usize,
}

/// What is known of one kind of call.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    steps: Vec<Step>,
    /// The latest trace, to know the same one again.
    latest: B256,
    /// Traces since the kind was last settled or given up.
    tries: u32,
    /// Traces in a row that were foretold exactly.
    streak: u32,
    /// How often it was given up.
    failures: u32,
    /// It is given up until the next trace.
    resting: bool,
    hits: usize,
    touched: usize,
    /// The latest traces, until the kind is settled.
    history: History,
}

impl Template {
    /// Learns from one more trace.
    pub(super) fn learn(&mut self, call: &Call<'_>, trace: &Trace) {
        let fingerprint = fingerprint(call, trace);
        if self.latest == fingerprint {
            return;
        }
        self.latest = fingerprint;
        self.resting = false;
        self.judge(call, trace);
        let mut scene = Scene {
            call: *call,
            values: vec![None; self.steps.len()],
            hashes: trace
                .hashes
                .iter()
                .map(|hashed| (hashed.hash, hashed.preimage))
                .collect(),
        };
        let taken = self.recognise(trace, &mut scene);
        let (mut seen, mut wrote) = (0, 0);
        for (at, (step, access)) in self.steps.iter_mut().zip(taken).enumerate() {
            seen |= u64::from(access.is_some()) << at;
            wrote |= u64::from(access.is_some_and(|access| access.wrote)) << at;
            // Less than MAX_STEPS, which is 64.
            step.count(access, at as StepId, &mut scene);
        }
        self.history.remember(&scene, seen, wrote);
        for (at, step) in self.steps.iter_mut().enumerate() {
            step.guard(at, &self.history);
        }
        self.forget();
        if self.settled() {
            self.history.clear();
        }
        self.mark();
        if self.tries >= TRIES && self.hits * 4 < self.touched {
            *self = Self {
                latest: self.latest,
                failures: self.failures.saturating_add(1),
                resting: true,
                ..Self::default()
            };
        }
    }

    /// How the trace would have been foretold, and what that means for the kind.
    fn judge(&mut self, call: &Call<'_>, trace: &Trace) {
        let mut footprint = Footprint::default();
        let mut read = |address: Address, slot: U256| {
            let same = |access: &&Access| access.address == address && access.slot == slot;
            trace.accesses.iter().find(same).map(|access| access.before)
        };
        self.predict(call, &mut read, &mut footprint);
        let score = footprint.score(trace);
        self.tries = self.tries.saturating_add(1);
        if score.hits == score.touched && score.hits == score.foretold {
            self.streak = self.streak.saturating_add(1);
            if self.settled() {
                (self.tries, self.failures) = (0, 0);
            }
        } else {
            self.streak = 0;
        }
        self.hits += score.hits;
        self.touched += score.touched;
        if self.touched > MAX_TOUCHED {
            (self.hits, self.touched) = (self.hits / 2, self.touched / 2);
        }
    }

    /// Lays the trace over the steps, and makes new ones for what is left. Gives the access of each step.
    fn recognise<'t>(&mut self, trace: &'t Trace, scene: &mut Scene<'_>) -> Vec<Option<&'t Access>> {
        let mut taken: Vec<Option<&Access>> = vec![None; self.steps.len()];
        let mut bytes = self.bytes();
        let mut next = 0;
        for access in trace.accesses.iter().take(MAX_ACCESSES) {
            let order = (next..self.steps.len()).chain(0..next);
            // Rather a step that makes the same of the value than the first for which the place is right.
            let mut found = None;
            for at in order.filter(|at| taken[*at].is_none()) {
                let Some(place) = self.steps[at].fits(access, scene) else {
                    continue;
                };
                let agrees = self.steps[at].agrees(access, scene);
                if agrees || found.is_none() {
                    found = Some((at, place));
                }
                if agrees {
                    break;
                }
            }
            if let Some((at, (address, slot))) = found {
                (self.steps[at].address, self.steps[at].slot) = (address, slot);
                taken[at] = Some(access);
                scene.values[at] = Some(access.before);
                next = at + 1;
            } else if self.steps.len() < MAX_STEPS && bytes < MAX_BYTES {
                let step = Step::new(access, scene);
                bytes += step.bytes();
                self.steps.push(step);
                taken.push(Some(access));
                scene.values.push(Some(access.before));
            }
        }
        taken
    }

    /// Drops steps that hardly ever occur, and with them the expressions that need them.
    fn forget(&mut self) {
        if !self.steps.iter().any(Step::on_trial) {
            return;
        }
        let mut numbers: Vec<Option<StepId>> = Vec::with_capacity(self.steps.len());
        let mut kept: Vec<Step> = Vec::with_capacity(self.steps.len());
        for mut step in core::mem::take(&mut self.steps) {
            // A step's place looks at steps before it only.
            let place = step
                .address
                .renumbered(&numbers)
                .zip(step.slot.renumbered(&numbers));
            let Some((address, slot)) = place.filter(|_| !step.idle()) else {
                numbers.push(None);
                continue;
            };
            (step.address, step.slot) = (address, slot);
            step.fade();
            numbers.push(StepId::try_from(kept.len()).ok());
            kept.push(step);
        }
        if numbers.len() > kept.len() {
            self.history.clear();
            for step in &mut kept {
                step.renumber(&numbers);
            }
        }
        self.steps = kept;
    }

    /// Notes which steps are too dear, and which ones' values others look at.
    fn mark(&mut self) {
        let mut left = MAX_HASHES;
        for step in self.steps.iter_mut().filter(|step| step.confirmed()) {
            let after = left.checked_sub(step.address.hashes() + step.slot.hashes());
            step.dear = after.is_none();
            left = after.unwrap_or(left);
        }
        let mut wanted = [false; MAX_STEPS];
        for step in self.steps.iter().filter(|step| step.confirmed()) {
            step.visit(&mut |atom| {
                if let Origin::Read(read) = atom.origin
                    && let Some(wanted) = wanted.get_mut(usize::from(read))
                {
                    *wanted = true;
                }
            });
        }
        for (step, wanted) in self.steps.iter_mut().zip(wanted) {
            step.wanted = wanted;
        }
    }

    /// Foretells a call's slots.
    pub(super) fn predict(&self, call: &Call<'_>, outlook: &mut dyn Outlook, out: &mut Footprint) {
        out.slots.clear();
        out.steps.clear();
        out.values.clear();
        out.values.resize(self.steps.len(), None);
        for (at, step) in self.steps.iter().enumerate() {
            if !step.taken(call, &out.values) {
                continue;
            }
            let Some(address) = step.address.evaluate(call, &out.values, outlook) else {
                continue;
            };
            let Some(slot) = step.slot.evaluate(call, &out.values, outlook) else {
                continue;
            };
            let address = Address::from_word(address.into());
            if step.wanted {
                out.values[at] = outlook.value(address, slot);
            }
            let known = out.position(address, slot);
            out.steps.push((at, known.unwrap_or(out.slots.len())));
            if known.is_none() {
                let (writes, change) = (false, Change::None);
                out.slots.push(Forecast {
                    address,
                    slot,
                    writes,
                    change,
                });
            }
        }
        // Changes may look at what steps behind them read.
        for (step, forecast) in &out.steps {
            let step = &self.steps[*step];
            if step.writes(call, &out.values) {
                let forecast = &mut out.slots[*forecast];
                forecast.writes = true;
                forecast.change = forecast.change.and(step.change(call, &out.values));
            }
        }
    }

    /// True where the very latest traces were.
    pub(super) fn knows_well(&self) -> bool {
        self.streak >= KNOWN_WELL
    }

    /// True where the latest traces were all foretold exactly.
    pub(super) fn settled(&self) -> bool {
        self.streak >= SETTLED
    }

    /// One in so many calls of this kind is worth a trace.
    pub(super) fn interval(&self) -> u32 {
        if self.resting {
            RARELY << (self.failures.saturating_sub(1)).min(4)
        } else if self.settled() {
            SAMPLE
        } else if self.tries <= TRIES {
            1
        } else {
            self.tries.min(RARELY)
        }
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.history.bytes() + self.steps.iter().map(Step::bytes).sum::<usize>()
    }
}

impl Footprint {
    /// How it compares with what was touched.
    pub(super) fn score(&self, trace: &Trace) -> Score {
        let accesses = trace.accesses.iter();
        Score {
            touched: trace.accesses.len(),
            foretold: self.slots.len(),
            hits: accesses
                .filter(|access| self.get(access.address, access.slot).is_some())
                .count(),
        }
    }
}

/// What tells traces apart. One that is the same in everything teaches nothing.
fn fingerprint(call: &Call<'_>, trace: &Trace) -> B256 {
    let mut hash = Keccak256::new();
    hash.update(call.sender);
    hash.update(call.to);
    hash.update(call.value.to_be_bytes::<32>());
    hash.update(keccak256(call.input));
    for access in trace.accesses.iter().take(MAX_ACCESSES) {
        hash.update(access.address);
        for word in [access.slot, access.before, access.after] {
            hash.update(word.to_be_bytes::<32>());
        }
    }
    hash.finalize()
}
