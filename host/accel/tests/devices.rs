//! Devices that keep values, work by themselves and come back with other abilities: a toy device shows what
//! the plan moves, when it asks, and how much it has in flight.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{
    Backend, BackendError, Batch, Buffer, DeviceBuffer, DeviceId, Dispatcher, Executable, Options, Placement,
    Running, Submitted,
};
use metisvm_model::{Bundle, DType, Graph, ModelId, Op, Parsed, Reference, Segment, Tensor, TensorType};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A chain of clamps over 100 bytes: what is cut where is all that matters.
fn chain(nodes: usize) -> Graph {
    let mut g = Parsed::default();
    let mut x = g.input("x", TensorType::new(DType::U8, &[100]).unwrap());
    for i in 0..nodes {
        let bound =
            |v: usize| Tensor::new(TensorType::scalar(DType::U8), vec![i32::try_from(v).unwrap()]).unwrap();
        let (low, high) = (g.constant(&bound(i)), g.constant(&bound(200 - i)));
        x = g.node(Op::Clamp, &[x, low, high]);
    }
    g.output("y", x);
    g.check().unwrap()
}

/// A device of which several backends may have a share.
#[derive(Debug)]
struct Device {
    id: DeviceId,
    reads: AtomicUsize,
    /// Reading back fails.
    broken: AtomicBool,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    /// How often it began a job while another device was at one.
    overlapped: AtomicUsize,
    other: Mutex<Option<Arc<Device>>>,
}

#[derive(Debug)]
struct Memory {
    device: Arc<Device>,
    items: Vec<Bytes>,
}

impl DeviceBuffer for Memory {
    fn device(&self) -> DeviceId {
        self.device.id
    }

    fn read(&self) -> Result<Vec<Bytes>, BackendError> {
        self.device.reads.fetch_add(1, Ordering::SeqCst);
        if self.device.broken.load(Ordering::SeqCst) {
            return Err(BackendError::Device("what it held is lost".into()));
        }
        Ok(self.items.clone())
    }
}

/// Takes nodes `nodes`, keeps results on its device, and answers after it was asked `patience` times.
#[derive(Debug)]
struct Toy {
    device: Arc<Device>,
    nodes: Mutex<Range<usize>>,
    abilities: AtomicU64,
    asked: AtomicUsize,
    compiled: AtomicUsize,
    patience: usize,
    in_flight: usize,
}

impl Toy {
    fn new(device: &Arc<Device>, nodes: Range<usize>) -> Self {
        Self {
            device: device.clone(),
            nodes: Mutex::new(nodes),
            abilities: AtomicU64::new(0),
            asked: AtomicUsize::new(0),
            compiled: AtomicUsize::new(0),
            patience: 0,
            in_flight: 1,
        }
    }
}

fn device() -> Arc<Device> {
    Arc::new(Device {
        id: DeviceId::unique(),
        reads: AtomicUsize::new(0),
        broken: AtomicBool::new(false),
        in_flight: AtomicUsize::new(0),
        most_in_flight: AtomicUsize::new(0),
        overlapped: AtomicUsize::new(0),
        other: Mutex::new(None),
    })
}

impl Backend for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn placement(&self) -> Placement {
        Placement::Device(self.device.id)
    }

    fn abilities(&self) -> u64 {
        self.abilities.load(Ordering::SeqCst)
    }

    fn max_in_flight(&self) -> usize {
        self.in_flight
    }

    fn takes(&self, _: &Graph) -> Vec<Range<usize>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        vec![self.nodes.lock().unwrap().clone()]
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        self.compiled.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Compiled {
            device: self.device.clone(),
            segment: segment.clone(),
            host: ReferenceBackend.compile(segment)?,
            patience: self.patience,
        }))
    }
}

#[derive(Debug)]
struct Compiled {
    device: Arc<Device>,
    segment: Segment,
    host: Arc<dyn Executable>,
    patience: usize,
}

