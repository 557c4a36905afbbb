//! Arrays from `.npy` and `.npz` files: samples of a model's inputs, and what another implementation made of them.

use crate::error::CliError;
use crate::models;
use metisvm_import::npy::{self, Numbers};
use metisvm_import::npz::{Archive, is_npz};
use std::collections::BTreeMap;
use std::path::Path;

/// What begins the names of inputs in an archive.
const INPUT: &str = "input_";
/// What begins the names of outputs.
const OUTPUT: &str = "output_";
/// The most bytes that an archive may have unpacked: numbers take up to eight times that in memory.
const MAX_UNPACKED: usize = 1 << 30;

/// Reads a `.npy` or `.npz` file, of anything else only the beginning.
pub(super) fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, CliError> {
    models::read_beginning_with(path, most, |start| {
        let sound = npy::is_npy(start) || is_npz(start);
        let problem = "it is neither an .npy nor an .npz file: the magic number is another";
        sound.then_some(()).ok_or_else(|| problem.to_owned())
    })
}

/// The inputs of an archive by their names; outputs are left alone.
pub(super) fn inputs(bytes: &[u8]) -> Result<BTreeMap<String, Numbers>, String> {
    let archive = open(bytes)?;
    let mut inputs = BTreeMap::new();
    for name in archive.names() {
        if let Some(input) = name.strip_prefix(INPUT) {
            inputs.insert(input.to_owned(), numbers(&archive, name)?);
        }
    }
    if inputs.is_empty() {
        return Err(format!("it has no array whose name begins with {INPUT:?}"));
    }
    Ok(inputs)
}

/// The archive in these bytes, all of whose arrays are named as those of inputs and outputs are.
pub(super) fn open(bytes: &[u8]) -> Result<Archive<'_>, String> {
    if npy::is_npy(bytes) {
        return Err(format!(
            "it is an .npy file, one array: save an .npz file with arrays {INPUT}NAME and {OUTPUT}NAME"
        ));
    }
    let archive = Archive::read(bytes, MAX_UNPACKED).map_err(|error| error.to_string())?;
    let other = archive
        .names()
        .find(|name| !name.starts_with(INPUT) && !name.starts_with(OUTPUT));
    match other {
        Some(name) => Err(format!(
            "the array {name:?} is neither {INPUT}NAME nor {OUTPUT}NAME, after an input or an output of the model"
        )),
        None => Ok(archive),
    }
}

/// The array of an input; `None` where there is none.
pub(super) fn input(archive: &Archive<'_>, name: &str) -> Result<Option<Numbers>, String> {
    array(archive, &format!("{INPUT}{name}"))
}

/// The array of an output; `None` where there is none.
pub(super) fn output(archive: &Archive<'_>, name: &str) -> Result<Option<Numbers>, String> {
    array(archive, &format!("{OUTPUT}{name}"))
}

/// Names of inputs and of outputs in the archive that are not among these.
pub(super) fn unused(archive: &Archive<'_>, inputs: &[&str], outputs: &[&str]) -> Vec<String> {
    let known = |name: &str, prefix: &str, names: &[&str]| {
        name.strip_prefix(prefix)
            .is_some_and(|name| names.contains(&name))
    };
    archive
        .names()
        .filter(|name| !known(name, INPUT, inputs) && !known(name, OUTPUT, outputs))
        .map(str::to_owned)
        .collect()
}

fn array(archive: &Archive<'_>, name: &str) -> Result<Option<Numbers>, String> {
    archive
        .names()
        .any(|other| other == name)
        .then(|| numbers(archive, name))
        .transpose()
}

fn numbers(archive: &Archive<'_>, name: &str) -> Result<Numbers, String> {
    let bytes = archive.get(name).unwrap_or_else(|| Ok(Vec::new()));
    bytes
        .and_then(|bytes| npy::read_numbers(&bytes))
        .map_err(|error| format!("{name}: {error}"))
}

/// How many samples an array has of a tensor of that shape: stacked on one dimension more, on the first dimension, or
/// one alone.
pub(super) fn samples(array: &Numbers, dims: &[u32]) -> Result<usize, String> {
    let dims: Vec<usize> = dims.iter().map(|dim| *dim as usize).collect();
    let shape = array.shape.as_slice();
    if shape == dims {
        return Ok(1);
    }
    if let Some((count, rest)) = shape.split_first() {
        if rest == dims && *count > 0 {
            return Ok(*count);
        }
        if let Some((first, dims)) = dims.split_first()
            && rest == dims
            && *count > 0
            && *first > 0
            && count.is_multiple_of(*first)
        {
            return Ok(count / first);
        }
    }
    Err(format!(
        "it has the shape {shape:?}; of the model it is {dims:?}, with samples along one dimension more in front"
    ))
}
