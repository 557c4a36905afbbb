//! Models of Hugging Face folders (`models/hub`): the same bits from every engine, at batches of 1, 3 and 8.

use metisvm_accel::backend::Backend;
use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::{self, Options};
use metisvm_accel::opencl::{self, OpenClBackend};
use metisvm_accel::{Dispatcher, Submitted, dispatcher};
use metisvm_import::hugging_face::{Choices, Folder, Form, to_onnx};
use metisvm_import::{Calibration, GenerativeFiles, import_generative, import_onnx, npy, npz};
use metisvm_model::{Bundle, DType, Graph, Reference};
use metisvm_opencl::{Choice, Device};
use metisvm_tests::cards::{self, GEOMETRIES};
use metisvm_tests::rng::Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders with one graph, and the extents that they leave open.
const FORWARD: &[(&str, &[(&str, u32)])] = &[
    ("bert", &[("sequence", 32)]),
    ("vit", &[]),
    ("unet", &[("sequence", 2)]),
    ("vae", &[]),
];
/// Folders that become a decode and a prefill graph.
const GENERATIVE: &[&str] = &["gpt2", "llama", "deepseek"];
const CONTEXT: u32 = 48;
const CHUNK: u32 = 8;
const BATCHES: [usize; 3] = [1, 3, 8];

fn hub() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/hub")
}

fn choices(form: Form, dims: &[(&str, u32)]) -> Choices {
    Choices {
        form,
        part: None,
        dims: dims
            .iter()
            .map(|&(name, extent)| (name.to_owned(), extent))
            .collect(),
    }
}

/// The samples of a folder.
fn calibration(folder: &Path) -> Calibration {
    let bytes = std::fs::read(folder.join("calibration.npz")).expect("samples are committed");
    let archive = npz::Archive::read(&bytes, 1 << 24).expect("an archive");
    let mut inputs = BTreeMap::new();
    for name in archive.names() {
        let Some(input) = name
            .strip_prefix("input_")
            .map(|name| name.trim_end_matches(".npy"))
        else {
            continue;
        };
        let array = archive.get(name).expect("it is listed").expect("it is sound");
        let array = npy::read_numbers(&array).and_then(|numbers| {
            numbers
                .to_array()
                .map_err(metisvm_import::ImportError::Calibration)
        });
        inputs.insert(input.to_owned(), array.expect("finite numbers"));
    }
    Calibration { inputs }
}

/// The graphs of all folders, by name.
fn graphs() -> Vec<(String, Arc<Graph>)> {
    let mut graphs = Vec::new();
    for &(name, dims) in FORWARD {
        let path = hub().join(name);
        let folder = Folder::open(&path).expect(name);
        let onnx = to_onnx(&folder, &choices(Form::Forward, dims)).expect(name);
        let options = metisvm_import::Options {
            calibration: Some(calibration(&path)),
            ..Default::default()
        };
        let imported = import_onnx(&onnx.bytes, &options).expect(name);
        graphs.push((name.to_owned(), Arc::new(imported.graph)));
    }
    for &name in GENERATIVE {
        let folder = Folder::open(&hub().join(name)).expect(name);
        let step = |tokens| {
            let form = Form::Step {
                tokens,
                context: CONTEXT,
            };
            to_onnx(&folder, &choices(form, &[])).expect(name).bytes
        };
        let (chunk, decode) = (step(CHUNK), step(1));
        let files = GenerativeFiles {
            chunk: &chunk,
            decode: &decode,
        };
        let mut rng = Rng::new(7);
        let texts: Vec<Vec<u32>> = (0..3)
            .map(|_| (0..CONTEXT).map(|_| rng.below(500) as u32).collect())
            .collect();
        let imported = import_generative(files, &texts, &[], &Default::default()).expect(name);
        let prefill = imported.generation.prefill().clone();
        graphs.push((format!("{name}, decode"), Arc::new(imported.decode.graph)));
        graphs.push((format!("{name}, prefill"), prefill));
    }
    graphs
}

