//! Faults on demand: what `--fault` lets go wrong between host and card, so that an operator can see that the block
//! comes out the same and what the report says of it.

use metisvm_firmware::Status;
use metisvm_sim::{Fault, FaultPlan, Trigger};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long the driver waits for the card where a fault is injected: what a sound card needs many times over, and
/// little enough that nobody waits long for a card that does not answer.
pub const TIMEOUT: Duration = Duration::from_millis(500);
/// The same of a card in RTL, which takes seconds over what others take milliseconds for.
pub const RTL_TIMEOUT: Duration = Duration::from_secs(10);
/// Past the time-out.
const LATE: Duration = Duration::from_millis(1_000);
/// Past the time-out of a driver that knows of no fault.
const LATE_FOR_ALL: Duration = Duration::from_secs(12);
/// Soon enough to hit the work after the one at fault.
const SOON: Duration = Duration::from_micros(50);
/// So long that a driver which waits for an answer looks whether the card is still there.
const NOTICED: Duration = Duration::from_millis(100);

/// What a fault is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Every job: loads of programs and weights, and inferences.
    Jobs,
    /// Inferences only: a load has no output that could be wrong.
    Inferences,
}

/// A kind of fault, by its name.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    fault: Fault,
    counts: Counts,
    what: &'static str,
}

const fn kind(name: &'static str, fault: Fault, what: &'static str) -> Kind {
    Kind {
        name,
        fault,
        counts: Counts::Jobs,
        what,
    }
}

/// Every kind that there is. A test holds the list to [`Fault`].
const KINDS: &[Kind] = &[
    kind("silent", Fault::Silent, "the job is done but never answered"),
    kind("late", Fault::Late(LATE), "the answer comes after the time-out"),
    kind("twice", Fault::Twice, "the answer comes twice"),
    kind(
        "wrong-sequence",
        Fault::WrongSequence,
        "the answer has a sequence number that nobody waits for",
    ),
    kind(
        "wrong-status",
        Fault::WrongStatus,
        "the answer has a status that does not exist",
    ),
    kind(
        "refuses-handle",
        Fault::WrongKnownStatus(Status::UnknownHandle),
        "the answer says that a resident handle is unknown",
    ),
    kind(
        "refuses-operand",
        Fault::WrongKnownStatus(Status::InvalidOperand),
        "the answer says that an operand is invalid",
    ),
    kind(
        "dma-fault",
        Fault::WrongKnownStatus(Status::DmaFault),
        "the answer reports a DMA fault",
    ),
    kind(
        "internal-error",
        Fault::WrongKnownStatus(Status::Internal),
        "the answer reports an internal error",
    ),
    kind(
        "over-budget",
        Fault::WrongKnownStatus(Status::BudgetExceeded),
        "the answer says that the program is too much work",
    ),
    kind(
        "head-beyond-tail",
        Fault::HeadBeyondTail,
        "the answer claims more entries than were submitted",
    ),
    kind(
        "wrong-nonce",
        Fault::WrongNonce,
        "the answer has another boot nonce",
    ),
    kind(
        "swapped-words",
        Fault::SwappedWords(LATE),
        "of the answer's two words, the one that says it is there comes first, the other much later",
    ),
    kind(
        "late-across-reset",
        Fault::LateAcrossReset(SOON),
        "the answer comes after the next reset, into memory that may have another use by then",
    ),
    kind(
        "changed-capabilities",
        Fault::ChangeCapabilities,
        "after the next reset the registers claim other capabilities",
    ),
    kind(
        "slow-reset",
        Fault::SlowReset(NOTICED),
        "the next reset takes a tenth of a second",
    ),
    Kind {
        counts: Counts::Inferences,
        ..kind(
            "rewrite-after-completion",
            Fault::RewriteAfterCompletion(SOON),
            "the output is overwritten shortly after the answer",
        )
    },
    Kind {
        counts: Counts::Inferences,
        ..kind(
            "flip-bit",
            Fault::WrongOutput(0),
            "the card computes one bit of the output wrong",
        )
    },
    Kind {
        counts: Counts::Inferences,
        ..kind(
            "corrupted-dma",
            Fault::CorruptedDma(0),
            "one bit of the output is flipped on its way to the host",
        )
    },
    Kind {
        counts: Counts::Inferences,
        ..kind(
            "lost-output",
            Fault::LostOutput,
            "nothing of the output reaches the host, and the card does not know",
        )
    },
    kind(
        "garbage-entry",
        Fault::GarbageEntry,
        "the card reads garbage in place of the entry",
    ),
    kind(
        "garbage-input",
        Fault::GarbageInput,
        "the card reads garbage in place of the job's input",
    ),
    kind(
        "lost-interrupt",
        Fault::LostInterrupt,
        "the next interrupt from the answer on is lost",
    ),
    kind(
        "interrupt-storm",
        Fault::InterruptStorm(NOTICED),
        "after the answer there are interrupts without end, for a tenth of a second",
    ),
    kind(
        "link-retrain",
        Fault::LinkRetrain(NOTICED),
        "before the answer, DMA stalls and registers read all ones for a tenth of a second",
    ),
    kind(
        "stalled-registers",
        Fault::StalledRegisters(NOTICED),
        "after the answer, access to a register blocks for a tenth of a second",
    ),
    kind(
        "unasked-reset",
        Fault::UnaskedReset,
        "the card resets itself in place of the answer",
    ),
    kind("hang", Fault::Hang, "the card answers nothing until it is reset"),
    kind(
        "hang-for-good",
        Fault::HangForGood,
        "the card answers nothing, nor a reset",
    ),
    kind(
        "dead",
        Fault::Dead,
        "all registers read all ones from here on, as those of a card that was pulled out",
    ),
];

