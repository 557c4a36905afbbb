//! A figure of an engine beside that of a peer, and the line of JSON that it is.

use crate::engine::{Engine, title};
use crate::error::Error;
use crate::sample::Taken;
use crate::subject::Subject;
use crate::unit::{self, Unit};
use serde_json::{Value, json};

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

    /// The line for programs.
    pub fn json(&self) -> Value {
        let place = self.place.as_ref();
        json!({
            "subject": self.subject.name(),
            "case": self.case,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer.as_ref().map(|(_, figure)| figure),
            "ratio": self.ratio(),
            "backend": self.backend,
            "level": self.level,
            "peer_name": self.peer.as_ref().map(|(name, _)| name),
            "threads": self.threads,
            "samples": self.samples,
            "spread": self.spread,
            "family": place.map(|place| &place.family),
            "size": place.map(|place| place.size),
            "axis": place.map(|place| &place.axis),
            "operations": self.work.map(|work| work.operations),
            "bytes": self.work.map(|work| work.bytes),
        })
    }

    /// Reads what [`json`](Self::json) writes; keys from `peer_name` on may be absent. `ratio` follows from the
    /// figures, whatever the line says.
    ///
    /// # Errors
    /// The key that is wrong.
    pub fn from_json(line: &Value) -> Result<Self, String> {
        let object = line
            .as_object()
            .ok_or_else(|| "it is not a JSON object".to_owned())?;
        let text = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!("{key} is a text, not {other}")),
        };
        let needed = |key: &str| text(key)?.ok_or_else(|| format!("{key} is missing"));
        let number = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value
                    .as_f64()
                    .filter(|number| *number > 0.0 && number.is_finite());
                number
                    .map(Some)
                    .ok_or_else(|| format!("{key} is a number above 0, not {value}"))
            }
        };
        let count = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
                count
                    .map(Some)
                    .ok_or_else(|| format!("{key} is a whole number, not {value}"))
            }
        };
        let spread = match object.get("spread") {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_array().map(Vec::as_slice) {
                Some([least, greatest]) => least.as_f64().zip(greatest.as_f64()).map(|(a, b)| [a, b]),
                _ => return Err(format!("spread is two numbers, not {value}")),
            },
        };
        let place = match (text("family")?, number("size")?) {
            (Some(family), Some(size)) => Some(Place {
                family,
                size,
                axis: text("axis")?.unwrap_or_else(|| "size".to_owned()),
            }),
            _ => None,
        };
        let work = number("operations")?.zip(number("bytes")?);
        Ok(Self {
            subject: needed("subject")?.parse()?,
            case: needed("case")?,
            unit: needed("unit")?,
            ours: number("ours")?.ok_or_else(|| "ours is missing".to_owned())?,
            spread,
            peer: number("peer")?.map(|figure| {
                let name = text("peer_name").ok().flatten();
                (name.unwrap_or_else(|| "peer".to_owned()), figure)
            }),
            backend: needed("backend")?,
            level: text("level")?,
            threads: count("threads")?,
            samples: count("samples")?.unwrap_or(0),
            place,
            work: work.map(|(operations, bytes)| Work { operations, bytes }),
        })
    }

    /// Reads a file of such lines. Empty ones are skipped.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn read_lines(text: &str) -> Result<Vec<Self>, Error> {
        let mut records = Vec::new();
        for (index, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let at = |problem: String| Error::Line {
                line: index + 1,
                problem,
            };
            let value = serde_json::from_str(line).map_err(|error| at(error.to_string()))?;
            records.push(Self::from_json(&value).map_err(at)?);
        }
        Ok(records)
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
    fn a_record_is_read_as_it_was_written() {
        let mut written = record(Subject::Models, "a <b>", "cpu", 100.0).at("a", 16.0, "batch");
        written.work = Some(Work {
            operations: 2.0,
            bytes: 3.0,
        });
        let lines = format!("{}\n\n", written.json());
        assert_eq!(Record::read_lines(&lines), Ok(vec![written]));
    }

    #[test]
    fn every_key_that_was_promised_is_there() {
        let line = record(Subject::Keccak, "x", "cpu", 100.0).json();
        for key in [
            "subject", "case", "unit", "ours", "peer", "ratio", "backend", "level",
        ] {
            assert!(line.get(key).is_some(), "{key}");
        }
        assert_eq!(line["ratio"], 2.0);
    }

    #[test]
    fn the_ratio_says_who_is_faster_whatever_is_counted() {
        let mut time = record(Subject::Models, "x", "cpu", 100.0);
        time.unit = "ms".to_owned();
        assert_eq!(time.ratio(), Some(0.5));
        time.peer = None;
        assert_eq!(time.ratio(), None);
    }

    #[test]
    fn a_wrong_line_is_named_with_its_key() {
        let good = record(Subject::Models, "x", "cpu", 1.0).json();
        for (key, value) in [
            ("subject", json!("gpu")),
            ("case", Value::Null),
            ("unit", json!(3)),
            ("ours", json!(0)),
            ("ours", json!("fast")),
            ("peer", json!(-1)),
            ("samples", json!(1.5)),
            ("spread", json!([1])),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            let error = Record::read_lines(&format!("{good}\n{bad}"))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("line 2: ") && error.contains(if key == "subject" { "gpu" } else { key }),
                "{error}"
            );
        }
        for bad in ["{", "[]", "3", "\"x\""] {
            assert!(Record::read_lines(bad).is_err(), "{bad}");
        }
    }
}
