//! A profile as tables.

use super::{
    Native, Shown,
    names::{self, Form},
};
use crate::error::CliError;
use crate::output::{self, ms, thousands};
use metisvm_executor::profile::{Code, CodeUse, NativeGain, NativeReport, Profile};
use std::cmp::Reverse;
use std::time::Duration;

/// So many rows have each table, if nothing else is asked for.
const ROWS: usize = 20;

/// Writes the tables, the summary last.
pub(super) fn show(shown: &Shown<'_>) -> Result<(), CliError> {
    let (profile, rows) = (shown.profile, shown.args.top.unwrap_or(ROWS));
    contracts(profile, rows)?;
    opcodes(profile, rows)?;
    if shown.args.pairs {
        pairs(profile, rows)?;
    }
    if let Native::Timed(report) = shown.native {
        gains(report, rows)?;
    }
    summary(shown)
}

fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { part / whole } else { 0.0 };
    format!("{:.1}", 100.0 * share)
}

/// Milliseconds with as many digits as a measurement of a few runs deserves.
fn short_ms(time: Duration) -> String {
    format!("{:.2} ms", ms(time))
}

fn rest(shown: usize, all: usize, what: &str) -> Result<(), CliError> {
    if all <= shown {
        return Ok(());
    }
    output::line(&format!(
        "and {} {what} more; --top N shows N",
        thousands((all - shown) as u64)
    ))
}

fn contracts(profile: &Profile, rows: usize) -> Result<(), CliError> {
    let mut table = output::table(&["contract", "frames", "instr.", "gas", "gas %", "ms", "time %"]);
    let (gas, time) = (profile.gas.frames, profile.frames_time());
    let row = |used: &CodeUse| {
        [
            names::code(profile, &used.code, &used.address, Form::Short),
            thousands(used.frames),
            thousands(used.instructions),
            thousands(used.gas),
            percent(used.gas as f64, gas as f64),
            format!("{:.2}", ms(used.time)),
            percent(used.time.as_secs_f64(), time.as_secs_f64()),
        ]
    };
    for used in profile.codes.iter().take(rows) {
        table.add_row(row(used));
    }
    output::line(&table.to_string())?;
    rest(rows, profile.codes.len(), "contracts and precompiles")
}

fn opcodes(profile: &Profile, rows: usize) -> Result<(), CliError> {
    let (count, gas) = (profile.instructions(), profile.gas.instructions);
    let mut by_count = profile.opcodes.clone();
    by_count.sort_by_key(|used| (Reverse(used.count), used.opcode));
    for (heading, list) in [
        ("opcode by gas", &profile.opcodes),
        ("opcode by count", &by_count),
    ] {
        let mut table = output::table(&[heading, "count", "count %", "gas", "gas %"]);
        for used in list.iter().take(rows) {
            table.add_row([
                Profile::opcode_name(used.opcode),
                thousands(used.count),
                percent(used.count as f64, count as f64),
                thousands(used.gas),
                percent(used.gas as f64, gas as f64),
            ]);
        }
        output::line(&table.to_string())?;
    }
    rest(rows, profile.opcodes.len(), "opcodes")
}

fn pairs(profile: &Profile, rows: usize) -> Result<(), CliError> {
    let mut table = output::table(&["opcode", "then", "count", "count %"]);
    let all: u64 = profile.pairs.iter().map(|pair| pair.count).sum();
    for pair in profile.pairs.iter().take(rows) {
        table.add_row([
            Profile::opcode_name(pair.first),
            Profile::opcode_name(pair.second),
            thousands(pair.count),
            percent(pair.count as f64, all as f64),
        ]);
    }
    output::line(&table.to_string())?;
    rest(rows, profile.pairs.len(), "pairs")
}

