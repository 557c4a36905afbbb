//! Every operator, in random forms, over random and extreme inputs: the prover compares each element with the
//! reference kernel, and the proof has to be accepted.

#[path = "../common/mod.rs"]
mod common;
mod computed;
mod constant;
mod sequences;
mod wide;

use common::Model;
use metisvm_model::{Bundle, DType, Value};
use metisvm_prover::{Circuit, Inference};

/// Proves the model on inputs of random bytes, of the least and of the greatest elements, and of equal ones.
pub(crate) fn proves(bundle: &Bundle, seed: u64) {
    let circuit = Circuit::compile(bundle, 1 << 30).expect("circuits have its operators");
    let bytes = bundle.graph.input_bytes();
    let extreme = |of: fn(DType) -> i32| -> Vec<u8> {
        let ports = bundle.graph.inputs().iter();
        ports
            .flat_map(|port| {
                let element = of(port.ty.dtype).to_le_bytes();
                element[..port.ty.dtype.size()].repeat(port.ty.elements())
            })
            .collect()
    };
    let inputs = [
        common::Sequence(seed).bytes(bytes),
        extreme(DType::min),
        extreme(DType::max),
        vec![1; bytes],
    ];
    for input in inputs {
        let proof = circuit
            .prove(&Inference {
                input: &input,
                salt: &[1; 32],
                chain_id: 5,
                job_id: [6; 32],
            })
            .expect("every input can be proven");
        assert_eq!(
            circuit.verifier().verify(&proof.statement, &proof.bytes),
            Ok(()),
            "seed {seed}"
        );
    }
}

pub(crate) fn pick<T: Copy>(model: &mut Model, of: &[T]) -> T {
    of[model.numbers.within(0, of.len() as i64 - 1) as usize]
}

/// A type of one byte, with a random zero point.
pub(crate) fn byte_type(model: &mut Model) -> (DType, i64, i64) {
    let dtype = pick(model, &[DType::U8, DType::I8]);
    (dtype, dtype.min().into(), dtype.max().into())
}

pub(crate) fn bundle(model: Model, outputs: &[Value]) -> Bundle {
    let mut parsed = model.parsed;
    for (i, &value) in outputs.iter().enumerate() {
        parsed.output(format!("y{i}"), value);
    }
    Bundle::encode(parsed.check().expect("the graph is well formed"))
        .expect("it is small")
        .0
}
