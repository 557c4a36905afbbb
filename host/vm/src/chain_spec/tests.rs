use super::*;
use crate::{Activation, GasScheduleVersion};
use alloy_hardforks::EthereumChainHardforks;
use revm::primitives::hardfork::SpecId;

mod proofs;

fn dev_with(change: impl FnOnce(&mut serde_json::Value)) -> Result<ChainSpec, SpecError> {
    let mut json: serde_json::Value =
        serde_json::from_str(include_str!("../../specs/metis-dev.json")).unwrap();
    change(&mut json);
    ChainSpec::from_json(&json.to_string())
}

#[test]
fn mainnet_has_the_forks_that_alloy_knows_and_none_of_ours() {
    let ours = ChainSpec::mainnet();
    let theirs = EthereumChainHardforks::mainnet();
    for fork in [
        EthereumHardfork::Frontier,
        EthereumHardfork::Homestead,
        EthereumHardfork::Dao,
        EthereumHardfork::Tangerine,
        EthereumHardfork::SpuriousDragon,
        EthereumHardfork::Byzantium,
        EthereumHardfork::Constantinople,
        EthereumHardfork::Petersburg,
        EthereumHardfork::Istanbul,
        EthereumHardfork::MuirGlacier,
        EthereumHardfork::Berlin,
        EthereumHardfork::London,
        EthereumHardfork::ArrowGlacier,
        EthereumHardfork::GrayGlacier,
        EthereumHardfork::Shanghai,
        EthereumHardfork::Cancun,
        EthereumHardfork::Prague,
        EthereumHardfork::Osaka,
        EthereumHardfork::Amsterdam,
    ] {
        assert_eq!(
            ours.ethereum_fork_activation(fork),
            theirs.ethereum_fork_activation(fork),
            "{fork:?}"
        );
    }
    for number in [15_537_393, 15_537_394] {
        assert_eq!(
            ours.is_paris_active_at_block(number),
            theirs.is_paris_active_at_block(number)
        );
    }
    assert_eq!(ours.inference, None);
}

#[test]
fn mainnet_has_the_blob_schedule_of_ethereum() {
    let spec = ChainSpec::mainnet();
    let forks = spec.forks;
    let at = |time: Option<u64>| spec.blob_params(time.unwrap());
    assert_eq!(spec.blob_params(forks.cancun_time.unwrap() - 1), None);
    assert_eq!(at(forks.cancun_time), Some(BlobParams::cancun()));
    assert_eq!(at(forks.prague_time), Some(BlobParams::prague()));
    assert_eq!(at(forks.osaka_time), Some(BlobParams::osaka()));
    assert_eq!(spec.blob_params(1_765_290_071), Some(BlobParams::bpo1()));
    assert_eq!(spec.blob_params(1_767_747_671), Some(BlobParams::bpo2()));
}

#[test]
fn metis_dev_has_inference_from_genesis_on() {
    let spec = ChainSpec::metis_dev();
    let inference = spec.active_inference(0, 0).unwrap();
    assert_eq!(inference.gas_schedule, GasScheduleVersion::V1);
    assert!(spec.is_osaka_active_at_timestamp(0));
}

#[test]
fn amsterdam_starts_at_its_time() {
    let spec = dev_with(|json| json["forks"]["amsterdamTime"] = 1_000.into()).unwrap();
    let spec_id = |timestamp| {
        let header = alloy_consensus::Header {
            timestamp,
            slot_number: Some(7),
            ..Default::default()
        };
        let env = spec.evm_env(&header);
        (
            env.cfg_env.spec,
            env.cfg_env.enable_amsterdam_eip8037,
            env.block_env.slot_num,
        )
    };
    assert_eq!(spec_id(999), (SpecId::OSAKA, false, 7));
    assert_eq!(spec_id(1_000), (SpecId::AMSTERDAM, true, 7));
}

#[test]
fn a_spec_survives_a_round_trip_through_json() {
    for spec in [ChainSpec::mainnet(), ChainSpec::metis_dev()] {
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(ChainSpec::from_json(&json).unwrap(), spec);
    }
}

