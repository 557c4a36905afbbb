//! `metisvm device reset`: by the card's registers, then as a PCI function, and then it has to work.

use super::examine::state;
use super::refused::refused;
use crate::args::OneCard as Args;
use crate::card_link::CardLink;
use crate::card_problems;
use crate::cards::{self, RTL_TIMEOUT};
use crate::error::CliError;
use crate::output::{self, ms};
use metisvm_driver::device::reset_card;
use metisvm_driver::{Device, Glance, Options};
use serde_json::{Value, json};
use std::time::Instant;

/// A card before, or after.
struct State(Result<Glance, String>);

impl State {
    fn of(link: &CardLink) -> Self {
        Self(Glance::of(link.registers()).map_err(|error| error.to_string()))
    }

    fn json(&self) -> Value {
        match &self.0 {
            Ok(glance) => json!({
                "status": state(glance.status),
                "in_use": glance.boot_nonce != 0,
                "problems": card_problems::of(glance),
            }),
            Err(problem) => json!({ "status": Value::Null, "problems": [problem] }),
        }
    }

    fn said(&self) -> String {
        match &self.0 {
            Ok(glance) => {
                let user = if glance.boot_nonce == 0 {
                    "used by no host"
                } else {
                    "used by a host"
                };
                let mut words = vec![state(glance.status), user.to_owned()];
                words.extend(card_problems::of(glance));
                words.join("; ")
            }
            Err(problem) => problem.clone(),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    let title = cards::title(&args.card);
    let link = CardLink::open(&args.card).map_err(|why| refused(&title, args.json, CliError::Card(why)))?;
    let mut options = Options::default();
    if link.is_slow() {
        options.timeout = RTL_TIMEOUT;
    }
    let before = State::of(&link);
    let started = Instant::now();
    // A card that does not answer is not reset: the kernel would wait for it for a minute.
    let there = before.0.is_ok();
    let registers = there.then(|| {
        let reset = reset_card(link.registers(), options.reset_timeout);
        reset.map_err(|error| error.to_string())
    });
    let function = if there { link.reset_function() } else { None };
    let function = function.map(|reset| reset.map_err(|error| error.to_string()));
    let after = State::of(&link);
    // Handshake and self-test: it works.
    let works = if after.0.is_ok() {
        let opened = Device::open(link.into_transport(), options);
        let opened = opened.map_err(|error| error.to_string());
        opened.and_then(|device| card_problems::without_engine(device.capabilities()).map_or(Ok(()), Err))
    } else {
        Err("it does not answer".to_owned())
    };
    let took = started.elapsed();
    if args.json {
        output::json(&json!({
            "card": title,
            "before": before.json(),
            "register_reset": outcome(registers.as_ref()),
            "function_reset": outcome(function.as_ref()),
            "after": after.json(),
            "works": works.is_ok(),
            "error": works.as_ref().err(),
            "reset_ms": ms(took),
        }))?;
    } else {
        let mut table = output::table(&["card", &title]);
        table.add_row(["before", &before.said()]);
        table.add_row(["reset by its registers", &said(registers.as_ref(), "not tried")]);
        table.add_row([
            "function-level reset",
            &said(
                function.as_ref(),
                if there {
                    "it is no PCI function"
                } else {
                    "not tried"
                },
            ),
        ]);
        table.add_row(["after", &after.said()]);
        let verdict = works
            .as_ref()
            .err()
            .cloned()
            .unwrap_or_else(|| "yes: handshake and self-test".to_owned());
        table.add_row(["works", &verdict]);
        table.add_row(["time", &format!("{:.1} ms", ms(took))]);
        output::line(&table.to_string())?;
    }
    if let Err(problem) = &works {
        output::complain(&format!(
            "{title}: {problem}; docs/operators.md says what to do with a card that does not come back"
        ));
    }
    Ok(works.is_ok())
}

fn outcome(reset: Option<&Result<(), String>>) -> Value {
    match reset {
        None => Value::Null,
        Some(Ok(())) => json!("done"),
        Some(Err(problem)) => json!(problem),
    }
}

fn said(reset: Option<&Result<(), String>>, none: &str) -> String {
    match reset {
        None => none.to_owned(),
        Some(Ok(())) => "done".to_owned(),
        Some(Err(problem)) => problem.clone(),
    }
}
