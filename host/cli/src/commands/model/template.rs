//! `metisvm model template`: the templates that there are, and a new folder of one.

use super::inference_gas;
use crate::args::{ListTemplates, NewTemplate, Template as Command};
use crate::error::CliError;
use crate::files;
use crate::output::{self, thousands};
use crate::templates::{BUNDLE, TEMPLATES, Template};
use metisvm_model::{Bundle, Graph};
use metisvm_vm::GasScheduleVersion;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(super) fn run(command: &Command) -> Result<(), CliError> {
    match command {
        Command::List(args) => list(args),
        Command::New(args) => new(args),
    }
}

fn list(args: &ListTemplates) -> Result<(), CliError> {
    // Shapes would leave no room for the names where 80 columns are all there are.
    let heading = ["template", "what its model gives", "bytes in", "bytes out", "gas"];
    let mut table = output::table(&heading);
    for template in TEMPLATES {
        let bundle = template.bundle()?;
        if args.json {
            output::json(&facts(template, &bundle))?;
            continue;
        }
        let graph = &bundle.graph;
        table.add_row([
            template.name.to_owned(),
            template.summary.to_owned(),
            thousands(graph.input_bytes() as u64),
            thousands(graph.output_bytes() as u64),
            gas_of_last_schedule(graph).map_or_else(|| "none".to_owned(), thousands),
        ]);
    }
    if args.json {
        return Ok(());
    }
    output::line(&table.to_string())?;
    output::line("metisvm model template new TEMPLATE writes one into a folder of its name")
}

/// The gas of one run under each schedule; null where it does not price all operators.
fn gas_by_schedule(graph: &Graph) -> BTreeMap<String, Option<u64>> {
    GasScheduleVersion::ALL
        .into_iter()
        .map(|version| {
            (
                version.number().to_string(),
                inference_gas(&version.schedule(), graph).ok(),
            )
        })
        .collect()
}

fn gas_of_last_schedule(graph: &Graph) -> Option<u64> {
    let last = GasScheduleVersion::ALL.into_iter().next_back()?;
    inference_gas(&last.schedule(), graph).ok()
}

fn facts(template: &Template, bundle: &Bundle) -> Value {
    json!({
        "template": template.name,
        "summary": template.summary,
        "contract": template.contract,
        "model_id": bundle.id.to_string(),
        "input_bytes": bundle.graph.input_bytes(),
        "output_bytes": bundle.graph.output_bytes(),
        "inference_gas_by_schedule": gas_by_schedule(&bundle.graph),
        "files": template.all_files().map(|file| file.path).collect::<Vec<_>>(),
    })
}

fn new(args: &NewTemplate) -> Result<(), CliError> {
    let template = Template::of(&args.name).ok_or_else(|| {
        CliError::Use(format!(
            "no template is called {}; `metisvm model template list` names them",
            args.name
        ))
    })?;
    let folder = args
        .folder
        .clone()
        .unwrap_or_else(|| PathBuf::from(template.name));
    let bundle = template.bundle()?;
    must_be_free(&folder)?;
    for file in template.all_files() {
        let path = folder.join(file.path);
        let within = path.parent().unwrap_or(&folder);
        fs::create_dir_all(within)
            .map_err(|error| CliError::file(within, format!("cannot be made: {error}")))?;
        files::write(&path, file.bytes, &[])?;
    }
    if args.json {
        let mut facts = facts(template, &bundle);
        facts["folder"] = json!(folder);
        return output::json(&facts);
    }
    show(template, &folder, &bundle)
}

/// Nothing of anybody else's is mixed with a template, and nothing is overwritten.
fn must_be_free(folder: &Path) -> Result<(), CliError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(CliError::file(
                folder,
                "is not empty; name a folder that does not exist yet",
            )),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Err(CliError::file(
            folder,
            "is no folder; name one that does not exist yet",
        )),
        Err(error) => Err(CliError::file(folder, format!("cannot be looked at: {error}"))),
    }
}

fn show(template: &Template, folder: &Path, bundle: &Bundle) -> Result<(), CliError> {
    output::line(&format!(
        "{} is in {}; its README.md says what it is",
        template.name,
        folder.display()
    ))?;
    output::hash("model", &bundle.id)?;
    output::line("next, with a node of your own (metisvm node) beside it:")?;
    output::line(&format!("  cd {}", folder.display()))?;
    output::line(&format!("  metisvm model register {BUNDLE}"))?;
    output::line("  forge test")
}
