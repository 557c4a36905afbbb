//! Who runs what never changes a result: backends whose claimed costs are absurd, or other ones at every look, and
//! measurements that fail or were damaged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use metisvm_accel::costs::{Class, Rate};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{
    Backend, BackendError, Batch, Buffer, CostCache, Costs, DeviceBuffer, DeviceId, Dispatcher, Executable,
    Options, Placement, Policy, Submitted,
};
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Segment, Tensor, TensorType, Value};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Numbers that look random and are the same at every run.
#[derive(Debug)]
struct Numbers(Mutex<u64>);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % bound
    }

    /// A number as costs have them, or one that is none.
    fn cost(&self) -> f64 {
        match self.below(20) {
            0 => 0.0,
            1 => f64::NAN,
            2 => f64::INFINITY,
            3 => -1.0,
            4 => f64::MAX,
            5 => 1e15,
            power => 10f64.powi(i32::try_from(power).unwrap() / 2 - 9) * self.below(1000) as f64,
        }
    }

    fn costs(&self) -> Costs {
        // A single bad number is enough for costs that are refused, so most have none.
        let sound = self.below(4) > 0;
        let number = || loop {
            let number = self.cost();
            if !sound || (0.0..=1e15).contains(&number) {
                return number;
            }
        };
        let rate = || Rate {
            step: number(),
            item: number(),
            once: number(),
            each: number(),
        };
        Costs {
            launch: number(),
            item: number(),
            up: number(),
            down: number(),
            stays: self.below(2) == 0,
            rates: std::array::from_fn(|_| (self.below(4) > 0).then(rate)),
        }
    }
}

/// Computes by the reference kernels, and claims what it likes of its costs.
#[derive(Debug)]
struct Claimant {
    name: &'static str,
    /// Costs of its own, instead of whatever the numbers give.
    claim: Option<Costs>,
    /// What it ran.
    ran: Arc<AtomicUsize>,
    device: Option<DeviceId>,
    /// Of so many neighbouring nodes it leaves one.
    leaves: usize,
    numbers: Arc<Numbers>,
    /// Claims nothing, and is measured under this name.
    measured_as: Option<String>,
    /// What it does wrong while it is measured, and from then on.
    fault: Option<Fault>,
    compiled: AtomicUsize,
    /// Other abilities at every look: every batch is divided anew.
    looks: AtomicU64,
    restless: bool,
}

impl Claimant {
    fn new(device: Option<DeviceId>, leaves: usize, numbers: &Arc<Numbers>) -> Self {
        Self {
            name: "claimant",
            claim: None,
            ran: Arc::default(),
            device,
            leaves,
            numbers: numbers.clone(),
            measured_as: None,
            fault: None,
            compiled: AtomicUsize::new(0),
            looks: AtomicU64::new(0),
            restless: true,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Fails,
    Panics,
    OutOfService,
    PanicsOnQuestions,
    FailsToRun,
}

#[derive(Debug)]
struct Memory(DeviceId, Vec<Bytes>);

impl DeviceBuffer for Memory {
    fn device(&self) -> DeviceId {
        self.0
    }

    fn read(&self) -> Result<Vec<Bytes>, BackendError> {
        Ok(self.1.clone())
    }
}

impl Backend for Claimant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn placement(&self) -> Placement {
        self.device.map_or(Placement::Host, Placement::Device)
    }

    fn abilities(&self) -> u64 {
        if self.restless {
            self.looks.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        }
    }

    fn claimed_costs(&self) -> Option<Costs> {
        assert_ne!(self.fault, Some(Fault::PanicsOnQuestions), "on purpose");
        let claim = || self.claim.unwrap_or_else(|| self.numbers.costs());
        self.measured_as.is_none().then(claim)
    }

    fn identity(&self) -> Option<String> {
        assert_ne!(self.fault, Some(Fault::PanicsOnQuestions), "on purpose");
        self.measured_as.clone()
    }

    fn healthy(&self) -> bool {
        self.fault != Some(Fault::OutOfService)
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        let count = graph.nodes().len();
        // What is measured of products would take long and shows nothing here.
        if graph.work().macs > 0 {
            return Vec::new();
        }
        let starts = (0..count).step_by(self.leaves);
        let ranges = starts.map(|start| start..(start + self.leaves - 1).min(count));
        ranges.filter(|range| !range.is_empty()).collect()
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        self.compiled.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Some(Fault::Fails) => return Err(BackendError::Device("on purpose".into())),
            Some(Fault::Panics) => panic!("on purpose"),
            _ => {}
        }
        Ok(Arc::new(Compiled {
            host: ReferenceBackend.compile(segment)?,
            types: segment
                .outputs()
                .iter()
                .map(|v| segment.graph().ty(*v).clone())
                .collect(),
            device: self.device,
            ran: self.ran.clone(),
            fails: self.fault == Some(Fault::FailsToRun),
        }))
    }
}

