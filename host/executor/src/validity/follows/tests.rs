use super::*;
use alloy_eips::eip4844::DATA_GAS_PER_BLOB;
use alloy_primitives::U256;
use metisvm_vm::BlobScheduleEntry;

/// A block of metis-dev that follows no other, half full.
fn first() -> Header {
    Header {
        number: 7,
        timestamp: 1_000,
        gas_limit: 60_000_000,
        gas_used: 30_000_000,
        base_fee_per_gas: Some(1_000_000_000),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        ..Header::default()
    }
}

/// What follows the first one and breaks no rule.
fn second(parent: &Header) -> Header {
    Header {
        number: parent.number + 1,
        parent_hash: parent.hash_slow(),
        timestamp: parent.timestamp + 1,
        ..first()
    }
}

fn dev() -> ChainSpec {
    ChainSpec::metis_dev()
}

fn refused(spec: &ChainSpec, parent: &Header, header: &Header) -> String {
    check_follows(spec, header, parent).unwrap_err().to_string()
}

#[test]
fn a_block_that_follows_its_parent_is_taken() {
    let parent = first();
    assert!(check_follows(&dev(), &second(&parent), &parent).is_ok());
}

#[test]
fn every_field_that_the_parent_prescribes_is_held_to_it_and_named_with_both_values() {
    let parent = first();
    type Change = fn(&mut Header);
    let cases: [(Change, &str); 8] = [
        (
            |header| header.number = 9,
            "block.number: is 9; after block 7 it must be",
        ),
        (|header| header.parent_hash = [1; 32].into(), "block.parentHash: "),
        (
            |header| header.timestamp = 1_000,
            "block.timestamp: is 1000; after block 7 it must be greater than 1000",
        ),
        (
            |header| header.gas_limit = 60_058_593,
            "block.gasLimit: is 60058593; after block 7 it must be greater than 59941407, less than 60058593",
        ),
        (
            |header| header.gas_limit = 59_941_407,
            "block.gasLimit: is 59941407",
        ),
        (
            |header| header.base_fee_per_gas = Some(1_000_000_001),
            "block.baseFeePerGas: is 1000000001; after block 7 it must be 1000000000",
        ),
        (
            |header| header.base_fee_per_gas = Some(0),
            "block.baseFeePerGas: is 0;",
        ),
        (
            |header| header.excess_blob_gas = Some(1),
            "block.excessBlobGas: is 1; after block 7 it must be 0",
        ),
    ];
    for (change, start) in cases {
        let mut header = second(&parent);
        change(&mut header);
        let error = refused(&dev(), &parent, &header);
        assert!(error.starts_with(start), "expected {start:?}, got {error:?}");
    }
    for limit in [60_058_592, 59_941_408] {
        let mut header = second(&parent);
        header.gas_limit = limit;
        assert!(
            check_follows(&dev(), &header, &parent).is_ok(),
            "{limit} is just within"
        );
    }
}

#[test]
fn a_gas_limit_below_5000_is_refused_even_beside_one() {
    let mut parent = first();
    (parent.gas_limit, parent.gas_used) = (5_002, 2_501);
    let mut header = second(&parent);
    header.gas_limit = 5_000;
    assert!(check_follows(&dev(), &header, &parent).is_ok());
    header.gas_limit = 4_999;
    assert!(refused(&dev(), &parent, &header).contains("not below 5000"));
}

/// After a full block, an empty one, and one that is three quarters full.
#[test]
fn the_base_fee_rises_and_falls_by_an_eighth_at_most() {
    for (used, next) in [
        (60_000_000, 1_125_000_000),
        (0, 875_000_000),
        (45_000_000, 1_062_500_000),
    ] {
        let mut parent = first();
        parent.gas_used = used;
        let mut header = second(&parent);
        header.base_fee_per_gas = Some(next);
        assert!(check_follows(&dev(), &header, &parent).is_ok(), "{used} gas used");
        header.base_fee_per_gas = Some(next + 1);
        refused(&dev(), &parent, &header);
    }
}

