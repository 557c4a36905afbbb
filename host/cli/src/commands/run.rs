//! `metisvm run`: execute blocks.

mod chain;
mod report;
mod threads;

pub(super) use chain::unwind;

use crate::args::{Backend, Compare, Engine, Run};
use crate::composition::{self, ALL_BACKENDS, Composition};
use crate::datadir::DataDir;
use crate::engine::DispatcherEngine;
use crate::error::CliError;
use crate::hashing::Hashing;
use crate::jit::{self, JitReport};
use crate::progress::PATIENCE;
use crate::{bundled, models, output, verifying_keys};
use indicatif::{ProgressBar, ProgressStyle};
use metisvm_executor::{
    BlockEngine, BlockFile, DEFAULT_FILE_LIMIT, Threads, compare_threads, run_block_file_with,
    sampling::Samples,
};
use metisvm_jit::{Counters, Jit};
use metisvm_model::Bundle;
use metisvm_vm::{ChainSpec, KeyRing, MetisEvmFactory, ProofVerifier};
use report::Ran;
use serde_json::json;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

pub(super) fn run(args: &Run) -> Result<bool, CliError> {
    let mut threads = Threads::new(args.threads.unwrap_or(0))?;
    if args.compare == Some(Compare::Threads) && threads.count() == 1 {
        // One core: two threads are still another order of events, which is to come to the same.
        threads = Threads::new(2)?;
    }
    if let Some(file) = &args.engine.trace {
        // Before a block is committed whose waveforms nobody would have. What is no file would be replaced by one.
        let refuse = |problem: String| CliError::File {
            file: file.clone(),
            problem: format!("--trace cannot write there: {problem}"),
        };
        if file.exists() && !file.is_file() {
            return Err(refuse("it is not a regular file".to_owned()));
        }
        File::create(file).map_err(|error| refuse(error.to_string()))?;
    }
    let mut models = bundled::models()?;
    models.extend(models::read_all(&args.models)?);
    let mut runner = Runner {
        args,
        blocks: BlockEngine::new(threads),
        models,
        keys: Arc::new(verifying_keys::read_all(&args.keys)?),
        compositions: Vec::new(),
        before: threads::Before::none(),
        hashing: Hashing::open(args.keccak, &args.engine),
        jit: None,
    };
    let open = |folder| DataDir::open(folder, runner.hashing.engine());
    let mut datadir = args.datadir.as_deref().map(open).transpose()?;
    runner.open_jit(datadir.as_ref())?;
    if args.files.is_empty() && args.unwind.is_none() {
        let well = runner.block(&bundled::block()?, datadir.as_mut(), None)?;
        runner.complain_of_native();
        return Ok(well);
    }
    // The first file is read before blocks are taken back for it.
    let mut first = None;
    if let (Some(datadir), Some(blocks)) = (&datadir, args.unwind) {
        if let Some(file) = args.files.first() {
            let read = read(file, false).map_err(CliError::from);
            let checked = read.and_then(|block| {
                let checked = runner.check_after_unwinding(datadir, blocks, &block);
                checked.map(|()| block)
            });
            match checked {
                Ok(block) => first = Some(block),
                Err(error) => {
                    complain_of(file, &error, "; no block was taken back", args.json)?;
                    return Ok(false);
                }
            }
        }
        chain::unwind(datadir, blocks, args.json)?;
    }
    if args.compare == Some(Compare::Threads) {
        runner.before = threads::Before::first_of(&args.files);
    }
    let mut all_well = true;
    let mut progress = Progress::new(args.files.len());
    for file in &args.files {
        // One bad file does not keep the others from running.
        let block = match (first.take(), &datadir) {
            (Some(block), _) => Ok(block),
            (None, _) => read(file, datadir.is_none()),
        };
        let ran = block.map_err(CliError::from);
        let ran = ran.and_then(|block| {
            let well = runner.block(&block, datadir.as_mut(), Some(file))?;
            if args.compare == Some(Compare::Threads) {
                runner.before.follow(block);
            }
            Ok(well)
        });
        match ran {
            Ok(well) => all_well &= well,
            Err(error @ CliError::Output(_)) => return Err(error),
            Err(error) => {
                all_well = false;
                complain_of(file, &error, "", args.json)?;
            }
        }
        progress.step();
    }
    runner.complain_of_native();
    Ok(all_well)
}

/// How a file is named to people.
pub(super) fn shown(file: &Path) -> String {
    if file == Path::new("-") {
        return "standard input".to_owned();
    }
    file.display().to_string()
}

/// Reads a block; - is standard input.
pub(super) fn read(file: &Path, needs_state: bool) -> Result<BlockFile, metisvm_executor::Error> {
    if file == Path::new("-") {
        return BlockFile::read_stream(std::io::stdin().lock(), DEFAULT_FILE_LIMIT, needs_state);
    }
    if needs_state {
        BlockFile::read(file, DEFAULT_FILE_LIMIT)
    } else {
        BlockFile::read_for_chain(file, DEFAULT_FILE_LIMIT)
    }
}

/// Says what is wrong with a file, or with the block in it, and what became of that.
pub(super) fn complain_of(
    file: &Path,
    error: &CliError,
    outcome: &str,
    as_json: bool,
) -> Result<(), CliError> {
    let text = format!("{error}{outcome}");
    let named = text.starts_with(&*file.to_string_lossy());
    let text = if named {
        text
    } else {
        format!("{}: {text}", shown(file))
    };
    if as_json {
        output::json(&json!({ "file": file.display().to_string(), "error": text }))?;
    }
    output::complain(&text);
    Ok(())
}