#[derive(Debug)]
struct Compiled {
    host: Arc<dyn Executable>,
    types: Vec<TensorType>,
    device: Option<DeviceId>,
    ran: Arc<AtomicUsize>,
    fails: bool,
}

impl Executable for Compiled {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        if self.fails {
            return Err(BackendError::Device("on purpose".into()));
        }
        self.ran.fetch_add(1, Ordering::Relaxed);
        let here = |value: &Buffer| Buffer::host(value.ty().clone(), value.to_host()?.into_owned());
        let values = batch.values().iter().map(here).collect::<Result<_, _>>()?;
        let results = self.host.run(&Batch::new(batch.items(), values)?)?;
        let Some(device) = self.device else {
            return Ok(results);
        };
        let keep = |(ty, buffer): (&TensorType, Buffer)| {
            let memory = Arc::new(Memory(device, buffer.to_host()?.into_owned()));
            Ok(Buffer::on_device(ty.clone(), batch.items(), memory))
        };
        let values = self.types.iter().zip(results.into_values()).map(keep);
        Batch::new(batch.items(), values.collect::<Result<_, BackendError>>()?)
    }
}

/// Clamps and sums over some bytes, each of what came before.
fn graph(numbers: &Numbers) -> Graph {
    let mut g = Parsed::default();
    let ty = || TensorType::new(DType::U8, &[12]).unwrap();
    let mut values: Vec<Value> = vec![g.input("x", ty()), g.input("z", ty())];
    for _ in 0..4 + numbers.below(20) {
        let any = || values[usize::try_from(numbers.below(values.len() as u64)).unwrap()];
        let (a, b) = (any(), any());
        let bound = |v: u64| {
            let v = i32::try_from(v).unwrap();
            Tensor::new(TensorType::scalar(DType::U8), vec![v]).unwrap()
        };
        let (low, high) = (
            g.constant(&bound(numbers.below(90))),
            g.constant(&bound(100 + numbers.below(90))),
        );
        let sum = g.node(Op::Add, &[a, b]);
        let parameters = [
            g.constant(&Tensor::new(TensorType::scalar(DType::I16), vec![19_000]).unwrap()),
            g.constant(&bound(14)),
            g.constant(&bound(numbers.below(9))),
        ];
        let operands = [sum, parameters[0], parameters[1], parameters[2]];
        let bytes = g.node(
            Op::Requantise {
                to: DType::U8,
                axis: 0,
            },
            &operands,
        );
        values.push(g.node(Op::Clamp, &[bytes, low, high]));
    }
    for (number, value) in values.iter().rev().take(3).enumerate() {
        g.output(format!("y{number}"), *value);
    }
    g.check().unwrap()
}

fn without_memo() -> Options {
    Options {
        memo_bytes: 0,
        ..Options::default()
    }
}

/// Runs a batch at once, and says what came of each item.
fn batch(dispatcher: &Dispatcher, id: metisvm_model::ModelId, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let submitted: Vec<Submitted> = inputs
        .iter()
        .map(|input| dispatcher.submit(id, input).unwrap())
        .collect();
    let output = |submitted: Submitted| match submitted {
        Submitted::Ready(output) => output.to_vec(),
        Submitted::Pending(ticket) => dispatcher.wait(&ticket).unwrap().to_vec(),
    };
    submitted.into_iter().map(output).collect()
}

