//! Card memory: resident pieces under handles, and workspaces between them.

use crate::refusal::Refusal;
use crate::streams::Streams;
use memmap2::MmapMut;
use metisvm_firmware::submission::CARD_ALIGN;
use metisvm_firmware::{Geometry, Status};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One resident piece.
#[derive(Debug)]
struct Piece {
    range: Range<usize>,
    /// A RUN may write it.
    is_state: bool,
    /// The piece read as a program, once it was run; it cannot change while it is resident.
    program: Option<Arc<Streams>>,
}

/// All of a card's memory.
#[derive(Debug)]
pub struct CardMemory {
    /// A mapping, whose pages are zero and take no memory until they are touched: a reset must not take the time to
    /// clear all of it, which on a busy machine is longer than a driver waits.
    bytes: MmapMut,
    pieces: BTreeMap<u32, Piece>,
}

impl CardMemory {
    /// Memory of a card that was just reset: zero, nothing resident.
    ///
    /// # Panics
    /// If the system does not give so much. A card that panics is one that is gone.
    pub fn new(bytes: u64) -> Self {
        // A size beyond the address space is beyond this machine too.
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            bytes: MmapMut::map_anon(bytes)
                .unwrap_or_else(|error| panic!("{bytes} bytes of card memory: {error}")),
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
    pub fn insert(&mut self, handle: u32, range: Range<usize>, is_state: bool) {
        let piece = Piece {
            range,
            is_state,
            program: None,
        };
        self.pieces.insert(handle, piece);
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

    /// All bytes; ranges that were claimed or named lie apart.
    pub fn all_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Where a handle's piece lies, if it is a state or not as is asked for.
    ///
    /// # Errors
    /// [`Status::UnknownHandle`].
    pub fn piece(&self, handle: u32, is_state: bool) -> Result<Range<usize>, Refusal> {
        let piece = self
            .pieces
            .get(&handle)
            .filter(|piece| piece.is_state == is_state);
        let piece = piece.ok_or((Status::UnknownHandle, handle))?;
        Ok(piece.range.clone())
    }

    /// A handle's piece, read as a program of at most `limit` instructions for a card of `geometry`,
    /// unless `stop` becomes true.
    ///
    /// # Errors
    /// An unknown handle, or what is wrong with the program.
    pub fn program(
        &mut self,
        handle: u32,
        limit: u32,
        geometry: &Geometry,
        stop: &AtomicBool,
    ) -> Result<Arc<Streams>, Refusal> {
        let piece = self.pieces.get_mut(&handle).filter(|piece| !piece.is_state);
        let piece = piece.ok_or((Status::UnknownHandle, handle))?;
        if let Some(program) = &piece.program {
            return Ok(Arc::clone(program));
        }
        let program = Streams::read(&self.bytes[piece.range.clone()], limit, geometry, stop)?;
        let program = Arc::new(program);
        piece.program = Some(Arc::clone(&program));
        Ok(program)
    }
}
