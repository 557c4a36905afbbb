//! ONNX files become integer graphs.
//!
//! Import runs offline and may use floats; what it leaves behind holds none. A file passes named
//! stages, each a type of its own, so that a half-done graph cannot be taken for a finished one:
//!
//! ```text
//! bytes ── wire ──▶ onnx_rs::Model ── resolve ──▶ Typed ── plan ──▶ Plan ── lower ──▶ Parsed ── check ──▶ Graph
//!          sizes,                      names,               a grid              integer
//!          nesting                     shapes, constants    per tensor          operators
//! ```
//!
//! A **quantised** file carries its grids. An **f32** file is run on calibration samples, and grids are chosen
//! from what its tensors were seen to hold. `docs/import.md` says what is supported and how exact it is.
//!
//! Files are hostile until proven otherwise: nothing here panics, recurses as deep as a file says, or
//! allocates by a length that was only read.

mod attributes;
mod builder;
mod calibrate;
mod call;
mod choices;
mod columns;
mod constant;
mod error;
mod float;
mod fold;
mod function;
mod generative;
mod grid;
mod half;
pub mod hugging_face;
mod imported;
mod lower;
mod mark;
mod measure;
mod multiplier;
pub mod npy;
pub mod npz;
mod operators;
mod options;
mod passes;
mod picks;
mod plan;
mod ranges;
mod read;
mod report;
mod resolve;
mod trees;
mod typed;
mod view;
mod wire;

pub use error::{Blocker, ImportError, NodeName, Problem};
pub use fold::FOLDED;
pub use generative::{GENERATIVE_TARGET_ERROR, GenerativeFiles, ImportedGenerative, import_generative};
pub use grid::Grid;
pub use imported::Imported;
pub use multiplier::Multiplier;
pub use operators::SUPPORTED;
pub use options::{ActivationType, Calibration, Options, Range, TARGET_ERROR};
pub use report::{Layer, OutputError, Report};

/// Imports the bytes of an ONNX file.
///
/// # Errors
/// If the file is malformed, holds something unsupported, or has no equal in integers; the error says
/// where, and what to do.
pub fn import_onnx(bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    let typed = read::typed(bytes, options)?;
    let seen = plan::observe(&typed, options)?;
    let plan = plan::plan_from(&typed, options, seen.as_ref(), plan::Sites::Searched)?;
    if plan.samples > 0 && !plan.calibrated && lower::lower(&typed, &plan.without_samples(), None).is_ok() {
        return Err(ImportError::model(Problem::CalibrationUnused));
    }
    choices::without_samples(options)?;
    let imported = lower::lower(&typed, &plan, options.calibration.as_ref())?;
    let mut imported = refined(&typed, options, seen.as_ref(), &plan, imported)?;
    let said = choices::said(&typed, options, &plan, &imported);
    imported.report.warnings.extend(said);
    Ok(imported)
}

/// The import again with more convolutions of words, as long as outputs are further off than was asked for and that
/// brings them nearer. More products of words, too, but only for a caller who asks: by default their cost is kept.
fn refined(
    typed: &typed::Typed,
    options: &Options,
    seen: Option<&calibrate::Seen>,
    first: &plan::Plan,
    mut imported: Imported,
) -> Result<Imported, ImportError> {
    let target = options.target_error.unwrap_or(TARGET_ERROR);
    let refinable = typed.nodes.iter().any(|n| match n.op {
        typed::Operator::Conv { .. } => true,
        typed::Operator::MatMul { .. } => options.target_error.is_some(),
        _ => false,
    });
    for round in 1..plan::REFINEMENTS {
        let error = imported.report.worst_output();
        if !imported.report.calibrated || !refinable || error <= target {
            break;
        }
        let plan = plan::plan_from(typed, options, seen, plan::Sites::Refined(first, round))?;
        // More nodes may be more than a graph can have: what there is stands.
        let Ok(next) = lower::lower(typed, &plan, options.calibration.as_ref()) else {
            break;
        };
        if next.report.worst_output() < error {
            imported = next;
        }
    }
    Ok(imported)
}
