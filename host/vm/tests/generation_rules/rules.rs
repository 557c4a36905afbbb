//! Rule by rule.

use crate::rig::*;
use crate::support::*;
use alloy_primitives::U256;
use alloy_sol_types::{SolCall, SolError};
use metisvm_model::generation::MAX_TEMPERATURE;
use metisvm_vm::{IInference, Request};
use revm::precompile::PrecompileStatus;

#[test]
fn a_text_is_returned_abi_encoded() {
    let chain = chain();
    for request in [request(1, 1), request(6, 3), request(12, 20)] {
        let result = chain.call(PRECOMPILE, generate(GENERATOR, &request));
        let output = result.output().unwrap();
        let text = MockEngine::text(&request);
        assert_eq!(
            IInference::generateCall::abi_decode_returns(output).unwrap(),
            text
        );
        assert_eq!(
            output.as_ref(),
            IInference::generateCall::abi_encode_returns(&text)
        );
    }
    assert_eq!(chain.runs(), 3);
}

#[test]
fn every_kind_of_call_gives_the_same_text() {
    let request = request(6, 3);
    let text = IInference::generateCall::abi_encode_returns(&MockEngine::text(&request));
    for kind in KINDS {
        let chain = chain().with_code(CONTRACT, Code::forward(kind, PRECOMPILE, 0, None));
        let result = chain.call(CONTRACT, generate(GENERATOR, &request));
        assert_eq!(forwarded(&result), (true, text.clone()), "{kind:?}");
    }
}

#[test]
fn rule_1_base_and_call_data_are_charged_first() {
    let chain = chain();
    let request = request(6, 3);
    let price = call_data_gas(&request);
    assert!(is_out_of_gas(&only(
        &chain,
        generate(GENERATOR, &request),
        price - 1
    )));
    assert!(is_out_of_gas(&only(&chain, info(GENERATOR), 2_000 + 2 * 16 - 1)));
    let output = only(&chain, generate(UNREGISTERED, &request), 100_000);
    assert_eq!(output.gas_used, price + COLD);
}

#[test]
fn rule_2_transferred_value_is_not_accepted() {
    let chain = chain();
    let mut tx = chain.tx(PRECOMPILE, generate(GENERATOR, &request(1, 1)));
    tx.value = U256::from(1);
    let refusal = IInference::ValueNotAccepted {}.abi_encode();
    assert_eq!(reverted(&chain.transact(tx).unwrap()), refusal);
}

#[test]
fn rule_3_only_the_canonical_encoding_is_taken() {
    let chain = chain();
    let malformed = IInference::MalformedCall {}.abi_encode();
    let good = generate(GENERATOR, &request(2, 3));
    let changed = |at: usize, to: u8| {
        let mut bad = good.clone();
        bad[at] = to;
        bad
    };
    // The offset; high bits of count, temperature, top-k, of a token; the number of tokens.
    for (argument, byte) in [(1, 31), (2, 27), (3, 27), (4, 27), (7, 27), (6, 31)] {
        let at = 4 + 32 * argument + byte;
        let data = changed(at, good[at] ^ 1);
        assert_eq!(
            reverted(&chain.call(PRECOMPILE, data)),
            malformed,
            "argument {argument}"
        );
    }
    for data in [
        [&good[..], &[0; 32]].concat(),
        good[..good.len() - 1].to_vec(),
        good[..4].to_vec(),
        [&info(GENERATOR)[..], &[0]].concat(),
    ] {
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), malformed);
    }
    assert_eq!(chain.runs(), 0);
}

#[test]
fn rule_4_and_5_an_unregistered_model_reverts_and_an_absent_one_stops_the_node() {
    let chain = chain();
    // A request that no model can do makes no difference.
    let calls = |model| [generate(model, &request(0, 0)), info(model)];
    for data in calls(UNREGISTERED) {
        let unknown = IInference::UnknownModel {
            modelId: UNREGISTERED,
        };
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), unknown.abi_encode());
    }
    for data in calls(ABSENT) {
        let error = chain
            .transact(chain.tx(PRECOMPILE, data))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&ABSENT.to_string()) && error.contains("not on this machine"),
            "{error}"
        );
    }
}

