//! The bundled models on the card against the reference kernels, which define every result.

use super::check::{Passed, Problem, Target};
use super::random::Random;
use crate::bundled;
use metisvm_accel::{Backend, BackendError, Batch};
use metisvm_model::{Reference, Segment};
use std::sync::Arc;

/// Items of a batch; of a card that takes its time.
const MANY: usize = 16;
const FEW: usize = 1;

pub(super) fn models(target: &Target) -> Result<Passed, Problem> {
    target.needs_engine()?;
    let bundles = bundled::models().map_err(|error| Problem::NotThere(error.to_string()))?;
    let items = if target.slow { FEW } else { MANY };
    let (mut compared, mut left_out) = (Vec::new(), Vec::new());
    for (name, bundle) in bundled::MODEL_NAMES.iter().zip(bundles) {
        let graph = Arc::new(bundle.graph);
        let all = 0..graph.nodes().len();
        if target.backend.takes(&graph) != [all] {
            left_out.push(format!("the card takes a part of {name} only"));
            continue;
        }
        let made = match target.backend.compile(&Segment::whole(graph.clone())) {
            Ok(made) => made,
            Err(BackendError::TooLarge(why)) => {
                left_out.push(format!("{name}: {why}"));
                continue;
            }
            Err(error) => return Err(failed(name, &error)),
        };
        let reference = Reference::new(graph.clone());
        let mut random = Random::new(7);
        let inputs: Vec<Vec<u8>> = (0..items).map(|_| random.bytes(graph.input_bytes())).collect();
        let given = inputs.iter().map(|input| input.clone().into()).collect();
        let batch = Batch::from_items(graph.inputs().iter().map(|port| &port.ty), given);
        let results = batch
            .and_then(|batch| made.run(&batch))
            .and_then(Batch::into_items);
        let results = results.map_err(|error| failed(name, &error))?;
        for (index, (input, result)) in inputs.iter().zip(&results).enumerate() {
            let right = reference
                .run(input)
                .map_err(|error| Problem::Wrong(format!("{name}: {error}")))?;
            if *result != right {
                return Err(Problem::Wrong(format!(
                    "{name}: the result of item {index} is not the reference's"
                )));
            }
        }
        compared.push(*name);
    }
    if compared.is_empty() {
        return Err(Problem::NotThere(left_out.join("; ")));
    }
    let mut detail = vec![format!("{} on {items}, as the reference", compared.join(" and "))];
    detail.extend(left_out);
    Ok(Passed::saying(detail.join("; ")))
}

fn failed(name: &str, error: &BackendError) -> Problem {
    Problem::Wrong(format!("{name}: {error}"))
}
