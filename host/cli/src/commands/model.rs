//! `metisvm model`: import, register, look at, check and run models, and write templates.

mod arrays;
mod check;
mod folder;
mod generate;
mod generative;
mod import;
mod infer;
mod measure;
mod partition;
mod register;
mod report;
mod samples;
mod template;
mod texts;

use crate::args::{Info, Model};
use crate::error::CliError;
use crate::models;
use crate::output::{self, shown, thousands};
use metisvm_model::{Bundle, Graph, OperatorId, TensorType};
use metisvm_vm::{GasSchedule, GasScheduleVersion};
use partition::Partition;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn run(command: &Model) -> Result<bool, CliError> {
    match command {
        Model::Import(args) => import::run(args).map(|()| true),
        Model::Register(args) => register::run(args).map(|()| true),
        Model::Info(args) => info(args).map(|()| true),
        Model::Run(args) => infer::run(args).map(|()| true),
        Model::Generate(args) => generate::run(args).map(|()| true),
        Model::Check(args) => check::run(args),
        Model::Template(args) => template::run(args).map(|()| true),
    }
}

fn info(args: &Info) -> Result<(), CliError> {
    let bundle = models::read(&args.bundle)?;
    let partition = args.engine().map(|engine| Partition::of(&engine, &bundle));
    if args.json {
        let mut facts = facts(&bundle);
        if let Some(partition) = &partition {
            facts["partition"] = partition.json();
        }
        return output::json(&facts);
    }
    show(&bundle)?;
    partition.map_or(Ok(()), |partition| partition.show())
}

fn operators(graph: &Graph) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for node in graph.nodes() {
        *counts.entry(node.op.name()).or_default() += 1;
    }
    counts
}

/// The gas of one run under a schedule, or the first operator that it does not price.
fn inference_gas(schedule: &GasSchedule, graph: &Graph) -> Result<u64, OperatorId> {
    match schedule.first_unpriced(&graph.operators()) {
        None => Ok(schedule.inference_gas(&graph.work(), graph.output_bytes() as u64)),
        Some(operator) => Err(operator),
    }
}

/// Multiply-accumulates of one run, whatever the types of their operands.
fn macs(graph: &Graph) -> u64 {
    let work = graph.work();
    work.macs.saturating_add(work.wide_macs)
}

fn facts(bundle: &Bundle) -> Value {
    let graph = &bundle.graph;
    let port = |name: &str, ty: &TensorType| json!({ "name": name, "dtype": ty.dtype.to_string(), "shape": ty.shape.dims(), "bytes": ty.bytes() });
    let gas = |version: GasScheduleVersion| inference_gas(&version.schedule(), graph).ok();
    let by_schedule: BTreeMap<String, Option<u64>> = GasScheduleVersion::ALL
        .into_iter()
        .map(|version| (version.number().to_string(), gas(version)))
        .collect();
    json!({
        "model_id": bundle.id.to_string(),
        "inputs": graph.inputs().iter().map(|p| port(&p.name, &p.ty)).collect::<Vec<_>>(),
        "outputs": graph.outputs().iter().map(|o| port(&o.name, graph.ty(o.value))).collect::<Vec<_>>(),
        "operators": operators(graph),
        "constant_bytes": graph.constants().iter().map(|c| c.bytes.len()).sum::<usize>(),
        "macs": macs(graph),
        "inference_gas": gas(GasScheduleVersion::V1),
        "inference_gas_by_schedule": by_schedule,
        "generation": texts::json(bundle),
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
    table.add_row(["multiply-accumulates".to_string(), thousands(macs(graph))]);
    for version in GasScheduleVersion::ALL {
        let gas = match inference_gas(&version.schedule(), graph) {
            Ok(gas) => thousands(gas),
            Err(operator) => format!("none: it does not price {operator}"),
        };
        let number = version.number();
        table.add_row([format!("gas of one run, schedule {number}"), gas]);
    }
    texts::show(bundle, &mut table);
    for (key, value) in graph.metadata() {
        table.add_row([shown(key), shown(value)]);
    }
    output::line(&table.to_string())
}
