//! A part made ready: constants and packed weights on the device, and a place for every value.

use super::convolutions::is_direct;
use super::flight::Flight;
use super::products::pack;
use super::sums::Packed;
use super::{Engine, compiling};
use crate::backend::{BackendError, Executable, Running};
use crate::buffer::Batch;
use crate::check::Checker;
use crate::macs::macs;
use metisvm_model::{Graph, Op, Schedule, ScheduleOptions, Segment, Value};
use metisvm_opencl::{Job, Memory, Slice};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where slots begin, in bytes: a line of a cache, and more than any element needs.
pub(super) const ALIGNMENT: usize = 64;
/// Bytes of arena and scratch that a group of items takes at most, if it is more than one.
const MOST_ARENA: usize = 256 << 20;
/// Arenas that are kept for the next runs.
const SPARE_ARENAS: usize = 3;

/// A part, ready to run.
#[derive(Debug)]
pub(super) struct Part(pub(super) Arc<Inner>);

/// What the runs of a part share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) segment: Segment,
    pub(super) engine: Arc<Engine>,
    pub(super) schedule: Schedule,
    /// What is handed out, in order: the segment's outputs, then, in checked mode, every product's accumulators.
    pub(super) results: Vec<Value>,
    /// The place among the results of what lies in one's memory.
    pub(super) homes: BTreeMap<Value, usize>,
    /// Raw constants.
    pub(super) constants: BTreeMap<u32, Slice>,
    /// Parameters of nodes as i32.
    pub(super) parameters: BTreeMap<usize, Vec<Slice>>,
    /// Operands of products that are constants.
    pub(super) packed: BTreeMap<usize, Packed>,
    /// One zero, as i32.
    pub(super) zero: Slice,
    /// Where scratch begins in the arena of one item, and the bytes of both.
    pub(super) scratch: usize,
    pub(super) arena_bytes: usize,
    /// Items of one group.
    pub(super) group: usize,
    /// Multiply-accumulates of an item.
    pub(super) macs: u64,
    pub(super) checker: Option<Checker>,
    spare: Mutex<Vec<Memory>>,
}

/// Bytes that go to the device together, and where each piece of them lies.
#[derive(Default)]
struct Image(Vec<u8>);

impl Image {
    fn push(&mut self, bytes: &[u8]) -> (usize, usize) {
        let place = (self.0.len(), bytes.len());
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        place
    }
}

impl Part {
    pub(super) fn compile(segment: &Segment, engine: Arc<Engine>) -> Result<Self, BackendError> {
        let graph = segment.graph().clone();
        let steps = segment.nodes().map(|node| vec![node]).collect();
        let options = ScheduleOptions {
            alignment: ALIGNMENT,
            outputs_in_arena: false,
        };
        let schedule = Schedule::with_steps(segment, steps, &options)
            .map_err(|error| BackendError::NotTaken(error.to_string()))?;

        let products = segment
            .nodes()
            .filter(|&node| macs(&graph, node) > 0)
            .map(|node| Value::Node(node as u32));
        let checked = engine.options.checked;
        let mut results = segment.outputs().to_vec();
        if checked {
            results.extend(products);
        }
        let mut homes = BTreeMap::new();
        for (place, &value) in results.iter().enumerate() {
            let storage = schedule.storage(value);
            if matches!(storage, Value::Node(node) if segment.nodes().contains(&(node as usize))) {
                homes.entry(storage).or_insert(place);
            }
        }

        let mut image = Image::default();
        let mut constants = BTreeMap::new();
        let mut parameters = BTreeMap::new();
        let zero = image.push(&[0; 4]);
        for index in segment.nodes() {
            let node = &graph.nodes()[index];
            let own = parameters_of(&graph, index);
            let own: Vec<_> = own
                .iter()
                .map(|values| image.push(bytemuck::cast_slice(values)))
                .collect();
            if !own.is_empty() {
                parameters.insert(index, own);
            }
            for (place, &value) in node.operands.iter().enumerate() {
                if let Value::Constant(number) = value
                    && is_raw(&graph, index, place)
                {
                    let bytes = &graph.constants()[number as usize].bytes;
                    constants.entry(number).or_insert_with(|| image.push(bytes));
                }
            }
        }
        for &value in segment.outputs() {
            if let Value::Constant(number) = schedule.storage(value) {
                let bytes = &graph.constants()[number as usize].bytes;
                constants.entry(number).or_insert_with(|| image.push(bytes));
            }
        }

        let device = &engine.device;
        let memory = device.allocate(image.0.len()).map_err(compiling)?;
        let slice = |(offset, bytes): (usize, usize)| memory.slice(offset, bytes).map_err(compiling);
        let constants = constants
            .into_iter()
            .map(|(number, place)| Ok((number, slice(place)?)))
            .collect::<Result<BTreeMap<_, _>, BackendError>>()?;
        let parameters = parameters
            .into_iter()
            .map(|(node, places)| Ok((node, places.into_iter().map(slice).collect::<Result<_, _>>()?)))
            .collect::<Result<BTreeMap<_, Vec<Slice>>, BackendError>>()?;
        let zero = slice(zero)?;
        let mut job = Job::new(device).map_err(compiling)?;
        let sent = job.write(&memory.all(), image.0, &[]).map_err(compiling)?;
        let mut packed = BTreeMap::new();
        let (mut scratch, mut largest) = (0, 1usize);
        for index in segment.nodes() {
            let node = &graph.nodes()[index];
            let sizes = node
                .operands
                .iter()
                .map(|&value| graph.ty(value).elements())
                .chain([graph.ty(Value::Node(index as u32)).elements()]);
            largest = sizes.fold(largest, usize::max);
            if macs(&graph, index) == 0 {
                continue;
            }
            let own = pack(
                &graph,
                index,
                &mut job,
                (parameters.get(&index).map_or(&[][..], Vec::as_slice), &zero, sent),
            )
            .map_err(compiling)?;
            scratch = scratch.max(own.scratch);
            packed.insert(index, own);
        }
        job.start().map_err(compiling)?;
        job.wait().map_err(compiling)?;

        let scratch_at = schedule.arena_bytes().next_multiple_of(ALIGNMENT);
        let arena_bytes = (scratch_at + scratch).next_multiple_of(ALIGNMENT).max(ALIGNMENT);
        let most = MOST_ARENA.min(device.found().most_bytes as usize / 2);
        // Counts of elements have 31 bits, packed ones with room to spare.
        let group = (most / arena_bytes)
            .min((1 << 30) / largest.max(arena_bytes / 4))
            .max(1);
        let group = if group >= 4 { group / 4 * 4 } else { group };
        let through = segment.inputs().iter().chain(&results);
        let awkward = through
            .map(|&value| graph.ty(value))
            .any(|ty| !ty.bytes().is_multiple_of(4));
        if group < 4 && awkward && arena_bytes > MOST_ARENA {
            return Err(BackendError::TooLarge(format!("{arena_bytes} bytes for an item")));
        }
        let checker = if checked {
            let mut offset = segment.output_bytes();
            let mut products = Vec::new();
            for &value in &results[segment.outputs().len()..] {
                if let Value::Node(node) = value {
                    products.push((node as usize, offset));
                }
                offset += graph.ty(value).bytes();
            }
            Some(Checker::new(segment, &products)?)
        } else {
            None
        };
        engine.loads.fetch_add(1, Relaxed);
        Ok(Self(Arc::new(Inner {
            macs: segment.nodes().map(|node| macs(&graph, node)).sum(),
            segment: segment.clone(),
            engine,
            schedule,
            results,
            homes,
            constants,
            parameters,
            packed,
            zero,
            scratch: scratch_at,
            arena_bytes,
            group,
            checker,
            spare: Mutex::default(),
        })))
    }
}