#[test]
fn rule_6_the_operators_of_both_graphs_are_priced() {
    let chain = chain();
    let unsupported = |operator: u64| {
        IInference::UnsupportedModel {
            modelId: UNPRICED_PREFILL,
            operator: U256::from(operator),
        }
        .abi_encode()
    };
    for data in [generate(UNPRICED_PREFILL, &request(0, 0)), info(UNPRICED_PREFILL)] {
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), unsupported(78));
    }
    // An inference is a run of the decode graph alone.
    assert!(
        chain
            .call(PRECOMPILE, infer(UNPRICED_PREFILL, INPUT))
            .is_success()
    );
    // Before it is asked whether the model generates.
    let result = chain.call(PRECOMPILE, generate(UNPRICED, &request(1, 1)));
    let expected = IInference::UnsupportedModel {
        modelId: UNPRICED,
        operator: U256::from(77),
    };
    assert_eq!(reverted(&result), expected.abi_encode());
}

#[test]
fn rule_g7_a_model_that_does_not_generate_reverts() {
    let chain = chain();
    let expected = IInference::NotGenerative { modelId: MODEL }.abi_encode();
    for data in [
        generate(MODEL, &request(0, 0)),
        generate(MODEL, &request(1, 1)),
        info(MODEL),
    ] {
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), expected);
    }
    assert_eq!(chain.runs(), 0);
}

#[test]
fn rule_g8_a_request_that_the_model_cannot_do_reverts() {
    let chain = chain();
    let reverts = |request: &Request, expected: Vec<u8>| {
        let data = generate(GENERATOR, request);
        assert_eq!(
            reverted(&chain.call(PRECOMPILE, data.clone())).as_ref(),
            expected,
            "{request:?}"
        );
        let output = only(&chain, data, 100_000);
        let price = call_data_gas(request) + COLD;
        assert_eq!(output.gas_used, price, "nothing for the work");
    };
    let empty = IInference::EmptyRequest {}.abi_encode();
    reverts(&request(0, 1), empty.clone());
    reverts(&request(1, 0), empty.clone());
    let too_many = |tokens: u64| {
        IInference::TooManyTokens {
            tokens: U256::from(tokens),
            context: U256::from(32),
        }
        .abi_encode()
    };
    reverts(&request(30, 3), too_many(33));
    reverts(&request(33, 1), too_many(34));
    reverts(&request(1, u32::MAX), too_many(1 << 32));
    let unknown = |token: u64| {
        IInference::UnknownToken {
            token: U256::from(token),
            vocabulary: U256::from(10),
        }
        .abi_encode()
    };
    let with = |tokens: &[u32], count: u32, temperature: u32| Request {
        tokens: tokens.to_vec(),
        temperature,
        ..request(1, count)
    };
    reverts(&with(&[1, 10, 11], 1, 0), unknown(10));
    reverts(&with(&[u32::MAX], 1, 0), unknown(u64::from(u32::MAX)));
    let hot = MAX_TEMPERATURE + 1;
    let too_high = IInference::TemperatureTooHigh {
        temperature: U256::from(hot),
    };
    reverts(&with(&[1], 1, hot), too_high.abi_encode());
    // Of several that is said which comes first.
    reverts(&with(&[10], 0, hot), empty);
    reverts(&with(&[10], 32, hot), too_many(33));
    reverts(&with(&[10], 31, hot), unknown(10));
    assert_eq!(chain.runs(), 0);
    // At the limits it runs.
    let most = Request {
        temperature: MAX_TEMPERATURE,
        top_k: u32::MAX,
        ..request(31, 1)
    };
    assert!(chain.call(PRECOMPILE, generate(GENERATOR, &most)).is_success());
}

