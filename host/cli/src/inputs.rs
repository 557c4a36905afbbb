//! Inputs of models from files.

use crate::error::CliError;
use metisvm_executor::InputFile;
use metisvm_import::npy;
use metisvm_model::Graph;
use std::io::Read;
use std::path::Path;

/// What the header of an .npy file takes at most.
const NPY_HEADER_BYTES: usize = 8192;

/// No raw input whose model is not known is longer.
const MAX_RAW_BYTES: usize = metisvm_model::limits::MAX_BUNDLE_BYTES;

/// The file that the input comes from, also where it comes over standard input.
pub fn path(input: &Path) -> &Path {
    if input == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        input
    }
}

/// `count` inputs, each of the length that the model takes; - is standard input.
///
/// # Errors
/// If the file cannot be read, or holds something else.
pub fn read(input: &Path, count: usize, graph: &Graph) -> Result<Vec<Vec<u8>>, CliError> {
    let from = if input == Path::new("-") {
        Path::new("standard input")
    } else {
        input
    };
    let failed = |problem: String| CliError::file(from, problem);
    let each = graph.input_bytes();
    let all = each
        .checked_mul(count)
        .ok_or_else(|| failed("so many inputs cannot be held".to_owned()))?;
    // One byte more tells a longer input from a right one, and no more is read.
    let most = all.saturating_add(NPY_HEADER_BYTES + 1);
    let bytes = if input == Path::new("-") {
        read_up_to(std::io::stdin().lock(), most)
    } else {
        InputFile::open(input).and_then(|file| read_up_to(file, most))
    };
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    let raw = if npy::is_npy(&bytes) {
        from_npy(&bytes, graph, count).map_err(failed)?
    } else {
        bytes
    };
    if raw.len() > all {
        return Err(failed(format!(
            "it is longer than the {all} bytes that the model takes{}",
            of(count)
        )));
    }
    if raw.len() != all {
        return Err(failed(format!(
            "the model takes {all} bytes{}, not {}",
            of(count),
            raw.len()
        )));
    }
    if each == 0 {
        return Ok(vec![Vec::new(); count]);
    }
    Ok(raw.chunks_exact(each).map(<[u8]>::to_vec).collect())
}

/// `count` inputs of a model, or, where it is not known, what a file holds, in equal parts; - is standard input.
///
/// # Errors
/// As [`read`], and if the file is too long, or an array whose model is not known.
pub fn raw(input: &Path, count: usize, graph: Option<&Graph>) -> Result<Vec<Vec<u8>>, CliError> {
    if let Some(graph) = graph {
        return read(input, count, graph);
    }
    let failed = |problem: String| CliError::file(path(input), problem);
    let bytes = if input == Path::new("-") {
        read_up_to(std::io::stdin().lock(), MAX_RAW_BYTES + 1)
    } else {
        InputFile::open(input).and_then(|file| read_up_to(file, MAX_RAW_BYTES + 1))
    };
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    if bytes.len() > MAX_RAW_BYTES {
        return Err(failed(format!("it has more than {MAX_RAW_BYTES} bytes")));
    }
    if npy::is_npy(&bytes) {
        return Err(failed(
            "an .npy file is read by the types of its model: add --bundle, or give the raw bytes".to_owned(),
        ));
    }
    if !bytes.len().is_multiple_of(count) {
        let length = bytes.len();
        return Err(failed(format!(
            "its {length} bytes are not {count} inputs of one length"
        )));
    }
    if bytes.is_empty() {
        return Ok(vec![bytes; count]);
    }
    Ok(bytes.chunks(bytes.len() / count).map(<[u8]>::to_vec).collect())
}

fn of(count: usize) -> String {
    if count == 1 {
        String::new()
    } else {
        format!(" for {count} inputs")
    }
}

/// The bytes of an array that has the type and the shape of the model's only input; `count` of them along its first
/// dimension.
fn from_npy(bytes: &[u8], graph: &Graph, count: usize) -> Result<Vec<u8>, String> {
    let [port] = graph.inputs() else {
        let names: Vec<&str> = graph.inputs().iter().map(|port| port.name.as_str()).collect();
        return Err(format!(
            "an .npy file is one array, and the model has the inputs {}: give their bytes one after the other",
            names.join(", ")
        ));
    };
    let array = npy::read_integers(bytes).map_err(|error| error.to_string())?;
    let (dtype, declared) = (port.ty.dtype.to_string(), port.ty.shape.dims());
    if array.dtype != dtype {
        return Err(format!(
            "it holds {}, the model's input {} is {dtype}",
            array.dtype, port.name
        ));
    }
    let declared: Vec<usize> = declared.iter().map(|dim| *dim as usize).collect();
    let stacked: Vec<usize> = [count].iter().chain(&declared).copied().collect();
    let widened: Vec<usize> = match declared.split_first() {
        Some((1, rest)) => [count].iter().chain(rest).copied().collect(),
        _ => stacked.clone(),
    };
    if array.shape == stacked || array.shape == widened || (count == 1 && array.shape == declared) {
        return Ok(array.data);
    }
    Err(format!(
        "it has the shape {:?}, the model's input {} has {declared:?}{}",
        array.shape,
        port.name,
        of(count)
    ))
}

fn read_up_to(from: impl Read, bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    from.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}
