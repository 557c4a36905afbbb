//! `metisvm model`: import, look at and run models.

mod infer;

use crate::args::{Activation, Import, Info, Model};
use crate::error::CliError;
use crate::files;
use crate::models;
use crate::output::{self, shown, thousands};
use metisvm_import::{ActivationType, Calibration, Layer, Options, import_onnx, npy};
use metisvm_model::{Bundle, Graph, OperatorId, TensorType};
use metisvm_vm::GasSchedule;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest file that is read: what an ONNX file without external data can hold.
const MAX_FILE_BYTES: usize = 1 << 31;

pub(super) fn run(command: &Model) -> Result<bool, CliError> {
    match command {
        Model::Import(args) => import(args),
        Model::Info(args) => info(args),
        Model::Run(args) => infer::run(args),
    }?;
    Ok(true)
}

fn import(args: &Import) -> Result<(), CliError> {
    let bytes = models::read_beginning_with(&args.file, MAX_FILE_BYTES, |start| {
        // A field of protobuf: its number is not 0 and its wire type one of four (ModelProto has two of them).
        let sound = start
            .first()
            .is_none_or(|key| key >> 3 != 0 && matches!(key & 7, 0 | 2));
        let problem = "it is not an ONNX file: it does not begin with a field of a model";
        sound.then_some(()).ok_or_else(|| problem.to_owned())
    })?;
    let options = Options {
        calibration: calibration(&args.calibration)?,
        batch: Some(args.batch),
        activation: match args.activation {
            Activation::U8 => ActivationType::U8,
            Activation::I8 => ActivationType::I8,
        },
        ..Options::default()
    };
    let imported = import_onnx(&bytes, &options).map_err(|e| CliError::file(&args.file, e))?;
    let graph = keep(imported.graph, &args.keep).map_err(|e| CliError::file(&args.file, e))?;
    let (bundle, bytes) = Bundle::encode(graph).map_err(|e| CliError::file(&args.file, e))?;
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| args.file.with_extension(models::EXTENSION));
    let mut inputs = vec![args.file.as_path()];
    inputs.extend(args.calibration.iter().map(|named| calibration_file(named)));
    files::write(&path, &bytes, &inputs)?;
    let report = &imported.report;
    if args.json {
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
            })
        };
        let layers: Vec<Value> = report.layers.iter().map(layer).collect();
        let mut object = facts(&bundle);
        object["bundle"] = json!(path.display().to_string());
        object["bundle_bytes"] = json!(bytes.len());
        object["layers"] = layers.into();
        return output::json(&object);
    }
    let mut table = output::table(&["node", "becomes", "result", "scale", "zero point", "weights"]);
    for l in &report.layers {
        table.add_row([
            shown(&l.node.to_string()),
            l.operators.join(", "),
            l.result.as_ref().map(ToString::to_string).unwrap_or_default(),
            l.grid.map(|g| g.scale.to_string()).unwrap_or_default(),
            l.grid.map(|g| g.zero_point.to_string()).unwrap_or_default(),
            thousands(l.weights),
        ]);
    }
    output::line(&table.to_string())?;
    output::line(&format!(
        "{} ({} bytes)",
        shown(&path.display().to_string()),
        thousands(bytes.len() as u64)
    ))?;
    show(&bundle)
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

fn calibration_file(argument: &str) -> &Path {
    Path::new(argument.split_once('=').map_or(argument, |(_, path)| path))
}

fn calibration(named: &[String]) -> Result<Option<Calibration>, CliError> {
    let mut inputs = BTreeMap::new();
    for argument in named {
        let name = argument.split_once('=').map_or("", |(name, _)| name);
        let path = calibration_file(argument);
        let bytes = models::read_beginning_with(path, MAX_FILE_BYTES, |start| {
            let magic = b"\x93NUMPY";
            let problem = "it is not an .npy file: the magic number is another";
            start
                .starts_with(magic)
                .then_some(())
                .ok_or_else(|| problem.to_owned())
        })?;
        let samples = npy::read(&bytes).map_err(|e| CliError::file(path, e))?;
        inputs.insert(name.to_string(), samples);
    }
    Ok((!inputs.is_empty()).then_some(Calibration { inputs }))
}

fn info(args: &Info) -> Result<(), CliError> {
    let bundle = models::read(&args.bundle)?;
    if args.json {
        output::json(&facts(&bundle))
    } else {
        show(&bundle)
    }
}

fn operators(graph: &Graph) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for node in graph.nodes() {
        *counts.entry(node.op.name()).or_default() += 1;
    }
    counts
}

/// The gas of one run under schedule 1, or an operator that it does not price.
fn inference_gas(graph: &Graph) -> Result<u64, OperatorId> {
    let schedule = GasSchedule::V1;
    match schedule.first_unpriced(&graph.operators()) {
        None => Ok(schedule.inference_gas(&graph.work(), graph.output_bytes() as u64)),
        Some(operator) => Err(operator),
    }
}

fn facts(bundle: &Bundle) -> Value {
    let graph = &bundle.graph;
    let port = |name: &str, ty: &TensorType| json!({ "name": name, "dtype": ty.dtype.to_string(), "shape": ty.shape.dims(), "bytes": ty.bytes() });
    let work = graph.work();
    json!({
        "model_id": bundle.id.to_string(),
        "inputs": graph.inputs().iter().map(|p| port(&p.name, &p.ty)).collect::<Vec<_>>(),
        "outputs": graph.outputs().iter().map(|o| port(&o.name, graph.ty(o.value))).collect::<Vec<_>>(),
        "operators": operators(graph),
        "constant_bytes": graph.constants().iter().map(|c| c.bytes.len()).sum::<usize>(),
        "macs": work.macs,
        "inference_gas": inference_gas(graph).ok(),
        "metadata": graph.metadata(),
    })
}

fn show(bundle: &Bundle) -> Result<(), CliError> {
    let graph = &bundle.graph;
    output::hash("model", &bundle.id)?;
    let mut table = output::table(&["part", "what it is"]);
    for port in graph.inputs() {
        table.add_row(["input".to_string(), format!("{} {}", shown(&port.name), port.ty)]);
    }
    for output in graph.outputs() {
        table.add_row([
            "output".to_string(),
            format!("{} {}", shown(&output.name), graph.ty(output.value)),
        ]);
    }
    let counts: Vec<String> = operators(graph)
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    table.add_row(["operators".to_string(), counts.join(", ")]);
    let constants: usize = graph.constants().iter().map(|c| c.bytes.len()).sum();
    table.add_row(["constant bytes".to_string(), thousands(constants as u64)]);
    let work = graph.work();
    table.add_row(["multiply-accumulates".to_string(), thousands(work.macs)]);
    table.add_row([
        "gas of one run (schedule 1)".to_string(),
        match inference_gas(graph) {
            Ok(gas) => thousands(gas),
            Err(operator) => format!("none: it does not price {operator}"),
        },
    ]);
    for (key, value) in graph.metadata() {
        table.add_row([shown(key), shown(value)]);
    }
    output::line(&table.to_string())
}