#[test]
fn rule_g9_all_that_is_asked_for_is_paid_before_anything_runs() {
    let chain = chain();
    // Of six tokens five come before the last: one chunk of four, and one by itself.
    for (tokens, count, prefills, decodes) in [(6, 3, 1, 4), (1, 1, 0, 1), (5, 2, 1, 2), (9, 20, 2, 20)] {
        let request = request(tokens, count);
        let text = prefills * PREFILL_GAS + decodes * DECODE_GAS + u64::from(count) * WORD_GAS;
        let price = call_data_gas(&request) + COLD + text;
        let runs = chain.runs();
        let data = generate(GENERATOR, &request);
        assert!(
            is_out_of_gas(&only(&chain, data.clone(), price - 1)),
            "{request:?}"
        );
        assert_eq!(chain.runs(), runs);
        let output = only(&chain, data, price);
        assert_eq!(
            (output.status, output.gas_used),
            (PrecompileStatus::Success, price)
        );
        assert_eq!(chain.runs(), runs + 1);
    }
}

#[test]
fn rule_g10_what_an_end_token_leaves_out_is_not_charged() {
    let chain = chain();
    let request = request(6, 20);
    let price = |generated: u64| {
        let text = PREFILL_GAS + (1 + generated) * DECODE_GAS + generated * WORD_GAS;
        call_data_gas(&request) + COLD + text
    };
    let data = generate(BRIEF, &request);
    assert!(is_out_of_gas(&only(&chain, data.clone(), price(20) - 1)));
    assert_eq!(chain.runs(), 0, "although two tokens could be paid for");
    let output = only(&chain, data, price(20));
    assert_eq!(
        (output.status, output.gas_used),
        (PrecompileStatus::Success, price(2))
    );
    let text = IInference::generateCall::abi_decode_returns(&output.bytes).unwrap();
    assert_eq!(text, MockEngine::text(&request)[..2]);
}

#[test]
fn rule_g10_what_is_no_text_stops_the_node() {
    let chain = chain().with_code(CONTRACT, Code::forward(Kind::StaticCall, PRECOMPILE, 0, None));
    let problems = [
        "no token, or more",
        "no token, or more",
        "not of its vocabulary",
        "a part of a token",
    ];
    let faults = NO_TEXTS.into_iter().zip(problems);
    for (model, problem) in faults.chain([(SILENT, "the card has nothing to say")]) {
        for to in [PRECOMPILE, CONTRACT] {
            let tx = chain.tx(to, generate(model, &request(2, 3)));
            let error = chain.transact(tx).unwrap_err().to_string();
            assert!(
                error.contains(&model.to_string()) && error.contains(problem),
                "{error}"
            );
        }
    }
}

#[test]
fn generator_info_says_what_generate_takes_and_costs() {
    let chain = chain();
    let output = only(&chain, info(GENERATOR), 100_000);
    assert_eq!(output.gas_used, 2_000 + 2 * 16 + COLD);
    let told = IInference::generatorInfoCall::abi_decode_returns(&output.bytes).unwrap();
    assert_eq!((told.context, told.chunk, told.vocabulary), (32, 4, 10));
    assert_eq!(
        (told.prefillGas, told.decodeGas),
        (U256::from(PREFILL_GAS), U256::from(DECODE_GAS))
    );
    assert_eq!(chain.runs(), 0);
}

#[test]
fn a_generative_model_answers_inferences_of_its_decode_graph() {
    let chain = chain();
    let result = chain.call(PRECOMPILE, infer(GENERATOR, INPUT));
    assert_eq!(result.output().unwrap().as_ref(), answer());
    let result = chain.call(PRECOMPILE, model_info(GENERATOR));
    let told = IInference::modelInfoCall::abi_decode_returns(result.output().unwrap()).unwrap();
    assert_eq!(told.gas, U256::from(CALL_DATA_GAS + COLD + WORK_GAS_2));
}

#[test]
fn the_registry_warms_for_a_text_as_for_an_inference() {
    let chain = chain();
    let text = (generate(GENERATOR, &request(1, 1)), 100_000);
    let outputs = run(&chain, &[text.clone(), text, (infer(GENERATOR, INPUT), 100_000)]);
    assert_eq!(outputs[0].gas_used - outputs[1].gas_used, COLD - WARM);
    assert_eq!(outputs[2].gas_used, CALL_DATA_GAS + WARM + WORK_GAS_2);
}