#[test]
fn london_begins_with_one_gwei_and_twice_the_gas_limit() {
    let mut spec = ChainSpec::mainnet();
    spec.forks.london_block = Some(8);
    let parent = Header {
        base_fee_per_gas: None,
        blob_gas_used: None,
        excess_blob_gas: None,
        ..first()
    };
    let mut header = Header {
        gas_limit: 120_000_000,
        // The least that there is, since the parent has none.
        difficulty: U256::from(131_072),
        blob_gas_used: None,
        excess_blob_gas: None,
        ..second(&parent)
    };
    assert!(check_follows(&spec, &header, &parent).is_ok());
    header.base_fee_per_gas = Some(999_999_999);
    assert!(refused(&spec, &parent, &header).contains("must be 1000000000"));
    header.base_fee_per_gas = Some(INITIAL_BASE_FEE);
    header.gas_limit = 60_000_000;
    assert!(refused(&spec, &parent, &header).starts_with("block.gasLimit: is 60000000"));
}

/// A mainnet-like chain whose blob parameters change at time 2000, with Osaka at time 3000.
fn blob_chain() -> ChainSpec {
    let mut spec = dev();
    spec.forks.osaka_time = Some(3_000);
    spec.forks.amsterdam_time = None;
    let entry = |time, target, max| BlobScheduleEntry {
        time,
        target,
        max,
        base_fee_update_fraction: 5_007_716,
    };
    spec.blob_schedule = vec![entry(0, 3, 6), entry(2_000, 6, 9)];
    spec
}

#[test]
fn the_excess_of_blob_gas_follows_the_schedule_of_the_blocks_own_time() {
    let spec = blob_chain();
    let mut parent = first();
    parent.excess_blob_gas = Some(10 * DATA_GAS_PER_BLOB);
    parent.blob_gas_used = Some(6 * DATA_GAS_PER_BLOB);
    // (time, blobs of excess): before and after the target rises, and from Osaka on, where a base fee far above
    // the blob fee takes the target out of it (EIP-7918): 10 + 6 * (9 - 6) / 9.
    for (time, blobs) in [(1_999, 13), (2_000, 10), (3_000, 12)] {
        let mut header = second(&parent);
        header.timestamp = time;
        header.excess_blob_gas = Some(blobs * DATA_GAS_PER_BLOB);
        assert!(
            check_follows(&spec, &header, &parent).is_ok(),
            "{blobs} at {time}"
        );
        header.excess_blob_gas = Some((blobs + 1) * DATA_GAS_PER_BLOB);
        let error = refused(&spec, &parent, &header);
        assert!(error.starts_with("block.excessBlobGas: is "), "{error}");
    }
}

#[test]
fn the_first_block_of_cancun_has_no_excess() {
    let mut spec = dev();
    spec.forks.cancun_time = Some(1_001);
    let parent = Header {
        blob_gas_used: None,
        excess_blob_gas: None,
        ..first()
    };
    let mut header = second(&parent);
    assert!(check_follows(&spec, &header, &parent).is_ok());
    header.excess_blob_gas = Some(DATA_GAS_PER_BLOB);
    assert!(refused(&spec, &parent, &header).contains("must be 0"));
}

#[test]
fn a_parent_that_nothing_can_follow_is_an_error_and_no_panic() {
    type Change = fn(&mut Header);
    let changes: [Change; 4] = [
        |parent| parent.base_fee_per_gas = Some(u64::MAX),
        |parent| parent.excess_blob_gas = Some(u64::MAX),
        |parent| parent.blob_gas_used = Some(u64::MAX),
        |parent| parent.number = u64::MAX,
    ];
    for change in changes {
        let mut parent = first();
        (parent.gas_used, parent.blob_gas_used) = (60_000_000, Some(DATA_GAS_PER_BLOB));
        change(&mut parent);
        let mut header = Header {
            number: parent.number.wrapping_add(1),
            parent_hash: parent.hash_slow(),
            base_fee_per_gas: Some(1_125_000_000),
            ..second(&first())
        };
        header.timestamp = parent.timestamp + 1;
        refused(&dev(), &parent, &header);
    }
    let mut spec = dev();
    for entry in &mut spec.blob_schedule {
        (entry.target, entry.max) = (0, 0);
    }
    let parent = first();
    assert!(refused(&spec, &parent, &second(&parent)).contains("cannot go on"));
}
