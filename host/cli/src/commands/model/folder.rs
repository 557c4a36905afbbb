//! A folder as Hugging Face's libraries write it, as the ONNX file that import takes.

use crate::args::Import;
use crate::error::CliError;
use crate::models;
use metisvm_import::hugging_face::{Choices, Folder, Form, Onnx, to_onnx};
use std::ffi::OsString;
use std::path::PathBuf;

/// Writes the folder's model as ONNX, in memory.
pub(super) fn onnx(args: &Import) -> Result<Onnx, CliError> {
    let failed = |problem: String| CliError::file(&args.file, problem);
    let without_effect = |option: &str, why: &str| Err(failed(format!("{option} {why}; leave it out")));
    if args.batch.is_some() {
        return without_effect(
            "--batch",
            "says nothing of a folder's model, which takes one sample: any number of them run as one batch",
        );
    }
    if !args.shape.is_empty() {
        return without_effect(
            "--shape",
            "says nothing of a folder's model, whose extents have names (--dim)",
        );
    }
    let choices = Choices {
        form: match args.step {
            Some((tokens, context)) => Form::Step { tokens, context },
            None => Form::Forward,
        },
        part: args.part.clone(),
        dims: args.dim.iter().cloned().collect(),
    };
    let folder = Folder::open(&args.file).map_err(|e| failed(e.to_string()))?;
    to_onnx(&folder, &choices).map_err(|e| failed(e.to_string()))
}

/// The bundle beside the folder, by its name.
pub(super) fn bundle(args: &Import) -> Result<PathBuf, CliError> {
    let Some(name) = args.file.file_name() else {
        let problem =
            "the folder has no name that a bundle could have: say where to write it, with --output FILE";
        return Err(CliError::file(&args.file, problem));
    };
    let mut name = OsString::from(name);
    name.push(format!(".{}", models::EXTENSION));
    Ok(args.file.with_file_name(name))
}
