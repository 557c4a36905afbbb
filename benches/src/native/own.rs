//! Cases of our own: two programs in bytecode, and the contracts of benches/contracts.

use super::{Case, case::environment};
use alloy_primitives::{Address, Bytes, TxKind, U256, address, hex, keccak256};
use metisvm_state::MemoryState;
use revm::context::{BlockEnv, TxEnv};
use serde::Deserialize;

const CONTRACT: Address = address!("0x00000000000000000000000000000000000c0de1");
const CALLER: Address = address!("0x000000000000000000000000000000000000ca11");
/// More than any of them uses.
const GAS: u64 = 1_000_000_000;

/// The Fibonacci number after the n-th, modulo 2^256, n being the input. On the stack, its top to the right, n, a and b
/// become n - 1, b and a + b until n is zero.
const FIBONACCI: [u8; 30] = hex!(
    "5f35 5f 6001"   // 0: n = CALLDATALOAD(0), a = 0, b = 1
    "5b 8215 6017 57" // 5: JUMPDEST, to 23 where n is zero
    "80 91 01"       // 11: n, b, a + b
    "91 6001 90 03 91" // 14: n - 1 in place of n
    "6005 56"        // 20: to 5
    "5b 5f52 60205ff3" // 23: JUMPDEST, b is returned
);

/// The factorial of n modulo 2^256, n being the input. On the stack n and the product become n - 1 and n times the
/// product until n is zero.
const FACTORIAL: [u8; 28] = hex!(
    "5f35 6001"      // 0: n = CALLDATALOAD(0), product = 1
    "5b 8115 6015 57" // 4: JUMPDEST, to 21 where n is zero
    "81 02"          // 10: n, n * product
    "90 6001 90 03 90" // 12: n - 1 in place of n
    "6004 56"        // 18: to 4
    "5b 5f52 60205ff3" // 21: JUMPDEST, the product is returned
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artefact {
    deployed_bytecode: Bytes,
}

macro_rules! contract {
    ($name:literal) => {{
        let artefact: Artefact = serde_json::from_str(include_str!(concat!(
            "../../contracts/artifacts/",
            $name,
            ".json"
        )))
        .expect("a test compiles the contracts anew and compares");
        artefact.deployed_bytecode
    }};
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let loops = contract!("Loops");
    vec![
        case("fibonacci", FIBONACCI.into(), words(&[1_000])),
        case("factorial", FACTORIAL.into(), words(&[1_000])),
        case("hash_10k", loops.clone(), call("hashes(uint256)", &[10_000])),
        case("erc20_transfer", loops, call("transfers(uint256)", &[5_000])),
        case(
            "path_tracer",
            contract!("PathTracer"),
            call("render(uint256,uint256,uint256)", &[16, 12, 2]),
        ),
        case(
            "fractal",
            contract!("Fractal"),
            call("draw(uint256,uint256)", &[48, 100]),
        ),
    ]
}

fn call(signature: &str, arguments: &[u64]) -> Bytes {
    [&keccak256(signature)[..4], &words(arguments)].concat().into()
}

fn words(numbers: &[u64]) -> Bytes {
    numbers
        .iter()
        .flat_map(|number| U256::from(*number).to_be_bytes::<32>())
        .collect()
}

fn case(name: &str, code: Bytes, input: Bytes) -> Case {
    let mut state = MemoryState::default();
    state.insert_account(CONTRACT, U256::ZERO, 1, code, []);
    Case {
        name: name.to_owned(),
        env: environment(BlockEnv {
            number: U256::ONE,
            timestamp: U256::ONE,
            gas_limit: GAS,
            ..BlockEnv::default()
        }),
        state,
        transaction: TxEnv {
            caller: CALLER,
            gas_limit: GAS,
            kind: TxKind::Call(CONTRACT),
            data: input,
            chain_id: None,
            ..TxEnv::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::Runner;

    fn output(code: Bytes, input: Bytes) -> Bytes {
        let case = case("probe", code, input);
        let done = Runner::interpreting(&case).run().unwrap();
        assert!(done.result.is_success(), "{:?}", done.result);
        done.result.into_output().unwrap_or_default()
    }

    fn number(code: Bytes, input: Bytes) -> U256 {
        U256::from_be_slice(&output(code, input))
    }

    #[test]
    fn programs_compute_what_they_are_called() {
        for (n, fibonacci, factorial) in [(0, 1, 1), (1, 1, 1), (5, 8, 120), (10, 89, 3_628_800)] {
            assert_eq!(number(FIBONACCI.into(), words(&[n])), U256::from(fibonacci));
            assert_eq!(number(FACTORIAL.into(), words(&[n])), U256::from(factorial));
        }
    }

    #[test]
    fn hashes_are_a_chain() {
        let mut expected = U256::ZERO;
        for i in 0..3_u64 {
            let pair = [expected.to_be_bytes::<32>(), U256::from(i).to_be_bytes()];
            expected = keccak256(pair.concat()).into();
        }
        assert_eq!(
            number(contract!("Loops"), call("hashes(uint256)", &[3])),
            expected
        );
    }

    #[test]
    fn transfers_move_tokens_and_say_so() {
        let case = case("probe", contract!("Loops"), call("transfers(uint256)", &[4]));
        let done = Runner::interpreting(&case).run().unwrap();
        let values: Vec<_> = done
            .result
            .logs()
            .iter()
            .map(|log| U256::from_be_slice(&log.data.data))
            .collect();
        assert_eq!(values, [1, 2, 3, 4].map(U256::from));
        // 16 tokens, of which ten were given away; one slot for each holder.
        let storage = &done.state[&CONTRACT].storage;
        let mut left: Vec<_> = storage.values().map(|slot| slot.present_value).collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3, 4, 6].map(U256::from));
    }

    /// The bytes that a function returns.
    fn bytes_of(code: Bytes, input: Bytes) -> Vec<u8> {
        let output = output(code, input);
        let length: usize = U256::from_be_slice(&output[32..64]).to();
        output[64..64 + length].to_vec()
    }

    #[test]
    fn a_path_traced_picture_has_light_and_shade() {
        let picture = bytes_of(
            contract!("PathTracer"),
            call("render(uint256,uint256,uint256)", &[6, 4, 4]),
        );
        assert_eq!(picture.len(), 6 * 4 * 3);
        assert!(picture.iter().any(|byte| *byte > 100), "{picture:?}");
        assert!(picture.iter().any(|byte| *byte < 50), "{picture:?}");
    }

    #[test]
    fn a_fractal_is_an_svg_of_its_points() {
        let svg = String::from_utf8(bytes_of(
            contract!("Fractal"),
            call("draw(uint256,uint256)", &[8, 20]),
        ))
        .unwrap();
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>"), "{svg}");
        let points = svg.matches("<rect ").count();
        // Some points escape, and those of the ship do not.
        assert!((10..60).contains(&points), "{points} points");
    }
}
