//! What `model info` says of a model that generates.

use crate::output::{Table, thousands};
use metisvm_model::Bundle;
use metisvm_vm::{GasScheduleVersion, GenerationFacts};
use serde_json::{Value, json};

/// The facts of a bundle's texts; `null` of one that generates none.
pub(super) fn json(bundle: &Bundle) -> Value {
    let Some(generation) = &bundle.generation else {
        return Value::Null;
    };
    let facts = generation.facts(&bundle.graph);
    let gas: Vec<Value> = GasScheduleVersion::ALL
        .into_iter()
        .filter_map(|version| prices(version, &facts))
        .map(|(version, prefill, decode)| json!({ "schedule": version, "prefill_gas": prefill, "decode_gas": decode }))
        .collect();
    json!({
        "context": facts.context,
        "chunk": facts.chunk,
        "vocabulary": facts.vocabulary,
        "end_tokens": generation.end_tokens(),
        "gas": gas,
    })
}

/// Adds the rows of such a model to a table.
pub(super) fn show(bundle: &Bundle, table: &mut Table) {
    let Some(generation) = &bundle.generation else {
        return;
    };
    let facts = generation.facts(&bundle.graph);
    let sizes = format!(
        "context {}, chunk {}, vocabulary {}",
        facts.context, facts.chunk, facts.vocabulary
    );
    table.add_row(["generates texts".to_string(), sizes]);
    let ends: Vec<String> = generation.end_tokens().iter().map(u32::to_string).collect();
    let ends = if ends.is_empty() {
        "none".to_string()
    } else {
        ends.join(", ")
    };
    table.add_row(["end tokens".to_string(), ends]);
    for (version, prefill, decode) in GasScheduleVersion::ALL
        .into_iter()
        .filter_map(|v| prices(v, &facts))
    {
        let gas = format!(
            "{}, and {} for a chunk of the prompt",
            thousands(decode),
            thousands(prefill)
        );
        table.add_row([format!("gas of one token, schedule {version}"), gas]);
    }
}

/// A schedule's number, and its gas of a chunk and of a token, where it prices the model.
fn prices(version: GasScheduleVersion, facts: &GenerationFacts) -> Option<(u64, u64, u64)> {
    let schedule = version.schedule();
    let priced = schedule.first_unpriced(&facts.operators).is_none();
    priced.then(|| {
        (
            version.number(),
            schedule.prefill_gas(facts),
            schedule.decode_gas(facts),
        )
    })
}
