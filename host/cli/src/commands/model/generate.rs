//! `metisvm model generate`: a text, outside of any contract. The tokens are those that a contract gets for the same
//! request.

use crate::args::Generate;
use crate::card_report::FaultReport;
use crate::composition::{Mark, compose};
use crate::error::CliError;
use crate::models;
use crate::output::{self, ms};
use crate::tokenizer::{Growing, Tokenizer};
use metisvm_model::generation::{Generation, Request};
use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

pub(super) fn run(args: &Generate) -> Result<(), CliError> {
    let started = Instant::now();
    let bundle = models::read(&args.bundle)?;
    let Some(generation) = bundle.generation.clone() else {
        let problem = "the model does not generate: its bundle has one graph. Import the folder of a language model with \
                       --text, or run this one with metisvm model run";
        return Err(CliError::file(&args.bundle, problem));
    };
    let tokenizer = tokenizer(args)?;
    let request = request(args, tokenizer.as_ref(), &generation)?;
    request
        .check(&generation)
        .map_err(|error| CliError::file(&args.bundle, error))?;
    let composed = compose(&args.engine, std::slice::from_ref(&bundle));
    let dispatcher = &composed.dispatcher;
    let load_time = started.elapsed();

    let started = Instant::now();
    let mut stream = Stream {
        tokenizer: tokenizer.as_ref().filter(|_| !args.json),
        numbers: !args.json && tokenizer.is_none(),
        growing: Growing::default(),
        first: None,
        problem: None,
    };
    let (tokens, by) = dispatcher.generate_with(bundle.id, &request, &mut |token| stream.token(token))?;
    let run_time = started.elapsed();
    let first_time = stream
        .first
        .map_or(run_time, |first| first.duration_since(started));
    stream.end()?;

    let mut notes = composed.problems.clone();
    notes.extend(dispatcher.take_errors());
    for note in &notes {
        output::complain(&format!("note: {note}; the work ran on {}", composed.instead()));
    }
    let cards = composed.cards_since(&Mark::default());
    let faults: Vec<&FaultReport> = cards.iter().flat_map(|card| &card.faults).collect();
    for fault in &faults {
        output::complain(&format!("note: fault {} {}", fault.fault, fault.outcome()));
    }
    let tokens: Vec<u32> = tokens
        .as_chunks()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word))
        .collect();
    let ended = tokens
        .last()
        .is_some_and(|token| generation.end_tokens().contains(token));
    // The first token takes the prompt in; the rate is that of the others.
    let rest = (run_time - first_time).as_secs_f64();
    let rate = (tokens.len() > 1 && rest > 0.0).then(|| (tokens.len() - 1) as f64 / rest);
    if args.json {
        let text = tokenizer
            .as_ref()
            .map(|tokenizer| tokenizer.text(&tokens))
            .transpose()?;
        return output::json(&json!({
            "model_id": bundle.id.to_string(),
            "backend": dispatcher.backends()[0],
            "done_by": by.iter().collect::<Vec<_>>(),
            "faults": faults.iter().map(|fault| fault.json()).collect::<Vec<_>>(),
            "prompt_tokens": request.tokens,
            "tokens": tokens,
            "text": text,
            "ended": ended,
            "load_ms": ms(load_time),
            "first_token_ms": ms(first_time),
            "run_ms": ms(run_time),
            "tokens_per_s": rate,
        }));
    }
    let rate = rate.map_or_else(String::new, |rate| format!(", then {rate:.1} tokens/s"));
    output::complain(&format!(
        "note: {} tokens of prompt, {} generated{}; loaded in {:.1} ms, first token after {:.1} ms{rate}; on {}",
        request.tokens.len(),
        tokens.len(),
        if ended { " to the end of the text" } else { "" },
        ms(load_time),
        ms(first_time),
        dispatcher.backends().join(", then ")
    ));
    Ok(())
}

/// The tokenizer that was named, or that lies beside the bundle. Tokens alone need none.
fn tokenizer(args: &Generate) -> Result<Option<Tokenizer>, CliError> {
    let beside = Tokenizer::beside(&args.bundle);
    let file = match &args.tokenizer {
        Some(file) => file,
        None if beside.exists() => &beside,
        None if args.prompt.is_none() => return Ok(None),
        None => {
            let problem = format!(
                "there is no tokenizer beside it ({}): name one with --tokenizer FILE, or give --tokens",
                output::shown(&beside.display().to_string())
            );
            return Err(CliError::file(&args.bundle, problem));
        }
    };
    Tokenizer::read(file).map(|(tokenizer, _)| Some(tokenizer))
}

fn request(
    args: &Generate,
    tokenizer: Option<&Tokenizer>,
    generation: &Arc<Generation>,
) -> Result<Request, CliError> {
    let tokens = match (&args.prompt, tokenizer) {
        (Some(prompt), Some(tokenizer)) => tokenizer.tokens(prompt)?,
        _ => args.tokens.clone(),
    };
    if tokens.is_empty() {
        let problem = "the prompt has no tokens: give it a word at least";
        return Err(CliError::file(&args.bundle, problem));
    }
    // What was not asked for by number is as much as there is room for.
    let room = u64::from(generation.context()).saturating_sub(tokens.len() as u64);
    let count = u64::from(args.count).min(room.max(1)) as u32;
    Ok(Request {
        tokens,
        count,
        temperature: args.temperature,
        top_k: args.top_k,
        seed: args.seed,
    })
}

/// Writes a text as its tokens come.
struct Stream<'t> {
    tokenizer: Option<&'t Tokenizer>,
    /// Tokens as numbers, where there is no tokenizer.
    numbers: bool,
    growing: Growing,
    first: Option<Instant>,
    /// The first thing that went wrong; nothing is written after it.
    problem: Option<CliError>,
}

impl Stream<'_> {
    fn token(&mut self, token: u32) {
        let begins = self.first.is_none();
        self.first.get_or_insert_with(Instant::now);
        let text = match self.tokenizer {
            Some(tokenizer) => self.growing.add(tokenizer, token),
            None if self.numbers => Ok(format!("{}{token}", if begins { "" } else { " " })),
            None => return,
        };
        let written = text.and_then(|text| write(&text));
        if self.problem.is_none() {
            self.problem = written.err();
        }
    }

    fn end(&mut self) -> Result<(), CliError> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        match self.tokenizer {
            Some(tokenizer) => write(&(self.growing.end(tokenizer)? + "\n")),
            None if self.numbers => write("\n"),
            None => Ok(()),
        }
    }
}

/// Line breaks and tabs are the text's own; whatever else does something to a terminal is escaped.
fn write(text: &str) -> Result<(), CliError> {
    let text = output::plain_text(text);
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}
