//! What is said of an import: its layers, its outputs, and how far they are from the floats.

use crate::error::CliError;
use crate::output::{self, shown, thousands};
use metisvm_import::{Layer, NodeName, OutputError, Report};
use serde_json::{Value, json};

/// How many layers are shown unless all are asked for: more than a person looks at does not fit a terminal.
const LAYERS_SHOWN: usize = 10;

/// Writes the tables.
pub(super) fn show(report: &Report, all: bool) -> Result<(), CliError> {
    let (chosen, said) = choose(&report.layers, all);
    if !chosen.is_empty() {
        output::line(&layers(&chosen))?;
    }
    if let Some(said) = said {
        output::line(&said)?;
    }
    if report.outputs.is_empty() {
        return Ok(());
    }
    output::line(&outputs(&report.outputs))?;
    output::line(&format!(
        "errors: root mean square, of the integers from the floats, over {} samples",
        report.measured
    ))
}

/// The layers to show, and what to say of the others.
fn choose(layers: &[Layer], all: bool) -> (Vec<&Layer>, Option<String>) {
    let mut chosen: Vec<&Layer> = layers.iter().collect();
    if all || chosen.len() <= LAYERS_SHOWN {
        return (chosen, None);
    }
    let count = layers.len();
    chosen.retain(|layer| layer.error.is_some());
    if chosen.is_empty() {
        return (chosen, Some(format!("{count} layers: --verbose shows them")));
    }
    chosen.sort_by(|a, b| b.error.unwrap_or(0.0).total_cmp(&a.error.unwrap_or(0.0)));
    chosen.truncate(LAYERS_SHOWN);
    let said = format!(
        "the {} of {count} layers with the greatest error: --verbose shows all",
        chosen.len()
    );
    (chosen, Some(said))
}

fn layers(layers: &[&Layer]) -> String {
    let mut table = output::table(&["node", "becomes", "result", "weights", "error", "clipped"]);
    for l in layers {
        table.add_row([
            node(&l.node),
            counted(&l.operators),
            l.result.as_ref().map(ToString::to_string).unwrap_or_default(),
            thousands(l.weights),
            l.error.map(percent).unwrap_or_default(),
            l.error.map(|_| percent(l.clipped)).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn outputs(outputs: &[OutputError]) -> String {
    let mut table = output::table(&["output", "cosine", "error", "clipped", "same greatest"]);
    for output in outputs {
        table.add_row([
            shown(&output.name),
            format!("{:.5}", output.cosine),
            percent(output.relative),
            percent(output.clipped),
            output.agreement.map(percent).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// A node in a table, which need not say what it is.
fn node(node: &NodeName) -> String {
    shown(&format!("{} ({})", node.name, node.operator))
}

/// Names in the order in which they first come, with how often they do.
fn counted(names: &[&'static str]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let shown = counts.iter().map(|(name, count)| match count {
        1 => (*name).to_owned(),
        count => format!("{name} ×{count}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A part of a whole.
fn percent(part: f64) -> String {
    if part == 0.0 {
        "0".to_owned()
    } else {
        format!("{:.2} %", part * 100.0)
    }
}

/// The report under the keys that docs/cli.md lists.
pub(super) fn json(report: &Report) -> Value {
    let layer = |l: &Layer| {
        json!({
            "node": l.node.name,
            "operator": l.node.operator,
            "operators": l.operators,
            "dtype": l.result.as_ref().map(|ty| ty.dtype.to_string()),
            "shape": l.result.as_ref().map(|ty| ty.shape.dims().to_vec()),
            "scale": l.grid.map(|g| g.scale),
            "zero_point": l.grid.map(|g| g.zero_point),
            "weights": l.weights,
            "multiplier_error": l.multiplier_error,
            "weight_error": l.weight_error,
            "error": l.error,
            "clipped": l.clipped,
        })
    };
    let output = |o: &OutputError| {
        json!({
            "name": o.name,
            "cosine": o.cosine,
            "relative_error": o.relative,
            "clipped": o.clipped,
            "top1_agreement": o.agreement,
        })
    };
    json!({
        "samples": report.samples,
        "measured_samples": report.measured,
        "dropped": report.dropped.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "layers": report.layers.iter().map(layer).collect::<Vec<_>>(),
        "output_errors": report.outputs.iter().map(output).collect::<Vec<_>>(),
        "warnings": report.warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(error: Option<f64>) -> Layer {
        Layer {
            node: NodeName::default(),
            operators: vec!["MatMul", "Add", "MatMul"],
            result: None,
            grid: None,
            weights: 0,
            multiplier_error: 0.0,
            weight_error: 0.0,
            error,
            clipped: 0.0,
        }
    }

    #[test]
    fn of_many_layers_the_worst_are_shown_first_and_the_others_are_mentioned() {
        let errors = [0.1, 0.5, 0.2, 0.4, 0.0, 0.3, 0.1, 0.1, 0.1, 0.1, 0.6];
        let many: Vec<Layer> = errors.iter().map(|e| layer(Some(*e))).collect();
        let (chosen, said) = choose(&many, false);
        let first: Vec<_> = chosen.iter().take(3).map(|l| l.error).collect();
        assert_eq!(
            (chosen.len(), first),
            (LAYERS_SHOWN, vec![Some(0.6), Some(0.5), Some(0.4)])
        );
        assert!(said.is_some_and(|said| said.contains("10 of 11")));
        let (chosen, said) = choose(&many, true);
        assert_eq!((chosen.len(), chosen[0].error, said), (11, Some(0.1), None));
        let (chosen, said) = choose(&many[..10], false);
        assert_eq!((chosen[0].error, said), (Some(0.1), None));
        let unmeasured = vec![layer(None); 11];
        assert!(matches!(choose(&unmeasured, false), (chosen, Some(_)) if chosen.is_empty()));
    }

    #[test]
    fn operators_of_a_layer_are_counted() {
        assert_eq!(counted(&layer(None).operators), "MatMul ×2, Add");
    }
}