impl Executable for Part {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        self.submit(batch)?.wait()
    }

    fn submit(&self, batch: &Batch) -> Result<Box<dyn Running>, BackendError> {
        Ok(Box::new(Flight::start(self.0.clone(), batch)?))
    }
}

impl Inner {
    /// Memory for the values of so many items between steps.
    pub(super) fn arena(&self, items: usize) -> Result<Memory, metisvm_opencl::Error> {
        let bytes = self.arena_bytes * items;
        let mut spare = lock(&self.spare);
        if let Some(place) = spare.iter().position(|memory| memory.bytes() >= bytes) {
            return Ok(spare.swap_remove(place));
        }
        drop(spare);
        self.engine.device.allocate(bytes)
    }

    /// Keeps an arena that no command uses any more.
    pub(super) fn give_back(&self, arena: Memory) {
        let mut spare = lock(&self.spare);
        spare.push(arena);
        if spare.len() > SPARE_ARENAS {
            // The smallest serves the fewest.
            spare.sort_by_key(|memory| std::cmp::Reverse(memory.bytes()));
            spare.truncate(SPARE_ARENAS);
        }
    }
}

/// Whether an operand that is a constant is read as it lies in the model.
fn is_raw(graph: &Graph, index: usize, place: usize) -> bool {
    match graph.nodes()[index].op {
        // Weights are packed, unless a convolution reads them as they are; the rest are parameters.
        Op::MatMul | Op::WideMatMul => false,
        Op::Conv2d { .. } => place == 1 && is_direct(graph, index),
        Op::Requantise { .. } => place == 0,
        Op::Clamp => place == 0,
        _ => true,
    }
}

/// Parameters of a node that are constants, as i32: of a product the zero points of its weights and its bias, of a
/// Requantise multipliers (as many as any of the three has), shifts and zero points.
fn parameters_of(graph: &Graph, index: usize) -> Vec<Vec<i32>> {
    let node = &graph.nodes()[index];
    let data = |place: usize| {
        let constant = node.operands.get(place).and_then(|&value| graph.constant(value));
        constant.map(|constant| constant.tensor().data().to_vec())
    };
    match node.op {
        Op::MatMul | Op::WideMatMul | Op::Conv2d { .. } => [3, 4].into_iter().map_while(data).collect(),
        Op::Requantise { .. } => {
            let Some(mut all) = [1, 2, 3].map(data).into_iter().collect::<Option<Vec<_>>>() else {
                return Vec::new();
            };
            let most = all.iter().map(Vec::len).max().unwrap_or(1);
            if all[0].len() < most {
                all[0] = vec![all[0][0]; most];
            }
            all
        }
        _ => Vec::new(),
    }
}

/// What these locks guard is whole after any panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
