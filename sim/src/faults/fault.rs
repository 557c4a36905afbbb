//! What can go wrong on the link between host and card.

use metisvm_firmware::Status;
use std::time::Duration;

/// What goes wrong. Each fault belongs to one entry, and begins with its completion where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The job is done but never answered; the answers to others come as if nothing was.
    Silent,
    /// The answer comes this much too late.
    Late(Duration),
    /// The answer comes twice.
    Twice,
    /// The answer carries a sequence number that nobody waits for.
    WrongSequence,
    /// The answer carries a status that does not exist.
    WrongStatus,
    /// The answer carries this status, whatever became of the job.
    WrongKnownStatus(Status),
    /// The answer claims that more entries were fetched than were submitted.
    HeadBeyondTail,
    /// The answer carries another boot nonce.
    WrongNonce,
    /// The word with the phase arrives in order, the word before it this much later.
    SwappedWords(Duration),
    /// The answer comes this much after the next reset, as if that had not stopped it: at the place
    /// in the old completion ring, or if that is no longer mapped, at the same place in the ring that
    /// may have got its memory.
    LateAcrossReset(Duration),
    /// The answer is right, but after the next reset, and until the one after it, the registers
    /// claim other capabilities.
    ChangeCapabilities,
    /// The answer is right, but the next reset takes at least this long.
    SlowReset(Duration),
    /// This much after the answer, the output in host memory is overwritten.
    RewriteAfterCompletion(Duration),
    /// The card computes one bit of the output wrong (its number, modulo the output's bits), and
    /// answers accordingly.
    WrongOutput(u64),
    /// One bit of the output (its number, modulo the output's bits) is flipped on its way to the
    /// host; the card does not know.
    CorruptedDma(u64),
    /// Nothing of the output arrives, as with a DMA to memory that is not mapped: posted writes are not
    /// answered, so the card does not know.
    LostOutput,
    /// The card reads the entry as garbage: every bit is inverted.
    GarbageEntry,
    /// The card reads the job's input as garbage: every bit is inverted.
    GarbageInput,
    /// The next interrupt of the queue, from the answer on, is lost.
    LostInterrupt,
    /// From the answer on, for this long, the queue's interrupt is raised again and again.
    InterruptStorm(Duration),
    /// The link retrains for this long, before the answer comes: DMA stalls, registers read all ones,
    /// and what is written to them is lost.
    LinkRetrain(Duration),
    /// After the answer, for this long, every access to a register blocks whoever makes it.
    StalledRegisters(Duration),
    /// The card resets itself, unasked, in place of the answer.
    UnaskedReset,
    /// The card answers nothing any more, until a reset.
    Hang,
    /// The card answers nothing any more, nor a reset.
    HangForGood,
    /// All registers read all ones from here on, and the card does nothing any more.
    Dead,
}
