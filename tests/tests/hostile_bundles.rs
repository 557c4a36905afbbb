//! A reader of bundles takes whatever bytes there are: it refuses them in a moment, and never allocates by a
//! number that it read.
//!
//! One test, in a process of its own: it looks at how much memory the process ever asked for.

use metisvm_model::{Bundle, DType, ModelId, Op, Parsed, Shape, Tensor, TensorType};
use metisvm_tests::rng::Rng;
use metisvm_tests::{graphs, mutations};

const GRAPHS: u64 = 60;
/// Changed bundles of each graph.
const CHANGES: usize = 400;
/// Bundles here have some kilobytes. The greatest counts that a header may name would take more than this in
/// any table of the reader, and the greatest tensor 64 times as much.
const MOST_BYTES: u64 = 4 << 20;

/// Bytes of address space that this process has had at most and has now, touched or not, where the system
/// says it.
fn address_space() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let bytes = |key: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(key))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib << 10)
    };
    Some((bytes("VmPeak:")?, bytes("VmSize:")?))
}

/// A graph of a few bytes with a product of 2^24 columns, whose weights are computed.
fn wide_product() -> Parsed {
    let mut g = Parsed::default();
    let ty = |dtype, dims: &[u32]| TensorType::new(dtype, dims).expect("a sound shape");
    let scalar = |g: &mut Parsed, dtype, value| {
        let tensor = Tensor::new(ty(dtype, &[]), vec![value]).expect("within the type");
        g.constant(&tensor)
    };
    let a = g.input("a", ty(DType::I8, &[1 << 12, 1]));
    let b = g.input("b", ty(DType::I8, &[1, 1 << 12]));
    let sum = g.node(Op::Add, &[a, b]);
    let (one, shift) = (scalar(&mut g, DType::I16, 1), scalar(&mut g, DType::U8, 1));
    let zero = scalar(&mut g, DType::I8, 0);
    let to = DType::I8;
    let w = g.node(Op::Requantise { to, axis: 0 }, &[sum, one, shift, zero]);
    let shape = Shape::new(&[1, 1 << 24]).expect("a sound shape");
    let w = g.node(Op::Reshape { shape }, &[w]);
    let x = g.input("x", ty(DType::I8, &[1, 1]));
    let product = g.node(Op::MatMul, &[x, w, zero, zero]);
    let best = g.node(Op::ArgMax { axis: 1 }, &[product]);
    g.output("best", best);
    g
}

#[test]
fn changed_bundles_are_refused_or_other_models_and_allocate_nothing_by_their_counts() {
    let mut samples: Vec<(ModelId, Vec<u8>)> = Vec::new();
    for seed in 0..GRAPHS {
        let (bundle, bytes) = Bundle::encode(graphs::graph(seed).0).expect("small");
        samples.push((bundle.id, bytes));
    }
    // Threads take more address space for a moment than they keep. What is missing to the peak is taken here,
    // so that the peak rises with whatever the reader asks for.
    let before = address_space();
    let missing = before.map_or(0, |(peak, now)| peak - now);
    let held: Vec<u8> = Vec::with_capacity(missing as usize);
    let wide = wide_product().check().expect("sound");
    assert_eq!(wide.channel_intervals(3), None, "all columns are alike");
    let (mut refused, mut others) = (0, 0);
    for (seed, (id, bytes)) in samples.iter().enumerate() {
        let mut rng = Rng::new(seed as u64);
        for _ in 0..CHANGES {
            let changed = mutations::bundle(bytes, &mut rng);
            let _ = Bundle::check_header(&changed);
            match Bundle::decode(&changed) {
                Ok(read) if changed == *bytes => assert_eq!(read.id, *id),
                Ok(read) => {
                    assert_ne!(read.id, *id, "other bytes have another name");
                    let (again, written) = Bundle::encode(read.graph).expect("it was read");
                    assert_eq!((again.id, written), (read.id, changed));
                    others += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(
        refused > CHANGES && others > 0,
        "{refused} refused, {others} others"
    );
    if let (Some((before, _)), Some((after, _))) = (before, address_space()) {
        let more = after - before;
        assert!(more < MOST_BYTES, "{more} bytes more, {} held", held.capacity());
    }
}
