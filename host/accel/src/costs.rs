//! What work costs on a backend: a launch, bytes to it and from it, and a rate for each class of shapes.
//!
//! Costs are times, and times differ from machine to machine and from run to run. They may decide where a part
//! of a model runs and nothing else: no result, receipt, root or gas depends on them.

mod shape;
mod text;

pub use shape::{Class, Load};

/// How long a node of one class takes: `step + item · items + units · (once + each · items)` nanoseconds, where the
/// units are multiply-accumulates or elements of one item ([`Load::units`]).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Nanoseconds that a node takes in a run, however small it is.
    pub step: f64,
    /// Nanoseconds that it takes for each item, however small that is.
    pub item: f64,
    /// Nanoseconds a unit that a run takes once, however many items it has: weights that are fetched, say.
    pub once: f64,
    /// Nanoseconds a unit of each item.
    pub each: f64,
}

impl Rate {
    /// Nanoseconds of a node with so many units, for so many items.
    pub fn of(&self, units: f64, items: f64) -> f64 {
        self.step + self.item * items + units * (self.once + self.each * items)
    }
}

/// What work costs on one backend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Nanoseconds from the submission of a part to its result, if there is next to nothing to do.
    pub launch: f64,
    /// Nanoseconds more for each item after the first.
    pub item: f64,
    /// Nanoseconds a byte from the host.
    pub up: f64,
    /// Nanoseconds a byte to the host.
    pub down: f64,
    /// Whether results stay on the device until something else needs them.
    pub stays: bool,
    /// A rate for each class, in the order of [`Class::ALL`], where it is known.
    pub rates: [Option<Rate>; Class::ALL.len()],
}

/// A longer time, or a greater rate, is no cost but a mistake: about twelve days.
const MOST: f64 = 1e15;

impl Costs {
    /// The same, if every number can be one: not negative, not infinite, not absurd.
    pub fn checked(self) -> Option<Self> {
        let rates = self.rates.iter().flatten();
        let numbers = rates.flat_map(|rate| [rate.step, rate.item, rate.once, rate.each]);
        let mut numbers = numbers.chain([self.launch, self.item, self.up, self.down]);
        numbers
            .all(|number| (0.0..=MOST).contains(&number))
            .then_some(self)
    }

    /// The rate of a class. One that is not known is the dearest that is known of its kind: a backend that takes
    /// an operator has a cost for it.
    pub fn rate(&self, class: Class) -> Option<Rate> {
        if let Some(rate) = self.rates[class as usize] {
            return Some(rate);
        }
        let kin = Class::ALL
            .iter()
            .filter(|kin| kin.is_product() == class.is_product());
        let known = kin.filter_map(|kin| self.rates[*kin as usize]);
        known.max_by(|a, b| a.of(1.0, 1.0).total_cmp(&b.of(1.0, 1.0)))
    }

    /// Nanoseconds of a node for so many items; none where nothing is known of its kind.
    pub fn node(&self, load: Load, items: f64) -> Option<f64> {
        match load.class {
            None => Some(0.0),
            Some(class) => Some(self.rate(class)?.of(load.units, items)),
        }
    }

    /// Nanoseconds of a launch with so many items.
    pub fn launch(&self, items: f64) -> f64 {
        self.launch + self.item * (items - 1.0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_costs_are_refused() {
        assert!(Costs::default().checked().is_some());
        for bad in [f64::NAN, f64::INFINITY, -1.0, -f64::INFINITY, 1e16, f64::MAX] {
            let launch = Costs {
                launch: bad,
                ..Costs::default()
            };
            let mut rated = Costs::default();
            rated.rates[3] = Some(Rate {
                each: bad,
                ..Rate::default()
            });
            assert!(launch.checked().is_none() && rated.checked().is_none(), "{bad}");
        }
    }

    #[test]
    fn class_that_was_not_measured_costs_what_the_dearest_of_its_kind_does() {
        let rate = |each| {
            Some(Rate {
                each,
                ..Rate::default()
            })
        };
        let mut costs = Costs::default();
        assert_eq!(costs.rate(Class::Wide), None);
        costs.rates[Class::Narrow as usize] = rate(3.0);
        costs.rates[Class::Wide as usize] = rate(1.0);
        costs.rates[Class::Elementwise as usize] = rate(9.0);
        assert_eq!(costs.rate(Class::Wide), rate(1.0));
        assert_eq!(costs.rate(Class::Convolution), rate(3.0));
        assert_eq!(costs.rate(Class::Rows), rate(9.0));
    }
}
