//! All blocks in one Verilated model: a wrapper has one of each, and an input says which of them is clocked.

use super::ports::{self, Direction, Ports, Values};
use super::{cluster, fifo, keccak_job, vector};
use crate::verilator;
use metisvm_hdl::memory::axi_writes::AxiWrites;
use metisvm_hdl::shell::{
    counters::Counters, crc32::Crc32, executor::Executor, fetcher::Fetcher, handles::Handles, queue::Queue,
    reader::Reader, registers::Registers, writer::Writer,
};
use metisvm_hdl::stream::unpacker::Unpacker;
use metisvm_hdl::verilog;
use rust_hdl::prelude::Block;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A block as Verilog.
struct Emitted {
    name: &'static str,
    verilog: String,
    ports: Ports,
}

fn emit<B: Block>(name: &'static str, block: impl Fn() -> B) -> Emitted {
    let mut connected = block();
    connected.connect_all();
    Emitted {
        name,
        verilog: verilog::emit(name, block()).unwrap(),
        ports: ports::of(name, &connected),
    }
}

/// The CRC with one bit of the mask of its bit 7 inverted.
fn faulty_crc32() -> Emitted {
    let mut block = emit("crc32_faulty", Crc32::default);
    let mask = block
        .verilog
        .lines()
        .find(|line| line.contains("mask$7 = 64'h"))
        .unwrap();
    let (before, digit) = mask.trim_end_matches(';').split_at(mask.len() - 2);
    let digit = u8::from_str_radix(digit, 16).unwrap() ^ 4;
    let wrong = format!("{before}{digit:x};");
    block.verilog = block.verilog.replacen(mask, &wrong, 1);
    block
}

/// Every block that has a bench.
fn blocks() -> Vec<Emitted> {
    vec![
        faulty_crc32(),
        emit("axi_writes", AxiWrites::default),
        emit("cluster", cluster::three),
        emit("counters", || Counters::new(super::counters::COUNTERS)),
        emit("crc32", Crc32::default),
        emit("executor", Executor::default),
        emit("fetcher", Fetcher::default),
        emit("fifo", fifo::Short::default),
        emit("handles", Handles::default),
        emit("keccak_job", keccak_job::Job::default),
        emit("queue", Queue::default),
        emit("reader_64", Reader::<64, 11, 5, 32, 6>::default),
        emit("reader_256", Reader::<256, 10, 6, 64, 7>::default),
        emit("registers", Registers::default),
        emit("unpacker", Unpacker::<256>::default),
        emit("vector", vector::four_by_four),
        emit("writer_64", Writer::<64>::default),
        emit("writer_256", Writer::<256>::default),
    ]
}

/// The wrapper: ports of all blocks lie in two vectors, each at a multiple of 32 bits.
fn wrapper(blocks: &[Emitted]) -> String {
    let most = |direction| blocks.iter().map(|block| block.ports.words(direction)).max();
    let inputs = 32 * most(Direction::In).unwrap();
    let outputs = 32 * most(Direction::Out).unwrap();
    let mut text = format!(
        "module lockstep(input clock, input [7:0] which, input [{}:0] in, output reg [{}:0] out);\n",
        inputs - 1,
        outputs - 1
    );
    let mut choice = String::new();
    for (index, block) in blocks.iter().enumerate() {
        writeln!(text, "wire [{}:0] out{index};", outputs - 1).unwrap();
        let mut at = [0; 2];
        let mut connections = String::new();
        for port in &block.ports.0 {
            let (vector, at) = match port.direction {
                Direction::In => (String::from("in"), &mut at[0]),
                Direction::Out => (format!("out{index}"), &mut at[1]),
            };
            let slice = format!("{vector}[{}:{at}]", *at + port.bits - 1);
            write!(connections, ", .{}({slice})", port.name).unwrap();
            if port.direction == Direction::Out && port.bits % 32 != 0 {
                let last = *at + 32 * port.words() - 1;
                writeln!(text, "assign out{index}[{last}:{}] = 0;", *at + port.bits).unwrap();
            }
            *at += 32 * port.words();
        }
        if at[1] < outputs {
            writeln!(text, "assign out{index}[{}:{}] = 0;", outputs - 1, at[1]).unwrap();
        }
        writeln!(
            text,
            "{} block{index}(.clock(clock & (which == {index})){connections});",
            block.name
        )
        .unwrap();
        writeln!(choice, "{index}: out = out{index};").unwrap();
    }
    writeln!(
        text,
        "always @(*) case (which)\n{choice}default: out = 0;\nendcase\nendmodule"
    )
    .unwrap();
    text
}

/// The model, built once.
struct Model {
    program: PathBuf,
    names: Vec<&'static str>,
}

fn build(verilator: &OsStr) -> Model {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lockstep");
    fs::create_dir_all(&folder).unwrap();
    let blocks = blocks();
    let mut text = wrapper(&blocks);
    text.extend(blocks.iter().map(|block| block.verilog.as_str()));
    let source = folder.join("lockstep.v");
    // A file that would not change keeps its age: nothing is built again.
    if fs::read_to_string(&source).ok().as_ref() != Some(&text) {
        fs::write(&source, text).unwrap();
    }
    let output = Command::new(verilator)
        .args(["--cc", "--exe", "--build", "-j", "2", "-O3", "-CFLAGS", "-O1"])
        .args(["-Wno-WIDTH", "-Wno-fatal"])
        .args(["--prefix", "model", "-o", "model", "--top-module", "lockstep"])
        .arg("-Mdir")
        .arg(folder.join("build"))
        .arg(&source)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/lockstep.cpp"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "verilator cannot build the blocks:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Model {
        program: folder.join("build/model"),
        names: blocks.iter().map(|block| block.name).collect(),
    }
}

/// What a block's outputs are in each cycle, given its inputs; nothing where there is no Verilator.
pub(crate) fn run(name: &str, ports: &Ports, inputs: &Values) -> Option<Values> {
    static MODEL: OnceLock<Option<Model>> = OnceLock::new();
    let model = MODEL
        .get_or_init(|| Some(build(verilator::command()?)))
        .as_ref()?;
    let index = model.names.iter().position(|known| *known == name).unwrap();
    let words = [ports.words(Direction::In), ports.words(Direction::Out)];
    let bytes: Vec<u8> = inputs.iter().flat_map(|word| word.to_le_bytes()).collect();
    // Through files: two pipes to one process would need two threads.
    let [from, to] = ["in", "out"].map(|ending| model.program.with_file_name(format!("{name}.{ending}")));
    fs::write(&from, bytes).unwrap();
    let status = Command::new(&model.program)
        .args([index, words[0], words[1]].map(|number| number.to_string()))
        .arg(&from)
        .arg(&to)
        .status()
        .unwrap();
    assert!(status.success(), "{name}: the model fails");
    let bytes = fs::read(&to).unwrap();
    Some(
        bytes
            .chunks(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect(),
    )
}
