//! Every instruction of the tensor engine, in every form that differs, against the interpreter of the card in software.

mod computes;
mod draft;
mod loads;
mod stores;

use super::check::{Check, Passed, Problem, Target};
use draft::Form;

/// A check of an instruction.
macro_rules! instruction {
    ($key:literal, $name:literal, $forms:path) => {
        Check {
            key: $key,
            name: $name,
            run: |target| every_form(target, $forms),
        }
    };
}

/// One for each instruction, and for each operation of VECTOR.
pub(super) const CHECKS: [Check; 15] = [
    instruction!("nop", "NOP", stores::NOP),
    instruction!("load", "LOAD", loads::LOAD),
    instruction!("load_tiles", "LOAD_TILES", loads::LOAD_TILES),
    instruction!("fill", "FILL", loads::FILL),
    instruction!("gemm", "GEMM", computes::GEMM),
    instruction!("vector_add", "VECTOR ADD", computes::ADD),
    instruction!("vector_max", "VECTOR MAX", computes::MAX),
    instruction!("vector_min", "VECTOR MIN", computes::MIN),
    instruction!("vector_immediate", "VECTOR immediates", computes::IMMEDIATES),
    instruction!("vector_requantise", "VECTOR REQUANTISE", computes::REQUANTISE),
    instruction!("vector_table", "VECTOR TABLE", computes::TABLE),
    instruction!("vector_argmax", "VECTOR ARGMAX", computes::ARGMAX),
    instruction!("vector_interpolate", "VECTOR INTERPOLATE", computes::INTERPOLATE),
    instruction!("store", "STORE", stores::STORE),
    instruction!("store_tiles", "STORE_TILES", stores::STORE_TILES),
];

fn every_form(target: &Target, forms: &[Form]) -> Result<Passed, Problem> {
    let count = draft::run(target, forms)?;
    Ok(Passed::saying(match count {
        1 => "1 form, as the interpreter's".to_owned(),
        _ => format!("{count} forms, as the interpreter's"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_firmware::Geometry;

    #[test]
    fn an_instruction_that_a_card_leaves_out_is_missed_in_every_form() {
        let all = [
            loads::LOAD,
            loads::LOAD_TILES,
            loads::FILL,
            computes::GEMM,
            computes::ADD,
            computes::MAX,
            computes::MIN,
            computes::IMMEDIATES,
            computes::REQUANTISE,
            computes::TABLE,
            computes::ARGMAX,
            computes::INTERPOLATE,
            stores::STORE,
            stores::STORE_TILES,
        ];
        for geometry in [Geometry::SMALL, Geometry::MEDIUM] {
            for form in all.into_iter().flatten() {
                draft::tests::every_instruction_is_seen(geometry, form);
            }
        }
    }
}
