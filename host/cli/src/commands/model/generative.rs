//! A folder of a language model as a bundle that generates: its two graphs, calibrated on a text, and its tokenizer beside
//! the bundle.

use super::import::Made;
use crate::args::Import;
use crate::error::CliError;
use crate::models;
use crate::tokenizer::Tokenizer;
use metisvm_import::hugging_face::{Choices, Folder, Form, to_onnx};
use metisvm_import::{GenerativeFiles, Options, import_generative};
use metisvm_model::Bundle;
use std::path::Path;

/// The context where none is asked for: a state of moderate size.
const CONTEXT: u32 = 256;
/// Tokens that one run of the prefill graph takes where no number is asked for.
const CHUNK: u32 = 16;
/// What is read of a text: far more than calibration looks at.
const MAX_TEXT_BYTES: usize = 1 << 24;
/// Pieces of the text that calibration runs, each a context long, from all of it.
const PIECES: usize = 8;

/// Whether the import is one of a model that generates: a text is given, or it is a folder's of such a model, and nothing
/// says that one pass over a sequence is wanted.
pub(super) fn wanted(args: &Import) -> Result<bool, CliError> {
    let extents = !args.dim.is_empty() || !args.shape.is_empty() || args.batch.is_some();
    let passes = extents || !args.calibration.is_empty() || args.onnx.is_some() || args.part.is_some();
    if args.text.is_some() || passes || !args.file.is_dir() {
        return Ok(args.text.is_some());
    }
    let folder = Folder::open(&args.file).and_then(|folder| folder.positions());
    folder
        .map(|positions| positions.is_some())
        .map_err(|e| CliError::file(&args.file, e))
}

/// Imports the folder's two graphs.
pub(super) fn import(args: &Import, options: &Options) -> Result<Made, CliError> {
    let failed = |problem: String| CliError::file(&args.file, problem);
    if !args.file.is_dir() {
        let problem = "--text is for the folder of a language model, and this is a file; leave it out";
        return Err(failed(problem.to_owned()));
    }
    let folder = Folder::open(&args.file).map_err(|e| failed(e.to_string()))?;
    let positions = folder.positions().map_err(|e| failed(e.to_string()))?;
    let Some(positions) = positions else {
        let problem = "--text is for a model that generates texts, and this one does not; give samples with --calibration";
        return Err(failed(problem.to_owned()));
    };
    let most = u32::try_from(positions).unwrap_or(u32::MAX);
    let context = args.context.unwrap_or(CONTEXT.min(most));
    let chunk = args.chunk.unwrap_or(CHUNK.min(context - 1));
    if context > most {
        let problem = format!("--context {context} is more than the {most} positions of the model");
        return Err(failed(problem));
    }
    if chunk < 2 || chunk >= context {
        let problem = format!("--chunk {chunk} must be 2 at least, and less than the context of {context}");
        return Err(failed(problem));
    }
    let Some(text) = &args.text else {
        let problem = "a model that generates needs a text to calibrate with: --text FILE. For one pass over a sequence \
                       say its length with --dim sequence=N, and give --calibration";
        return Err(failed(problem.to_owned()));
    };
    let (tokenizer, tokenizer_bytes) = Tokenizer::read(&args.file.join("tokenizer.json"))?;
    let texts = texts(text, &tokenizer, context as usize)?;
    let ends = folder.end_tokens(&args.file).map_err(|e| failed(e.to_string()))?;
    let step = |tokens| {
        let choices = Choices {
            form: Form::Step { tokens, context },
            part: args.part.clone(),
            dims: args.dim.iter().cloned().collect(),
        };
        to_onnx(&folder, &choices).map_err(|e| failed(e.to_string()))
    };
    let (chunk, decode) = (step(chunk)?, step(1)?);
    let files = GenerativeFiles {
        chunk: &chunk.bytes,
        decode: &decode.bytes,
    };
    let imported = import_generative(files, &texts, &ends, options).map_err(|e| failed(e.to_string()))?;
    let mut report = imported.decode.report;
    report.warnings.extend(chunk.warnings);
    let (bundle, bytes) = Bundle::encode_generative(imported.decode.graph, imported.generation)
        .map_err(|e| failed(e.to_string()))?;
    Ok(Made {
        bundle,
        bytes,
        report,
        tokenizer: Some(tokenizer_bytes),
    })
}

/// Pieces of the text as tokens, spread over all of it. Each begins as the model's texts begin.
fn texts(file: &Path, tokenizer: &Tokenizer, context: usize) -> Result<Vec<Vec<u32>>, CliError> {
    let bytes = models::read_bounded(file, MAX_TEXT_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| CliError::file(file, "it is not text in UTF-8"))?;
    let first = tokenizer.tokens("")?;
    let all = tokenizer.tokens_within(&text)?;
    let length = context - first.len().min(context - 1);
    let pieces = all.len().div_ceil(length).clamp(1, PIECES);
    let last = all.len().saturating_sub(length);
    let piece = |at: usize| {
        let from = if pieces > 1 { last * at / (pieces - 1) } else { 0 };
        let own = all[from..].iter().take(length);
        first.iter().chain(own).copied().take(context).collect()
    };
    Ok((0..pieces).map(piece).collect())
}
