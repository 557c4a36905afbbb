//! Which backend would run which part of a model, and how long that is expected to take.

use crate::args::Engine;
use crate::composition::{compose, tell_notes};
use crate::error::CliError;
use crate::output::{self, thousands};
use metisvm_accel::{Forecast, Policy};
use metisvm_model::Bundle;
use serde_json::{Value, json};
use std::time::Duration;

/// Items of the batches that are told of: one by itself, and the most that a dispatcher makes a batch of.
const BATCHES: [usize; 2] = [1, 64];

/// What is expected of a model on some backends.
pub(super) struct Partition(Vec<Expected>);

/// For batches of one size.
struct Expected {
    /// The division by costs.
    auto: Forecast,
    /// The division by the order of the list.
    order: Forecast,
}

impl Partition {
    /// Opens the backends and measures what is not known of them.
    pub(super) fn of(engine: &Engine, bundle: &Bundle) -> Self {
        let composed = compose(engine, std::slice::from_ref(bundle));
        for problem in &composed.problems {
            output::complain(&format!("note: {problem}; it is left out"));
        }
        let dispatcher = &composed.dispatcher;
        let expected = |items: usize| {
            let of = |policy| dispatcher.forecast(bundle.id, items, policy);
            Some(Expected {
                auto: of(Policy::Auto)?,
                order: of(Policy::Order)?,
            })
        };
        let all = BATCHES.into_iter().filter_map(expected).collect();
        tell_notes(dispatcher);
        Self(all)
    }

    /// Under the keys that docs/cli.md lists.
    pub(super) fn json(&self) -> Value {
        let part = |part: &metisvm_accel::ForecastPart| {
            json!({
                "first_node": part.nodes.start,
                "nodes": part.nodes.len(),
                "backend": part.backend,
                "macs": part.macs,
                "input_bytes": part.input_bytes,
                "output_bytes": part.output_bytes,
                "expected_ms": part.time.map(milliseconds),
            })
        };
        let batch = |expected: &Expected| {
            json!({
                "batch": expected.auto.items,
                "expected_ms": expected.auto.time.map(milliseconds),
                "order_ms": expected.order.time.map(milliseconds),
                "parts": expected.auto.parts.iter().map(part).collect::<Vec<_>>(),
            })
        };
        self.0.iter().map(batch).collect()
    }

    pub(super) fn show(&self) -> Result<(), CliError> {
        let mut table = output::table(&[
            "batch",
            "nodes",
            "macs",
            "bytes in",
            "bytes out",
            "backend",
            "expected ms",
        ]);
        for expected in &self.0 {
            for (number, part) in expected.auto.parts.iter().enumerate() {
                let first = number == 0;
                table.add_row([
                    if first {
                        expected.auto.items.to_string()
                    } else {
                        String::new()
                    },
                    format!("{}-{}", part.nodes.start, part.nodes.end - 1),
                    thousands(part.macs),
                    thousands(part.input_bytes),
                    thousands(part.output_bytes),
                    part.backend.to_owned(),
                    shown(part.time),
                ]);
            }
        }
        output::line(&table.to_string())?;
        for expected in &self.0 {
            let (auto, order) = (shown(expected.auto.time), shown(expected.order.time));
            output::line(&format!(
                "a batch of {}: {auto} ms expected with --place auto, {order} ms in the order of the list",
                expected.auto.items
            ))?;
        }
        Ok(())
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(|| "?".to_owned(), |time| format!("{:.3}", milliseconds(time)))
}
