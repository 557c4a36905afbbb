//! What the integers of an imported model differ from its floats, layer by layer, on the calibration samples: a model that
//! quantisation damages is found out here and not in production.

mod classes;
mod columns;
mod warnings;

use crate::calibrate::{Floats, samples};
use crate::error::{ImportError, Problem};
use crate::options::Calibration;
use crate::report::{OutputError, Report};
use crate::typed::{Element, Typed, ValueId};
use classes::Classes;
use columns::Columns;
use metisvm_model::{DType, Graph, Reference, Tensor, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Samples that are run through the integer graph: the reference kernels take their time, and errors of more samples
/// say the same.
const MAX_SAMPLES: usize = 16;
/// Multiply-accumulates that may be spent on it: a minute or so of the reference kernels.
const MAX_MACS: u64 = 1 << 36;
/// Outputs of scores are rows, or a sequence of rows for each item; beyond that they are maps.
const MAX_SCORES_RANK: usize = 3;
/// Where a value of the typed graph is found in the integer graph, and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) id: ValueId,
    pub(crate) value: Value,
    pub(crate) dtype: DType,
    /// One, or one for each index of `axis`.
    pub(crate) scales: Vec<f64>,
    pub(crate) axis: usize,
    pub(crate) zero: i32,
    /// The layer of the report that it is the result of, if it is one's; of an operand the layer that it enters.
    pub(crate) layer: Option<usize>,
    /// Whether it is a form of a value that a layer asked for: what saturates in it is that layer's loss.
    pub(crate) operand: bool,
}

impl Place {
    fn scale(&self, index: usize, inner: usize) -> f64 {
        match self.scales[..] {
            [scale] => scale,
            _ => self.scales[index / inner.max(1) % self.scales.len()],
        }
    }
}

/// Squares and products of one tensor, over all samples.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    floats: f64,
    integers: f64,
    product: f64,
    error: f64,
    clipped: u64,
    elements: u64,
}

impl Sums {
    fn relative(&self) -> f64 {
        if self.floats > 0.0 {
            (self.error / self.floats).sqrt()
        } else {
            self.error.sqrt()
        }
    }

    /// Of the error, in the output's own unit.
    fn root_mean_square(&self) -> f64 {
        (self.error / self.elements.max(1) as f64).sqrt()
    }

    fn part_clipped(&self) -> f64 {
        self.clipped as f64 / self.elements.max(1) as f64
    }

    fn cosine(&self) -> f64 {
        let norms = (self.floats * self.integers).sqrt();
        if norms > 0.0 { self.product / norms } else { 1.0 }
    }
}

/// Adds errors and warnings to the report.
///
/// # Errors
/// If the samples cannot be run in floats, which calibration has found out before.
pub(crate) fn measure(
    typed: &Typed,
    calibration: &Calibration,
    graph: &Graph,
    places: &[Place],
    outputs: &[Place],
    report: &mut Report,
) -> Result<(), ImportError> {
    let runs = samples(typed, calibration)?;
    let there = runs.first().map_or(0, |(_, runs)| runs.len());
    let affordable = MAX_MACS / graph.work().macs.max(1);
    let count = there
        .min(MAX_SAMPLES)
        .min(usize::try_from(affordable).unwrap_or(usize::MAX));
    if count == 0 {
        return Ok(());
    }
    // Spread over all samples: neighbours are often alike.
    let chosen = (0..count).map(|i| i * there / count);
    let floats = Floats::new(typed);
    let reference = Reference::new(Arc::new(graph.clone()));
    let inputs: BTreeMap<ValueId, &Place> = places
        .iter()
        .filter(|p| !p.operand && matches!(p.value, Value::Input(_)))
        .map(|p| (p.id, p))
        .collect();
    let by_node: BTreeMap<usize, Vec<&Place>> =
        places
            .iter()
            .chain(outputs)
            .fold(BTreeMap::new(), |mut map, place| {
                if let Value::Node(node) = place.value {
                    map.entry(node as usize).or_insert_with(Vec::new).push(place);
                }
                map
            });
    let mut layers: BTreeMap<usize, Sums> = BTreeMap::new();
    let mut operands: BTreeMap<(usize, Value), Sums> = BTreeMap::new();
    let mut ports: Vec<(Sums, Classes)> = vec![Default::default(); outputs.len()];
    let mut columns = vec![Columns::default(); outputs.len()];
    for run in chosen {
        let given: Vec<(ValueId, Vec<f32>)> =
            runs.iter().map(|(id, runs)| (*id, runs[run].to_vec())).collect();
        let mut bytes = Vec::new();
        for (id, data) in &given {
            let place = inputs
                .get(id)
                .ok_or_else(|| ImportError::model(Problem::Missing("input")))?;
            quantise(place, typed.values[*id].shape.dims(), data, &mut bytes);
        }
        let expected = floats.run(given.into_iter())?;
        let result = reference.run_with(&bytes, |step| {
            let result = step.evaluate();
            for place in by_node.get(&step.node).into_iter().flatten() {
                let floats = &expected[place.id];
                if floats.len() != result.data().len() {
                    continue;
                }
                if let Some(layer) = place.layer.filter(|_| place.operand) {
                    let sums = operands.entry((layer, place.value)).or_default();
                    compare(sums, place, &result, floats);
                } else if let Some(layer) = place.layer {
                    compare(layers.entry(layer).or_default(), place, &result, floats);
                }
                if let Some(at) = outputs.iter().position(|o| std::ptr::eq(o, *place)) {
                    let (sums, classes) = &mut ports[at];
                    compare(sums, place, &result, floats);
                    let width = typed.values[place.id]
                        .shape
                        .dims()
                        .last()
                        .map_or(1, |&d| d as usize);
                    // Of a map the greatest element of a row of pixels says nothing.
                    let scores = typed.values[place.id].shape.rank() <= MAX_SCORES_RANK;
                    if scores && typed.values[place.id].element == Element::Real {
                        columns[at].note(floats, width);
                    }
                    if width > 1 && scores && place.scales.len() == 1 {
                        classes.note(result.data(), floats, width);
                    }
                }
            }
            result
        });
        result.map_err(|e| ImportError::Calibration(e.to_string()))?;
    }
    for (layer, sums) in layers {
        if let Some(layer) = report.layers.get_mut(layer) {
            layer.error = Some(sums.relative());
            layer.clipped = sums.part_clipped();
        }
    }
    for ((layer, _), sums) in operands {
        if let Some(layer) = report.layers.get_mut(layer) {
            layer.clipped = layer.clipped.max(sums.part_clipped());
        }
    }
    report.measured = count;
    for (id, runs) in &runs {
        let value = &typed.values[*id];
        if value.element == Element::Real {
            report.warnings.extend(warnings::samples(&value.name, runs));
        }
    }
    let real = |id: &ValueId| typed.values[*id].element == Element::Real;
    for ((sums, classes), (name, id)) in ports.into_iter().zip(&typed.outputs) {
        let output = OutputError {
            name: name.clone(),
            cosine: sums.cosine(),
            relative: sums.relative(),
            clipped: sums.part_clipped(),
            agreement: classes.agreement(),
        };
        let changed = classes.changed(sums.root_mean_square());
        let warning = warnings::output(&output, real(id), changed, &report.layers);
        report.warnings.extend(warning);
        report.outputs.push(output);
    }
    report.warnings.extend(warnings::clipped(&report.layers));
    for ((columns, place), (name, _)) in columns.iter().zip(outputs).zip(&typed.outputs) {
        report.warnings.extend(columns.warning(name, &place.scales));
    }
    Ok(())
}

