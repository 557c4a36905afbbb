//! Card memory: resident pieces under handles, and workspaces between them.

use crate::machine::go_on;
use metisvm_firmware::program::Program;
use metisvm_firmware::submission::CARD_ALIGN;
use metisvm_firmware::{INSTRUCTION_BYTES, Instruction, Status};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One resident piece.
#[derive(Debug)]
struct Piece {
    range: Range<usize>,
    /// The piece read as a program, once it was run; it cannot change while it is resident.
    program: Option<Arc<Vec<Instruction>>>,
}

/// All of a card's memory.
#[derive(Debug)]
pub struct CardMemory {
    bytes: Vec<u8>,
    pieces: BTreeMap<u32, Piece>,
}

/// A status with its detail.
pub type Refusal = (Status, u32);

impl CardMemory {
    /// Memory of a card that was just reset: zero, nothing resident.
    pub fn new(bytes: u64) -> Self {
        // A size beyond the address space is beyond this machine too.
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            bytes: vec![0; bytes],
            pieces: BTreeMap::new(),
        }
    }

    /// Checks a range of card addresses that is about to be written: aligned, inside, and apart
    /// from everything resident.
    ///
    /// # Errors
    /// [`Status::CardMemory`].
    pub fn claim(&self, address: u64, bytes: u64) -> Result<Range<usize>, Refusal> {
        let refusal = (Status::CardMemory, 0);
        let end = address.checked_add(bytes).ok_or(refusal)?;
        if !address.is_multiple_of(CARD_ALIGN) || end > self.bytes.len() as u64 {
            return Err(refusal);
        }
        let range = address as usize..end as usize;
        let meets = |piece: &Piece| piece.range.start < range.end && range.start < piece.range.end;
        if self.pieces.values().any(meets) {
            Err(refusal)
        } else {
            Ok(range)
        }
    }

    /// Names a claimed range.
    pub fn insert(&mut self, handle: u32, range: Range<usize>) {
        self.pieces.insert(handle, Piece { range, program: None });
    }

    /// Whether a handle names something.
    pub fn contains(&self, handle: u32) -> bool {
        self.pieces.contains_key(&handle)
    }

    /// Forgets a handle; says whether it named something.
    pub fn remove(&mut self, handle: u32) -> bool {
        self.pieces.remove(&handle).is_some()
    }

    /// The bytes of a range.
    pub fn bytes_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes[range]
    }

    /// The bytes of a resident piece and of a claimed workspace.
    pub fn split(&mut self, resident: Option<Range<usize>>, workspace: Range<usize>) -> (&[u8], &mut [u8]) {
        match resident {
            None => (&[], &mut self.bytes[workspace]),
            Some(resident) if resident.end <= workspace.start => {
                let (low, high) = self.bytes.split_at_mut(workspace.start);
                (&low[resident], &mut high[..workspace.len()])
            }
            Some(resident) if workspace.end <= resident.start => {
                let (low, high) = self.bytes.split_at_mut(resident.start);
                (&high[..resident.len()], &mut low[workspace])
            }
            // Only an empty range can touch a resident piece; claim saw to that.
            Some(resident) => (&self.bytes[resident], &mut []),
        }
    }

    /// Where a handle's piece lies.
    ///
    /// # Errors
    /// [`Status::UnknownHandle`].
    pub fn piece(&self, handle: u32) -> Result<Range<usize>, Refusal> {
        let piece = self.pieces.get(&handle).ok_or((Status::UnknownHandle, handle))?;
        Ok(piece.range.clone())
    }

    /// A handle's piece, read as a program of at most `limit` instructions, unless `stop` becomes
    /// true.
    ///
    /// # Errors
    /// An unknown handle, or what is wrong with the program.
    pub fn program(
        &mut self,
        handle: u32,
        limit: u32,
        stop: &AtomicBool,
    ) -> Result<Arc<Vec<Instruction>>, Refusal> {
        let piece = self
            .pieces
            .get_mut(&handle)
            .ok_or((Status::UnknownHandle, handle))?;
        if let Some(program) = &piece.program {
            return Ok(Arc::clone(program));
        }
        let (encoded, rest) = self.bytes[piece.range.clone()].as_chunks::<INSTRUCTION_BYTES>();
        if !rest.is_empty() || encoded.len() > limit as usize {
            return Err((Status::InvalidProgram, 0));
        }
        let mut instructions = Vec::with_capacity(encoded.len());
        for (index, bytes) in (0..).zip(encoded) {
            go_on(stop).map_err(|status| (status, index))?;
            let instruction = Instruction::from_bytes(bytes);
            instructions.push(instruction.map_err(|_| (Status::InvalidInstruction, index))?);
        }
        let program = Program::new(instructions).map_err(|_| (Status::InvalidProgram, 0))?;
        let program = Arc::new(program.into_instructions());
        piece.program = Some(Arc::clone(&program));
        Ok(program)
    }
}
