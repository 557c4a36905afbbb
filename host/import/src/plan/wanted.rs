//! Grids of inputs that the caller asks for.

use crate::error::{ImportError, Problem};
use crate::options::Options;
use crate::typed::{Element, Typed};

/// Of a quantised file no grid can be asked for.
pub(super) fn none(options: &Options) -> Result<(), ImportError> {
    match options.input_grids.keys().next() {
        Some(name) => Err(ImportError::model(Problem::WithoutEffect(format!(
            "a grid is asked for input {name:?}, and the file's own say what its inputs hold"
        )))),
        None => Ok(()),
    }
}

/// Whether they are asked for inputs that can have one.
pub(super) fn check(typed: &Typed, options: &Options) -> Result<(), ImportError> {
    for (name, grid) in &options.input_grids {
        let input = typed.inputs.iter().find(|&&i| typed.values[i].name == *name);
        let problem = match input.map(|&i| typed.values[i].element) {
            None => "a grid is asked for, but there is no such input",
            Some(Element::Real) if grid.is_sound() => continue,
            Some(Element::Real) => {
                "the grid asked for is not one: its scale must be positive and finite, its zero point of its type"
            }
            Some(_) => "a grid is asked for, but the input is not FLOAT",
        };
        return Err(ImportError::tensor(
            "input",
            name,
            Problem::Scale(problem.to_string()),
        ));
    }
    Ok(())
}
