//! What the caller should know before relying on a model: where it is damaged, and what to try.

use crate::error::shown;
use crate::report::{Layer, OutputError};

/// An output that points elsewhere by more than this is damaged: a cosine of 0.98 is an angle of 11 degrees.
const LEAST_COSINE: f64 = 0.98;
/// So is one whose real numbers are off by more than this part of their own size, which a cosine hardly shows where all
/// of them are of one sign.
const MOST_ERROR: f64 = 0.1;
/// And one that gives another class for more than one sample in twenty.
const LEAST_AGREEMENT: f64 = 0.95;
/// A layer whose values saturate this often is worth a word.
const MANY_CLIPPED: f64 = 0.01;

/// What to do about a damaged output.
const ADVICE: &str =
    "give calibration data as the model will see them, scale its features, or keep another output";

/// What is wrong with an output. `real` tells whether it holds real numbers, `changed` whether its classes differ by more
/// than a near tie.
pub(super) fn output(output: &OutputError, real: bool, changed: bool, layers: &[Layer]) -> Option<String> {
    let name = &output.name;
    let what = if output.cosine < LEAST_COSINE {
        format!(
            "output {name:?} is damaged by quantisation: cosine {:.4} to floats",
            output.cosine
        )
    } else if real && output.relative > MOST_ERROR {
        format!(
            "output {name:?} is damaged by quantisation: it is off by {:.1} % of the floats (root mean square)",
            output.relative * 100.0
        )
    } else if changed && output.agreement.is_some_and(|part| part < LEAST_AGREEMENT) {
        format!(
            "output {name:?} has its greatest element elsewhere than in floats for {:.1} % of rows",
            (1.0 - output.agreement.unwrap_or(1.0)) * 100.0
        )
    } else {
        return None;
    };
    Some(format!("{what}{}; {ADVICE}", worst(layers)))
}

/// The layer of the greatest error.
fn worst(layers: &[Layer]) -> String {
    let measured = layers.iter().filter_map(|layer| Some((layer, layer.error?)));
    let worst = measured.fold(None::<(&Layer, f64)>, |worst, (layer, error)| match worst {
        Some((_, most)) if most >= error => worst,
        _ => Some((layer, error)),
    });
    worst.map_or_else(String::new, |(layer, error)| {
        format!(
            "; the greatest error is at {} ({:.1} %)",
            layer.node,
            error * 100.0
        )
    })
}

/// Layers that saturate.
pub(super) fn clipped(layers: &[Layer]) -> Vec<String> {
    let many = layers.iter().filter(|layer| layer.clipped > MANY_CLIPPED);
    many.map(|layer| {
        format!(
            "{}: {:.1} % of its values, or of an operand's as it takes them, saturate; calibrate with more samples, or with --range minmax",
            layer.node,
            layer.clipped * 100.0
        )
    })
    .collect()
}

/// Samples of an input that show nothing of what it holds.
pub(super) fn samples(name: &str, runs: &[&[f32]]) -> Option<String> {
    let mut numbers = runs.iter().copied().flatten();
    let first = numbers.next()?;
    let mut more = numbers.peekable();
    more.peek()?;
    more.all(|v| v == first).then(|| {
        format!(
            "all samples of input {:?} hold {first} and nothing else: what other numbers make of the model is not known; \
             give calibration data as the model will see them",
            shown(name)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(relative: f64, real: bool, agreement: f64, changed: bool) -> Option<String> {
        let found = OutputError {
            name: "y".to_string(),
            cosine: 0.9964,
            relative,
            clipped: 0.0,
            agreement: Some(agreement),
        };
        output(&found, real, changed, &[])
    }

    #[test]
    fn an_output_that_is_off_by_a_tenth_is_said_to_be_damaged() {
        let off = said(0.18, true, 1.0, false).unwrap();
        assert!(off.contains("it is off by 18.0 % of the floats"), "{off}");
        assert_eq!(said(0.08, true, 1.0, false), None);
        assert_eq!(said(0.18, false, 1.0, false), None);
    }

    #[test]
    fn other_classes_are_said_where_they_are_no_near_tie() {
        assert_eq!(said(0.01, true, 0.9375, false), None);
        let changed = said(0.01, true, 0.875, true).unwrap();
        assert!(
            changed.contains("elsewhere than in floats for 12.5 % of rows"),
            "{changed}"
        );
        assert_eq!(said(0.01, true, 0.97, true), None);
    }

    #[test]
    fn samples_that_are_all_the_same_number_are_said() {
        let zeros = samples("x", &[&[0.0, 0.0], &[0.0, -0.0]]).unwrap();
        assert!(zeros.contains("all samples of input \"x\" hold 0 "), "{zeros}");
        assert_eq!(samples("x", &[&[0.0, 0.0], &[0.0, 1.0]]), None);
        assert_eq!(samples("x", &[&[5.0]]), None);
    }
}
