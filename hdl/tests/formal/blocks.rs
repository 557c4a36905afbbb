//! The blocks that are proven, as emitted.

use crate::memory::{self, Memory};
use metisvm_hdl::keccak::cluster::Cluster;
use metisvm_hdl::memory::{axi_writes::AxiWrites, collector::Collector};
use metisvm_hdl::shell::{
    burst::Burst, fetcher::Fetcher, keccak_job::KeccakJob, queue::Queue, reader::Reader, writer::Writer,
};
use metisvm_hdl::stream::fifo::Fifo;
use metisvm_hdl::tensor::read_share::ReadShare;
use metisvm_hdl::tensor::requantise::Requantise;
use metisvm_hdl::tensor::run::{fetch::Fetch, runner::Runner, stream::Stream, tokens::Tokens};
use metisvm_hdl::tensor::scratchpads::{accumulators::Accumulators, turns::Turns};
use metisvm_hdl::verilog::emit;

/// A block and its properties.
#[derive(Clone)]
pub(crate) struct Block {
    /// Of its top module and of its file of properties.
    pub(crate) name: &'static str,
    pub(crate) verilog: String,
    pub(crate) properties: String,
    /// Modules within of which nothing is assumed: their outputs may be anything.
    pub(crate) cut: &'static [&'static str],
    /// A memory that its properties see.
    pub(crate) memory: Option<Memory>,
    /// Steps of the induction, and of that which looks for faults: no fewer, and more where that shows what a
    /// fault does from power-up on.
    pub(crate) steps: usize,
    pub(crate) depth: usize,
}

macro_rules! block {
    ($name:literal, $block:expr) => {
        Block {
            name: $name,
            verilog: emit($name, $block).unwrap(),
            properties: include_str!(concat!($name, ".sv")).to_owned(),
            cut: &[],
            memory: None,
            steps: 1,
            depth: 1,
        }
    };
}

pub(crate) fn fetcher() -> Block {
    Block {
        depth: 3,
        ..block!("fetcher", Fetcher::default())
    }
}

pub(crate) fn fifo() -> Block {
    let block = block!("fifo", Fifo::<16, 3, 4>::default());
    Block {
        verilog: memory::exposed(&block.verilog, "slice", "second", 16),
        memory: Some(Memory {
            instance: "entries",
            address_bits: 3,
            data_bits: 16,
            looks: 1,
            is_cut: false,
        }),
        depth: 11,
        ..block
    }
}

/// Of beats of 256 bits: what is not whole beats is more often so than with narrow ones.
pub(crate) fn writer() -> Block {
    let block = block!("writer", Writer::<256>::default());
    Block {
        properties: format!("localparam LANES = 4;\n{}", block.properties),
        cut: &["writer$beats"],
        depth: 2,
        ..block
    }
}

pub(crate) fn keccak_job() -> Block {
    Block {
        cut: &["keccak_job$beats", "keccak_job$descriptors", "keccak_job$crc"],
        steps: 2,
        depth: 2,
        ..block!("keccak_job", KeccakJob::<128, 134>::default())
    }
}

pub(crate) fn reader() -> Block {
    let block = block!("reader", Reader::<128, 10, 5, 32, 6>::default());
    let counts: Vec<String> = (0..32).rev().map(|tag| format!("count${tag}$q")).collect();
    Block {
        properties: format!(
            "localparam BEATS = 32, SHIFT = 5;\nwire [223:0] f_count = {{{}}};\n{}",
            counts.join(", "),
            block.properties
        ),
        cut: &["reader$buffer", "reader$order", "reader$beats", "reader$marks"],
        ..block
    }
}

pub(crate) fn cluster() -> Block {
    Block {
        cut: &["cluster$lanes$0", "cluster$order", "cluster$digests"],
        depth: 2,
        ..block!("cluster", Cluster::<128, 135>::new(3, 1))
    }
}

