//! A compiled part as the dispatcher runs it: items in groups, groups and rows on several threads, some of them
//! audited.

use super::compile::{self, Known};
use super::levels::Levels;
use super::program::Program;
use super::run::Arena;
use crate::backend::{BackendError, Executable};
use crate::buffer::{Batch, Buffer, types};
use bytes::Bytes;
use metisvm_model::{Reference, Segment};
use metisvm_simd::Level;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The bytes of slots up to which items are run together: they share packed weights, and stay in a cache of the
/// second level.
const GROUP_BYTES: usize = 1 << 20;

/// A part, compiled for a level.
pub(super) struct Compiled {
    program: Program,
    segment: Segment,
    level: Level,
    levels: Arc<Levels>,
    /// Memory of runs that are over.
    arenas: Mutex<Vec<Arena>>,
    /// For audits.
    reference: OnceLock<Reference>,
}

/// The outputs of some items: for each output, each item's raw tensor.
type Outputs = Vec<Vec<Vec<u8>>>;

impl Compiled {
    pub(super) fn new(segment: &Segment, level: Level, levels: Arc<Levels>) -> Self {
        Self {
            program: compile::compile(segment, level, &Known::new()),
            segment: segment.clone(),
            level,
            levels,
            arenas: Mutex::default(),
            reference: OnceLock::new(),
        }
    }

    /// Runs the items of a batch, in order. A caller on a thread of a pool, as those of the block engine are,
    /// shares the work with the threads of that pool that have nothing else to do.
    fn items(&self, values: &[&[Bytes]], items: usize) -> Outputs {
        let threads = rayon::current_thread_index().map_or(1, |_| rayon::current_num_threads());
        let bytes = self.program.slots.iter().sum::<usize>().max(1);
        let group = (GROUP_BYTES / bytes).clamp(1, items.div_ceil(threads).max(1));
        let groups = items.div_ceil(group);
        if threads == 1 || groups < threads {
            // Few items: each is divided by itself.
            let mut arena = self.arena();
            let mut all = vec![Vec::with_capacity(items); self.program.outputs.len()];
            for start in (0..items).step_by(group) {
                let own = start..items.min(start + group);
                append(&mut all, self.group(values, own, threads, &mut arena));
            }
            self.give_back(arena);
            return all;
        }
        let one = |number: usize| {
            let mut arena = self.arena();
            let own = number * group..items.min((number + 1) * group);
            let outputs = self.group(values, own, 1, &mut arena);
            self.give_back(arena);
            outputs
        };
        let parts: Vec<Outputs> = (0..groups).into_par_iter().map(one).collect();
        let mut all = vec![Vec::with_capacity(items); self.program.outputs.len()];
        for part in parts {
            append(&mut all, part);
        }
        all
    }

    fn group(&self, values: &[&[Bytes]], own: Range<usize>, threads: usize, arena: &mut Arena) -> Outputs {
        if own.len() == 1 {
            let inputs: Vec<&Bytes> = values.iter().map(|value| &value[own.start]).collect();
            return self.program.run_one(self.level, threads, &inputs, arena);
        }
        let inputs: Vec<Vec<&[u8]>> = values
            .iter()
            .map(|value| value[own.clone()].iter().map(|raw| &**raw).collect())
            .collect();
        let inputs: Vec<&[&[u8]]> = inputs.iter().map(Vec::as_slice).collect();
        self.program.run(self.level, threads, own.len(), &inputs, arena)
    }

    fn arena(&self) -> Arena {
        let mut arenas = self.arenas.lock().unwrap_or_else(PoisonError::into_inner);
        arenas.pop().unwrap_or_default()
    }

    fn give_back(&self, arena: Arena) {
        self.arenas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(arena);
    }

    /// Computes the items whose turn it is again by the reference kernels, and compares.
    fn audit(
        &self,
        values: &[&[Bytes]],
        outputs: &Outputs,
        first: u64,
        items: usize,
    ) -> Result<(), BackendError> {
        let Some(every) = self.levels.options.audit else {
            return Ok(());
        };
        for item in (0..items).filter(|&item| (first + item as u64).is_multiple_of(u64::from(every.get()))) {
            let reference = self.reference.get_or_init(|| Reference::of(self.segment.clone()));
            let inputs: Vec<&[u8]> = values.iter().map(|value| &*value[item]).collect();
            let expected = reference
                .run_values(&inputs)
                .map_err(|error| BackendError::Device(error.to_string()))?;
            self.levels.audited.fetch_add(1, Relaxed);
            if outputs
                .iter()
                .zip(&expected)
                .any(|(output, expected)| output[item] != *expected)
            {
                let why = "an audit: the reference kernels compute another result".to_owned();
                self.levels.condemn(self.level, why);
                return Err(BackendError::WrongResult(format!(
                    "an audit by the reference kernels: the level {} is not used any more",
                    self.level
                )));
            }
        }
        Ok(())
    }
}

