//! `metisvm model import`: an ONNX file becomes a bundle.

use super::{arrays, facts, show};
use crate::args::{Activation, Import, RangeChoice};
use crate::error::CliError;
use crate::files;
use crate::models;
use crate::output::{self, shown, thousands};
use metisvm_import::{
    ActivationType, Calibration, ImportError, Layer, Options, OutputError, Range, Report, import_onnx, npy,
};
use metisvm_model::{Bundle, Graph};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest file that is read: what an ONNX file without external data can hold.
const MAX_FILE_BYTES: usize = 1 << 31;

pub(super) fn run(args: &Import) -> Result<(), CliError> {
    let bytes = models::read_beginning_with(&args.file, MAX_FILE_BYTES, |start| {
        // A field of protobuf: its number is not 0 and its wire type one of four (ModelProto has two of them).
        let sound = start
            .first()
            .is_none_or(|key| key >> 3 != 0 && matches!(key & 7, 0 | 2));
        let problem = "it is not an ONNX file: it does not begin with a field of a model";
        sound.then_some(()).ok_or_else(|| problem.to_owned())
    })?;
    let imported = import_onnx(&bytes, &options(args)?).map_err(|e| refused(&args.file, &e))?;
    let graph = keep(imported.graph, &args.keep).map_err(|e| CliError::file(&args.file, e))?;
    let (bundle, bytes) = Bundle::encode(graph).map_err(|e| CliError::file(&args.file, e))?;
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| args.file.with_extension(models::EXTENSION));
    let mut inputs = vec![args.file.as_path()];
    inputs.extend(args.calibration.iter().map(|named| calibration_file(named).1));
    files::write(&path, &bytes, &inputs)?;
    let report = &imported.report;
    for warning in &report.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    if let Some(path) = &args.report {
        let mut text = report_json(report).to_string();
        text.push('\n');
        files::write(path, text.as_bytes(), &inputs)?;
    }
    if args.json {
        let mut object = facts(&bundle);
        object["bundle"] = json!(path.display().to_string());
        object["bundle_bytes"] = json!(bytes.len());
        if let (Some(object), Value::Object(report)) = (object.as_object_mut(), report_json(report)) {
            object.extend(report);
        }
        return output::json(&object);
    }
    output::line(&layers(report))?;
    if let Some(table) = outputs(report) {
        output::line(&table)?;
        let samples = report.measured;
        output::line(&format!(
            "errors are those of {samples} samples, as a part of the float values"
        ))?;
    }
    output::line(&format!(
        "{} ({} bytes)",
        shown(&path.display().to_string()),
        thousands(bytes.len() as u64)
    ))?;
    show(&bundle)
}

/// An error of import; where several things stand in the way, each has a line.
fn refused(file: &Path, error: &ImportError) -> CliError {
    match error {
        ImportError::Several { .. } => CliError::Listed {
            file: file.into(),
            lines: error.to_string().lines().map(str::to_string).collect(),
        },
        error => CliError::file(file, error),
    }
}

fn options(args: &Import) -> Result<Options, CliError> {
    Ok(Options {
        calibration: calibration(&args.calibration)?,
        batch: args.batch,
        dims: args.dim.iter().cloned().collect(),
        shapes: args.shape.iter().cloned().collect(),
        keep: args.keep.clone(),
        activation: match args.activation {
            Activation::U8 => ActivationType::U8,
            Activation::I8 => ActivationType::I8,
        },
        range: match args.range {
            RangeChoice::Minmax => Range::MinMax,
            RangeChoice::Mean => Range::MeanMinMax,
            RangeChoice::Percentile => Range::Percentile,
            RangeChoice::Search => Range::Search,
        },
        input_grids: args.input_grid.iter().cloned().collect(),
    })
}

/// The table of layers.
fn layers(report: &Report) -> String {
    let mut table = output::table(&[
        "node",
        "becomes",
        "result",
        "scale",
        "zero point",
        "weights",
        "error",
        "clipped",
    ]);
    for l in &report.layers {
        table.add_row([
            shown(&l.node.to_string()),
            l.operators.join(", "),
            l.result.as_ref().map(ToString::to_string).unwrap_or_default(),
            l.grid.map(|g| g.scale.to_string()).unwrap_or_default(),
            l.grid.map(|g| g.zero_point.to_string()).unwrap_or_default(),
            thousands(l.weights),
            l.error.map(percent).unwrap_or_default(),
            percent(l.clipped),
        ]);
    }
    table.to_string()
}

/// The table of outputs, where samples were run.
fn outputs(report: &Report) -> Option<String> {
    let mut table = output::table(&["output", "cosine", "error", "clipped", "same greatest"]);
    for output in &report.outputs {
        table.add_row([
            shown(&output.name),
            format!("{:.5}", output.cosine),
            percent(output.relative),
            percent(output.clipped),
            output.agreement.map(percent).unwrap_or_default(),
        ]);
    }
    (!report.outputs.is_empty()).then(|| table.to_string())
}

/// A part of a whole.
fn percent(part: f64) -> String {
    if part == 0.0 {
        "0".to_owned()
    } else {
        format!("{:.2} %", part * 100.0)
    }
}

fn report_json(report: &Report) -> Value {
    let layer = |l: &Layer| {
        json!({
            "node": l.node.to_string(),
            "operators": l.operators,
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

/// The graph with only those outputs, and without what only the others needed.
fn keep(graph: Graph, names: &[String]) -> Result<Graph, String> {
    if names.is_empty() {
        return Ok(graph);
    }
    let mut parsed = graph.into_parsed();
    let mut kept = Vec::new();
    for name in names {
        let found = parsed.outputs.iter().find(|o| o.name == *name);
        kept.push(found.cloned().ok_or_else(|| {
            let there: Vec<&str> = parsed.outputs.iter().map(|o| o.name.as_str()).collect();
            format!("it has no output {name:?}; there is: {}", there.join(", "))
        })?);
    }
    parsed.outputs = kept;
    let named = |key: &str| names.iter().any(|n| key.starts_with(&format!("output.{n}.")));
    parsed
        .metadata
        .retain(|key, _| !key.starts_with("output.") || named(key));
    parsed.check().map_err(|e| e.to_string())
}

/// The name and the file of a calibration argument; no name stands for a model's only input, or for an archive.
fn calibration_file(argument: &str) -> (&str, &Path) {
    match argument.rsplit_once('=') {
        Some((name, path)) => (name, Path::new(path)),
        None => ("", Path::new(argument)),
    }
}

fn calibration(arguments: &[String]) -> Result<Option<Calibration>, CliError> {
    let mut inputs = BTreeMap::new();
    for argument in arguments {
        let (name, path) = calibration_file(argument);
        let bytes = arrays::read_file(path, MAX_FILE_BYTES)?;
        let failed = |problem: String| CliError::file(path, problem);
        if npy::is_npy(&bytes) {
            let numbers = npy::read_numbers(&bytes).map_err(|e| failed(e.to_string()))?;
            inputs.insert(name.to_owned(), numbers.to_array().map_err(failed)?);
            continue;
        }
        if arguments.len() > 1 || !name.is_empty() {
            let problem = "an .npz file has an array for each input: give it alone, and without a name";
            return Err(failed(problem.to_owned()));
        }
        for (name, numbers) in arrays::inputs(&bytes).map_err(failed)? {
            let array = numbers
                .to_array()
                .map_err(|problem| failed(format!("input_{name}: {problem}")))?;
            inputs.insert(name, array);
        }
    }
    Ok((!inputs.is_empty()).then_some(Calibration { inputs }))
}
