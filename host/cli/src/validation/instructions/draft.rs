//! A short program and what it needs, run on the card and by the interpreter of the card in software, which defines
//! what is right. A job has two items, with the same program and other inputs.

use super::super::check::{Problem, Target};
use super::super::random::Random;
use metisvm_driver::RunJob;
use metisvm_firmware::{
    Buffer, Burst, Dependencies, Dtype, Geometry, Instruction, LoadTiles, Operation, ProgramBuilder, Space,
    StoreTiles,
};
use metisvm_sim::machine::{Machine, Spaces};
use std::sync::atomic::AtomicBool;

/// Items of a job.
const ITEMS: u64 = 2;
/// Numbers at the ends of their ranges, which come often among random ones.
const ENDS: [i32; 8] = [0, 1, -1, i32::MAX, i32::MIN, 255, -256, 32768];

/// A program in the making.
pub(super) struct Draft {
    pub(super) geometry: Geometry,
    pub(super) operations: Vec<Operation>,
    /// Of this item.
    random: Random,
    input: Vec<u8>,
    pub(super) output: usize,
    /// What all items have.
    data: Vec<u8>,
    pub(super) state: Vec<u8>,
    pub(super) workspace: usize,
}

fn aligned(bytes: &mut Vec<u8>, more: &[u8]) -> u64 {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let at = bytes.len() as u64;
    bytes.extend(more);
    at
}

impl Draft {
    fn new(geometry: Geometry, item: u64) -> Self {
        Self {
            geometry,
            operations: Vec::new(),
            random: Random::new(item),
            input: Vec::new(),
            output: 0,
            data: Vec::new(),
            state: Vec::new(),
            workspace: 0,
        }
    }

    /// Sides of a tile of activations and of weights: R, C, D.
    pub(super) const fn sides(&self) -> [u16; 3] {
        let Geometry {
            tile_rows,
            tile_cols,
            tile_depth,
            ..
        } = self.geometry;
        [tile_rows, tile_cols, tile_depth]
    }

    /// As many as are wanted, if the scratchpad has them; at least one.
    pub(super) fn at_most(&self, buffer: Buffer, wanted: u16) -> u16 {
        u64::from(wanted).min(self.geometry.size(buffer).into()).max(1) as u16
    }

    pub(super) fn push(&mut self, operation: Operation) {
        self.operations.push(operation);
    }

    /// Random bytes of the item's input: where they lie.
    pub(super) fn random_input(&mut self, bytes: usize) -> u64 {
        let more = self.random.bytes(bytes);
        aligned(&mut self.input, &more)
    }

    /// Random elements of the item's input, many of them at the ends of ranges.
    pub(super) fn elements(&mut self, count: usize, dtype: Dtype) -> u64 {
        let mut bytes = Vec::with_capacity(count * dtype.bytes() as usize);
        for _ in 0..count {
            let random = self.random.next();
            let value = if random.is_multiple_of(4) {
                ENDS[(random >> 8) as usize % ENDS.len()]
            } else {
                (random >> 32) as i32
            };
            bytes.extend(&value.to_le_bytes()[..dtype.bytes() as usize]);
        }
        aligned(&mut self.input, &bytes)
    }

    /// Bytes that all items have: where they lie in RESIDENT.
    pub(super) fn data(&mut self, bytes: &[u8]) -> u64 {
        aligned(&mut self.data, bytes)
    }

    /// The same random bytes for all items.
    pub(super) fn random_data(&mut self, bytes: usize) -> u64 {
        let seed = self.data.len() as u64;
        let bytes = Random::new(seed).bytes(bytes);
        self.data(&bytes)
    }

    /// Bytes of output: where they lie.
    pub(super) fn room(&mut self, bytes: u64) -> u64 {
        let at = self.output.next_multiple_of(8);
        self.output = at + bytes as usize;
        at as u64
    }

    /// Loads random accumulators into consecutive tiles.
    pub(super) fn load_acc(&mut self, base: u16, tiles: u16) {
        let bytes = self.geometry.tile_bytes(Buffer::Acc, Dtype::I32) * u64::from(tiles);
        let offset = self.elements(bytes as usize / 4, Dtype::I32);
        self.push(tiles_from(
            Buffer::Acc,
            base,
            tiles,
            burst(Space::Input, offset, Dtype::I32),
            0,
        ));
    }

    /// Stores consecutive tiles of accumulators.
    pub(super) fn store_acc(&mut self, base: u16, tiles: u16) {
        let bytes = self.geometry.tile_bytes(Buffer::Acc, Dtype::I32) * u64::from(tiles);
        let offset = self.room(bytes);
        self.push(Operation::StoreTiles(StoreTiles {
            base,
            pitch: tiles,
            rows: 1,
            cols: tiles,
            to: burst(Space::Output, offset, Dtype::I32),
        }));
    }
}

pub(super) const fn burst(space: Space, offset: u64, dtype: Dtype) -> Burst {
    Burst {
        space,
        offset,
        row_stride: 0,
        dtype,
    }
}

/// Consecutive tiles in one burst.
pub(super) const fn tiles_from(
    buffer: Buffer,
    base: u16,
    tiles: u16,
    from: Burst,
    zero_point: i16,
) -> Operation {
    Operation::LoadTiles(LoadTiles {
        buffer,
        base,
        pitch: tiles,
        rows: 1,
        cols: tiles,
        from,
        zero_point,
    })
}