fn quantise(place: &Place, dims: &[u32], data: &[f32], bytes: &mut Vec<u8>) {
    let inner = dims
        .get(place.axis + 1..)
        .unwrap_or_default()
        .iter()
        .map(|&d| d as usize)
        .product();
    for (index, &v) in data.iter().enumerate() {
        let steps = (v / place.scale(index, inner) as f32).round_ties_even() as i64;
        let value = place.dtype.saturate(steps.saturating_add(place.zero.into()));
        bytes.extend_from_slice(&value.to_le_bytes()[..place.dtype.size()]);
    }
}

fn compare(sums: &mut Sums, place: &Place, result: &Tensor, floats: &[f32]) {
    let dims = result.ty().shape.dims();
    let inner = dims
        .get(place.axis + 1..)
        .unwrap_or_default()
        .iter()
        .map(|&d| d as usize)
        .product();
    let ends = [place.dtype.min(), place.dtype.max()];
    for (index, (&integer, &float)) in result.data().iter().zip(floats).enumerate() {
        let scale = place.scale(index, inner);
        let (real, float) = (scale * f64::from(integer - place.zero), f64::from(float));
        sums.floats += float * float;
        sums.integers += real * real;
        sums.product += float * real;
        sums.error += (float - real).powi(2);
        sums.elements += 1;
        // Where the integer is at an end, and the number lies beyond it.
        let beyond = (float - real).abs() > scale && (real > 0.0) == (float.abs() > real.abs());
        sums.clipped += u64::from(ends.contains(&integer) && beyond);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::tests::product;
    use crate::grid::Grid;
    use crate::options::Options;
    use crate::plan::{self, Site};

    /// A product whose operand is also an output, and so is put on its grid inside the product.
    #[test]
    fn what_saturates_on_the_way_into_a_product_is_counted() {
        let (mut typed, samples) = product(20);
        typed.outputs.push(("x".to_string(), 0));
        let options = Options {
            calibration: Some(samples),
            ..Options::default()
        };
        let mut plan = plan::plan(&typed, &options).unwrap();
        let report = |plan: &plan::Plan| {
            let imported = crate::lower::lower(&typed, plan, options.calibration.as_ref());
            imported.unwrap().report
        };
        assert_eq!(report(&plan).layers[0].clipped, 0.0);
        assert_eq!(report(&plan).warnings, Vec::<String>::new());
        // Two rows in eight reach beyond 57.
        plan.sites
            .insert(0, Site::Bytes(Grid::covering(0.0, 57.0, DType::U8)));
        let damaged = report(&plan);
        assert_eq!(damaged.layers[0].clipped, 0.25);
        let said = damaged
            .warnings
            .iter()
            .any(|w| w.contains("25.0 % of its values, or of an operand's"));
        assert!(said, "{:?}", damaged.warnings);
    }
}
