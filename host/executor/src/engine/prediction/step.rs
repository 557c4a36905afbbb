//! One step of a template: an access that traces have in common.

use super::{
    Call, Change,
    atom::{Atom, Scene, StepId, Values, word},
    effect::Effect,
    guard::{Guard, History, Question},
    space::{Role, Space},
    trace::Access,
};

/// A step that is this old is dropped unless it occurred in a quarter of the traces.
const PROBATION: u32 = 6;
/// After so many traces what was counted is halved, so that what has changed is noticed.
const MEMORY: u32 = 64;

/// One access that traces have in common.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) address: Space,
    pub(super) slot: Space,
    effect: Effect,
    /// On which conditions it is taken and written, where that has been found out.
    taken_if: Option<Guard>,
    writes_if: Option<Guard>,
    /// Traces since it is known, and those that it occurred in, and those of them that wrote.
    age: u32,
    seen: u32,
    wrote: u32,
    /// Its value is a word of other steps.
    pub(super) wanted: bool,
    /// It would take more hashes than are allowed.
    pub(super) dear: bool,
}

impl Step {
    pub(super) fn new(access: &Access, scene: &Scene<'_>) -> Self {
        Self {
            address: Space::of(word(access.address), Role::Key, scene),
            slot: Space::of(access.slot, Role::Slot, scene),
            effect: Effect::default(),
            taken_if: None,
            writes_if: None,
            age: 0,
            seen: 0,
            wrote: 0,
            wanted: false,
            dear: false,
        }
    }

    /// Confirmed by a second trace, and foretold by its guard, or else where it is more often there than not.
    pub(super) fn taken(&self, call: &Call<'_>, values: &Values) -> bool {
        let usual = 2 * self.seen > self.age;
        self.seen >= 2 && !self.dear && self.taken_if.map_or(usual, |guard| guard.holds(call, values))
    }

    pub(super) fn writes(&self, call: &Call<'_>, values: &Values) -> bool {
        let usual = 2 * self.wrote > self.seen;
        self.writes_if.map_or(usual, |guard| guard.holds(call, values))
    }

    /// The expressions that are left if the access is this step; `None` where it is not.
    pub(super) fn fits(&self, access: &Access, scene: &Scene<'_>) -> Option<(Space, Space)> {
        let address = self.address.refined(word(access.address), scene)?;
        Some((address, self.slot.refined(access.slot, scene)?))
    }

    /// True where the access also changes the value as this step does.
    pub(super) fn agrees(&self, access: &Access, scene: &Scene<'_>) -> bool {
        match access.wrote {
            true => self.effect.agrees(access.before, access.after, scene),
            false => 2 * self.wrote <= self.seen,
        }
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(&Atom)) {
        self.address.visit(visit);
        self.slot.visit(visit);
        self.effect.visit(visit);
        for guard in [&self.taken_if, &self.writes_if].into_iter().flatten() {
            guard.words().iter().for_each(&mut *visit);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.address.bytes() + self.slot.bytes() + self.effect.bytes()
    }

    /// It was seen in another trace than that which showed it.
    pub(super) fn confirmed(&self) -> bool {
        self.seen >= 2
    }

    /// What it makes of its slot's value.
    pub(super) fn change(&self, call: &Call<'_>, values: &Values) -> Change {
        self.effect.change(call, values)
    }

    /// Counts a trace: with the access where it took this step, as step number `own`.
    pub(super) fn count(&mut self, access: Option<&Access>, own: StepId, scene: &mut Scene<'_>) {
        self.age += 1;
        let Some(access) = access else { return };
        self.seen += 1;
        if access.wrote {
            self.wrote += 1;
            self.effect.observe(access.before, access.after, own, scene);
        }
    }

    /// Looks for what decides whether this step, number `own`, is taken and written, where that varies.
    pub(super) fn guard(&mut self, own: usize, history: &History) {
        // Where there is no hope, none is spent on it.
        let frequent = self.confirmed() && 8 * self.seen >= self.age;
        if (frequent && self.seen < self.age) || self.taken_if.is_some() {
            self.taken_if = history.guard(own, Question::Taken, self.taken_if);
        }
        if (1..self.seen).contains(&self.wrote) || self.writes_if.is_some() {
            self.writes_if = history.guard(own, Question::Wrote, self.writes_if);
        }
    }

    /// True where one may forget what hardly ever occurs.
    pub(super) fn on_trial(&self) -> bool {
        self.age >= PROBATION
    }

    /// True where it hardly ever occurs, and nobody can say when.
    pub(super) fn idle(&self) -> bool {
        self.on_trial() && 4 * self.seen < self.age && self.taken_if.is_none()
    }

    /// Old traces count half.
    pub(super) fn fade(&mut self) {
        if self.age >= MEMORY {
            (self.age, self.seen) = (self.age / 2, self.seen.div_ceil(2));
            self.wrote = self.wrote.div_ceil(2);
            self.effect.fade();
        }
    }

    /// Gives the steps that its change and guards look at their new numbers.
    pub(super) fn renumber(&mut self, numbers: &[Option<StepId>]) {
        self.effect.renumber(numbers);
        let renumbered = |guard: Guard| guard.renumbered(numbers);
        self.taken_if = self.taken_if.and_then(renumbered);
        self.writes_if = self.writes_if.and_then(renumbered);
    }
}