impl Executable for Compiled {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        // What lies here is used where it lies.
        let here = |value: &Buffer| match value.memory::<Memory>() {
            Some(memory) => Buffer::host(value.ty().clone(), memory.items.clone()),
            None => Ok(value.clone()),
        };
        let values = batch.values().iter().map(here).collect::<Result<_, _>>()?;
        let results = self.host.run(&Batch::new(batch.items(), values)?)?;
        let graph = self.segment.graph();
        let keep = |(value, buffer): (&metisvm_model::Value, Buffer)| {
            let items = buffer.to_host()?.into_owned();
            let device = self.device.clone();
            let memory = Arc::new(Memory { device, items });
            Ok(Buffer::on_device(graph.ty(*value).clone(), batch.items(), memory))
        };
        let values = self.segment.outputs().iter().zip(results.into_values()).map(keep);
        Batch::new(batch.items(), values.collect::<Result<_, BackendError>>()?)
    }

    fn submit(&self, batch: &Batch) -> Result<Box<dyn Running>, BackendError> {
        let now = self.device.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.device.most_in_flight.fetch_max(now, Ordering::SeqCst);
        let other = self.device.other.lock().unwrap();
        let busy = other
            .as_ref()
            .map_or(0, |other| other.in_flight.load(Ordering::SeqCst));
        self.device.overlapped.fetch_add(busy, Ordering::SeqCst);
        Ok(Box::new(Slow {
            device: self.device.clone(),
            left: self.patience,
            outcome: Some(self.run(batch)),
        }))
    }
}

#[derive(Debug)]
struct Slow {
    device: Arc<Device>,
    left: usize,
    outcome: Option<Result<Batch, BackendError>>,
}

impl Running for Slow {
    fn poll(&mut self) -> Option<Result<Batch, BackendError>> {
        if self.left == 0 {
            return self.outcome.take();
        }
        self.left -= 1;
        None
    }