fn gains(report: &NativeReport, rows: usize) -> Result<(), CliError> {
    let heading = [
        "compiled",
        "bytes",
        "native",
        "comp. ms",
        "before ms",
        "after ms",
        "gain",
    ];
    let mut table = output::table(&heading);
    let time = |time| format!("{:.2}", ms(time));
    for gain in report.contracts.iter().take(rows) {
        let compiled = &gain.contract.compiled;
        table.add_row([
            names::address(&gain.contract.address, Form::Short),
            thousands(compiled.bytecode_bytes as u64),
            thousands(compiled.code_bytes as u64),
            time(compiled.compile_time),
            time(gain.interpreted),
            time(gain.native),
            gained(gain),
        ]);
    }
    output::line(&table.to_string())?;
    rest(rows, report.contracts.len(), "compiled contracts")
}

/// How many times as fast a contract is, where anything of it was compiled.
fn gained(gain: &NativeGain) -> String {
    let after = gain.native.as_secs_f64();
    if gain.contract.compiled.code_bytes == 0 || after == 0.0 {
        return "-".to_owned();
    }
    format!("{:.2}", gain.interpreted.as_secs_f64() / after)
}

fn ratio(before: Duration, after: Duration) -> String {
    let after = after.as_secs_f64();
    if after == 0.0 {
        return "-".to_owned();
    }
    format!("{:.2} times", before.as_secs_f64() / after)
}

fn summary(shown: &Shown<'_>) -> Result<(), CliError> {
    let (profile, gas) = (shown.profile, &shown.profile.gas);
    let mut table = output::table(&["all together", ""]);
    let mut row = |what: &str, value: String| table.add_row([what, &value]);
    let blocks = match shown.mismatched {
        0 => thousands(profile.blocks),
        some => format!(
            "{}, {} NOT what their headers say",
            thousands(profile.blocks),
            thousands(some)
        ),
    };
    row("blocks", blocks);
    row("transactions", thousands(profile.transactions.len() as u64));
    row("gas used", thousands(gas.used));
    row("paid before the first frame", thousands(gas.intrinsic));
    row(
        "instructions",
        format!(
            "{} for {} gas",
            thousands(profile.instructions()),
            thousands(gas.instructions)
        ),
    );
    row("precompiles", format!("{} gas", thousands(gas.precompiles)));
    row(
        "lost in frames that halted",
        format!("{} gas", thousands(gas.halts)),
    );
    row("as frames ended", format!("{} gas", signed(gas.ends)));
    row("refunded", format!("{} gas", thousands(gas.refunded)));
    if gas.raised > 0 {
        row("raised to the floor", format!("{} gas", thousands(gas.raised)));
    }
    let frames = profile
        .codes
        .iter()
        .filter(|used| used.code != Code::Empty)
        .map(|used| used.frames);
    row("frames that ran code", thousands(frames.sum()));
    if profile.calls.folded_frames() > 0 {
        row(
            "frames counted for their callers",
            thousands(profile.calls.folded_frames()),
        );
    }
    let (all, frames) = (profile.execute_time, profile.frames_time());
    row(
        "time executing",
        format!("{}, {} of it in frames", short_ms(all), short_ms(frames)),
    );
    match shown.native {
        Native::NotAsked => (),
        Native::Nothing(problem) => row("native code", format!("none: {problem}")),
        Native::Timed(report) => {
            let (before, after) = (report.interpreted_blocks, report.native_blocks);
            let compared = format!(
                "{} without, {} with: {}",
                short_ms(before),
                short_ms(after),
                ratio(before, after)
            );
            row("blocks and native code", compared);
        }
    }
    output::line(&table.to_string())?;
    let passes = match shown.args.samples {
        1 => "one pass".to_owned(),
        some => format!("the quickest of {some} passes"),
    };
    output::line(&format!(
        "counts and gas are exact; times are measured, of {passes}"
    ))
}

fn signed(value: i64) -> String {
    let digits = thousands(value.unsigned_abs());
    if value < 0 { format!("-{digits}") } else { digits }
}
