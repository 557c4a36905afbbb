//! `metisvm model`: import, look at and run models.

use crate::args::{Activation, Import, Info, Model, ModelRun};
use crate::composition;
use crate::error::CliError;
use crate::models;
use crate::output::{self, thousands};
use metisvm_import::{ActivationType, Calibration, Layer, Options, import_onnx, npy};
use metisvm_model::{Bundle, Graph, Tensor, TensorType};
use metisvm_vm::GasSchedule;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The largest file that is read: what an ONNX file without external data can hold.
const MAX_FILE_BYTES: usize = 1 << 31;

pub(super) fn run(command: &Model) -> Result<bool, CliError> {
    match command {
        Model::Import(args) => import(args),
        Model::Info(args) => info(args),
        Model::Run(args) => infer(args),
    }?;
    Ok(true)
}

fn import(args: &Import) -> Result<(), CliError> {
    let bytes = models::read_bounded(&args.file, MAX_FILE_BYTES)?;
    let options = Options {
        calibration: calibration(&args.calibration)?,
        batch: args.batch,
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
    write_whole(&path, &bytes)?;
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
            l.node.to_string(),
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
        path.display(),
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

fn calibration(named: &[String]) -> Result<Option<Calibration>, CliError> {
    let mut inputs = BTreeMap::new();
    for argument in named {
        let (name, path) = argument.split_once('=').unwrap_or(("", argument));
        let bytes = models::read_bounded(Path::new(path), MAX_FILE_BYTES)?;
        let samples = npy::read(&bytes).map_err(|e| CliError::file(path, e))?;
        inputs.insert(name.to_string(), samples);
    }
    Ok((!inputs.is_empty()).then_some(Calibration { inputs }))
}

/// Writes a file beside its place and moves it there, so that nobody ever sees half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    written.map_err(|e| {
        // It may never have come to be; the error that counts is the first.
        let _ = std::fs::remove_file(&part);
        CliError::file(path, e)
    })
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
        "inference_gas": GasSchedule::V1.inference_gas(&work, graph.output_bytes() as u64),
        "metadata": graph.metadata(),
    })
}

fn show(bundle: &Bundle) -> Result<(), CliError> {
    let graph = &bundle.graph;
    let mut table = output::table(&["model", &bundle.id.to_string()]);
    for port in graph.inputs() {
        table.add_row(["input".to_string(), format!("{} {}", port.name, port.ty)]);
    }
    for output in graph.outputs() {
        table.add_row([
            "output".to_string(),
            format!("{} {}", output.name, graph.ty(output.value)),
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
        thousands(GasSchedule::V1.inference_gas(&work, graph.output_bytes() as u64)),
    ]);
    for (key, value) in graph.metadata() {
        table.add_row([key, value]);
    }
    output::line(&table.to_string())
}

fn read_up_to(from: impl Read, bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    from.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}

fn infer(args: &ModelRun) -> Result<(), CliError> {
    let bundle = models::read(&args.bundle)?;
    let graph = bundle.graph.clone();
    // One byte more tells a longer input from a right one, and no more is read.
    let enough = graph.input_bytes() + 1;
    let input = if args.input == Path::new("-") {
        read_up_to(std::io::stdin().lock(), enough).map_err(|e| CliError::file("standard input", e))?
    } else {
        let file = std::fs::File::open(&args.input);
        file.and_then(|f| read_up_to(f, enough))
            .map_err(|e| CliError::file(&args.input, e))?
    };
    if input.len() == enough {
        let problem = format!("it is longer than the {} bytes that the model takes", enough - 1);
        return Err(CliError::file(&args.input, problem));
    }
    let (dispatcher, mut device_errors) =
        composition::dispatcher(&args.engine, std::slice::from_ref(&bundle));
    let result = dispatcher.infer(bundle.id, &input)?;
    device_errors.extend(dispatcher.take_errors());
    for error in device_errors {
        output::complain(&format!("note: {error}; the work ran on the next backend"));
    }
    if let Some(path) = &args.output {
        return if path == Path::new("-") {
            output::bytes(&result)
        } else {
            write_whole(path, &result)
        };
    }
    let mut rest = &*result;
    let mut values = Vec::new();
    for port in graph.outputs() {
        let ty = graph.ty(port.value).clone();
        let (own, after) = rest.split_at(ty.bytes());
        rest = after;
        let tensor = Tensor::from_bytes(ty, own)
            .map(|t| t.data().to_vec())
            .unwrap_or_default();
        values.push((port.name.clone(), graph.ty(port.value).clone(), tensor));
    }
    if args.json {
        let outputs: Vec<Value> = values
            .iter()
            .map(|(name, ty, data)| {
                json!({ "name": name, "dtype": ty.dtype.to_string(), "shape": ty.shape.dims(), "values": data })
            })
            .collect();
        let counters = dispatcher.counters();
        return output::json(&json!({
            "model_id": bundle.id.to_string(),
            "backend": dispatcher.backends()[0],
            "fallbacks": counters.fallbacks,
            "card_jobs": counters.devices.jobs,
            "outputs": outputs,
        }));
    }
    let mut table = output::table(&["output", "type", "values"]);
    for (name, ty, data) in &values {
        /// More than a screen of numbers serves nobody; --output and --json have them all.
        const SHOWN: usize = 64;
        let mut text: Vec<String> = data.iter().take(SHOWN).map(ToString::to_string).collect();
        if data.len() > SHOWN {
            text.push(format!("… ({} in all)", data.len()));
        }
        table.add_row([name.clone(), ty.to_string(), text.join(" ")]);
    }
    output::line(&table.to_string())
}
