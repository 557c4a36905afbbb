//! Records as lines of JSON, for programs.

use crate::error::Error;
use crate::record::{Place, Record, Work};
use serde_json::{Value, json};

impl Record {
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

    /// Reads what [`json`](Self::json) writes; keys from `peer_name` on may be absent. `ratio` follows from
    /// the figures, whatever the line says.
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
mod tests {
    use super::*;
    use crate::record::tests::record;
    use crate::subject::Subject;

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