#[test]
fn activation_by_block_and_by_time_starts_at_its_number() {
    let block = Activation::Block(5);
    assert!(!block.is_active(4, u64::MAX) && block.is_active(5, 0));
    let time = Activation::Time(5);
    assert!(!time.is_active(u64::MAX, 4) && time.is_active(0, 5));
}

#[test]
fn an_unknown_key_is_refused_at_every_level() {
    for path in ["", "/forks", "/inference", "/blobSchedule/0"] {
        let error = dev_with(|json| json.pointer_mut(path).unwrap()["pragueTme"] = 7.into());
        let text = error.unwrap_err().to_string();
        assert!(text.contains("unknown field `pragueTme`"), "{path}: {text}");
    }
    let error = dev_with(|json| json["inference"]["activation"] = serde_json::json!({"height": 1}));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("unknown variant `height`")
    );
}

#[test]
fn an_array_is_no_spec_and_no_part_of_one() {
    let whole = ChainSpec::from_json("[]").unwrap_err().to_string();
    assert!(whole.contains("expected an object"), "{whole}");
    for path in ["/forks", "/blobSchedule/0", "/inference"] {
        let error = dev_with(|json| *json.pointer_mut(path).unwrap() = serde_json::json!([1, 2]));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("expected an object"), "{path}: {text}");
    }
}

#[test]
fn a_missing_key_is_named() {
    let error = dev_with(|json| {
        json.as_object_mut().unwrap().remove("chainId");
    });
    assert!(error.unwrap_err().to_string().contains("missing field `chainId`"));
}

#[test]
fn forks_out_of_order_are_refused() {
    let error = dev_with(|json| json["forks"]["londonBlock"] = 9.into());
    assert_eq!(
        error.unwrap_err().to_string(),
        "forks.parisBlock must come with, and not before, forks.londonBlock"
    );
    let error = dev_with(|json| json["forks"]["cancunTime"] = serde_json::Value::Null);
    assert!(error.unwrap_err().to_string().contains("forks.cancunTime"));
    let error = dev_with(|json| {
        json["forks"]["osakaTime"] = 10.into();
        json["forks"]["amsterdamTime"] = 9.into();
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "forks.amsterdamTime must come with, and not before, forks.osakaTime"
    );
    let error = dev_with(|json| json["forks"]["daoForkBlock"] = 0.into());
    assert!(error.is_ok(), "the DAO fork may come with Homestead");
}

#[test]
fn an_unknown_gas_schedule_is_refused() {
    for number in [0, 3] {
        let error = dev_with(|json| json["inference"]["gasSchedule"] = number.into());
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains(&format!("gas schedule {number} does not exist; there are: 1, 2")),
            "{text}"
        );
    }
}

#[test]
fn the_development_chain_brings_in_schedule_2_by_its_time() {
    let spec = ChainSpec::metis_dev();
    let at = |timestamp| {
        let inference = spec.active_inference(u64::MAX, timestamp);
        inference.map(|inference| inference.gas_schedule_at(u64::MAX, timestamp))
    };
    // 00:00 UTC on 1 December 2026.
    assert_eq!(at(1_796_083_199), Some(GasScheduleVersion::V1));
    assert_eq!(at(1_796_083_200), Some(GasScheduleVersion::V2));
    assert!(
        ChainSpec::mainnet()
            .active_inference(u64::MAX, u64::MAX)
            .is_none()
    );
}

#[test]
fn gas_schedules_change_at_their_forks() {
    let spec = dev_with(|json| {
        json["inference"]["activation"] = serde_json::json!({"block": 2});
        json["inference"]["gasScheduleForks"] = serde_json::json!([
            {"activation": {"block": 5}, "gasSchedule": 2},
            {"activation": {"time": 100}, "gasSchedule": 1},
        ]);
    })
    .unwrap();
    let at = |number, timestamp| {
        spec.active_inference(number, timestamp)
            .map(|i| i.gas_schedule_at(number, timestamp))
    };
    assert_eq!(at(1, 0), None);
    assert_eq!(at(2, 0), Some(GasScheduleVersion::V1));
    assert_eq!(at(4, 99), Some(GasScheduleVersion::V1));
    assert_eq!(at(5, 99), Some(GasScheduleVersion::V2));
    assert_eq!(at(6, 100), Some(GasScheduleVersion::V1));
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(ChainSpec::from_json(&json).unwrap(), spec);
}

