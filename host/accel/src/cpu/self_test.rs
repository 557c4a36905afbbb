//! A test of a level before it is used: a graph with every kind of kernel, and the results that it must give.

mod builder;
mod images;
mod products;

use super::compile::{self, Known};
use super::run::Arena;
use builder::{Builder, Numbers};
use metisvm_model::{Graph, Parsed, Segment};
use metisvm_simd::Level;
use std::sync::Arc;

/// What the reference kernels make of [`graph`] and [`input`]. `METISVM_BLESS=1` writes it anew, for a change of
/// the graph.
const EXPECTED: &[u8] = include_bytes!("self_test.bin");

/// Runs the test.
///
/// # Errors
/// What differs.
pub(super) fn run(level: Level, lie: bool) -> Result<(), String> {
    let graph = Arc::new(graph());
    let input = input(&graph);
    let mut rest = &input[..];
    let mut inputs = Vec::new();
    for port in graph.inputs() {
        let (own, after) = rest.split_at(port.ty.bytes());
        inputs.push([own]);
        rest = after;
    }
    let inputs: Vec<&[&[u8]]> = inputs.iter().map(<[_; 1]>::as_slice).collect();
    let program = compile::compile(&Segment::whole(graph.clone()), level, &Known::new());
    let mut given: Vec<u8> = program
        .run(level, 1, 1, &inputs, &mut Arena::default())
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    if lie {
        given[0] ^= 1;
    }
    let mut at = 0;
    for output in graph.outputs() {
        let bytes = graph.ty(output.value).bytes();
        if given[at..at + bytes] != EXPECTED[at..at + bytes] {
            return Err(format!("{} has not the bits that it must have", output.name));
        }
        at += bytes;
    }
    Ok(())
}

fn input(graph: &Graph) -> Vec<u8> {
    Numbers(2).bytes(graph.input_bytes())
}

/// Products of 8 and 16 bits with zero points, by constants and computed, of many rows, few and one; convolutions
/// with padding, stride and groups; the chains that transformers have after them; what moves elements; nodes
/// compiled when their parameters are there.
fn graph() -> Graph {
    let mut b = Builder {
        parsed: Parsed::default(),
        numbers: Numbers(1),
    };
    products::products(&mut b);
    images::images(&mut b);
    products::computed(&mut b);
    images::deep(&mut b);
    b.parsed.check().expect("the graph of the self-test is sound")
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_model::Reference;

    #[test]
    fn the_reference_gives_what_is_stored() {
        let graph = Arc::new(graph());
        let given = Reference::new(graph.clone())
            .run(&input(&graph))
            .expect("its own input");
        if std::env::var_os("METISVM_BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cpu/self_test.bin");
            std::fs::write(path, &given).expect("the source folder can be written");
            return;
        }
        assert_eq!(given, EXPECTED);
    }

    #[test]
    fn results_depend_on_every_output() {
        // A test whose results are all clamped would see nothing.
        let graph = graph();
        let mut at = 0;
        for output in graph.outputs() {
            let bytes = graph.ty(output.value).bytes();
            let mut own = EXPECTED[at..at + bytes].to_vec();
            own.sort_unstable();
            own.dedup();
            assert!(own.len() > 4, "{} has {} different bytes", output.name, own.len());
            at += bytes;
        }
    }

    /// Steps of the kinds that the graph is there for are in its program.
    #[test]
    fn every_kind_of_step_is_there() {
        let program = compile::compile(&Segment::whole(Arc::new(graph())), Level::best(), &Known::new());
        let steps: Vec<String> = program.steps.iter().map(ToString::to_string).collect();
        let count = |what: &str| steps.iter().filter(|step| step.contains(what)).count();
        assert!(count("compiled with its parameters") >= 2, "{steps:#?}");
        assert!(count("Conv2d of") >= 5, "{steps:#?}");
        assert!(count("MatMul of") >= 12, "{steps:#?}");
        for what in [
            "MaxPool2d to",
            "Gather to",
            "Transpose to",
            "Concat to",
            "ArgMax to",
            "ReduceSum to",
        ] {
            assert!(count(what) > 0, "no {what} in {steps:#?}");
        }
    }

    #[test]
    fn every_level_passes() {
        for level in Level::available() {
            let start = std::time::Instant::now();
            assert_eq!(run(level, false), Ok(()), "{level}");
            println!("{level}: {:?}", start.elapsed());
            assert!(run(level, true).is_err());
        }
    }
}