/// Bytes of all inputs: any for numbers on a grid, small ones for tokens, positions and the like.
fn input(graph: &Graph, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for port in graph.inputs() {
        if port.ty.dtype == DType::I32 {
            let numbers = (0..port.ty.elements()).flat_map(|_| (rng.below(40) as i32).to_le_bytes());
            bytes.extend(numbers);
        } else {
            bytes.extend((0..port.ty.bytes()).map(|_| rng.below(256) as u8));
        }
    }
    bytes
}

/// Each backend alone, by name.
fn backends() -> Vec<(&'static str, Arc<dyn Backend>)> {
    let mut all: Vec<(&'static str, Arc<dyn Backend>)> =
        vec![("cpu", Arc::new(CpuBackend::new(cpu::Options::default())))];
    let options = Options {
        checked: true,
        max_resets: 0,
        max_wrong_results: 1,
    };
    all.push(("fpga", cards::backend(GEOMETRIES[0].1, options)));
    match metisvm_opencl::find(&Choice::Any) {
        Ok(found) => {
            let device = Device::open(found, Default::default()).expect("it was just found");
            let backend = OpenClBackend::new(device, opencl::Options { checked: true });
            all.push(("opencl", Arc::new(backend)));
        }
        Err(why) => println!("left out: opencl ({why})"),
    }
    all
}

/// The part of a graph's multiply-accumulates that a card takes.
fn on_card(graph: &Graph) -> f64 {
    let macs = |nodes: std::ops::Range<usize>| {
        let work = nodes.map(|node| graph.node_work(node));
        work.map(|work| work.macs + work.wide_macs).sum::<u64>() as f64
    };
    let taken: f64 = fpga::takes(graph, &GEOMETRIES[0].1).into_iter().map(macs).sum();
    taken / macs(0..graph.nodes().len())
}

#[test]
fn every_model_is_the_same_bits_on_every_engine() {
    let graphs = graphs();
    let most = BATCHES.iter().max().copied().unwrap_or(1);
    for (name, graph) in &graphs {
        let mut rng = Rng::new(name.len() as u64);
        let inputs: Vec<Vec<u8>> = (0..most).map(|_| input(graph, &mut rng)).collect();
        let reference = Reference::new(graph.clone());
        let expected: Vec<Vec<u8>> = inputs
            .iter()
            .map(|input| reference.run(input).expect("of the graph's length"))
            .collect();
        assert!(
            expected.windows(2).any(|pair| pair[0] != pair[1]),
            "{name} ignores its input"
        );
        let (bundle, _) = Bundle::encode(Graph::clone(graph)).expect(name);
        for (engine, backend) in backends() {
            let options = dispatcher::Options {
                memo_bytes: 0,
                ..Default::default()
            };
            let dispatcher = Dispatcher::new(vec![backend], options);
            dispatcher.add(bundle.clone());
            for batch in BATCHES {
                let submitted: Vec<Submitted> = inputs[..batch]
                    .iter()
                    .map(|input| dispatcher.submit(bundle.id, input).expect("it was added"))
                    .collect();
                for (index, submitted) in submitted.into_iter().enumerate() {
                    let output = match submitted {
                        Submitted::Ready(output) => output,
                        Submitted::Pending(ticket) => {
                            dispatcher.wait(&ticket).expect("the reference is last")
                        }
                    };
                    assert!(
                        *output == *expected[index],
                        "{name} on {engine}: item {index} of a batch of {batch} differs"
                    );
                }
            }
            assert_eq!(
                dispatcher.take_errors(),
                Vec::<String>::new(),
                "{name} on {engine}"
            );
            assert_eq!(dispatcher.counters().fallbacks, 0, "{name} on {engine}");
        }
        println!(
            "{name}: {:.1} % of multiply-accumulates on the card",
            100.0 * on_card(graph)
        );
    }
}
