//! What inference costs. A schedule has a version and is fixed by the chain spec; a change of any
//! number is a new version, never an edit.
//!
//! A price has to cover the slowest engine that a validator may run in production. Each unit below buys
//! the reference kernels, slower than any such engine, the time that they need for it at 30 million gas a
//! second; docs/vm.md has the arithmetic, and benches/gas.rs looks for graphs that break it.

use metisvm_model::Work;
use serde::{Deserialize, Serialize, de::Error as _};

/// The prices of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasSchedule {
    /// For every call: decoding, the look-up of the model, the hand-over to an engine.
    pub base: u64,
    /// For each 32-byte word of call data, the last one counted whole. Dearer than the identity
    /// precompile's 3, because an input may be copied, hashed for the memo and sent to a card.
    pub per_call_data_word: u64,
    /// For each node of the graph: setting an operator up, however small its tensors are.
    pub per_node: u64,
    /// How many multiply-accumulates one gas buys.
    pub macs_per_gas: u64,
    /// How many lines one gas buys: what an engine begins anew for each run of multiply-accumulates.
    pub lines_per_gas: u64,
    /// How many elements one gas buys. Requantising is a 64-bit multiply, a shift and a
    /// clamp, several times a multiply-accumulate of 8-bit operands.
    pub elements_per_gas: u64,
    /// How many comparisons one gas buys.
    pub compares_per_gas: u64,
    /// How many touched bytes one gas buys. A model that is not in a cache is read from memory.
    pub moved_bytes_per_gas: u64,
    /// For each 32-byte word of output, the last one counted whole. An output is copied several times on
    /// its way to the caller, and the EVM charges nothing for the buffer of return data.
    pub per_output_word: u64,
}

impl GasSchedule {
    /// Version 1.
    pub const V1: Self = Self {
        base: 2_000,
        per_call_data_word: 16,
        per_node: 64,
        macs_per_gas: 16,
        lines_per_gas: 4,
        elements_per_gas: 4,
        compares_per_gas: 8,
        moved_bytes_per_gas: 64,
        per_output_word: 16,
    };

    /// What is charged before the call data is looked at.
    pub const fn call_data_gas(&self, call_data_bytes: u64) -> u64 {
        let words = call_data_bytes.div_ceil(32);
        self.base
            .saturating_add(self.per_call_data_word.saturating_mul(words))
    }

    /// What is charged for running a model and handing out its output.
    pub const fn inference_gas(&self, work: &Work, output_bytes: u64) -> u64 {
        let words = output_bytes.div_ceil(32);
        self.work_gas(work)
            .saturating_add(self.per_output_word.saturating_mul(words))
    }

    /// The part of [`Self::inference_gas`] that is for the work, each class of work rounded up by itself.
    pub const fn work_gas(&self, work: &Work) -> u64 {
        self.per_node
            .saturating_mul(work.nodes)
            .saturating_add(work.macs.div_ceil(self.macs_per_gas))
            .saturating_add(work.lines.div_ceil(self.lines_per_gas))
            .saturating_add(work.elements.div_ceil(self.elements_per_gas))
            .saturating_add(work.compares.div_ceil(self.compares_per_gas))
            .saturating_add(work.moved_bytes.div_ceil(self.moved_bytes_per_gas))
    }
}

/// The version of a schedule, as a chain spec names it: a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GasScheduleVersion {
    /// Version 1.
    V1,
}

impl GasScheduleVersion {
    /// The prices of this version.
    pub const fn schedule(self) -> GasSchedule {
        match self {
            Self::V1 => GasSchedule::V1,
        }
    }
}

impl Serialize for GasScheduleVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::V1 => serializer.serialize_u64(1),
        }
    }
}

impl<'de> Deserialize<'de> for GasScheduleVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self::V1),
            other => Err(D::Error::custom(format!(
                "gas schedule {other} does not exist; there is: 1"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_of_work_is_rounded_up_by_itself() {
        let one = Work {
            nodes: 0,
            macs: 1,
            lines: 1,
            elements: 1,
            compares: 1,
            moved_bytes: 1,
        };
        assert_eq!(GasSchedule::V1.work_gas(&one), 5);
        let full = Work {
            nodes: 0,
            macs: 16,
            lines: 4,
            elements: 4,
            compares: 8,
            moved_bytes: 64,
        };
        assert_eq!(GasSchedule::V1.work_gas(&full), 5);
        assert_eq!(GasSchedule::V1.work_gas(&full.saturating_add(one)), 10);
        assert_eq!(GasSchedule::V1.work_gas(&Work::default()), 0);
        let nodes = Work {
            nodes: 3,
            ..Work::default()
        };
        assert_eq!(GasSchedule::V1.work_gas(&nodes), 3 * 64);
    }

    #[test]
    fn output_is_charged_by_the_word() {
        let none = Work::default();
        assert_eq!(GasSchedule::V1.inference_gas(&none, 0), 0);
        assert_eq!(GasSchedule::V1.inference_gas(&none, 1), 16);
        assert_eq!(GasSchedule::V1.inference_gas(&none, 33), 32);
        assert_eq!(
            GasSchedule::V1.inference_gas(&none, u64::MAX),
            u64::MAX / 32 * 16 + 16
        );
    }

    #[test]
    fn call_data_is_charged_by_the_word() {
        assert_eq!(GasSchedule::V1.call_data_gas(0), 2_000);
        assert_eq!(GasSchedule::V1.call_data_gas(1), 2_016);
        assert_eq!(GasSchedule::V1.call_data_gas(32), 2_016);
        assert_eq!(GasSchedule::V1.call_data_gas(33), 2_032);
    }

    #[test]
    fn nothing_overflows() {
        let most = u64::MAX;
        let all = Work {
            nodes: most,
            macs: most,
            lines: most,
            elements: most,
            compares: most,
            moved_bytes: most,
        };
        assert_eq!(GasSchedule::V1.work_gas(&all), most);
        let elements = Work {
            elements: most,
            ..Work::default()
        };
        assert_eq!(GasSchedule::V1.work_gas(&elements), most / 4 + 1);
        assert!(GasSchedule::V1.call_data_gas(most) > 1 << 60);
    }
}
