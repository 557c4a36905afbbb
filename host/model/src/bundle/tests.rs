use super::*;
use crate::{DType, Op, Parsed, Tensor, TensorType};
use alloc::string::ToString;
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

/// A graph with an operator that version 1 does not have.
fn probed() -> Parsed {
    let mut g = classifier();
    let class = g.outputs[0].value;
    let probe = g.node(Op::Probe { tag: 7 }, &[class]);
    g.outputs[0].value = probe;
    g
}

/// The bundle of a graph in a version of our choice, whether or not it is the canonical one.
fn in_version(graph: Parsed, version: u32) -> Vec<u8> {
    write::encode(graph.check().unwrap().parsed(), None, version)
}

fn version_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[8..12].try_into().unwrap())
}

#[test]
fn a_graph_of_old_operators_is_written_in_version_1() {
    let (_, bytes) = Bundle::encode(classifier().check().unwrap()).unwrap();
    assert_eq!(version_of(&bytes), 1);
}

#[test]
fn a_graph_with_a_newer_operator_is_written_in_version_2_and_read_again() {
    let (bundle, bytes) = Bundle::encode(probed().check().unwrap()).unwrap();
    assert_eq!(version_of(&bytes), 2);
    assert!(Bundle::check_header(&bytes).is_ok());
    let read = Bundle::decode(&bytes).unwrap();
    assert_eq!((read.id, &read.graph), (bundle.id, &bundle.graph));
    assert!(read.graph.operators().contains(Op::Probe { tag: 0 }.id()));
    for end in 0..bytes.len() {
        assert!(Bundle::decode(&bytes[..end]).is_err(), "{end} bytes");
    }
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
fn version_2_says_the_same_of_every_old_operator() {
    let graph = classifier();
    let written = in_version(graph.clone(), 2);
    let (read, _, version) = Reader::new(&written).bundle().unwrap();
    assert_eq!(version, 2);
    assert_eq!(&read, graph.check().unwrap().parsed());
}

#[test]
fn a_graph_of_old_operators_in_version_2_is_not_canonical() {
    let error = Bundle::decode(&in_version(classifier(), 2)).unwrap_err();
    assert_eq!(
        error,
        BundleError::NeedlessVersion {
            version: 2,
            canonical: 1
        }
    );
    // Also where the newer operator is in a node that nothing needs.
    let mut g = classifier();
    let class = g.outputs[0].value;
    g.node(Op::Probe { tag: 0 }, &[class]);
    let mut bytes = write::encode(&g, None, 2);
    let length = bytes.len() as u64;
    bytes[32..40].copy_from_slice(&length.to_le_bytes());
    let error = Bundle::decode(&bytes).unwrap_err();
    assert_eq!(
        error,
        BundleError::NeedlessVersion {
            version: 2,
            canonical: 1
        }
    );
}

#[test]
fn a_newer_operator_in_version_1_is_refused_by_name() {
    let error = Bundle::decode(&in_version(probed(), 1)).unwrap_err().to_string();
    assert_eq!(
        error,
        "node 3 is a Probe, which bundles have from version 2 on, not in 1"
    );
}

/// Where the node with the probe begins: its code, one operand, the length of its attributes, its tag.
fn probe_at(bytes: &[u8]) -> usize {
    let tail = [4, 0, 7, 0, 0, 0];
    let found = bytes
        .windows(12)
        .position(|w| w[0] == 254 && w[1] == 1 && w[6..] == tail);
    found.unwrap()
}

#[test]
fn an_unknown_operator_is_named_by_its_code_and_asks_for_a_newer_build() {
    let mut bytes = in_version(probed(), 2);
    let at = probe_at(&bytes);
    bytes[at] = 77;
    let error = Bundle::decode(&bytes).unwrap_err();
    assert_eq!(
        error,
        BundleError::UnknownOperator {
            code: 77,
            node: 3,
            at
        }
    );
    let text = error.to_string();
    assert!(
        text.contains("node 3") && text.contains("code 77") && text.contains("newer metisvm"),
        "{text}"
    );
}

#[test]
fn attributes_of_another_length_are_refused() {
    let bytes = in_version(probed(), 2);
    let at = probe_at(&bytes) + 6;
    for (length, wanted) in [
        (0u16, "ends within a node"),
        (3, "ends within a node"),
        (5, "the length of attributes"),
        (u16::MAX, "ends within attributes"),
    ] {
        let mut wrong = bytes.clone();
        wrong[at..at + 2].copy_from_slice(&length.to_le_bytes());
        let error = Bundle::decode(&wrong).unwrap_err().to_string();
        assert!(error.contains(wanted), "{length}: {error}");
    }
}

#[test]
fn a_version_of_the_future_asks_for_a_newer_build() {
    let mut bytes = in_version(classifier(), 1);
    for version in [0u8, 4, 255] {
        bytes[8] = version;
        for error in [
            Bundle::decode(&bytes).unwrap_err(),
            Bundle::check_header(&bytes).unwrap_err(),
        ] {
            assert_eq!(error, BundleError::Version(version.into()));
            assert!(error.to_string().contains("newer metisvm"));
        }
    }
}

/// The names of the bundles that the binary carries, as they were before version 2 existed.
#[test]
fn bundles_of_version_1_keep_their_names() {
    let committed: [(&[u8], &str); 2] = [
        (
            include_bytes!("../../../cli/bundled/digits-cnn.bundle"),
            "0x5434accf4358c530676a8910d96f8d6116e55cbcb06292d99cd6af29aa7f725f",
        ),
        (
            include_bytes!("../../../cli/bundled/digits-mlp.bundle"),
            "0x0ea672ba4d3dc913c3ea782b7ef7a80290263be6d6deb21ed19ecce1bc8daf19",
        ),
    ];
    for (bytes, name) in committed {
        let read = Bundle::decode(bytes).unwrap();
        assert_eq!(read.id.to_string(), name);
        let (written, again) = Bundle::encode(read.graph).unwrap();
        assert_eq!((written.id, again.as_slice()), (read.id, bytes));
    }
}
