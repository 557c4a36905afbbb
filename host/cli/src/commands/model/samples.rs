//! Samples for a model: inputs as its bytes, and what another implementation gave for them as real numbers.

use super::arrays;
use metisvm_import::npy::Numbers;
use metisvm_import::npz::Archive;
use metisvm_model::{DType, Graph, Tensor, TensorType};

/// What real numbers the values of an input or an output stand for: `real = scale · (value − zero_point)`.
#[derive(Debug, Clone)]
struct Scale {
    /// One, or one for each index of the last dimension.
    scales: Vec<f64>,
    zero_point: i32,
}

impl Scale {
    /// The scale of the element with that index in its tensor.
    fn of(&self, index: usize) -> f64 {
        // There is at least one.
        self.scales.get(index % self.scales.len()).copied().unwrap_or(1.0)
    }
}

/// Inputs, and what is expected of the outputs.
#[derive(Debug)]
pub(super) struct Samples {
    /// The raw inputs, one a sample.
    pub(super) inputs: Vec<Vec<u8>>,
    /// The outputs that something is expected of.
    pub(super) outputs: Vec<Expected>,
    /// Arrays that are of no input or output.
    pub(super) unused: Vec<String>,
    /// Inputs of which numbers lie beyond what their integers hold, and the part of them.
    pub(super) clipped: Vec<(String, f64)>,
}

/// What the other implementation gave for one output.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) name: String,
    ty: TensorType,
    /// Where its bytes begin among those of all outputs.
    offset: usize,
    scale: Option<Scale>,
    /// The numbers, one list a sample.
    pub(super) samples: Vec<Vec<f64>>,
}

impl Samples {
    /// Reads an archive for a model.
    ///
    /// # Errors
    /// If an input is missing, nothing is there to compare with, or shapes, numbers of samples or values do not fit.
    pub(super) fn read(archive: &Archive<'_>, graph: &Graph) -> Result<Self, String> {
        let mut inputs: Vec<Vec<u8>> = Vec::new();
        let mut clipped = Vec::new();
        let mut count = None;
        for port in graph.inputs() {
            let found = arrays::input(archive, &port.name)?;
            let array = found.ok_or_else(|| {
                let there: Vec<&str> = archive.names().collect();
                format!(
                    "it has no array input_{}; there is: {}",
                    port.name,
                    there.join(", ")
                )
            })?;
            let scale = scale(graph, "input", &port.name, &port.ty)?;
            let failed = |problem: String| format!("input_{}: {problem}", port.name);
            let there = counted(&array, &port.ty, &mut count).map_err(failed)?;
            inputs.resize_with(there, Vec::new);
            let values = quantised(&array, port.ty.dtype, scale.as_ref()).map_err(failed)?;
            if let Some(beyond) = scale.map(|scale| saturating(&array, port.ty.dtype, &scale))
                && beyond > 0
            {
                let part = beyond as f64 / array.data.len() as f64;
                clipped.push((port.name.clone(), part));
            }
            for (sample, values) in inputs.iter_mut().zip(values.chunks_exact(port.ty.elements())) {
                let tensor = Tensor::new(port.ty.clone(), values.to_vec());
                tensor
                    .ok_or_else(|| failed("its values do not fit".to_owned()))?
                    .write_bytes(sample);
            }
        }
        if count.is_none() {
            // A model without inputs gives one answer.
            inputs.push(Vec::new());
        }
        let mut outputs = Vec::new();
        let mut offset = 0;
        for port in graph.outputs() {
            let ty = graph.ty(port.value).clone();
            let from = offset;
            offset += ty.bytes();
            let Some(array) = arrays::output(archive, &port.name)? else {
                continue;
            };
            counted(&array, &ty, &mut count).map_err(|problem| format!("output_{}: {problem}", port.name))?;
            outputs.push(Expected {
                name: port.name.clone(),
                offset: from,
                scale: scale(graph, "output", &port.name, &ty)?,
                samples: array
                    .data
                    .chunks_exact(ty.elements())
                    .map(<[f64]>::to_vec)
                    .collect(),
                ty,
            });
        }
        let input_names: Vec<&str> = graph.inputs().iter().map(|port| port.name.as_str()).collect();
        let output_names: Vec<&str> = graph.outputs().iter().map(|port| port.name.as_str()).collect();
        if outputs.is_empty() {
            return Err(format!(
                "it has no array output_NAME of an output of the model, which are: {}",
                output_names.join(", ")
            ));
        }
        Ok(Self {
            inputs,
            outputs,
            unused: arrays::unused(archive, &input_names, &output_names),
            clipped,
        })
    }
}

