//! Entries at random, malformed ones among them.

use super::*;

/// Makes entries, the same for two cards whose memory lies at the same addresses.
pub(super) struct Traffic {
    pub(super) random: Random,
    pub(super) capabilities: Capabilities,
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) script: u64,
    /// Of the next entry: what the pair will number it.
    pub(super) sequence: u32,
    /// Programs made so far.
    pub(super) scripts: usize,
}

impl Traffic {
    /// A number whose length in bits is random.
    fn any(&mut self) -> u64 {
        let word = self.random.next() ^ self.random.next() << 40;
        word >> self.random.below(64)
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.below(choices.len())]
    }

    /// Where a copy comes from: mostly input, now and then where nothing is.
    fn source(&mut self, bytes: usize) -> u64 {
        match self.random.below(20) {
            0 => self.one_of(&[
                0,
                self.input + INPUT as u64,
                1 << 50,
                u64::MAX - 7,
                self.input + 1,
            ]),
            _ => self.input + (self.random.below(INPUT - bytes.min(INPUT - 8)) as u64 & !7),
        }
    }

    fn load(&mut self) -> Submission {
        let memory = self.capabilities.card_memory_bytes;
        let bytes = self.one_of(&[0, 1, 7, 8, 63, 64, 65, 200, 4096, 5000, 9001]);
        let address = match self.random.below(12) {
            0 => self.any(),
            1 => memory - 64,
            2 => memory,
            3 => u64::MAX - 63,
            // Near each other, so that they meet.
            _ => self.random.below(400) as u64 * 64,
        };
        Submission {
            opcode: Opcode::LoadResident as u8,
            flags: self.one_of(&[0, 0, 0, 1]),
            data_handle: self.handle(),
            input: self.source(bytes as usize),
            card_address: address,
            card_bytes: if self.random.below(30) == 0 {
                self.any()
            } else {
                bytes
            },
            ..Submission::default()
        }
    }

    fn handle(&mut self) -> u32 {
        let most = self.capabilities.max_handles;
        match self.random.below(12) {
            0 => self.one_of(&[0, most + 1, u32::MAX, 1 << 16 | 1]),
            1 => most,
            _ => 1 + self.random.below(6) as u32,
        }
    }

    /// Messages anywhere in the input; the first words of it are descriptors, which this writes.
    fn keccak(&mut self, slot: usize, sides: &[Side; 2]) -> Submission {
        let count = match self.random.below(8) {
            0 => self.one_of(&[17, 127]),
            _ => self.one_of(&[1, 1, 2, 3, 5]),
        };
        // Of every slot its own descriptors, as entries of a burst are all written before the first is done.
        let base = slot * 128 * DESCRIPTOR_BYTES;
        let bytes = INPUT - base;
        let least = (BURST - slot) * 128 * DESCRIPTOR_BYTES;
        let bad = self.random.below(10);
        for index in 0..count {
            let length = self.one_of(&[0, 1, 8, 32, 110, 135, 136, 137, 271, 272, 532, 4095, 4096, 5001]);
            let offset = (least + self.random.below(bytes - least - length)) & !7;
            let mut descriptor = Descriptor {
                offset: offset as u32,
                length: length as u32,
            };
            if bad == 0 && self.random.below(count) == 0 {
                match self.random.below(4) {
                    0 => descriptor.offset = bytes as u32 - 8,
                    1 => descriptor.length = self.any() as u32,
                    2 => descriptor.offset += 4,
                    _ => descriptor.offset = !7,
                }
            }
            for side in sides {
                side.input.copy_in(
                    base + index * DESCRIPTOR_BYTES,
                    &descriptor.to_word().to_le_bytes(),
                );
            }
        }
        let mut entry = Submission {
            opcode: Opcode::Keccak as u8,
            count: count as u32,
            input: self.input + base as u64,
            output: self.output + (slot * STRIDE) as u64,
            input_bytes: bytes as u32,
            output_bytes: DIGEST_BYTES as u32,
            ..Submission::default()
        };
        match self.random.below(24) {
            0 => entry.count = self.one_of(&[0, self.capabilities.keccak_max_messages + 1, u32::MAX]),
            1 => entry.input_bytes = self.one_of(&[0, 8, self.capabilities.keccak_max_bytes + 1]),
            2 => entry.output_bytes = 31,
            3 => entry.input = self.one_of(&[0, 1 << 50, self.input + 4]),
            4 => entry.output = self.one_of(&[1 << 50, entry.output + 4]),
            _ => {}
        }
        entry
    }

    /// A program with data and a state, and two runs of it. The second may be wrong in a field; the program in something
    /// else.
    fn script(&mut self, sides: &[Side; 2]) -> Vec<Submission> {
        let geometry = self.capabilities.geometry;
        let ending = match self.scripts % 2 {
            0 => Ending::Sound,
            _ => ENDINGS[self.scripts / 2 % ENDINGS.len()],
        };
        self.scripts += 1;
        let random = &mut self.random;
        let length = 1 + random.below(24);
        let program = scripts::program(geometry, random, length, ending);
        let counts = [1 + random.below(3), 1 + random.below(3)];
        // Items lie side by side, at any byte.
        let input_bytes = scripts::INPUT_BYTES + random.below(8);
        let items = random.bytes(3 * (scripts::INPUT_BYTES + 8));
        let (data, state) = (scripts::data(random), random.bytes(scripts::STATE_BYTES));
        for side in sides {
            for (place, bytes) in [
                (0, &program),
                (DATA_AT, &data),
                (STATE_AT, &state),
                (ITEMS_AT, &items),
            ] {
                side.script.copy_in(place as usize, bytes);
            }
        }
        let evict = |data_handle| Submission {
            opcode: Opcode::Evict as u8,
            data_handle,
            ..Submission::default()
        };
        let at = scripts_at(&self.capabilities);
        let load = |data_handle, flags, place, card_place, bytes: usize| Submission {
            opcode: Opcode::LoadResident as u8,
            flags,
            data_handle,
            input: self.script + place,
            card_address: at + card_place,
            card_bytes: bytes as u64,
            ..Submission::default()
        };
        let run = |slot: usize, count: usize| Submission {
            opcode: Opcode::Run as u8,
            program_handle: PROGRAM as u16,
            data_handle: DATA,
            state_handle: STATE as u16,
            count: count as u32,
            input: self.script + ITEMS_AT,
            output: self.output + (slot * STRIDE) as u64,
            input_bytes: input_bytes as u32,
            output_bytes: scripts::OUTPUT_BYTES as u32,
            card_address: at + WORKSPACE_CARD,
            card_bytes: scripts::WORKSPACE_BYTES as u64,
            ..Submission::default()
        };
        let mut entries = vec![
            evict(PROGRAM),
            evict(DATA),
            evict(STATE),
            load(PROGRAM, 0, 0, PROGRAM_CARD, program.len()),
            load(DATA, 0, DATA_AT, DATA_CARD, data.len()),
            load(STATE, flags::STATE, STATE_AT, STATE_CARD, state.len()),
            run(6, counts[0]),
            run(7, counts[1]),
        ];
        let second = &mut entries[7];
        // Where two things are wrong, either may be said.
        let mistake = if ending == Ending::Sound {
            self.random.below(16)
        } else {
            16
        };
        match mistake {
            0 => second.input = 1 << 50,
            1 => second.input = self.script + SCRIPT as u64 - 8,
            2 => second.program_handle = STATE as u16,
            3 => second.data_handle = STATE,
            4 => second.state_handle = DATA as u16,
            5 => second.count = self.one_of(&[0, self.capabilities.max_batch + 1]),
            6 => {
                let places = [PROGRAM_CARD, DATA_CARD, STATE_CARD, WORKSPACE_CARD + 8];
                second.card_address = at + self.one_of(&places);
            }
            7 => second.card_bytes = self.one_of(&[u64::MAX, self.capabilities.card_memory_bytes]),
            8 => second.dtype_in = 3,
            _ => {}
        }
        entries
    }

    /// A burst. A CANCEL may mean a KECCAK of the burst, whose outcome leaves nothing on the card.
    pub(super) fn burst(&mut self, sides: &[Side; 2]) -> Vec<Submission> {
        let has_engine = self.capabilities.features & reg::features::TENSOR != 0;
        if has_engine && self.random.below(SCRIPTS) == 0 {
            self.sequence = self.sequence.wrapping_add(BURST as u32);
            return self.script(sides);
        }
        let count = 1 + self.random.below(BURST);
        let mut entries: Vec<Submission> = Vec::with_capacity(count);
        for slot in 0..count {
            let mut entry = match self.random.below(10) {
                0 | 1 => Submission::default(),
                2 => {
                    let hashes =
                        |at: &usize| entries.get(*at).is_some_and(|e| e.opcode == Opcode::Keccak as u8);
                    let target = Some(self.random.below(BURST)).filter(hashes);
                    let target = target.map_or(0, |at| self.sequence.wrapping_add(at as u32));
                    Submission {
                        opcode: Opcode::Cancel as u8,
                        count: target,
                        ..Submission::default()
                    }
                }
                3 | 4 => self.load(),
                5 | 6 => Submission {
                    opcode: Opcode::Evict as u8,
                    data_handle: self.handle(),
                    ..Submission::default()
                },
                _ => self.keccak(slot, sides),
            };
            match self.random.below(40) {
                // Of nothing resident, or of what is none.
                0 => entry.opcode = Opcode::Run as u8,
                1 => entry.opcode = self.random.below(256) as u8,
                2 => entry.flags = self.any() as u8,
                3 => entry.program_handle = self.any() as u16,
                4 => entry.card_bytes = self.any(),
                5 => entry.output_bytes = self.any() as u32,
                6 => entry.data_handle = self.any() as u32,
                _ => {}
            }
            entries.push(entry);
        }
        self.sequence = self.sequence.wrapping_add(count as u32);
        entries
    }
}