/// One form of an instruction: writes a program that uses it, the same for every item but for the input.
pub(super) type Form = (&'static str, fn(&mut Draft));

/// Runs the forms; says how many there were.
pub(super) fn run(target: &Target, forms: &[Form]) -> Result<usize, Problem> {
    target.needs_engine()?;
    for (name, write) in forms {
        let geometry = target.capabilities().geometry;
        let drafts = (0..ITEMS).map(|item| {
            let mut draft = Draft::new(geometry, item);
            write(&mut draft);
            draft
        });
        let said = |what: String| format!("{name}: {what}");
        match compare(target, &drafts.collect::<Vec<_>>()) {
            Ok(()) => {}
            Err(Problem::Wrong(what)) => return Err(Problem::Wrong(said(what))),
            Err(Problem::NotThere(what)) => return Err(Problem::NotThere(said(what))),
            Err(problem) => return Err(problem),
        }
    }
    Ok(forms.len())
}

fn compare(target: &Target, items: &[Draft]) -> Result<(), Problem> {
    let (device, card) = (&*target.device, target.capabilities());
    let Some(first) = items.first() else { return Ok(()) };
    let small =
        |error: &dyn std::fmt::Display| Problem::NotThere(format!("its engine is too small: {error}"));
    let mut builder = ProgramBuilder::new(card.geometry);
    for operation in &first.operations {
        builder.push(*operation).map_err(|error| small(&error))?;
    }
    let program = builder.finish().map_err(|error| small(&error))?;
    for (what, bytes, most) in [
        ("inputs", first.input.len(), card.max_input_bytes),
        ("outputs", first.output, card.max_output_bytes),
    ] {
        if bytes > most as usize {
            return Err(small(&format!(
                "{what} have {most} bytes at most, and {bytes} are needed"
            )));
        }
    }
    let program = device.load_program(&program)?;
    let data = if first.data.is_empty() {
        None
    } else {
        Some(device.load_resident(&first.data)?)
    };
    let state = if first.state.is_empty() {
        None
    } else {
        Some(device.load_state(&first.state)?)
    };
    let count = items.len().min(card.max_batch as usize);
    let inputs: Vec<&[u8]> = items[..count].iter().map(|item| item.input.as_slice()).collect();
    let outputs = device.run(&RunJob {
        program: &program,
        data: data.as_ref(),
        state: state.as_ref(),
        workspace_bytes: first.workspace as u64,
        inputs: &inputs,
        output_bytes: first.output,
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    })?;
    // What a program does not store is undefined: it is what differs where memory held something else before.
    let clear = interpret(items, 0x00)?;
    let set = interpret(items, 0xff)?;
    for (item, output) in outputs.iter().enumerate() {
        let rows = output.iter().zip(clear[item].iter().zip(&set[item])).enumerate();
        for (at, (&found, (&right, &other))) in rows {
            if right == other && found != right {
                return Err(Problem::Wrong(format!(
                    "item {item}, byte {at} of {}: {found:#04x}, and right is {right:#04x}",
                    output.len()
                )));
            }
        }
    }
    Ok(())
}

/// The outputs by the interpreter, over memory that held a byte before.
fn interpret(items: &[Draft], before: u8) -> Result<Vec<Vec<u8>>, Problem> {
    let Some(first) = items.first() else {
        return Ok(Vec::new());
    };
    let mut state = first.state.clone();
    let mut outputs = Vec::new();
    for item in items {
        let mut machine = Machine::new(item.geometry);
        let mut output = vec![before; first.output];
        let mut workspace = vec![before; first.workspace];
        for &operation in &first.operations {
            let instruction = Instruction {
                dependencies: Dependencies::default(),
                operation,
            };
            let mut spaces = Spaces {
                resident: &first.data,
                input: &item.input,
                output: &mut output,
                workspace: &mut workspace,
                state: &mut state,
            };
            let done = machine.execute(&instruction, &mut spaces, &AtomicBool::new(false));
            done.map_err(|status| {
                Problem::Wrong(format!("the interpreter refuses {operation:?}: {status}"))
            })?;
        }
        outputs.push(output);
    }
    Ok(outputs)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Whether every instruction of a form is seen in what the program stores: without it, some byte that is
    /// defined either way is another.
    pub(crate) fn every_instruction_is_seen(geometry: Geometry, (name, write): &Form) {
        let drafts = || {
            (0..ITEMS)
                .map(|item| {
                    let mut draft = Draft::new(geometry, item);
                    write(&mut draft);
                    draft
                })
                .collect::<Vec<_>>()
        };
        let all = drafts();
        let defined = |items: &[Draft]| Some([interpret(items, 0x00).ok()?, interpret(items, 0xff).ok()?]);
        let right = defined(&all).unwrap();
        for index in 0..all[0].operations.len() {
            // Lanes that are there to be overwritten, so that an instruction which does not write them shows.
            let overwritten = match all[0].operations[index] {
                Operation::Nop(_) => true,
                Operation::Fill(_) => ["WORKSPACE", "STATE", "WORKSPACE and STATE"].contains(name),
                Operation::LoadTiles(load) => *name == "products" && load.buffer == Buffer::Acc,
                _ => false,
            };
            if overwritten {
                continue;
            }
            let mut without = drafts();
            for draft in &mut without {
                draft.operations.remove(index);
            }
            // A program that cannot be run without it is missed as well.
            let Some(wrong) = defined(&without) else {
                continue;
            };
            let bytes = |outputs: &Vec<Vec<u8>>| outputs.concat();
            let [right, wrong] =
                [&right, &wrong].map(|outputs| bytes(&outputs[0]).into_iter().zip(bytes(&outputs[1])));
            let mut differ = right
                .zip(wrong)
                .filter(|((a, b), (c, d))| a == b && (c != d || a != c));
            assert!(
                differ.next().is_some(),
                "{name}: nobody misses instruction {index}, {:?}",
                all[0].operations[index]
            );
        }
    }
}