struct Runner<'a> {
    args: &'a Run,
    blocks: BlockEngine,
    models: Vec<Bundle>,
    /// What proofs are verified with; blocks share what it remembers.
    keys: Arc<KeyRing>,
    /// What does inferences, by the backends that were asked for; made for the first block, used by all.
    compositions: Vec<(Vec<Backend>, Composition)>,
    /// What goes before the next block where threads are compared.
    before: threads::Before,
    /// What hashes the trie of a chain on disk.
    hashing: Hashing,
    /// What makes native code.
    jit: Option<Arc<Jit>>,
}

impl Runner<'_> {
    /// Makes what makes native code. It is kept with a chain that is there; one that only begins has no folder yet.
    fn open_jit(&mut self, datadir: Option<&DataDir>) -> Result<(), CliError> {
        let chain = datadir.filter(|datadir| datadir.chain().is_some());
        self.jit = jit::open(&self.args.jit, chain.map(DataDir::folder))?;
        Ok(())
    }

    fn complain_of_native(&self) {
        if let Some(jit) = &self.jit {
            jit::complain(jit);
        }
    }

    /// How far the counters of native code have come.
    fn jit_counters(&self) -> Counters {
        self.jit
            .as_ref()
            .map_or_else(Counters::default, |jit| jit.counters())
    }

    fn block(
        &mut self,
        block: &BlockFile,
        datadir: Option<&mut DataDir>,
        file: Option<&Path>,
    ) -> Result<bool, CliError> {
        match self.args.compare {
            None => {
                let ran = match datadir {
                    Some(datadir) => self.next_block(datadir, block, file)?,
                    None => self.execute(block, &self.args.engine, file)?,
                };
                ran.show(file, self.args.json)?;
                Ok(ran.block.matches_header())
            }
            Some(Compare::Backends) => self.compare_backends(block, file),
            Some(Compare::Threads) => {
                let inference = || {
                    // The reference kernels open no card, so there is nothing to complain of.
                    let composed = composition::compose(&self.args.engine, &self.models);
                    Some(Arc::new(DispatcherEngine::new(composed.dispatcher)) as _)
                };
                let samples = self.args.samples.map_or(Samples::Adaptive, Samples::Exactly);
                let (before, on) = (self.before.block(), self.blocks.threads());
                let keys: Option<Arc<dyn ProofVerifier>> = Some(self.keys.clone());
                let jit = self.jit.clone();
                let counted = self.jit_counters();
                let compared = compare_threads(block, before, inference, keys, jit, on, samples)?;
                let native = JitReport::since(self.jit.as_ref(), &counted);
                threads::show(&compared, &native, file, self.args.json)?;
                Ok(compared.equal() && compared.block.matches_header())
            }
        }
    }

    fn compare_backends(&mut self, block: &BlockFile, file: Option<&Path>) -> Result<bool, CliError> {
        let mut all = Vec::new();
        for backend in ALL_BACKENDS {
            let engine = Engine {
                backend: vec![backend],
                ..self.args.engine.clone()
            };
            // Most machines have no OpenCL: the others are compared then.
            let place = self.composition(&engine);
            let composed = &self.compositions[place].1;
            if backend == Backend::OpenCl && composed.opencl.is_none() {
                output::complain(&format!("left out: {}", composed.problems.join("; ")));
                continue;
            }
            all.push(self.execute(block, &engine, file)?);
        }
        let equal = report::compare(&all, file, self.args.json)?;
        Ok(equal && all.iter().all(|ran| ran.block.matches_header()))
    }

    /// The place of the composition for these arguments, which is made if there is none yet.
    fn composition(&mut self, engine: &Engine) -> usize {
        let known = self
            .compositions
            .iter()
            .position(|(backends, _)| *backends == engine.backend);
        known.unwrap_or_else(|| {
            // What is compared is what is there.
            let compose = match self.args.compare {
                None => composition::compose_for_long,
                Some(_) => composition::compose,
            };
            let composed = compose(engine, &self.models);
            self.compositions.push((engine.backend.clone(), composed));
            self.compositions.len() - 1
        })
    }

    /// The EVM of a chain, with what this machine has for its extensions.
    fn factory(&self, spec: Arc<ChainSpec>, inference: &Arc<DispatcherEngine>) -> MetisEvmFactory {
        MetisEvmFactory::new(spec, Some(inference.clone()))
            .with_proofs(Some(self.keys.clone()))
            .with_jit(self.jit.clone())
    }

    fn execute(&mut self, block: &BlockFile, engine: &Engine, file: Option<&Path>) -> Result<Ran, CliError> {
        let place = self.composition(engine);
        let composed = &self.compositions[place].1;
        let before = composed.mark();
        let engine = Arc::new(DispatcherEngine::new(composed.dispatcher.clone()));
        let factory = |spec| self.factory(spec, &engine);
        let counted = self.jit_counters();
        let (report, _) = run_block_file_with(block, factory, &self.blocks)?.split();
        let native = JitReport::since(self.jit.as_ref(), &counted);
        let composed = &mut self.compositions[place].1;
        let mut ran = Ran::new(report, &engine, composed, &before, native);
        // Only of the bundled block is it known what its images show.
        if file.is_none() {
            ran.accuracy = bundled::accuracy(&ran.block.outcome);
        }
        Ok(ran)
    }
}

/// A bar on standard error, once a command takes long; nothing where that is no terminal.
struct Progress {
    started: Instant,
    bar: Option<ProgressBar>,
    done: u64,
    all: u64,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self {
            started: Instant::now(),
            bar: None,
            done: 0,
            all: all as u64,
        }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let all = self.all;
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{pos}/{len} blocks {wide_bar} {eta}");
            ProgressBar::new(all).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(self.done);
        if self.done == all {
            bar.finish_and_clear();
        }
    }
}
