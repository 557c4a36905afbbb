//! `metisvm profile`: what is hot in blocks.

mod flame;
mod names;
mod objects;
mod stacks;
mod tables;

use super::run::{complain_of, read, shown};
use crate::args::{Backend, Engine, Profile};
use crate::engine::DispatcherEngine;
use crate::error::CliError;
use crate::files::Target;
use crate::progress::StepProgress;
use crate::{bundled, composition, models, output, verifying_keys};
use metisvm_executor::profile::{NativeProfiler, NativeReport, ProfiledBlock, Profiler};
use metisvm_executor::{BlockFile, Threads};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn run(args: &Profile) -> Result<bool, CliError> {
    let inputs = [&args.files, &args.models, &args.keys];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    let probe = |file: &Option<PathBuf>| {
        file.as_deref()
            .map(|file| Target::probe(file, &inputs))
            .transpose()
    };
    let (flame, folded) = (probe(&args.flame)?, probe(&args.folded)?);
    let mut session = Session::new(args)?;
    let Some(native) = session.run()? else {
        return Ok(false);
    };
    let Session {
        profiler,
        well,
        mismatched,
        ..
    } = session;
    let profile = profiler.finish();
    let shown = Shown {
        profile: &profile,
        native: &native,
        mismatched,
        args,
    };
    if args.json {
        objects::show(&shown)?;
    } else {
        tables::show(&shown)?;
    }
    // After the report, so that a file which cannot be written does not take that away.
    let weight = args.by.unwrap_or_default();
    if let (Some(target), Some(file)) = (&flame, &args.flame) {
        let drawn = flame::draw(&profile, weight).map_err(|problem| CliError::file(file, problem))?;
        target.write(&drawn)?;
    }
    if let Some(target) = &folded {
        target.write(stacks::text(&profile, weight).as_bytes())?;
    }
    Ok(well)
}

/// What there is to show.
struct Shown<'a> {
    profile: &'a metisvm_executor::profile::Profile,
    native: &'a Native,
    /// Blocks that are not what their headers say.
    mismatched: u64,
    args: &'a Profile,
}

/// What came of compiling.
enum Native {
    /// It was not asked for.
    NotAsked,
    /// It gave no native code, because of this.
    Nothing(String),
    /// Blocks were timed with and without.
    Timed(NativeReport),
}

/// A block that is executed several times.
enum Source<'a> {
    /// In a file, which is read for each time, so that one block is in memory at once.
    File(&'a Path),
    /// In memory, because it can be read only once, and where it came from.
    Held(Box<BlockFile>, Option<&'a Path>),
}

impl<'a> Source<'a> {
    fn file(&self) -> Option<&'a Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Held(_, file) => *file,
        }
    }

    fn with<T>(&self, take: impl FnOnce(&BlockFile) -> Result<T, CliError>) -> Result<T, CliError> {
        match self {
            Self::File(file) => take(&read(file, true)?),
            Self::Held(block, _) => take(block),
        }
    }
}

struct Session<'a> {
    args: &'a Profile,
    engine: Arc<DispatcherEngine>,
    keys: Arc<metisvm_vm::KeyRing>,
    threads: Threads,
    profiler: Profiler,
    well: bool,
    mismatched: u64,
}

impl<'a> Session<'a> {
    fn new(args: &'a Profile) -> Result<Self, CliError> {
        let mut models = bundled::models()?;
        models.extend(models::read_all(&args.models)?);
        let composed = composition::compose(&Engine::of(vec![Backend::Cpu]), &models);
        Ok(Self {
            args,
            engine: Arc::new(DispatcherEngine::new(composed.dispatcher)),
            keys: Arc::new(verifying_keys::read_all(&args.keys)?),
            threads: Threads::new(0)?,
            profiler: Profiler::new(args.samples),
            well: true,
            mismatched: 0,
        })
    }