/// What is claimed of a burst's arithmetic, to be proven or assumed, where its ports have a prefix.
fn burst_claims(claim: &str, prefix: &str) -> String {
    let ports = [
        ("sq", 64),
        ("cq", 64),
        ("log2", 32),
        ("max_log2", 32),
        ("tail", 16),
        ("head", 16),
        ("completed", 16),
        ("consumed", 16),
        ("valid", 1),
        ("over", 1),
        ("count", 4),
        ("address", 64),
        ("completion", 64),
        ("at_start", 1),
        ("phase", 1),
    ];
    let names = ports.map(|(port, bits)| format!("wire [{}:0] b_{port} = {prefix}{port};\n", bits - 1));
    let claims = include_str!("burst.sv").replace("`CLAIM", claim);
    names.concat() + &claims
}

/// Its stages hold no loop: so many steps after any state, its outputs follow from its inputs.
pub(crate) fn burst() -> Block {
    Block {
        properties: burst_claims("assert", ""),
        steps: 9,
        depth: 9,
        ..block!("burst", Burst::default())
    }
}

pub(crate) fn queue() -> Block {
    let block = block!("queue", Queue::default());
    Block {
        properties: burst_claims("assume", "next_burst$") + &block.properties,
        memory: Some(Memory {
            instance: "contexts",
            address_bits: 6,
            data_bits: 64,
            looks: 1,
            is_cut: true,
        }),
        cut: &["queue$burst", "queue$next_burst"],
        ..block
    }
}

pub(crate) fn tokens() -> Block {
    Block {
        depth: 2,
        ..block!("tokens", Tokens::default())
    }
}

pub(crate) fn stream() -> Block {
    Block {
        cut: &["stream$queue"],
        depth: 2,
        ..block!("stream", Stream::default())
    }
}

pub(crate) fn fetch() -> Block {
    Block {
        cut: &["fetch$streams$0", "fetch$order"],
        ..block!("fetch", Fetch::default())
    }
}

pub(crate) fn runner() -> Block {
    Block {
        cut: &[
            "runner$fetch",
            "runner$header",
            "runner$links",
            "runner$slots$0",
            "runner$slots$1",
            "runner$slots$2",
        ],
        ..block!("runner", Runner::default())
    }
}

pub(crate) fn turns() -> Block {
    block!("turns", Turns::default())
}

pub(crate) fn accumulators() -> Block {
    Block {
        memory: Some(Memory {
            instance: "memories$0",
            address_bits: 2,
            data_bits: 32,
            looks: 1,
            is_cut: false,
        }),
        ..block!("accumulators", Accumulators::<2, 2>::default())
    }
}

pub(crate) fn read_share() -> Block {
    let block = block!("read_share", ReadShare::default());
    Block {
        verilog: memory::exposed(&block.verilog, "requests", "second", 64),
        cut: &["read_share$owners"],
        ..block
    }
}

pub(crate) fn collector() -> Block {
    Block {
        depth: 2,
        ..block!("collector", Collector::default())
    }
}

pub(crate) fn axi_writes() -> Block {
    Block {
        cut: &["axi_writes$collector", "axi_writes$words", "axi_writes$places"],
        depth: 2,
        ..block!("axi_writes", AxiWrites::default())
    }
}

/// A block with a text of its Verilog in place of another: what is behind a register, or before it, is cut away.
fn instead_of(block: Block, text: &str, instead: &str) -> Block {
    assert_eq!(block.verilog.matches(text).count(), 1, "{text}");
    Block {
        verilog: block.verilog.replacen(text, instead, 1),
        ..block
    }
}

pub(crate) fn product() -> Block {
    instead_of(
        block!("product", Requantise::default()),
        "coarse_reg$d = magnitude >> coarse_amount",
        "coarse_reg$d = 48'd0",
    )
}

pub(crate) fn requantise() -> Block {
    instead_of(
        block!("requantise", Requantise::default()),
        "product_reg$d = high_shifted + low_wide",
        "product_reg$d = f_any_product",
    )
}
