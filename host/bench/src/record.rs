//! A figure of an engine beside that of a peer, and the line of JSON that it is.

use crate::engine::{Engine, title};
use crate::sample::Taken;
use crate::subject::Subject;
use crate::unit::{self, Unit};

/// One figure, with what it is compared with in the same run.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Of which subject.
    pub subject: Subject,
    /// What was done, its size included.
    pub case: String,
    /// What `ours` and `peer` are counted in.
    pub unit: String,
    /// The engine's figure, by the median of the samples.
    pub ours: f64,
    /// By its quickest and by its slowest sample.
    pub spread: Option<[f64; 2]>,
    /// Who did the same, and the figure.
    pub peer: Option<(String, f64)>,
    /// The engine.
    pub backend: String,
    /// Its set of instructions, or the device.
    pub level: Option<String>,
    /// Threads of the host that it could use.
    pub threads: Option<usize>,
    /// How many samples there were.
    pub samples: usize,
    /// Where the figure lies in a plot.
    pub place: Option<Place>,
    /// What was computed and moved in one call, for the roofline.
    pub work: Option<Work>,
}

/// A place in a plot of sizes against figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What all sizes have in common: the title of the plot.
    pub family: String,
    /// The size.
    pub size: f64,
    /// What sizes are counted in.
    pub axis: String,
}

/// What one call computes, and the least that it has to move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Integer operations, two for each multiply-accumulate.
    pub operations: f64,
    /// Bytes of inputs, outputs and weights, each once.
    pub bytes: f64,
}

/// What was done so and so often in each call of a way.
pub(crate) struct Measured<'m> {
    pub(crate) taken: &'m Taken,
    /// Pieces of work a call.
    pub(crate) work: f64,
}

impl Measured<'_> {
    fn figure(&self, unit: Unit, seconds: f64) -> f64 {
        unit.figure(self.work, seconds)
    }
}

impl Record {
    /// A record of one engine, and of a peer that took turns with it.
    pub(crate) fn new(
        subject: Subject,
        case: impl Into<String>,
        unit: Unit,
        engine: &Engine,
        ours: &Measured<'_>,
        peer: Option<(&str, Measured<'_>)>,
    ) -> Self {
        Self {
            subject,
            case: case.into(),
            unit: unit.name.to_owned(),
            ours: ours.figure(unit, ours.taken.median()),
            spread: Some([ours.taken.least(), ours.taken.greatest()].map(|time| ours.figure(unit, time))),
            peer: peer.map(|(name, peer)| (name.to_owned(), peer.figure(unit, peer.taken.median()))),
            backend: engine.name.clone(),
            level: engine.level.clone(),
            threads: None,
            samples: ours.taken.count(),
            place: None,
            work: None,
        }
    }

    /// The same, with a place in a plot.
    #[must_use]
    pub(crate) fn at(mut self, family: impl Into<String>, size: f64, axis: &str) -> Self {
        self.place = Some(Place {
            family: family.into(),
            size,
            axis: axis.to_owned(),
        });
        self
    }

    /// Whether less is better.
    pub fn is_time(&self) -> bool {
        unit::is_time(&self.unit)
    }

    /// How many times as fast as the peer the engine is, whatever the unit: above 1 it is the faster one.
    pub fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer.as_ref()?;
        let ratio = if self.is_time() {
            peer / self.ours
        } else {
            self.ours / peer
        };
        ratio.is_finite().then_some(ratio)
    }

    /// Half of the way from the quickest to the slowest sample, as a part of the median, in percent.
    pub fn spread_percent(&self) -> Option<f64> {
        let [quickest, slowest] = self.spread.filter(|_| self.samples > 1)?;
        Some(50.0 * (quickest - slowest).abs() / self.ours)
    }

    /// The engine and its level, for people.
    pub fn engine(&self) -> String {
        title(&self.backend, self.level.as_deref())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record as the tests of reports need them.
    pub(crate) fn record(subject: Subject, case: &str, backend: &str, ours: f64) -> Record {
        Record {
            subject,
            case: case.to_owned(),
            unit: "inferences/s".to_owned(),
            ours,
            spread: Some([ours * 1.25, ours * 0.75]),
            peer: Some(("reference".to_owned(), 50.0)),
            backend: backend.to_owned(),
            level: None,
            threads: Some(1),
            samples: 9,
            place: None,
            work: None,
        }
    }

    #[test]
    fn the_ratio_says_who_is_faster_whatever_is_counted() {
        let mut time = record(Subject::Models, "x", "cpu", 100.0);
        time.unit = "ms".to_owned();
        assert_eq!(time.ratio(), Some(0.5));
        time.peer = None;
        assert_eq!(time.ratio(), None);
    }
}
