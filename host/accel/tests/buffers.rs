//! Values that stay on a device between parts of a model, and what becomes of them when it fails.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use metisvm_accel::backend::{Backend, BackendError, Buffers, Done, Executable, OnDevice, Outputs, Running};
use metisvm_accel::{Buffer, Dispatcher, HostBuffer, Options, Placement};
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Segment, Tensor, TensorType};
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a device was asked to move.
#[derive(Debug, Default)]
struct Traffic {
    /// Buffers of others that it was given.
    to_device: AtomicUsize,
    /// Its own buffers that somebody wanted in host memory.
    to_host: AtomicUsize,
    runs: AtomicUsize,
    /// It gives nothing back any more.
    gone: AtomicBool,
}

/// A device that keeps what it computes; its memory is the test's.
#[derive(Debug)]
struct Shelf {
    traffic: Arc<Traffic>,
    takes: Vec<Range<usize>>,
    /// The most nodes of one part.
    room: usize,
}

#[derive(Debug)]
struct OnShelf {
    inner: HostBuffer,
    traffic: Arc<Traffic>,
}

impl Buffer for OnShelf {
    fn ty(&self) -> &TensorType {
        self.inner.ty()
    }
    fn items(&self) -> usize {
        self.inner.items()
    }
    fn to_host(&self) -> Result<Arc<[u8]>, BackendError> {
        if self.traffic.gone.load(Ordering::SeqCst) {
            return Err(BackendError::Device("it was pulled out".into()));
        }
        self.traffic.to_host.fetch_add(1, Ordering::SeqCst);
        self.inner.to_host()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Debug)]
struct Compiled {
    reference: Reference,
    traffic: Arc<Traffic>,
}

impl Backend for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }
    fn placement(&self) -> Placement {
        Placement::Device
    }
    fn takes(&self, _: &Graph) -> Vec<Range<usize>> {
        self.takes.clone()
    }
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        if segment.nodes().len() > self.room {
            return Err(BackendError::TooLarge("on purpose".into()));
        }
        Ok(Arc::new(Compiled {
            reference: Reference::of(segment.clone()),
            traffic: self.traffic.clone(),
        }))
    }
}

impl Executable for Compiled {
    fn run(&self, _: &[&[u8]]) -> Result<Outputs, BackendError> {
        panic!("it has a better way");
    }
    fn on_device(&self) -> Option<&dyn OnDevice> {
        Some(self)
    }
}

impl OnDevice for Compiled {
    fn submit(&self, inputs: &[Arc<dyn Buffer>]) -> Result<Box<dyn Running<Buffers>>, BackendError> {
        self.traffic.runs.fetch_add(1, Ordering::SeqCst);
        let mut columns = Vec::new();
        for input in inputs {
            let own = input.as_any().downcast_ref::<OnShelf>();
            let bytes = match own {
                Some(own) => own.inner.to_host()?,
                None => {
                    self.traffic.to_device.fetch_add(1, Ordering::SeqCst);
                    input.to_host()?
                }
            };
            columns.push((bytes, input.ty().bytes()));
        }
        let items = inputs[0].items();
        let segment = self.reference.segment();
        let mut outputs = vec![Vec::new(); segment.outputs().len()];
        for item in 0..items {
            let parts = columns.iter().map(|(bytes, size)| &bytes[item * size..][..*size]);
            let result = self.reference.run(&parts.collect::<Vec<_>>().concat()).unwrap();
            let mut at = 0;
            for (output, &value) in outputs.iter_mut().zip(segment.outputs()) {
                let size = segment.graph().ty(value).bytes();
                output.extend_from_slice(&result[at..at + size]);
                at += size;
            }
        }
        let types = segment
            .outputs()
            .iter()
            .map(|&value| segment.graph().ty(value).clone());
        let buffers = types.zip(outputs).map(|(ty, bytes)| {
            let inner = HostBuffer::new(ty, items, bytes).unwrap();
            let traffic = self.traffic.clone();
            Arc::new(OnShelf { inner, traffic }) as Arc<dyn Buffer>
        });
        Ok(Box::new(Done::new(Ok(buffers.collect()))))
    }
}

/// `((x + 1) + 2) + 3 + (x + 1)`: four additions in a row, the last of which reads the first too.
fn graph() -> Arc<Graph> {
    let mut g = Parsed::default();
    let x = g.input("x", TensorType::new(DType::U8, &[8]).unwrap());
    let mut add = |a, b| {
        let b = match b {
            Ok(constant) => g.constant(&Tensor::new(TensorType::scalar(DType::U8), vec![constant]).unwrap()),
            Err(value) => value,
        };
        g.node(Op::Add, &[a, b])
    };
    let first = add(x, Ok(1));
    let second = add(first, Ok(2));
    let third = add(second, Ok(3));
    let fourth = add(third, Err(first));
    g.output("y", fourth);
    Arc::new(g.check().unwrap())
}

struct Case {
    traffic: Arc<Traffic>,
    dispatcher: Dispatcher,
    graph: Arc<Graph>,
}

impl Case {
    fn new(takes: Vec<Range<usize>>, room: usize) -> Self {
        let traffic = Arc::new(Traffic::default());
        let shelf = Shelf {
            traffic: traffic.clone(),
            takes,
            room,
        };
        Self {
            traffic,
            dispatcher: Dispatcher::new(vec![Arc::new(shelf)], Options::default()),
            graph: graph(),
        }
    }

