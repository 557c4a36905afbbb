//! `metisvm model run`: inferences of one model, outside of any contract.

use crate::args::ModelRun;
use crate::card_report::FaultReport;
use crate::composition::{Mark, compose};
use crate::error::CliError;
use crate::files;
use crate::inputs;
use crate::models;
use crate::output::{self, ms, shown, thousands};
use metisvm_accel::Submitted;
use metisvm_model::{Bundle, Graph, Tensor, TensorType};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// More than a screen of numbers serves nobody; --output and --json have them all.
const SHOWN: usize = 64;

pub(super) fn run(args: &ModelRun) -> Result<(), CliError> {
    let started = Instant::now();
    let bundle = models::read(&args.bundle)?;
    if let Some(expected) = &args.expect_id {
        check_id(args, &bundle, expected)?;
    }
    let graph = bundle.graph.clone();
    let inputs = inputs::read(&args.input, args.batch as usize, &graph)?;
    let composed = compose(&args.engine, std::slice::from_ref(&bundle));
    let (dispatcher, before) = (&composed.dispatcher, Mark::default());
    let load_time = started.elapsed();

    let started = Instant::now();
    // All are asked for before the first is waited for, so that they make a batch.
    let submitted: Vec<Submitted> = inputs
        .iter()
        .map(|input| dispatcher.submit(bundle.id, input))
        .collect::<Result<_, _>>()?;
    let mut outputs = Vec::with_capacity(submitted.len());
    for submitted in submitted {
        outputs.push(match submitted {
            Submitted::Ready(output) => output,
            Submitted::Pending(ticket) => dispatcher.wait(&ticket)?,
        });
    }
    let run_time = started.elapsed();

    let mut device_errors = composed.problems.clone();
    device_errors.extend(dispatcher.take_errors());
    for error in &device_errors {
        output::complain(&format!("note: {error}; the work ran on {}", composed.instead()));
    }
    for error in composed.take_card_errors() {
        output::complain(&format!("note: {error}; the work ran on another card"));
    }
    let cards = composed.cards_since(&before);
    for fault in cards.iter().flat_map(|card| &card.faults) {
        output::complain(&format!("note: fault {} {}", fault.fault, fault.outcome()));
    }
    let (cpu, device) = (composed.cpu_since(&before), composed.opencl_since(&before));
    let mut times = format!(
        "loaded in {:.1} ms, run in {:.1} ms on {}",
        ms(load_time),
        ms(run_time),
        dispatcher.backends().join(", then ")
    );
    if let Some(cpu) = &cpu {
        times += &format!("; level: {}", cpu.level);
    }
    if let Some(device) = &device {
        times += &format!("; device: {}", shown(&device.device));
    }
    let written = match &args.output {
        Some(path) => Some(write(args, path, &outputs)?),
        None => None,
    };
    if !args.json {
        if written.is_none() {
            show(args, &values(&graph, &outputs))?;
        }
        if args.output.as_deref() == Some(Path::new("-")) {
            // Standard output is the outputs' alone.
            output::complain(&format!("note: {times}"));
            return Ok(());
        }
        return output::line(&times);
    }
    let counters = dispatcher.counters();
    let mut object = json!({
        "model_id": bundle.id.to_string(),
        "backend": dispatcher.backends()[0],
        "fallbacks": counters.fallbacks,
        "card_jobs": counters.devices.jobs,
        "batch": args.batch,
        "load_ms": ms(load_time),
        "run_ms": ms(run_time),
    });
    if let Some(cpu) = &cpu {
        cpu.json(&mut object);
    }
    if let Some(device) = &device {
        device.json(&mut object);
    }
    if !cards.is_empty() {
        let faults = cards.iter().flat_map(|card| &card.faults);
        object["faults"] = faults.map(FaultReport::json).collect();
    }
    if let (Some(path), Some(bytes)) = (&args.output, written) {
        object["output"] = json!(path.display().to_string());
        object["output_bytes"] = json!(bytes);
        return output::json(&object);
    }
    let values = values(&graph, &outputs);
    let all: Vec<Value> = values
        .iter()
        .map(|one| one.iter().map(value_json).collect())
        .collect();
    object["outputs"] = all.first().cloned().unwrap_or_default();
    if args.batch > 1 {
        object["batch_outputs"] = all.into();
    }
    output::json(&object)
}

/// Writes the raw outputs one after the other, and gives how many bytes they are.
fn write(args: &ModelRun, path: &Path, outputs: &[Arc<[u8]>]) -> Result<usize, CliError> {
    let all = outputs.concat();
    if path == Path::new("-") {
        output::bytes(&all)?;
    } else {
        files::write(path, &all, &[&args.bundle, inputs::path(&args.input)])?;
    }
    Ok(all.len())
}

/// Prints the values, of long tensors the first ones.
fn show(args: &ModelRun, values: &[Vec<Named>]) -> Result<(), CliError> {
    let mut table = output::table(&["output", "type", "values"]);
    for (index, values) in values.iter().enumerate() {
        for (name, ty, data) in values {
            let mut text: Vec<String> = data.iter().take(SHOWN).map(ToString::to_string).collect();
            if data.len() > SHOWN {
                text.push(format!("… ({} in all)", thousands(data.len() as u64)));
            }
            let name = if args.batch > 1 {
                format!("{index}: {}", shown(name))
            } else {
                shown(name)
            };
            table.add_row([name, ty.to_string(), text.join(" ")]);
        }
    }
    output::line(&table.to_string())
}

fn check_id(args: &ModelRun, bundle: &Bundle, expected: &str) -> Result<(), CliError> {
    let digits = |text: &str| text.to_lowercase().trim_start_matches("0x").to_owned();
    let id = bundle.id.to_string();
    if digits(expected) == digits(&id) {
        return Ok(());
    }
    let problem = format!("is the model {id}, not {}", output::shown(expected));
    Err(CliError::file(&args.bundle, problem))
}

type Named = (String, TensorType, Vec<i64>);

/// The tensors of each output.
fn values(graph: &Graph, outputs: &[Arc<[u8]>]) -> Vec<Vec<Named>> {
    outputs.iter().map(|output| named(graph, output)).collect()
}

/// The tensors of an output by their names.
fn named(graph: &Graph, output: &[u8]) -> Vec<Named> {
    let mut rest = output;
    let mut values = Vec::new();
    for port in graph.outputs() {
        let ty = graph.ty(port.value).clone();
        let (own, after) = rest.split_at(ty.bytes());
        rest = after;
        let tensor = Tensor::from_bytes(ty.clone(), own);
        let data = tensor.map(|tensor| tensor.data().iter().map(|value| i64::from(*value)).collect());
        values.push((port.name.clone(), ty, data.unwrap_or_default()));
    }
    values
}

fn value_json((name, ty, data): &Named) -> Value {
    json!({ "name": name, "dtype": ty.dtype.to_string(), "shape": ty.shape.dims(), "values": data })
}