    /// Profiles all blocks; `None` where there was none that could be executed.
    fn run(&mut self) -> Result<Option<Native>, CliError> {
        let mut sources: Vec<Source<'a>> = Vec::new();
        let mut progress = StepProgress::new(self.args.files.len().max(1) as u64 * 2);
        if self.args.files.is_empty() {
            let source = Source::Held(Box::new(bundled::block()?), None);
            progress.begin("the bundled block");
            self.profile(&source, &progress)?;
            sources.push(source);
        }
        for file in &self.args.files {
            progress.begin(&output::shown(&shown(file)));
            // What is no regular file may be a pipe.
            let source = if file.is_file() {
                Ok(Source::File(file))
            } else {
                read(file, true).map(|block| Source::Held(Box::new(block), Some(file)))
            };
            let profiled = source.map_err(CliError::from).and_then(|source| {
                self.profile(&source, &progress)?;
                Ok(source)
            });
            match profiled {
                Ok(source) => sources.push(source),
                Err(error) => self.complain(file, error, &progress)?,
            }
        }
        if sources.is_empty() {
            return Ok(None);
        }
        self.compile(&sources, &mut progress).map(Some)
    }

    fn factory(&self) -> impl FnOnce(Arc<ChainSpec>) -> MetisEvmFactory + use<> {
        let (engine, keys) = (self.engine.clone(), self.keys.clone());
        move |spec| MetisEvmFactory::new(spec, Some(engine)).with_proofs(Some(keys))
    }

    fn profile(&mut self, source: &Source<'_>, progress: &StepProgress) -> Result<(), CliError> {
        let factory = self.factory();
        let block: ProfiledBlock =
            source.with(|block| Ok(self.profiler.add(block, factory, &self.threads)?))?;
        if let Some(first) = block.mismatches.first() {
            self.well = false;
            self.mismatched += 1;
            let place = source
                .file()
                .map_or_else(|| "the bundled block".to_owned(), shown);
            let (field, actual, expected) = (first.field, &first.actual, &first.expected);
            let problem = format!(
                "{place}: block {} is not what its header says ({field} is {actual}, not {expected})",
                block.number
            );
            progress.aside(|| output::complain(&problem));
        }
        Ok(())
    }

    fn complain(&mut self, file: &Path, error: CliError, progress: &StepProgress) -> Result<(), CliError> {
        self.well = false;
        match error {
            CliError::Output(_) => Err(error),
            error => progress.aside(|| complain_of(file, &error, "", self.args.json)),
        }
    }

    /// Compiles the hottest contracts and times the blocks again.
    fn compile(&mut self, sources: &[Source<'_>], progress: &mut StepProgress) -> Result<Native, CliError> {
        if self.args.compile == 0 {
            return Ok(Native::NotAsked);
        }
        let factories: Vec<_> = sources.iter().map(|_| self.factory()).collect();
        let mut native = match NativeProfiler::new(&mut self.profiler, self.args.compile) {
            Ok(native) => native,
            Err(error) => return Ok(Native::Nothing(error.to_string())),
        };
        if native.compiled().is_empty() {
            return Ok(Native::Nothing("no contract was executed".to_owned()));
        }
        if native
            .compiled()
            .iter()
            .all(|contract| contract.compiled.code_bytes == 0)
        {
            return Ok(Native::Nothing(
                "the compiler made no native code of any of them".to_owned(),
            ));
        }
        let mut failed = Vec::new();
        for (source, factory) in sources.iter().zip(factories) {
            let name = source
                .file()
                .map_or_else(|| "the bundled block".to_owned(), shown);
            progress.begin(&output::shown(&format!("{name}, compiled")));
            let timed = source.with(|block| Ok(native.add(block, factory, &self.threads)?));
            if let (Err(error), Some(file)) = (timed, source.file()) {
                failed.push((file, error));
            }
        }
        let report = native.finish();
        for (file, error) in failed {
            self.complain(file, error, progress)?;
        }
        Ok(Native::Timed(report))
    }
}