impl Expected {
    /// Whether the output is whole numbers as they are, such as the index of a class.
    pub(super) fn is_whole(&self) -> bool {
        self.scale.is_none()
    }

    /// The extent of the last dimension.
    pub(super) fn row(&self) -> usize {
        self.ty.shape.dims().last().map_or(1, |dim| *dim as usize)
    }

    /// The numbers that the raw outputs of one inference have for this output.
    pub(super) fn numbers(&self, raw: &[u8]) -> Vec<f64> {
        let own = raw
            .get(self.offset..self.offset + self.ty.bytes())
            .unwrap_or_default();
        let tensor = Tensor::from_bytes(self.ty.clone(), own);
        let values = tensor.as_ref().map_or(&[][..], Tensor::data);
        let real = |(index, value): (usize, &i32)| match &self.scale {
            Some(scale) => (f64::from(*value) - f64::from(scale.zero_point)) * scale.of(index),
            None => f64::from(*value),
        };
        values.iter().enumerate().map(real).collect()
    }
}

/// How many samples an array has, the same number as all before it.
fn counted(array: &Numbers, ty: &TensorType, count: &mut Option<usize>) -> Result<usize, String> {
    let there = arrays::samples(array, ty.shape.dims())?;
    match *count.get_or_insert(there) {
        expected if expected == there => Ok(there),
        expected => Err(format!("it has {there} samples, arrays before it {expected}")),
    }
}

/// The scale in the metadata of a model, where there is one: `scale`, or `scales.0` and so on, which are lists for the
/// indices of the last dimension.
fn scale(graph: &Graph, role: &str, name: &str, ty: &TensorType) -> Result<Option<Scale>, String> {
    let entry = |what: &str| graph.metadata().get(&format!("{role}.{name}.{what}"));
    let mut texts = Vec::new();
    let mut columns = 1;
    if let Some(scale) = entry("scale") {
        texts.push(scale.as_str());
    } else {
        for part in 0.. {
            let Some(part) = entry(&format!("scales.{part}")) else {
                break;
            };
            texts.extend(part.split(' '));
            columns = ty.shape.dims().last().map_or(1, |dim| *dim as usize);
        }
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let positive = |text: &&str| {
        text.parse()
            .ok()
            .filter(|scale: &f64| scale.is_normal() && *scale > 0.0)
    };
    let scales: Option<Vec<f64>> = texts.iter().map(positive).collect();
    let zero_point = entry("zero_point").map_or(Some(0), |zero| zero.parse().ok());
    match (scales, zero_point) {
        (Some(scales), Some(zero_point)) if scales.len() == columns => Ok(Some(Scale { scales, zero_point })),
        _ => Err(format!(
            "the model's metadata say no usable scale of {role} {name}; import it again"
        )),
    }
}

/// How many of these numbers lie beyond what the integers hold, by more than a step.
fn saturating(array: &Numbers, dtype: DType, scale: &Scale) -> usize {
    if array.dtype == dtype.to_string() {
        return 0;
    }
    let low = f64::from(dtype.min()) - f64::from(scale.zero_point) - 1.0;
    let high = f64::from(dtype.max()) - f64::from(scale.zero_point) + 1.0;
    let beyond = |(index, number): &(usize, &f64)| {
        let steps = **number / scale.of(*index);
        steps < low || steps > high
    };
    array.data.iter().enumerate().filter(beyond).count()
}

/// The values that a model takes for these numbers. Integers of the input's own type go in as they are; others are
/// quantised as ONNX does it, to the nearest value, halves to even, saturated.
fn quantised(array: &Numbers, dtype: DType, scale: Option<&Scale>) -> Result<Vec<i32>, String> {
    let as_is = array.dtype == dtype.to_string();
    // Samples have whole rows, so that an index in the array is one in the tensor as far as the column goes.
    let value = |(index, number): (usize, &f64)| match scale {
        Some(scale) if !as_is => {
            // In f32, as ONNX has it. What is too large for the integer saturates in the conversion.
            let steps = (*number as f32 / scale.of(index) as f32).round_ties_even() as i64;
            Ok(dtype.saturate(steps.saturating_add(scale.zero_point.into())))
        }
        _ => {
            let value = *number as i32;
            let fits = f64::from(value) == *number && (dtype.min()..=dtype.max()).contains(&value);
            let problem =
                || format!("the model takes whole numbers of type {dtype} here, and {number} is none");
            fits.then_some(value).ok_or_else(problem)
        }
    };
    array.data.iter().enumerate().map(value).collect()
}
