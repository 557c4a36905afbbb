//! What a card's geometry says of a scratchpad and a type.

use metisvm_firmware::check::TABLE_ENTRIES;
use metisvm_firmware::{Buffer, Dtype, Geometry};
use rust_hdl::prelude::*;

const BUFFERS: [Buffer; 5] = [Buffer::A, Buffer::B, Buffer::Acc, Buffer::Param, Buffer::Table];

/// A table of constants with a register behind it: the outputs belong to the inputs of the cycle before.
#[derive(LogicBlock)]
pub struct Shape {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The scratchpad.
    pub buffer: Signal<In, Bits<3>>,
    /// The type of what is in memory.
    pub dtype: Signal<In, Bits<2>>,
    /// Its tiles, tables or records.
    pub tiles: Signal<Out, Bits<17>>,
    /// log2 of a tile's height, lanes.
    pub height_log2: Signal<Out, Bits<4>>,
    /// log2 of a tile's width, lanes: of a table its entries.
    pub width_log2: Signal<Out, Bits<4>>,
    /// log2 of the addresses of a tile: ACC is written row by row, tables entry by entry.
    pub unit_log2: Signal<Out, Bits<4>>,
    /// log2 of a tile's bytes in memory.
    pub tile_log2: Signal<Out, Bits<5>>,
    /// Parts of a word that are written one after the other, less one.
    pub chunks_less: Signal<Out, Bits<3>>,
    /// Bits of each, if there are several; else 0.
    pub chunk_shift: Signal<Out, Bits<6>>,
    /// Words of what is written at an address, if it is longer than a word, less one.
    pub parts_less: Signal<Out, Bits<16>>,
    chosen: DFF<Bits<59>>,
    index: Signal<Local, Bits<5>>,
    low: Signal<Local, Bits<5>>,
    choices: Vec<Constant<Bits<59>>>,
}

impl Shape {
    /// Of such scratchpads, whose tiles have sides that are powers of two.
    pub fn new(geometry: &Geometry) -> Self {
        let choices = BUFFERS
            .iter()
            .flat_map(|&buffer| Dtype::ALL.map(|dtype| Constant::new(choice(geometry, buffer, dtype).into())))
            .collect();
        Self {
            clock: Signal::default(),
            buffer: Signal::default(),
            dtype: Signal::default(),
            tiles: Signal::default(),
            height_log2: Signal::default(),
            width_log2: Signal::default(),
            unit_log2: Signal::default(),
            tile_log2: Signal::default(),
            chunks_less: Signal::default(),
            chunk_shift: Signal::default(),
            parts_less: Signal::default(),
            chosen: DFF::default(),
            index: Signal::default(),
            low: Signal::default(),
            choices,
        }
    }
}

/// The outputs for a scratchpad and a type, from the lowest bit on in the order of the ports.
fn choice(geometry: &Geometry, buffer: Buffer, dtype: Dtype) -> u64 {
    let log2 = |number: u64| {
        assert!(number.is_power_of_two(), "a tile's sides are powers of two");
        u64::from(number.ilog2())
    };
    let (height, width) = match buffer {
        Buffer::Table => (1, TABLE_ENTRIES as u64),
        _ => {
            let (height, width) = geometry.tile(buffer);
            (u64::from(height), u64::from(width))
        }
    };
    // Elements of a word; rows of them are written at once, but of tables one, and of A and B all lanes of a tile.
    let elements = match buffer {
        Buffer::Param => 1,
        _ => u64::from(8 / dtype.bytes()),
    };
    let (at_once, rows) = match buffer {
        Buffer::A | Buffer::B => (height * width, 1),
        Buffer::Acc => (width, height),
        Buffer::Param => (1, 1),
        Buffer::Table => (1, TABLE_ENTRIES as u64),
    };
    let chunks = (elements / at_once).clamp(1, rows);
    let parts = (at_once / elements).max(1);
    let chunk_bits = if chunks > 1 {
        at_once * u64::from(dtype.bytes()) * 8
    } else {
        0
    };
    let fields = [
        (17, u64::from(geometry.size(buffer))),
        (4, log2(height)),
        (4, log2(width)),
        (4, log2(rows)),
        (5, log2(geometry.tile_bytes(buffer, dtype))),
        (3, chunks - 1),
        (6, chunk_bits),
        (16, parts - 1),
    ];
    let mut at = 0;
    fields.iter().fold(0, |word, &(bits, value)| {
        assert!(value < 1 << bits, "a field of {bits} bits holds {value}");
        let word = word | value << at;
        at += bits;
        word
    })
}

impl Logic for Shape {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, chosen);
        self.low.next = bit_cast::<5, 2>(self.dtype.val());
        self.index.next = bit_cast::<5, 3>(self.buffer.val());
        self.index.next = self.index.val() << 2;
        self.index.next = self.index.val() | self.low.val();
        self.chosen.d.next = 0.into();
        for i in 0..self.choices.len() {
            if self.index.val() == i.to_bits() {
                self.chosen.d.next = self.choices[i].val();
            }
        }
        self.tiles.next = self.chosen.q.val().get_bits::<17>(0);
        self.height_log2.next = self.chosen.q.val().get_bits::<4>(17);
        self.width_log2.next = self.chosen.q.val().get_bits::<4>(21);
        self.unit_log2.next = self.chosen.q.val().get_bits::<4>(25);
        self.tile_log2.next = self.chosen.q.val().get_bits::<5>(29);
        self.chunks_less.next = self.chosen.q.val().get_bits::<3>(34);
        self.chunk_shift.next = self.chosen.q.val().get_bits::<6>(37);
        self.parts_less.next = self.chosen.q.val().get_bits::<16>(43);
    }
}