    fn infer(&self, input: [u8; 8]) {
        let bundle = Bundle::encode(Graph::clone(&self.graph)).unwrap().0;
        let id = self.dispatcher.add(bundle);
        let expected = Reference::new(self.graph.clone()).run(&input).unwrap();
        assert_eq!(*self.dispatcher.infer(id, &input).unwrap(), *expected);
    }

    /// Runs, buffers moved to the device, and from it.
    fn moved(&self) -> [usize; 3] {
        let counts = [&self.traffic.runs, &self.traffic.to_device, &self.traffic.to_host];
        counts.map(|count| count.load(Ordering::SeqCst))
    }
}

#[test]
fn a_whole_model_moves_its_input_and_its_output() {
    let case = Case::new(std::iter::once(0..4).collect(), 4);
    case.infer([1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(case.moved(), [1, 1, 1]);
    assert_eq!(case.dispatcher.counters().fallbacks, 0);
}

#[test]
fn values_stay_on_the_device_between_the_halves_of_a_part() {
    let case = Case::new(std::iter::once(0..4).collect(), 1);
    case.infer([9; 8]);
    assert_eq!(
        case.moved(),
        [4, 1, 1],
        "four runs, and no more is moved than for one"
    );
    assert_eq!(case.dispatcher.counters().fallbacks, 0);
}

#[test]
fn values_stay_on_the_device_while_the_host_computes_others() {
    // The host adds 3; what the first part gave lies on the device until the last part reads it.
    let case = Case::new(vec![0..2, 3..4], 4);
    case.infer([200; 8]);
    // To the device: x, and the host's sum. From it: the second sum for the host, and the result.
    assert_eq!(case.moved(), [2, 2, 2]);
}

#[test]
fn values_that_are_lost_with_a_device_are_computed_again_without_it() {
    let case = Case::new(vec![0..2, 3..4], 4);
    case.infer([1; 8]);
    case.traffic.gone.store(true, Ordering::SeqCst);
    case.infer([2; 8]);
    assert_eq!(case.moved(), [3, 3, 2], "it ran once more, and gave nothing");
    assert!(case.dispatcher.counters().fallbacks > 0);
    let errors = case.dispatcher.take_errors();
    assert!(errors[0].contains("lost with the device"), "{errors:?}");
    case.traffic.gone.store(false, Ordering::SeqCst);
    case.infer([3; 8]);
    assert_eq!(case.moved(), [5, 5, 4], "it is asked again");
}

/// A device whose buffers are not what the graph says.
#[derive(Debug)]
struct Liar(fn(Buffers) -> Buffers, Shelf);

#[derive(Debug)]
struct Lies(fn(Buffers) -> Buffers, Arc<dyn Executable>);

impl Backend for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }
    fn placement(&self) -> Placement {
        Placement::Device
    }
    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        self.1.takes(graph)
    }
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(Lies(self.0, self.1.compile(segment)?)))
    }
}

impl Executable for Lies {
    fn run(&self, batch: &[&[u8]]) -> Result<Outputs, BackendError> {
        self.1.run(batch)
    }
    fn on_device(&self) -> Option<&dyn OnDevice> {
        Some(self)
    }
}

impl OnDevice for Lies {
    fn submit(&self, inputs: &[Arc<dyn Buffer>]) -> Result<Box<dyn Running<Buffers>>, BackendError> {
        let buffers = self.1.on_device().unwrap().submit(inputs)?.wait()?;
        Ok(Box::new(Done::new(Ok(self.0(buffers)))))
    }
}

#[test]
fn buffers_of_a_wrong_form_are_not_used() {
    let another_type = |_: Buffers| {
        let ty = TensorType::new(DType::U8, &[32]).unwrap();
        vec![Arc::new(HostBuffer::new(ty, 1, vec![0; 32]).unwrap()) as Arc<dyn Buffer>]
    };
    let another_batch = |buffers: Buffers| {
        let ty = buffers[0].ty().clone();
        let bytes = vec![0; ty.bytes() * 2];
        vec![Arc::new(HostBuffer::new(ty, 2, bytes).unwrap()) as Arc<dyn Buffer>]
    };
    let lies: [fn(Buffers) -> Buffers; 4] = [
        |_| Vec::new(),
        another_type,
        another_batch,
        |_| panic!("on purpose"),
    ];
    for lie in lies {
        let shelf = Shelf {
            traffic: Arc::default(),
            takes: std::iter::once(0..4).collect(),
            room: 4,
        };
        let dispatcher = Dispatcher::new(vec![Arc::new(Liar(lie, shelf))], Options::default());
        let graph = graph();
        let id = dispatcher.add(Bundle::encode(Graph::clone(&graph)).unwrap().0);
        let expected = Reference::new(graph).run(&[7; 8]).unwrap();
        assert_eq!(*dispatcher.infer(id, &[7; 8]).unwrap(), *expected);
        assert_eq!(dispatcher.counters().fallbacks, 1);
    }
}

#[test]
fn work_that_is_done_is_polled_once() {
    let mut done = Done::new(Ok(vec![vec![1_u8]]));
    assert_eq!(done.poll().unwrap().unwrap(), [[1]]);
    assert!(done.poll().unwrap().is_err());
    assert!(Box::new(done).wait().is_err());
}