    fn wait(mut self: Box<Self>) -> Result<Batch, BackendError> {
        self.outcome.take().unwrap()
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.device.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

fn dispatcher(backends: Vec<Arc<Toy>>, graph: &Graph) -> (Dispatcher, ModelId, Reference) {
    let options = Options {
        memo_bytes: 0,
        ..Options::default()
    };
    let backends = backends.into_iter().map(|b| b as Arc<dyn Backend>).collect();
    let dispatcher = Dispatcher::new(backends, options);
    let id = dispatcher.add(Bundle::encode(graph.clone()).unwrap().0);
    (dispatcher, id, Reference::new(Arc::new(graph.clone())))
}

fn infer(dispatcher: &Dispatcher, id: ModelId, reference: &Reference, byte: u8) {
    let input: Vec<u8> = (0..100u8).map(|i| byte.wrapping_add(i.wrapping_mul(3))).collect();
    let expected = reference.run(&input).unwrap();
    assert_eq!(*dispatcher.infer(id, &input).unwrap(), *expected);
}

#[test]
fn between_two_parts_on_one_device_nothing_returns_to_the_host() {
    let device = device();
    let (first, second) = (Toy::new(&device, 0..2), Toy::new(&device, 2..5));
    let (dispatcher, id, reference) = dispatcher(vec![Arc::new(first), Arc::new(second)], &chain(5));
    infer(&dispatcher, id, &reference, 1);
    let counters = dispatcher.counters();
    assert_eq!(counters.compiled, 2, "two parts");
    assert_eq!((counters.to_devices, counters.from_devices), (100, 100));
    assert_eq!(device.reads.load(Ordering::SeqCst), 1, "the output alone");
}

#[test]
fn between_two_devices_and_to_the_host_the_plan_moves_values() {
    let (one, other) = (device(), device());
    let toys = vec![Arc::new(Toy::new(&one, 0..2)), Arc::new(Toy::new(&other, 2..4))];
    // The last node is the reference's.
    let (dispatcher, id, reference) = dispatcher(toys, &chain(5));
    infer(&dispatcher, id, &reference, 1);
    let counters = dispatcher.counters();
    assert_eq!((counters.to_devices, counters.from_devices), (200, 200));
    assert_eq!(counters.fallbacks, 0);
}

#[test]
fn a_device_that_loses_what_it_holds_costs_time_and_no_result() {
    let device = device();
    let toy = Arc::new(Toy::new(&device, 0..3));
    let (dispatcher, id, reference) = dispatcher(vec![toy], &chain(5));
    infer(&dispatcher, id, &reference, 1);
    device.broken.store(true, Ordering::SeqCst);
    infer(&dispatcher, id, &reference, 2);
    assert_eq!(dispatcher.counters().fallbacks, 1);
    assert!(dispatcher.take_errors()[0].contains("is lost"));
    device.broken.store(false, Ordering::SeqCst);
    infer(&dispatcher, id, &reference, 3);
    assert_eq!(dispatcher.counters().fallbacks, 1);
}

#[test]
fn a_backend_is_asked_once_a_model_and_again_when_its_abilities_changed() {
    let toy = Arc::new(Toy::new(&device(), 0..5));
    let (dispatcher, id, reference) = dispatcher(vec![toy.clone()], &chain(5));
    for byte in 0..10 {
        infer(&dispatcher, id, &reference, byte);
    }
    let asked = || toy.asked.load(Ordering::SeqCst);
    let compiled = || toy.compiled.load(Ordering::SeqCst);
    assert_eq!((asked(), compiled()), (1, 1));
    // A model that is added again is the same model.
    dispatcher.add(Bundle::encode(chain(5)).unwrap().0);
    infer(&dispatcher, id, &reference, 11);
    assert_eq!((asked(), compiled()), (1, 1));

    *toy.nodes.lock().unwrap() = 1..3;
    toy.abilities.store(1, Ordering::SeqCst);
    for byte in 0..10 {
        infer(&dispatcher, id, &reference, byte);
    }
    assert_eq!((asked(), compiled()), (2, 2));
    let counters = dispatcher.counters();
    assert_eq!(
        (counters.compiled, counters.fallbacks),
        (4, 0),
        "the parts around it are the reference's"
    );
}

#[test]
fn a_part_is_compiled_once_however_many_threads_ask_for_it() {
    for _ in 0..20 {
        let toy = Arc::new(Toy::new(&device(), 0..5));
        let (dispatcher, id, reference) = dispatcher(vec![toy.clone()], &chain(5));
        std::thread::scope(|scope| {
            for byte in 0..4 {
                let (dispatcher, reference) = (&dispatcher, &reference);
                scope.spawn(move || infer(dispatcher, id, reference, byte));
            }
        });
        assert_eq!(toy.compiled.load(Ordering::SeqCst), 1);
    }
}

/// Two models' worth of tickets on one device that answers late.
fn most_in_flight(allowed: usize) -> usize {
    let device = device();
    let toy = Arc::new(Toy {
        patience: 3,
        in_flight: allowed,
        ..Toy::new(&device, 0..9)
    });
    // One item a batch, so that there are many.
    let options = Options {
        memo_bytes: 0,
        max_batch: 1,
        ..Options::default()
    };
    let dispatcher = Dispatcher::new(vec![toy as Arc<dyn Backend>], options);
    let models: Vec<_> = [3, 5]
        .map(|nodes| {
            let graph = chain(nodes);
            let id = dispatcher.add(Bundle::encode(graph.clone()).unwrap().0);
            (id, Reference::new(Arc::new(graph)))
        })
        .into();
    let mut asked = Vec::new();
    for byte in 0..60u8 {
        let (id, reference) = &models[usize::from(byte % 2)];
        let input = vec![byte; 100];
        asked.push((
            dispatcher.submit(*id, &input).unwrap(),
            reference.run(&input).unwrap(),
        ));
    }
    for (submitted, expected) in asked {
        let output = match submitted {
            Submitted::Ready(output) => output,
            Submitted::Pending(ticket) => dispatcher.wait(&ticket).unwrap(),
        };
        assert_eq!(*output, *expected);
    }
    assert_eq!(device.in_flight.load(Ordering::SeqCst), 0);
    device.most_in_flight.load(Ordering::SeqCst)
}

#[test]
fn batches_are_in_flight_at_once_as_many_as_the_backend_allows() {
    // The dispatcher's thread and this one may each have one of their own, whatever is allowed.
    let alone = most_in_flight(1);
    assert!(alone <= 2, "{alone}");
    let four = (0..20).map(|_| most_in_flight(4)).max().unwrap();
    assert!((3..=5).contains(&four), "{four}");
}

/// Two clamps of one input that do not follow from each other, each on a device of its own.
#[test]
fn parts_that_do_not_follow_from_each_other_overlap() {
    let mut g = Parsed::default();
    let x = g.input("x", TensorType::new(DType::U8, &[100]).unwrap());
    let bound = |v| Tensor::new(TensorType::scalar(DType::U8), vec![v]).unwrap();
    let (low, high) = (g.constant(&bound(3)), g.constant(&bound(99)));
    let a = g.node(Op::Clamp, &[x, low, high]);
    let b = g.node(Op::Clamp, &[x, low, low]);
    g.output("a", a);
    g.output("b", b);
    let graph = g.check().unwrap();
    let slow = device();
    let toy = |device: &Arc<Device>, nodes, patience| {
        Arc::new(Toy {
            patience,
            ..Toy::new(device, nodes)
        })
    };
    let other = device();
    *other.other.lock().unwrap() = Some(slow.clone());
    let toys = vec![toy(&slow, 0..1, 1000), toy(&other, 1..2, 0)];
    let (dispatcher, id, reference) = dispatcher(toys, &graph);
    let input = vec![50; 100];
    assert_eq!(
        *dispatcher.infer(id, &input).unwrap(),
        *reference.run(&input).unwrap()
    );
    assert_eq!(dispatcher.counters().fallbacks, 0);
    assert_eq!(other.overlapped.load(Ordering::SeqCst), 1);
}

#[test]
fn values_that_no_part_reads_any_more_leave_the_device() {
    /// Counts what lives.
    #[derive(Debug)]
    struct Counting(Arc<AtomicUsize>, DeviceId, Vec<Bytes>);
    impl DeviceBuffer for Counting {
        fn device(&self) -> DeviceId {
            self.1
        }
        fn read(&self) -> Result<Vec<Bytes>, BackendError> {
            Ok(self.2.clone())
        }
    }
    impl Drop for Counting {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    #[derive(Debug)]
    struct Part(DeviceId, Range<usize>, Arc<AtomicUsize>, Arc<AtomicUsize>);
    #[derive(Debug)]
    struct Ready(Arc<dyn Executable>, DeviceId, Arc<AtomicUsize>, Arc<AtomicUsize>);
    impl Backend for Part {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn placement(&self) -> Placement {
            Placement::Device(self.0)
        }
        fn takes(&self, _: &Graph) -> Vec<Range<usize>> {
            vec![self.1.clone()]
        }
        fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
            let host = ReferenceBackend.compile(segment)?;
            Ok(Arc::new(Ready(host, self.0, self.2.clone(), self.3.clone())))
        }
    }
    impl Executable for Ready {
        fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
            let items = batch.to_items()?;
            let results = self.0.run(&Batch::from_items([batch.values()[0].ty()], items)?)?;
            let live = self.2.fetch_add(1, Ordering::SeqCst) + 1;
            self.3.fetch_max(live, Ordering::SeqCst);
            let memory = Arc::new(Counting(self.2.clone(), self.1, results.to_items()?));
            let ty = results.values()[0].ty().clone();
            Batch::new(batch.items(), vec![Buffer::on_device(ty, batch.items(), memory)])
        }
    }
    let (live, most, id) = (Arc::default(), Arc::default(), DeviceId::unique());
    let part = |at: usize| {
        let part = Part(id, at..at + 1, Arc::clone(&live), Arc::clone(&most));
        Arc::new(part) as Arc<dyn Backend>
    };
    let dispatcher = Dispatcher::new((0..8).map(part).collect(), Options::default());
    let model = dispatcher.add(Bundle::encode(chain(8)).unwrap().0);
    dispatcher.infer(model, &[9; 100]).unwrap();
    assert_eq!(dispatcher.counters().compiled, 8);
    assert_eq!(
        most.load(Ordering::SeqCst),
        2,
        "what a part reads, and what it makes"
    );
    assert_eq!(live.load(Ordering::SeqCst), 0);
}
