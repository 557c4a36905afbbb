//! How far what costs lead to expect is from what is measured: for each backend and each bundle that
//! `METISVM_BUNDLES` names (paths, separated by colons; those of the binary without it), batches of one item and of
//! several. Costs are measured first, in the same run, and once; `METISVM_BACKENDS` names backends, separated by commas (all
//! without it), `METISVM_SECONDS` how long a model may take before it is left out.

use metisvm_accel::cpu::CpuBackend;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Backend, Batch, CostCache, Dispatcher, Executable, Options, Policy};
use metisvm_driver::{Device, InProcess};
use metisvm_model::{Bundle, DType, Graph, Segment};
use metisvm_sim::{FunctionalCard, SimOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Items of a batch of several.
const ITEMS: usize = 16;

fn main() {
    let bundled = ["digits-mlp", "digits-cnn"].map(|name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/bundled");
        format!("{folder}/{name}.bundle")
    });
    let paths = std::env::var("METISVM_BUNDLES").unwrap_or_else(|_| bundled.join(":"));
    let names = std::env::var("METISVM_BACKENDS").unwrap_or_else(|_| "reference,cpu,fpga".to_owned());
    let seconds = std::env::var("METISVM_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let most = Duration::from_secs_f64(seconds.unwrap_or(2.0));
    println!(
        "{:>9}  {:>5}  {:>11}  {:>11}  {:>5}  model",
        "backend", "items", "expected ms", "measured ms", "ratio"
    );
    let folder = std::env::temp_dir().join(format!("metisvm-costs-{}", std::process::id()));
    let cache = CostCache::in_folder(&folder);
    for name in names.split(',') {
        let backend = backend(name);
        let _ = std::fs::remove_file(cache.file());
        for path in paths.split(':') {
            model(name, &backend, path, most, &cache);
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

fn backend(name: &str) -> Arc<dyn Backend> {
    match name {
        "reference" => Arc::new(ReferenceBackend),
        "cpu" => Arc::new(CpuBackend::new(metisvm_accel::cpu::Options::default())),
        "fpga" => {
            let card = FunctionalCard::new(SimOptions::default());
            let link = InProcess::start(Box::new(card)).expect("a card in this process");
            let device = Device::open(Box::new(link), metisvm_driver::Options::default());
            let device = device.expect("a card that opens");
            Arc::new(FpgaBackend::new(device, fpga::Options::default()))
        }
        other => panic!("{other} is none of reference, cpu and fpga"),
    }
}

/// One model, through a dispatcher where the backend does not take all of it, for one item then.
fn model(name: &str, backend: &Arc<dyn Backend>, path: &str, most: Duration, cache: &CostCache) {
    let bundle = std::fs::read(path).expect("a bundle that can be read");
    let bundle = Bundle::decode(&bundle).expect("a sound bundle");
    let graph = Arc::new(bundle.graph.clone());
    let options = Options {
        memo_bytes: 0,
        ..Options::default()
    };
    let cache = Some(cache.clone());
    let dispatcher = Dispatcher::with_policy(vec![backend.clone()], options, Policy::Order, cache);
    let id = dispatcher.add(bundle);
    let nodes = 0..graph.nodes().len();
    let whole = backend.takes(&graph) == [nodes.clone()];
    let executable = whole
        .then(|| backend.compile(&Segment::part(graph.clone(), nodes)))
        .and_then(Result::ok);
    let file = path.rsplit('/').next().unwrap_or(path);
    for items in [1, ITEMS] {
        let forecast = dispatcher
            .forecast(id, items, Policy::Order)
            .expect("it was added");
        for note in dispatcher.take_notes() {
            println!("{name:>9}  {note}");
        }
        let Some(expected) = forecast.time.filter(|time| *time < most) else {
            println!(
                "{name:>9}  {items:5}  left out: {:?} expected  {file}",
                forecast.time
            );
            continue;
        };
        let inputs: Vec<Vec<u8>> = (0..items).map(|item| input(&graph, item)).collect();
        let measured = match &executable {
            Some(executable) => direct(&**executable, &graph, &inputs),
            None if items == 1 => {
                median(|| drop(dispatcher.infer(id, &inputs[0]).expect("the reference is there")))
            }
            None => continue,
        };
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let ratio = ms(expected) / ms(measured);
        println!(
            "{name:>9}  {items:5}  {:11.4}  {:11.4}  {ratio:5.2}  {file} in {} parts",
            ms(expected),
            ms(measured),
            forecast.parts.len()
        );
    }
}

fn direct(executable: &dyn Executable, graph: &Graph, inputs: &[Vec<u8>]) -> Duration {
    let types = graph.inputs().iter().map(|port| &port.ty);
    let items = inputs.iter().map(|input| input.clone().into()).collect();
    let batch = Batch::from_items(types, items).expect("items of the right length");
    median(|| {
        let outputs = executable.submit(&batch).and_then(metisvm_accel::Running::wait);
        drop(outputs.and_then(Batch::into_items).expect("it runs"));
    })
}

/// The median of some runs after the first.
fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times = Vec::new();
    let started = Instant::now();
    while times.len() < 3 || (started.elapsed() < Duration::from_millis(400) && times.len() < 2000) {
        let one = Instant::now();
        run();
        times.push(one.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

/// Bytes within what the types allow, small enough to be indices; other ones for each item.
fn input(graph: &Graph, item: usize) -> Vec<u8> {
    let mut state = item as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    let mut all = Vec::new();
    for port in graph.inputs() {
        for _ in 0..port.ty.elements() {
            match port.ty.dtype {
                DType::I32 => all.extend((item as i32 % 7 + 1).to_le_bytes()),
                DType::I16 => all.extend(i16::from(next()).to_le_bytes()),
                DType::U8 if port.name.contains("mask") => all.push(1),
                _ => all.push(next()),
            }
        }
    }
    all
}