#[test]
fn costs_that_are_absurd_or_change_at_every_look_change_no_result() {
    let numbers = Arc::new(Numbers::new(1));
    // The reference claims nothing, and need not be measured for each round.
    let folder = Folder::new("absurd");
    let (mut divided, mut fallbacks) = (0, 0);
    for round in 0..60 {
        let graph = graph(&numbers);
        let reference = Reference::new(Arc::new(graph.clone()));
        let device = DeviceId::unique();
        let backends: Vec<Arc<dyn Backend>> = vec![
            Arc::new(Claimant::new(Some(device), 3, &numbers)),
            Arc::new(Claimant::new(Some(DeviceId::unique()), 5, &numbers)),
            Arc::new(Claimant::new(Some(device), 100, &numbers)),
            Arc::new(Claimant::new(None, 4, &numbers)),
        ];
        let cache = Some(folder.cache());
        let dispatcher = Dispatcher::with_policy(backends, without_memo(), Policy::Auto, cache);
        let id = dispatcher.add(Bundle::encode(graph.clone()).unwrap().0);
        for items in [1, 2, 5, 17, 64] {
            let item = |item: u64| (0..24).map(|i| (numbers.below(250) + i + item) as u8).collect();
            let inputs: Vec<Vec<u8>> = (0..items).map(item).collect();
            let expected: Vec<Vec<u8>> = inputs.iter().map(|input| reference.run(input).unwrap()).collect();
            assert_eq!(
                batch(&dispatcher, id, &inputs),
                expected,
                "round {round}, {items} items"
            );
            let forecast = dispatcher.forecast(id, inputs.len(), Policy::Auto).unwrap();
            let nodes: usize = forecast.parts.iter().map(|part| part.nodes.len()).sum();
            assert_eq!(nodes, graph.nodes().len());
            divided += forecast.parts.len() - 1;
        }
        fallbacks += dispatcher.counters().fallbacks;
        assert_eq!(dispatcher.take_errors(), Vec::<String>::new());
    }
    assert!(divided > 100, "costs decided nothing: {divided}");
    assert_eq!(fallbacks, 0);
}

