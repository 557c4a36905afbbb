//! Numbers that two contracts share, and neither may depend on the other for.

use metisvm_firmware::check::{MAX_MULTIPLIER, MAX_SHIFT};
use metisvm_firmware::isa::Dtype;
use metisvm_model::{Bundle, DType, OPERATORS, limits};
use metisvm_vm::ChainSpec;
use metisvm_workload::{INFERENCE, REGISTRY};

#[test]
fn the_device_abi_and_the_integer_semantics_have_the_same_requantisation() {
    assert_eq!(i64::from(MAX_SHIFT), limits::MAX_SHIFT);
    assert_eq!(i32::from(MAX_MULTIPLIER), i32::from(i16::MAX));
}

#[test]
fn the_device_abi_and_the_integer_semantics_have_the_same_element_types() {
    for dtype in DType::ALL {
        let wire = Dtype::from_bits(dtype.code()).expect("the ABI has every element type");
        assert_eq!(wire.range(), (dtype.min(), dtype.max()));
        assert_eq!(wire.bytes() as usize, dtype.size());
    }
}

#[test]
fn the_solidity_library_and_the_chain_spec_have_the_same_addresses() {
    let spec = ChainSpec::metis_dev();
    let inference = spec.inference.expect("the development chain has inference");
    assert_eq!((inference.precompile, inference.registry), (INFERENCE, REGISTRY));
    let library = include_str!("../../contracts/src/metis/Metis.sol").to_lowercase();
    for address in [INFERENCE, REGISTRY] {
        let digits = format!("{address:x}");
        assert!(
            library.contains(digits.trim_start_matches("0x")),
            "{address} is not in Metis.sol"
        );
    }
    let proofs = inference.proofs.expect("the development chain has proofs");
    let library = include_str!("../../contracts/src/metis/ProvenInference.sol").to_lowercase();
    let digits = format!("{:x}", proofs.precompile);
    assert!(library.contains(digits.trim_start_matches("0x")), "{digits}");
    let page = include_str!("../../contracts/README.md").to_lowercase();
    for address in [proofs.precompile, proofs.registry] {
        assert!(
            page.contains(&format!("{address:x}")),
            "{address} is not in the page of contracts"
        );
    }
}

/// The example calls the bundled model by its hash, on the grid of that model's input.
#[test]
fn the_example_of_the_contracts_page_calls_the_bundled_model() {
    let bundle =
        Bundle::decode(include_bytes!("../../host/cli/bundled/digits-cnn.bundle")).expect("it is whole");
    let page = include_str!("../../contracts/README.md");
    assert!(page.contains(&format!("MODEL = {};", bundle.id)), "{}", bundle.id);
    let fact = |key: &str| bundle.graph.metadata()[&format!("input.pixels.{key}")].clone();
    let scale: f64 = fact("scale").parse().expect("a number");
    assert!(page.contains(&format!(
        "quantiseI8(pixelsWad, 1, {}, {})",
        scale.recip(),
        fact("zero_point")
    )));
}

/// The page is normative for whoever writes a reader of bundles.
#[test]
fn the_page_of_inference_lists_every_operator_with_its_code_and_version() {
    let page = include_str!("../../docs/inference.md");
    for operator in OPERATORS {
        let start = format!("| {} | {} | ", operator.id.0, operator.name);
        let end = format!(" | {} |", operator.since);
        let row = page.lines().find(|line| line.starts_with(&start));
        assert!(row.is_some_and(|row| row.ends_with(&end)), "no row {start}…{end}");
        let meaning = format!("| **{}**", operator.name);
        assert!(
            page.lines().any(|line| line.starts_with(&meaning)),
            "no meaning of {}",
            operator.name
        );
    }
}