/// A fault to inject, as `KIND[@JOB]` names it.
#[derive(Debug, Clone, Copy)]
pub struct Injection {
    kind: Kind,
    job: u64,
}

impl Injection {
    /// Arms it. The count of jobs begins now.
    pub fn arm(&self, plan: &FaultPlan) {
        let trigger = match self.kind.counts {
            Counts::Jobs => Trigger::Job(self.job),
            Counts::Inferences => Trigger::Run(self.job),
        };
        plan.arm(trigger, self.kind.fault);
    }

    /// The same for a driver that waits as long as it does for sound cards: what is to come after its time-out does.
    #[must_use]
    pub fn past_usual_timeout(mut self) -> Self {
        match &mut self.kind.fault {
            Fault::Late(time) | Fault::SwappedWords(time) => *time = LATE_FOR_ALL,
            _ => {}
        }
        self
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.kind.name
    }

    /// The fault that it injects.
    pub fn fault(&self) -> Fault {
        self.kind.fault
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.kind.name, self.job)
    }
}

impl FromStr for Injection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, job) = text.split_once('@').unwrap_or((text, "0"));
        let kind = KINDS.iter().find(|kind| kind.name == name).copied();
        let kind = kind.ok_or_else(|| format!("there is no such fault; there are:\n{}", list()))?;
        let job = job
            .parse()
            .map_err(|_| format!("{job:?} after @ is no number of a job; 0 is the first"))?;
        Ok(Self { kind, job })
    }
}

/// Every kind with what it does, one a line.
pub fn list() -> String {
    let line = |kind: &Kind| format!("  {:<26}{}", kind.name, kind.what);
    KINDS.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_card_can_be_injected() {
        // A fault that is added to the card does not compile here until it has a name above.
        let names = |fault: Fault| match fault {
            Fault::Silent => "silent",
            Fault::Late(_) => "late",
            Fault::Twice => "twice",
            Fault::WrongSequence => "wrong-sequence",
            Fault::WrongStatus => "wrong-status",
            Fault::WrongKnownStatus(_) => "internal-error",
            Fault::HeadBeyondTail => "head-beyond-tail",
            Fault::WrongNonce => "wrong-nonce",
            Fault::LateAcrossReset(_) => "late-across-reset",
            Fault::ChangeCapabilities => "changed-capabilities",
            Fault::RewriteAfterCompletion(_) => "rewrite-after-completion",
            Fault::WrongOutput(_) => "flip-bit",
            Fault::CorruptedDma(_) => "corrupted-dma",
            Fault::SwappedWords(_) => "swapped-words",
            Fault::SlowReset(_) => "slow-reset",
            Fault::LostOutput => "lost-output",
            Fault::StalledRegisters(_) => "stalled-registers",
            Fault::GarbageEntry => "garbage-entry",
            Fault::GarbageInput => "garbage-input",
            Fault::LostInterrupt => "lost-interrupt",
            Fault::InterruptStorm(_) => "interrupt-storm",
            Fault::LinkRetrain(_) => "link-retrain",
            Fault::UnaskedReset => "unasked-reset",
            Fault::Hang => "hang",
            Fault::HangForGood => "hang-for-good",
            Fault::Dead => "dead",
        };
        for kind in KINDS {
            let name = names(kind.fault);
            let parsed: Injection = format!("{name}@7").parse().unwrap();
            assert_eq!((parsed.kind.name, parsed.job), (name, 7));
        }
    }

    #[test]
    fn a_fault_without_a_job_comes_at_the_first_and_another_word_is_answered_with_the_list() {
        let first: Injection = "silent".parse().unwrap();
        assert_eq!(first.to_string(), "silent@0");
        let error = "explode".parse::<Injection>().unwrap_err();
        assert!(
            error.contains("flip-bit") && error.contains("hang-for-good"),
            "{error}"
        );
        assert!("silent@x".parse::<Injection>().unwrap_err().contains("no number"));
    }
}
