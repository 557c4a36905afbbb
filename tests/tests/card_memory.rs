//! More models than card memory holds: they take turns, and none falls back.

use metisvm_accel::fpga::{FpgaBackend, Options};
use metisvm_accel::{Backend, Dispatcher, dispatcher};
use metisvm_firmware::Geometry;
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Tensor, TensorType};
use metisvm_sim::{FunctionalCard, SimOptions};
use metisvm_tests::cards;
use metisvm_tests::rng::Rng;
use std::sync::Arc;

/// A product with 4 KiB of weights of its own.
fn model(seed: u64) -> Graph {
    let mut rng = Rng::new(seed);
    let mut g = Parsed::default();
    let ty = |dims: &[u32]| TensorType::new(DType::I8, dims).expect("small");
    let x = g.input("x", ty(&[1, 64]));
    let data = (0..64 * 64).map(|_| rng.within(-128, 127) as i32).collect();
    let w = g.constant(&Tensor::new(ty(&[64, 64]), data).expect("bytes"));
    let zero = g.constant(&Tensor::new(TensorType::scalar(DType::I8), vec![0]).expect("a byte"));
    let y = g.node(Op::MatMul, &[x, w, zero, zero]);
    g.output("y", y);
    g.check().expect("sound")
}

#[test]
fn models_that_do_not_fit_together_take_turns_on_the_card() {
    let mut options = SimOptions::new(Geometry::MEDIUM);
    // Room for some three of them, or, with few handles, for two.
    for (bytes, handles) in [(16 << 10, 64), (256 << 20, 5)] {
        options.capabilities.card_memory_bytes = bytes;
        options.capabilities.max_handles = handles;
        let card = FunctionalCard::new(options.clone());
        let device = cards::open(card, metisvm_driver::Options::default()).expect("a small card opens");
        let backend = Arc::new(FpgaBackend::new(device, Options::default()));
        let memo = dispatcher::Options {
            memo_bytes: 0,
            ..Default::default()
        };
        let dispatcher = Dispatcher::new(vec![backend as Arc<dyn Backend>], memo);
        let models: Vec<_> = (0..8)
            .map(|seed| {
                let graph = model(seed);
                let id = dispatcher.add(Bundle::encode(graph.clone()).expect("small").0);
                (id, Reference::new(Arc::new(graph)))
            })
            .collect();
        for round in 0..3u8 {
            for (id, reference) in &models {
                let input = [round.wrapping_mul(85); 64];
                let expected = reference.run(&input).expect("the right length");
                assert_eq!(*dispatcher.infer(*id, &input).expect("it runs"), *expected);
            }
        }
        assert_eq!(
            dispatcher.counters().fallbacks,
            0,
            "{:?}",
            dispatcher.take_errors()
        );
    }
}
