//! A profile as JSON, one object a line.

use super::{
    Native, Shown,
    names::{self, Form},
};
use crate::error::CliError;
use crate::output;
use alloy_primitives::hex;
use metisvm_executor::profile::{Code, CodeUse, NativeGain, Profile};
use serde_json::{Value, json};
use std::time::Duration;

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Writes the objects: contracts, opcodes, pairs, and the summary last.
pub(super) fn show(shown: &Shown<'_>) -> Result<(), CliError> {
    let (profile, rows) = (shown.profile, shown.args.top.unwrap_or(usize::MAX));
    let gains = match shown.native {
        Native::Timed(report) => report.contracts.as_slice(),
        _ => &[],
    };
    for used in profile.codes.iter().take(rows) {
        output::json(&contract(profile, used, gains))?;
    }
    for used in profile.opcodes.iter().take(rows) {
        output::json(&json!({
            "profile": "opcode",
            "opcode": Profile::opcode_name(used.opcode),
            "byte": used.opcode,
            "count": used.count,
            "gas": used.gas,
        }))?;
    }
    if shown.args.pairs {
        for pair in profile.pairs.iter().take(rows) {
            output::json(&json!({
                "profile": "pair",
                "first": Profile::opcode_name(pair.first),
                "second": Profile::opcode_name(pair.second),
                "count": pair.count,
            }))?;
        }
    }
    output::json(&summary(shown))
}

fn contract(profile: &Profile, used: &CodeUse, gains: &[NativeGain]) -> Value {
    let kind = match used.code {
        Code::Contract(_) => "contract",
        Code::Precompile(_) => "precompile",
        Code::Create => "create",
        Code::Empty => "no code",
        Code::Other => "other",
    };
    let mut object = json!({
        "profile": "contract",
        "kind": kind,
        "name": names::code(profile, &used.code, &used.address, Form::Whole),
        "frames": used.frames,
        "instructions": used.instructions,
        "gas": used.gas,
        "time_ns": ns(used.time),
    });
    if used.code != Code::Create {
        object["address"] = json!(names::address(&used.address, Form::Whole));
    }
    if let Code::Contract(hash) = used.code {
        object["code_hash"] = json!(format!("0x{}", hex::encode(hash)));
        object["code_bytes"] = json!(used.bytes);
        if let Some(gain) = gains.iter().find(|gain| gain.contract.code == hash) {
            let compiled = &gain.contract.compiled;
            object["native"] = json!({
                "regions": compiled.regions,
                "declined_regions": compiled.declined_regions,
                "code_bytes": compiled.code_bytes,
                "compile_ns": ns(compiled.compile_time),
                "interpreted_ns": ns(gain.interpreted),
                "native_ns": ns(gain.native),
            });
        }
    }
    object
}

fn summary(shown: &Shown<'_>) -> Value {
    let (profile, gas) = (shown.profile, &shown.profile.gas);
    let mut object = json!({
        "profile": "summary",
        "blocks": profile.blocks,
        "blocks_not_matching": shown.mismatched,
        "txs": profile.transactions.len(),
        "gas_used": gas.used,
        "intrinsic_gas": gas.intrinsic,
        "frames_gas": gas.frames,
        "instructions_gas": gas.instructions,
        "precompiles_gas": gas.precompiles,
        "halts_gas": gas.halts,
        "frame_ends_gas": gas.ends,
        "refunded_gas": gas.refunded,
        "floor_gas": gas.raised,
        "frames": profile.frames(),
        "instructions": profile.instructions(),
        "call_paths": profile.calls.nodes().len(),
        "folded_frames": profile.calls.folded_frames(),
        "execute_ns": ns(profile.execute_time),
        "frames_ns": ns(profile.frames_time()),
        "samples": shown.args.samples,
        "exact": ["frames", "instructions", "gas", "count"],
        "measured": ["ns"],
    });
    match shown.native {
        Native::NotAsked => (),
        Native::Nothing(problem) => object["native_problem"] = json!(problem),
        Native::Timed(report) => {
            let sum = |part: fn(&NativeGain) -> u64| report.contracts.iter().map(part).sum::<u64>();
            object["native"] = json!({
                "contracts": report.contracts.len(),
                "code_bytes": sum(|gain| gain.contract.compiled.code_bytes as u64),
                "compile_ns": sum(|gain| ns(gain.contract.compiled.compile_time)),
                "blocks_interpreted_ns": ns(report.interpreted_blocks),
                "blocks_native_ns": ns(report.native_blocks),
            });
        }
    }
    object
}