/// A folder of its own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("metisvm-costs-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn cache(&self) -> CostCache {
        CostCache::in_folder(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A device that is measured, before the reference, with a model; what is said of that, and how often it compiled
/// something for it. The model gives what the reference gives, whatever happens.
fn measured(name: &str, fault: Option<Fault>, cache: Option<CostCache>) -> (Vec<String>, usize) {
    let numbers = Arc::new(Numbers::new(3));
    let graph = graph(&numbers);
    let device = Arc::new(Claimant {
        measured_as: Some(name.to_owned()),
        fault,
        restless: false,
        ..Claimant::new(Some(DeviceId::unique()), 1000, &numbers)
    });
    let backends = vec![device.clone() as Arc<dyn Backend>];
    let dispatcher = Dispatcher::with_policy(backends, without_memo(), Policy::Auto, cache);
    let id = dispatcher.add(Bundle::encode(graph.clone()).unwrap().0);
    let compiled = device.compiled.load(Ordering::Relaxed);
    let input: Vec<u8> = (0..24).collect();
    let expected = Reference::new(Arc::new(graph)).run(&input).unwrap();
    assert_eq!(*dispatcher.infer(id, &input).unwrap(), *expected);
    (dispatcher.take_notes(), compiled)
}

/// The line that is said of the device.
fn line(notes: &[String]) -> &str {
    let own: Vec<&String> = notes.iter().filter(|note| note.starts_with("claimant")).collect();
    assert_eq!(own.len(), 1, "{notes:?}");
    own[0]
}

#[test]
fn what_was_measured_is_kept_for_the_same_device_and_no_other() {
    let folder = Folder::new("kept");
    let (notes, compiled) = measured("one", None, Some(folder.cache()));
    assert!(line(&notes).contains("kept in") && compiled > 10, "{notes:?}");
    assert_eq!(measured("one", None, Some(folder.cache())), (Vec::new(), 0));
    // Another driver, say; the reference is known by now.
    let (notes, compiled) = measured("other", None, Some(folder.cache()));
    assert!(line(&notes).contains("kept in") && compiled > 10, "{notes:?}");
    assert_eq!(
        (notes.len(), measured("one", None, Some(folder.cache())).1),
        (1, 0)
    );
    // Without a cache it is measured as often as there are dispatchers.
    let (notes, compiled) = measured("one", None, None);
    assert!(line(&notes).contains("not kept") && compiled > 10, "{notes:?}");
}

#[test]
fn file_that_is_damaged_foreign_or_old_costs_a_measurement_and_a_line() {
    let folder = Folder::new("damaged");
    let cache = folder.cache();
    measured("one", None, Some(cache.clone()));
    let sound = std::fs::read_to_string(cache.file()).unwrap();
    let damages: [(&str, Vec<u8>); 6] = [
        ("cut", sound.as_bytes()[..40].to_vec()),
        ("no text", vec![0xff; 1000]),
        ("no costs", b"NaN,1,1,1,0 one\n".to_vec()),
        ("somebody else's", b"{\"launch\": 3}\n".to_vec()),
        ("too long", sound.repeat(1000).into_bytes()),
        (
            "absurd",
            sound
                .replace("e1", "e99")
                .replace("e2", "e98")
                .replace("e3", "e97")
                .into_bytes(),
        ),
    ];
    for (what, bytes) in damages {
        std::fs::write(cache.file(), bytes).unwrap();
        let (notes, compiled) = measured("one", None, Some(cache.clone()));
        assert!(
            line(&notes).contains("is damaged") && compiled > 10,
            "{what}: {notes:?}"
        );
        assert_eq!(
            measured("one", None, Some(cache.clone())),
            (Vec::new(), 0),
            "{what}: not mended"
        );
    }
    // Of another edition: nothing is damaged, and nothing in it is for this program.
    std::fs::write(cache.file(), sound.replace("edition", "edition 0 or")).unwrap();
    let (notes, compiled) = measured("one", None, Some(cache.clone()));
    assert!(!line(&notes).contains("is damaged") && compiled > 10, "{notes:?}");
    // A folder where the file should be.
    std::fs::remove_file(cache.file()).unwrap();
    std::fs::create_dir(cache.file()).unwrap();
    let (notes, _) = measured("one", None, Some(cache));
    assert!(line(&notes).contains("cannot be written"), "{notes:?}");
}

#[test]
fn device_that_fails_when_it_is_measured_is_passed_over() {
    let folder = Folder::new("failing");
    for fault in [
        Fault::Fails,
        Fault::Panics,
        Fault::OutOfService,
        Fault::PanicsOnQuestions,
    ] {
        let (notes, _) = measured("one", Some(fault), Some(folder.cache()));
        let passed_over = line(&notes).contains("passed over");
        // Whoever panics when he is asked for his name is measured, and nothing is kept.
        assert_eq!(
            passed_over,
            fault != Fault::PanicsOnQuestions,
            "{fault:?}: {notes:?}"
        );
        assert!(!notes[0].contains("kept in"), "{notes:?}");
    }
    // Nothing of that was kept for a device that works again.
    let (notes, compiled) = measured("one", None, Some(folder.cache()));
    assert!(line(&notes).contains("kept in") && compiled > 10, "{notes:?}");
}

#[test]
fn order_of_the_list_needs_no_costs() {
    let numbers = Arc::new(Numbers::new(5));
    let model = Bundle::encode(graph(&numbers)).unwrap().0;
    let device = Arc::new(Claimant {
        measured_as: Some("one".to_owned()),
        ..Claimant::new(None, 1000, &numbers)
    });
    for (policy, backends) in [
        (Policy::Order, vec![device.clone() as Arc<dyn Backend>]),
        // An engine of the host that takes everything, and the reference: there is nothing to decide.
        (Policy::Auto, vec![device.clone() as Arc<dyn Backend>]),
    ] {
        let dispatcher = Dispatcher::with_policy(backends, without_memo(), policy, None);
        dispatcher.add(model.clone());
        assert_eq!(dispatcher.take_notes(), Vec::<String>::new());
        assert_eq!(device.compiled.load(Ordering::Relaxed), 0);
    }
    assert!(
        Class::ALL
            .iter()
            .all(|class| !class.name().contains([' ', ',', ';', ':']))
    );
}

/// A backend that takes everything at these costs: a launch, and each element.
fn priced(
    name: &'static str,
    device: bool,
    (launch, each): (f64, f64),
    fault: Option<Fault>,
) -> Arc<Claimant> {
    let rate = Some(Rate {
        each,
        ..Rate::default()
    });
    let claim = Costs {
        launch,
        stays: device,
        rates: [rate; Class::ALL.len()],
        ..Costs::default()
    };
    Arc::new(Claimant {
        name,
        claim: Some(claim),
        fault,
        restless: false,
        ..Claimant::new(device.then(DeviceId::unique), 1000, &Arc::new(Numbers::new(1)))
    })
}

#[test]
fn the_size_of_the_batch_decides_and_the_order_of_the_list_does_not_know_it() {
    let model = Bundle::encode(graph(&Numbers::new(9))).unwrap().0;
    let elements = model.graph.work().elements as f64;
    // The device pays from about eight items on.
    let device = priced("device", true, (8.0 * elements, 0.01), None);
    let host = priced("host", false, (0.0, 1.0), None);
    let folder = Folder::new("sizes");
    let backends = vec![device.clone() as Arc<dyn Backend>, host.clone()];
    let dispatcher = Dispatcher::with_policy(backends, without_memo(), Policy::Auto, Some(folder.cache()));
    let id = dispatcher.add(model);
    let chosen = |items, policy| {
        let forecast = dispatcher.forecast(id, items, policy).unwrap();
        assert_eq!(forecast.parts.len(), 1);
        (forecast.parts[0].backend, forecast.time.unwrap())
    };
    for (items, name) in [(1, "host"), (4, "host"), (32, "device"), (64, "device")] {
        let ((auto, quickest), (order, listed)) = (chosen(items, Policy::Auto), chosen(items, Policy::Order));
        assert_eq!((auto, order), (name, "device"), "{items}");
        assert!(quickest <= listed);
    }
    dispatcher.infer(id, &[1; 24]).unwrap();
    assert_eq!(
        (
            host.ran.load(Ordering::Relaxed),
            device.ran.load(Ordering::Relaxed)
        ),
        (1, 0)
    );
}

#[test]
fn where_the_chosen_one_fails_the_first_of_the_list_is_next() {
    let graph = graph(&Numbers::new(9));
    let expected = Reference::new(Arc::new(graph.clone())).run(&[1; 24]).unwrap();
    let model = Bundle::encode(graph).unwrap().0;
    let folder = Folder::new("next");
    for fault in [
        Fault::FailsToRun,
        Fault::Fails,
        Fault::Panics,
        Fault::OutOfService,
    ] {
        let dear = priced("dear", false, (0.0, 9.0), None);
        let cheap = priced("cheap", true, (0.0, 1e-6), Some(fault));
        let last = priced("last", false, (0.0, 5.0), None);
        let backends = vec![dear.clone() as Arc<dyn Backend>, cheap.clone(), last.clone()];
        let dispatcher =
            Dispatcher::with_policy(backends, without_memo(), Policy::Auto, Some(folder.cache()));
        let id = dispatcher.add(model.clone());
        let forecast = dispatcher.forecast(id, 1, Policy::Auto).unwrap();
        assert_eq!(forecast.parts[0].backend, "cheap");
        assert_eq!(*dispatcher.infer(id, &[1; 24]).unwrap(), *expected);
        let ran = [&dear, &cheap, &last].map(|backend| backend.ran.load(Ordering::Relaxed));
        assert_eq!(
            (ran, dispatcher.counters().fallbacks),
            ([1, 0, 0], 1),
            "{fault:?}"
        );
    }
}
