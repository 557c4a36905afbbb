//! `metisvm model import`: an ONNX file, or a folder of Hugging Face, becomes a bundle.

use super::register::Target;
use super::{arrays, facts, folder, generative, report, show};
use crate::args::{Activation, Import, RangeChoice};
use crate::error::CliError;
use crate::files;
use crate::models;
use crate::output::{self, shown, thousands};
use crate::tokenizer::Tokenizer;
use metisvm_import::{ActivationType, Calibration, ImportError, Options, Range, Report, import_onnx, npy};
use metisvm_model::Bundle;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The largest file that is read: what an ONNX file without external data can hold.
const MAX_FILE_BYTES: usize = 1 << 31;

pub(super) fn run(args: &Import) -> Result<(), CliError> {
    let node = args
        .register
        .as_ref()
        .map(|url| Target::reach(url, None))
        .transpose()?;
    if generative::wanted(args)? {
        return write(args, generative::import(args, &options(args)?)?, node);
    }
    let (bytes, said) = if args.file.is_dir() {
        let onnx = folder::onnx(args)?;
        (onnx.bytes, onnx.warnings)
    } else {
        (read(args)?, Vec::new())
    };
    if let Some(file) = &args.onnx {
        for warning in &said {
            output::complain(&format!("warning: {warning}"));
        }
        files::write(file, &bytes, &[&args.file])?;
        let (file, length) = (shown(&file.display().to_string()), thousands(bytes.len() as u64));
        return match args.json {
            true => output::json(&json!({ "onnx": file, "onnx_bytes": bytes.len(), "warnings": said })),
            false => output::line(&format!("{file} ({length} bytes)")),
        };
    }
    let mut imported = import_onnx(&bytes, &options(args)?).map_err(|e| refused(&args.file, &e))?;
    imported.report.warnings.extend(said);
    let (bundle, bytes) = Bundle::encode(imported.graph).map_err(|e| CliError::file(&args.file, e))?;
    let made = Made {
        bundle,
        bytes,
        report: imported.report,
        tokenizer: None,
    };
    write(args, made, node)
}

/// What an import made.
pub(super) struct Made {
    pub(super) bundle: Bundle,
    pub(super) bytes: Vec<u8>,
    pub(super) report: Report,
    /// The file that goes beside the bundle of a model that generates.
    pub(super) tokenizer: Option<Vec<u8>>,
}

/// Writes a bundle, registers it where that is asked for, and says what it is.
fn write(args: &Import, made: Made, node: Option<Target>) -> Result<(), CliError> {
    let Made { bundle, bytes, .. } = &made;
    let path = match &args.output {
        Some(path) => path.clone(),
        None if args.file.is_dir() => folder::bundle(args)?,
        None => args.file.with_extension(models::EXTENSION),
    };
    let mut inputs = vec![args.file.as_path()];
    inputs.extend(args.calibration.iter().map(|named| calibration_file(named).1));
    inputs.extend(args.text.as_deref());
    let within: Vec<PathBuf> = match std::fs::read_dir(&args.file) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    inputs.extend(within.iter().map(PathBuf::as_path));
    let mut object = facts(bundle);
    object["bundle"] = json!(path.display().to_string());
    object["bundle_bytes"] = json!(bytes.len());
    if let (Some(object), Value::Object(found)) = (object.as_object_mut(), report::json(&made.report)) {
        object.extend(found);
    }
    if let Some(file) = &args.report {
        // First, so that nothing is left where it cannot be written.
        files::write(file, format!("{object}\n").as_bytes(), &inputs)?;
        inputs.push(file);
    }
    if let Some(tokenizer) = &made.tokenizer {
        let file = Tokenizer::beside(&path);
        files::write(&file, tokenizer, &inputs)?;
        object["tokenizer"] = json!(file.display().to_string());
    }
    files::write(&path, bytes, &inputs)?;
    for warning in &made.report.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    let registration = node
        .map(|node| node.register(bundle, bytes))
        .transpose()
        .inspect_err(|_| {
            let path = path.display();
            output::complain(&format!(
                "{path} is written, and not registered; `metisvm model register {path}` tries again"
            ));
        })?;
    if let Some(registration) = &registration {
        object["registration"] = registration.json();
    }
    if args.json {
        return output::json(&object);
    }
    report::show(&made.report, args.verbose)?;
    output::line(&format!(
        "{} ({} bytes)",
        shown(&path.display().to_string()),
        thousands(bytes.len() as u64)
    ))?;
    show(bundle)?;
    registration.map_or(Ok(()), |registration| registration.show())
}

/// The bytes of an ONNX file.
fn read(args: &Import) -> Result<Vec<u8>, CliError> {
    for (given, option) in [
        (args.onnx.is_some(), "--onnx"),
        (args.part.is_some(), "--part"),
        (args.context.is_some(), "--context"),
        (args.chunk.is_some(), "--chunk"),
    ] {
        if given {
            let problem =
                format!("{option} is about a folder of Hugging Face, and this is a file; leave it out");
            return Err(CliError::file(&args.file, problem));
        }
    }
    models::read_beginning_with(&args.file, MAX_FILE_BYTES, |start| {
        // A field of protobuf: its number is not 0 and its wire type one of four (ModelProto has two of them).
        let sound = start
            .first()
            .is_none_or(|key| key >> 3 != 0 && matches!(key & 7, 0 | 2));
        let problem = "it is not an ONNX file: it does not begin with a field of a model";
        sound.then_some(()).ok_or_else(|| problem.to_owned())
    })
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
        // Of a folder they are in the file already.
        dims: match args.file.is_dir() {
            true => BTreeMap::new(),
            false => args.dim.iter().cloned().collect(),
        },
        shapes: args.shape.iter().cloned().collect(),
        keep: args.keep.clone(),
        activation: match args.activation {
            Activation::U8 => ActivationType::U8,
            Activation::I8 => ActivationType::I8,
        },
        target_error: args.target_error,
        range: match args.range {
            RangeChoice::Minmax => Range::MinMax,
            RangeChoice::Mean => Range::MeanMinMax,
            RangeChoice::Percentile => Range::Percentile,
            RangeChoice::Search => Range::Search,
        },
        input_grids: args.input_grid.iter().cloned().collect(),
    })
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
