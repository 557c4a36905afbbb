use super::*;
use crate::Tensor;
use alloc::vec;

fn classifier() -> Parsed {
    let mut g = Parsed::default();
    let tensor = |dtype, dims: &[u32], data: Vec<i32>| {
        Tensor::new(TensorType::new(dtype, dims).unwrap(), data).unwrap()
    };
    let x = g.input("image", TensorType::new(DType::U8, &[1, 4]).unwrap());
    let w = g.constant(&tensor(DType::I8, &[4, 3], (0..12).map(|i| i * 5 - 30).collect()));
    let zero_u8 = g.constant(&tensor(DType::U8, &[], vec![0]));
    let zero_i8 = g.constant(&tensor(DType::I8, &[], vec![0]));
    let bias = g.constant(&tensor(DType::I32, &[3], vec![100, -100, 0]));
    let acc = g.node(Op::MatMul, &[x, w, zero_u8, zero_i8, bias]);
    let m = g.constant(&tensor(DType::I16, &[], vec![20000]));
    let s = g.constant(&tensor(DType::U8, &[], vec![22]));
    let y = g.node(
        Op::Requantise {
            to: DType::I8,
            axis: 0,
        },
        &[acc, m, s, zero_i8],
    );
    let class = g.node(Op::ArgMax { axis: 1 }, &[y]);
    g.output("class", class);
    g.output("scores", y);
    g.metadata.insert("input.image.scale".into(), "0.0625".into());
    g
}

#[test]
fn a_bundle_round_trips_and_its_name_is_its_hash() {
    let (bundle, bytes) = Bundle::encode(classifier().check().unwrap()).unwrap();
    assert_eq!(bytes.len() % 64, 0);
    let read = Bundle::decode(&bytes).unwrap();
    assert_eq!(read.id, bundle.id);
    assert_eq!(read.graph, bundle.graph);
    assert_eq!(read.id.0, keccak256(&[&bytes]));
}

#[test]
fn order_and_unused_parts_do_not_change_the_name() {
    let (plain, _) = Bundle::encode(classifier().check().unwrap()).unwrap();
    let mut g = classifier();
    // A dead node, a constant nobody reads, and a second copy of the zero point.
    let zero = Tensor::new(TensorType::scalar(DType::I8), vec![0]).unwrap();
    let copy = g.constant(&zero);
    g.node(
        Op::Reshape {
            shape: crate::Shape::new(&[1]).unwrap(),
        },
        &[copy],
    );
    g.nodes[0].operands[3] = copy;
    let (other, _) = Bundle::encode(g.check().unwrap()).unwrap();
    assert_eq!(other.id, plain.id);
}

#[test]
fn every_truncation_is_an_error() {
    let (_, bytes) = Bundle::encode(classifier().check().unwrap()).unwrap();
    for end in 0..bytes.len() {
        assert!(Bundle::decode(&bytes[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn every_changed_byte_is_an_error_or_another_model() {
    let (bundle, bytes) = Bundle::encode(classifier().check().unwrap()).unwrap();
    for at in 0..bytes.len() {
        for flip in [1u8, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Ok(other) = Bundle::decode(&changed) {
                assert_ne!(other.id, bundle.id, "byte {at}");
            }
        }
    }
}

#[test]
fn padding_and_trailing_bytes_are_refused() {
    let (_, bytes) = Bundle::encode(classifier().check().unwrap()).unwrap();
    let mut longer = bytes.clone();
    longer.extend([0; 64]);
    assert!(matches!(
        Bundle::decode(&longer),
        Err(BundleError::Invalid { .. })
    ));
    let length = longer.len() as u64;
    longer[32..40].copy_from_slice(&length.to_le_bytes());
    assert!(matches!(
        Bundle::decode(&longer),
        Err(BundleError::Invalid {
            what: "data after the end",
            ..
        })
    ));
    let mut dirty = bytes;
    let last = dirty.len() - 1;
    dirty[last] = 1;
    assert!(matches!(
        Bundle::decode(&dirty),
        Err(BundleError::NotCanonical { .. })
    ));
}

#[test]
fn huge_counts_allocate_nothing() {
    let (_, bytes) = Bundle::encode(classifier().check().unwrap()).unwrap();
    for field in [12, 16, 20, 24, 28] {
        let mut hostile = bytes.clone();
        hostile[field..field + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Bundle::decode(&hostile).is_err());
    }
}
