//! `metisvm device doctor`: what is in the way, and the commands that mend it.

use crate::args::Doctor as Args;
use crate::doctor::{self, Finding, State};
use crate::error::CliError;
use crate::output;
use serde_json::json;

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    let findings = doctor::look(&args.roots, args.card.as_ref())?;
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (blocks, warnings) = (count(State::Blocks), count(State::Warning));
    if args.json {
        for finding in &findings {
            output::json(&json!({
                "check": finding.key,
                "card": finding.card,
                "state": finding.state.name(),
                "detail": finding.what,
                "mend": finding.mend,
            }))?;
        }
        output::json(&json!({ "blocks": blocks, "warnings": warnings, "usable": blocks == 0 }))?;
        return Ok(blocks == 0);
    }
    for finding in &findings {
        show(finding)?;
    }
    output::line(&match (blocks, warnings) {
        (0, 0) => "nothing is in the way".to_owned(),
        (0, warnings) => format!("nothing is in the way; warnings: {warnings}"),
        (blocks, warnings) => format!("in the way: {blocks}; warnings: {warnings}"),
    })?;
    Ok(blocks == 0)
}

/// A line, and one for each command: they are there to be copied, so no table cuts them.
fn show(finding: &Finding) -> Result<(), CliError> {
    let card = finding
        .card
        .as_ref()
        .map_or_else(String::new, |card| format!("{}: ", output::shown(card)));
    let what = output::shown(&finding.what);
    output::line(&format!("{:<8} {card}{what}", finding.state.name()))?;
    for step in &finding.mend {
        output::line(&format!("           {}", output::shown(step)))?;
    }
    Ok(())
}
