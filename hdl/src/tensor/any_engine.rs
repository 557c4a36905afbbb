//! The engine of a board, whatever its geometry.

use super::array::twin::Multipliers;
use super::engine::Engine;
use crate::optional::Optional;
use metisvm_firmware::Geometry;
use rust_hdl::prelude::*;

/// Sides of the tiles, and the logarithms of the scratchpads' sizes: tiles of A, B and ACC, records, tables. What is
/// not a power of two is rounded up: memories have 2^n places.
type Key = ([u16; 3], [u32; 5]);

/// The key of the engine that a geometry needs.
fn key(geometry: &Geometry) -> Key {
    let bits = |count: u32| count.next_power_of_two().trailing_zeros();
    (
        [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth],
        [
            bits(geometry.a_tiles),
            bits(geometry.b_tiles),
            bits(geometry.acc_tiles),
            bits(geometry.param_entries),
            bits(geometry.table_count),
        ],
    )
}

/// One engine of those that there are. A block's const parameters are literals, so each geometry has a place of its own,
/// all of them empty but one; so that a card need not have those parameters, they end here.
macro_rules! any_engine {
    ($($name:ident: $key:pat => [$($parameter:tt)*];)*) => {
        /// The ports of [`Engine`], with one of the engines behind them.
        #[derive(LogicBlock)]
        pub struct AnyEngine {
            /// See [`Engine`], also for all that follow.
            pub clock: Signal<In, Clock>,
            /// See there.
            pub open: Signal<In, Bit>,
            /// See there.
            pub place: Signal<In, Bits<43>>,
            /// See there.
            pub bytes: Signal<In, Bits<48>>,
            /// See there.
            pub limit: Signal<In, Bits<25>>,
            /// See there.
            pub start: Signal<In, Bit>,
            /// See there.
            pub done: Signal<Out, Bit>,
            /// See there.
            pub status: Signal<Out, Bits<15>>,
            /// See there.
            pub index: Signal<Out, Bits<32>>,
            /// See there.
            pub stop: Signal<In, Bit>,
            /// See there.
            pub idle: Signal<Out, Bit>,
            /// See there.
            pub base: [Signal<In, Bits<48>>; 5],
            /// See there.
            pub size: [Signal<In, Bits<48>>; 5],
            /// See there.
            pub rd_address: Signal<Out, Bits<48>>,
            /// See there.
            pub rd_words: Signal<Out, Bits<16>>,
            /// See there.
            pub rd_valid: Signal<Out, Bit>,
            /// See there.
            pub rd_ready: Signal<In, Bit>,
            /// See there.
            pub rd_data: Signal<In, Bits<64>>,
            /// See there.
            pub rd_data_valid: Signal<In, Bit>,
            /// See there.
            pub rd_data_ready: Signal<Out, Bit>,
            /// See there.
            pub wr_address: Signal<Out, Bits<48>>,
            /// See there.
            pub wr_data: Signal<Out, Bits<64>>,
            /// See there.
            pub wr_strobe: Signal<Out, Bits<8>>,
            /// See there.
            pub wr_valid: Signal<Out, Bit>,
            /// See there.
            pub wr_ready: Signal<In, Bit>,
            /// See there.
            pub wr_settled: Signal<In, Bit>,
            /// The engine's events, a bit each: see [`super::duty::Duty`], in its order.
            pub events: [Signal<Out, Bit>; 8],
            $($name: Optional<Engine<$($parameter)*>>,)*
        }

        impl AnyEngine {
            /// The engine of this geometry, with such multipliers and so many requantise units; `None` if there is
            /// none.
            pub fn new(
                geometry: &Geometry,
                multipliers: Multipliers,
                requantise_units: usize,
            ) -> Option<Self> {
                let key = key(geometry);
                let engine = Self {
                    clock: Signal::default(),
                    open: Signal::default(),
                    place: Signal::default(),
                    bytes: Signal::default(),
                    limit: Signal::default(),
                    start: Signal::default(),
                    done: Signal::default(),
                    status: Signal::default(),
                    index: Signal::default(),
                    stop: Signal::default(),
                    idle: Signal::default(),
                    base: Default::default(),
                    size: Default::default(),
                    rd_address: Signal::default(),
                    rd_words: Signal::default(),
                    rd_valid: Signal::default(),
                    rd_ready: Signal::default(),
                    rd_data: Signal::default(),
                    rd_data_valid: Signal::default(),
                    rd_data_ready: Signal::default(),
                    wr_address: Signal::default(),
                    wr_data: Signal::default(),
                    wr_strobe: Signal::default(),
                    wr_valid: Signal::default(),
                    wr_ready: Signal::default(),
                    wr_settled: Signal::default(),
                    events: Default::default(),
                    $($name: Optional::new(
                        matches!(key, $key).then(|| Engine::new(geometry, multipliers, requantise_units)),
                    ),)*
                };
                let count = 0 $(+ engine.$name.len())*;
                (count == 1).then_some(engine)
            }
        }

        impl Logic for AnyEngine {
            #[hdl_gen]
            fn update(&mut self) {
                self.done.next = false;
                self.status.next = 0.into();
                self.index.next = 0.into();
                self.idle.next = true;
                self.rd_address.next = 0.into();
                self.rd_words.next = 0.into();
                self.rd_valid.next = false;
                self.rd_data_ready.next = false;
                self.wr_address.next = 0.into();
                self.wr_data.next = 0.into();
                self.wr_strobe.next = 0.into();
                self.wr_valid.next = false;
                for i in 0..8 {
                    self.events[i].next = false;
                }
                $(
                for _one in 0..self.$name.len() {
                    self.$name.clock.next = self.clock.val();
                    self.$name.open.next = self.open.val();
                    self.$name.place.next = self.place.val();
                    self.$name.bytes.next = self.bytes.val();
                    self.$name.limit.next = self.limit.val();
                    self.$name.start.next = self.start.val();
                    self.done.next = self.$name.done.val();
                    self.status.next = self.$name.status.val();
                    self.index.next = self.$name.index.val();
                    self.$name.stop.next = self.stop.val();
                    self.idle.next = self.$name.idle.val();
                    for j in 0..5 {
                        self.$name.base[j].next = self.base[j].val();
                        self.$name.size[j].next = self.size[j].val();
                    }
                    self.rd_address.next = self.$name.rd_address.val();
                    self.rd_words.next = self.$name.rd_words.val();
                    self.rd_valid.next = self.$name.rd_valid.val();
                    self.$name.rd_ready.next = self.rd_ready.val();
                    self.$name.rd_data.next = self.rd_data.val();
                    self.$name.rd_data_valid.next = self.rd_data_valid.val();
                    self.rd_data_ready.next = self.$name.rd_data_ready.val();
                    self.wr_address.next = self.$name.wr_address.val();
                    self.wr_data.next = self.$name.wr_data.val();
                    self.wr_strobe.next = self.$name.wr_strobe.val();
                    self.wr_valid.next = self.$name.wr_valid.val();
                    self.$name.wr_ready.next = self.wr_ready.val();
                    self.$name.wr_settled.next = self.wr_settled.val();
                    self.events[0].next = self.$name.array_steps.val();
                    self.events[1].next = self.$name.load_busy.val();
                    self.events[2].next = self.$name.compute_busy.val();
                    self.events[3].next = self.$name.store_busy.val();
                    self.events[4].next = self.$name.load_waits.val();
                    self.events[5].next = self.$name.compute_waits.val();
                    self.events[6].next = self.$name.store_waits.val();
                    self.events[7].next = self.$name.memory_waits.val();
                }
                )*
            }
        }
    };
}

// The engines that there are: const parameters are literals, so each geometry is a line.
// Sides of tiles and the logarithms of scratchpads (`key`), then the parameters of `Engine`:
// R, C, D, LA, LB, AW, W, TA, TB, T, S, F, P, VW, VP, TP, TT.
any_engine! {
    tiles_4: ([4, 4, 4], [6, 6, 6, 6, 1]) => [4, 4, 4, 16, 16, 36, 20, 6, 6, 8, 2, 4, 5, 128, 256, 6, 9];
    tiles_4_deep: ([4, 4, 4], [11, 11, 9, 9, 3]) => [4, 4, 4, 16, 16, 36, 20, 11, 11, 11, 2, 4, 5, 128, 256, 9, 11];
    tiles_8: ([8, 8, 4], [11, 11, 8, 9, 3]) => [8, 8, 4, 32, 32, 36, 20, 11, 11, 11, 3, 5, 6, 256, 512, 9, 11];
    tiles_16: ([16, 16, 16], [12, 12, 10, 12, 4]) => [
        16, 16, 16, 256, 256, 144, 22, 12, 12, 14, 4, 6, 7, 512, 1024, 12, 12
    ];
}