fn append(all: &mut Outputs, more: Outputs) {
    for (all, more) in all.iter_mut().zip(more) {
        all.extend(more);
    }
}

impl Executable for Compiled {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        let values: Vec<_> = batch
            .values()
            .iter()
            .map(Buffer::to_host)
            .collect::<Result<_, _>>()?;
        let values: Vec<&[Bytes]> = values.iter().map(|value| &**value).collect();
        let items = batch.items();
        let mut outputs = self.items(&values, items);
        let levels = &self.levels;
        if levels.sabotages(self.level)
            && let Some(byte) = outputs
                .first_mut()
                .and_then(|items| items.first_mut()?.first_mut())
        {
            *byte ^= 1;
        }
        let count = items as u64;
        let first = levels.items.fetch_add(count, Relaxed);
        let scalar = self.program.scalar_macs;
        levels
            .macs
            .fetch_add(count * (self.program.macs - scalar), Relaxed);
        levels.scalar_macs.fetch_add(count * scalar, Relaxed);
        self.audit(&values, &outputs, first, items)?;
        // Another run's audit may have found the level out meanwhile.
        if levels.is_condemned(self.level) {
            return Err(BackendError::WrongResult(format!(
                "the level {} was put out of use before this run was over",
                self.level
            )));
        }
        let values = types(&self.segment, self.segment.outputs()).zip(outputs);
        let values = values.map(|(ty, items)| {
            let items = items.into_iter().map(Bytes::from).collect();
            Buffer::host(ty.clone(), items)
        });
        Batch::new(items, values.collect::<Result<_, _>>()?)
    }
}

/// The steps, one a line.
impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "at {}, {} bytes an item",
            self.level,
            self.program.slots.iter().sum::<usize>()
        )?;
        self.program
            .steps
            .iter()
            .try_for_each(|step| writeln!(f, "{step}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Options;
    use metisvm_model::{DType, Node, Op, Output, Parsed, Port, TensorType, Value};
    use std::sync::Barrier;

    /// `x + x` of four bytes, compiled for the level in use, and an input.
    fn compiled(levels: &Arc<Levels>) -> (Compiled, Batch) {
        let ty = TensorType::new(DType::I8, &[4]).expect("a small shape");
        let (x, y) = (Value::Input(0), Value::Node(0));
        let parsed = Parsed {
            inputs: vec![Port {
                name: "x".into(),
                ty: ty.clone(),
            }],
            nodes: vec![Node {
                op: Op::Add,
                operands: vec![x, x],
            }],
            outputs: vec![Output {
                name: "y".into(),
                value: y,
            }],
            ..Parsed::default()
        };
        let graph = Arc::new(parsed.check().expect("a sound graph"));
        let level = levels.current().expect("one passes");
        let input = Buffer::host(ty, vec![Bytes::from_static(&[1, 2, 3, 4])]).expect("four bytes");
        let batch = Batch::new(1, vec![input]).expect("one item");
        (
            Compiled::new(&Segment::whole(graph), level, levels.clone()),
            batch,
        )
    }

    #[test]
    fn a_run_of_a_condemned_level_gives_an_error() {
        let levels = Arc::new(Levels::new(Options::default()));
        let (compiled, batch) = compiled(&levels);
        assert!(compiled.run(&batch).is_ok());
        levels.condemn(compiled.level, "a test".into());
        let error = compiled.run(&batch).expect_err("the level is out of use");
        assert!(matches!(&error, BackendError::WrongResult(_)), "{error}");
        assert!(error.to_string().contains(compiled.level.name()), "{error}");
    }

    /// Threads run what is compiled while one finds the level out: none takes a result after that for good.
    #[test]
    fn threads_see_that_their_level_was_condemned() {
        let levels = Arc::new(Levels::new(Options::default()));
        let (compiled, batch) = compiled(&levels);
        let begin = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    begin.wait();
                    loop {
                        let known = levels.is_condemned(compiled.level);
                        let given = compiled.run(&batch);
                        assert!(!known || given.is_err(), "a result of a condemned level");
                        if known {
                            break;
                        }
                    }
                });
            }
            begin.wait();
            levels.condemn(compiled.level, "a test".into());
        });
    }
}