#[test]
fn gas_schedule_forks_out_of_order_or_without_effect_are_refused() {
    let block =
        |at: u64, schedule: u64| serde_json::json!({"activation": {"block": at}, "gasSchedule": schedule});
    let time =
        |at: u64, schedule: u64| serde_json::json!({"activation": {"time": at}, "gasSchedule": schedule});
    let with = |start: serde_json::Value, forks: Vec<serde_json::Value>| {
        dev_with(|json| {
            json["inference"]["activation"] = start;
            json["inference"]["gasScheduleForks"] = forks.into();
        })
    };
    let (from_block, from_time) = (serde_json::json!({"block": 3}), serde_json::json!({"time": 3}));
    for (start, forks, wanted) in [
        (&from_block, vec![block(3, 2)], "one after the other"),
        (&from_block, vec![block(5, 2), block(5, 1)], "one after the other"),
        (&from_block, vec![time(5, 2), block(9, 1)], "one after the other"),
        (&from_time, vec![time(3, 2)], "one after the other"),
        (&from_time, vec![block(9, 2)], "one after the other"),
        (&from_block, vec![block(5, 1)], "another schedule"),
        (&from_block, vec![block(5, 2), time(0, 2)], "another schedule"),
        (&from_block, vec![block(5, 7)], "gas schedule 7 does not exist"),
        (&from_block, vec![serde_json::json!([1, 2])], "expected an object"),
        (
            &from_block,
            vec![serde_json::json!({"activation": {"block": 5}, "gasSchedul": 2})],
            "unknown field",
        ),
    ] {
        let error = with(start.clone(), forks).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    assert!(with(from_block, vec![block(4, 2), block(9, 1), time(0, 2)]).is_ok());
    assert!(with(from_time, vec![time(4, 2)]).is_ok());
}

#[test]
fn addresses_that_ethereum_uses_are_refused() {
    for address in [
        "0x0000000000000000000000000000000000000000",
        "0x0000000000000000000000000000000000000001",
        "0x0000000000000000000000000000000000000100",
        "0x0000F90827F1C53a10cb7A02335B175320002935",
        "0x0000BFF46984E3725691FA540A8C7589300D8282",
        "0x000064D678505AD48F8CCB093BC65613800E8282",
    ] {
        for key in ["precompile", "registry"] {
            let error = dev_with(|json| json["inference"][key] = address.into()).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("inference.{key}: ")),
                "{error}"
            );
        }
    }
    let error = dev_with(|json| {
        json["inference"]["registry"] = json["inference"]["precompile"].clone();
    });
    assert!(error.unwrap_err().to_string().contains("two addresses"));
}

#[test]
fn inference_before_berlin_is_refused() {
    let error = dev_with(|json| {
        json["forks"] = serde_json::json!({"homesteadBlock": 0});
        json["blobSchedule"] = serde_json::json!([]);
    });
    assert!(error.unwrap_err().to_string().contains("berlinBlock"));
}

#[test]
fn a_blob_schedule_that_cannot_be_is_refused() {
    let entry = |time: u64, fraction: u64| serde_json::json!({"time": time, "target": 1, "max": 2, "baseFeeUpdateFraction": fraction});
    for schedule in [
        vec![entry(0, 0)],
        vec![entry(1, 5)],
        vec![entry(0, 5), entry(0, 5)],
        vec![],
    ] {
        let error = dev_with(|json| json["blobSchedule"] = schedule.into()).unwrap_err();
        assert!(matches!(error, SpecError::BlobSchedule(_)), "{error}");
    }
}

#[test]
fn a_name_that_does_not_exist_is_answered_with_those_that_do() {
    let error = ChainSpec::by_name("main").unwrap_err().to_string();
    assert!(error.contains("mainnet") && error.contains("metis-dev"));
}
