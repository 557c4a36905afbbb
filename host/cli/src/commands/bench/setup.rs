//! What `metisvm bench` measures, from its arguments.

use crate::args::{Backend, Bench, Card};
use crate::cards;
use crate::composition::{self, Composition};
use crate::engine::DispatcherEngine;
use crate::error::CliError;
use crate::{bundled, models, output};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Dispatcher, dispatcher};
use metisvm_bench::{Block, Clock, Engine, Model, Setup, Subject};
use metisvm_executor::sampling::Samples;
use metisvm_model::Bundle;
use std::path::Path;
use std::sync::Arc;

/// Reads what is to be measured and opens the engines. What cannot be opened is said, and left out.
pub(super) fn setup(args: &Bench) -> Result<Setup, CliError> {
    let subjects = args.subjects();
    let bundled = bundled::models()?;
    let measured = if args.bundle.is_empty() {
        let names = bundled::MODEL_NAMES.map(str::to_owned);
        names.into_iter().zip(bundled.clone()).collect()
    } else {
        read(&args.bundle)?
    };
    let block = subjects
        .contains(&Subject::Blocks)
        .then(|| block(bundled))
        .transpose()?;
    let mut engines = Vec::new();
    for backend in &args.backend {
        engines.extend(open(args, *backend));
    }
    let model = |(name, bundle): (String, Bundle)| Model {
        name,
        graph: Arc::new(bundle.graph),
    };
    Ok(Setup {
        subjects,
        engines,
        rest: compose(args, Backend::Cpu).backends.remove(0),
        models: measured.into_iter().map(model).collect(),
        batches: each_once(args.batch.iter().map(|&batch| batch as usize)),
        threads: each_once(threads(args)),
        block,
        samples: args
            .samples
            .map_or(Samples::Within(Setup::A_CASE), Samples::Exactly),
        patience: args.patience,
    })
}

/// In rising order.
fn each_once(counts: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut counts: Vec<usize> = counts.into_iter().collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn threads(args: &Bench) -> Vec<usize> {
    if !args.threads.is_empty() {
        return args.threads.clone();
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    vec![1, cores]
}

/// Bundles under the names of their files; where two have one name, under their paths.
fn read(paths: &[std::path::PathBuf]) -> Result<Vec<(String, Bundle)>, CliError> {
    let short = |path: &Path| {
        let name = path.file_stem().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let name = |path: &Path| {
        let own = short(path);
        match paths.iter().filter(|other| short(other) == own).count() {
            1 => own,
            _ => path.display().to_string(),
        }
    };
    let bundle = |path: &std::path::PathBuf| Ok((name(path), models::read(path)?));
    paths.iter().map(bundle).collect()
}

fn block(models: Vec<Bundle>) -> Result<Block, CliError> {
    Ok(Block {
        name: "bundled block".to_owned(),
        file: bundled::block()?,
        inference: Box::new(move |backend| {
            let dispatcher = Dispatcher::new(vec![backend.clone()], dispatcher::Options::default());
            for model in &models {
                dispatcher.add(model.clone());
            }
            Arc::new(DispatcherEngine::new(Arc::new(dispatcher)))
        }),
    })
}

/// A backend by itself.
fn compose(args: &Bench, backend: Backend) -> Composition {
    composition::compose(&args.engine(backend), &[])
}

/// An engine; none where its device does not open.
fn open(args: &Bench, backend: Backend) -> Option<Engine> {
    let composed = compose(args, backend);
    let only_hashes = composed.cards.iter().any(|card| !card.backend.infers());
    // The subject says so itself, and where such a card is measured.
    if !(only_hashes && args.subjects().contains(&Subject::Card)) {
        for problem in &composed.problems {
            output::complain(&format!("note: {problem}"));
        }
    }
    let name = composition::name(backend);
    let Some(engine) = composed.backends.first() else {
        // Of the list there is only the reference, which ends every list by itself.
        let reference = backend == Backend::Reference;
        return reference.then(|| Engine::new(name, None, Arc::new(ReferenceBackend)));
    };
    let level = composed.cpu.as_ref().and_then(|cpu| cpu.level());
    let mut engine = Engine::new(name, level.map(|level| level.name().to_owned()), engine.clone());
    if engine.level.is_none() {
        engine.level = engine.backend.identity();
    }
    if let Some(device) = &composed.opencl {
        engine.keccak = Some(device.clone());
    }
    if let Some(card) = composed.cards.first() {
        engine.level = Some(card.title.clone());
        let card = &card.backend;
        engine.keccak = Some(card.clone());
        engine.card = Some(card.clone());
        if let Some(Card::Rtl(board)) = &args.card {
            engine.clock = Clock::of_board(cards::in_rtl(*board, cards::Use::Inference));
        }
    }
    Some(engine)
}
