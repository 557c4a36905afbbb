//! What instructions take from the stack, so that operands can be made that reach their edges.

use crate::source::Source;
use crate::world::{AUTHORITY, DELEGATED, EMPTY, HELPERS, NOBODY, SENDER, SUBJECT, helper};
use revm::{
    bytecode::opcode::{self as op, OPCODE_INFO},
    primitives::{Address, U256, hardfork::SpecId},
};

/// What an operand means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number of 256 bits.
    Word,
    /// How far a shift shifts, or which byte is meant.
    Index,
    /// An exponent: each of its bytes costs gas.
    Exponent,
    /// Where in memory.
    Offset,
    /// How many bytes.
    Size,
    /// Where in call data or code.
    Source,
    /// Where in return data, or how much of it: beyond its end the frame ends.
    Back,
    /// An account.
    Account,
    /// A slot of storage.
    Slot,
    /// Gas for a call.
    Gas,
    /// Wei.
    Value,
    /// Number of a block or a blob.
    Number,
}

use Kind::{Account, Exponent, Gas, Index, Number, Offset, Size, Slot, Value, Word};

/// What an instruction takes, the top of the stack first. Jumps, DUP, SWAP and POP take what they find.
pub(crate) fn operands(opcode: u8) -> &'static [Kind] {
    match opcode {
        op::ADDMOD | op::MULMOD => &[Word, Word, Word],
        op::EXP => &[Word, Exponent],
        op::SIGNEXTEND | op::BYTE | op::SHL | op::SHR | op::SAR => &[Index, Word],
        op::ISZERO | op::NOT | op::CLZ | op::POP => &[Word],
        op::ADD..=op::SMOD | op::LT..=op::EQ | op::AND..=op::XOR => &[Word, Word],
        op::KECCAK256 | op::LOG0 | op::RETURN | op::REVERT => &[Offset, Size],
        op::LOG1 => &[Offset, Size, Word],
        op::LOG2 => &[Offset, Size, Word, Word],
        op::LOG3 => &[Offset, Size, Word, Word, Word],
        op::LOG4 => &[Offset, Size, Word, Word, Word, Word],
        op::BALANCE | op::EXTCODESIZE | op::EXTCODEHASH | op::SELFDESTRUCT => &[Account],
        op::CALLDATALOAD => &[Kind::Source],
        op::CALLDATACOPY | op::CODECOPY => &[Offset, Kind::Source, Size],
        op::RETURNDATACOPY => &[Offset, Kind::Back, Kind::Back],
        op::EXTCODECOPY => &[Account, Offset, Kind::Source, Size],
        op::BLOCKHASH | op::BLOBHASH => &[Number],
        op::MLOAD => &[Offset],
        op::MSTORE | op::MSTORE8 => &[Offset, Word],
        op::SLOAD | op::TLOAD => &[Slot],
        op::SSTORE | op::TSTORE => &[Slot, Word],
        op::MCOPY => &[Offset, Offset, Size],
        op::CREATE => &[Value, Offset, Size],
        op::CREATE2 => &[Value, Offset, Size, Slot],
        op::CALL | op::CALLCODE => &[Gas, Account, Value, Offset, Size, Offset, Size],
        op::DELEGATECALL | op::STATICCALL => &[Gas, Account, Offset, Size, Offset, Size],
        _ => &[],
    }
}

/// How many words an instruction takes and leaves; `(0, 0)` for bytes that are none.
pub(crate) fn stack(opcode: u8) -> (usize, usize) {
    match opcode {
        // revm's table does not say what these look at, since it depends on the byte behind them.
        op::DUPN => (0, 1),
        op::SWAPN | op::EXCHANGE => (0, 0),
        _ => OPCODE_INFO[usize::from(opcode)]
            .map_or((0, 0), |info| (info.inputs().into(), info.outputs().into())),
    }
}

/// All defined instructions but PUSH with bytes, jumps, and those that end a frame.
pub(crate) fn ordinary() -> impl Iterator<Item = u8> {
    (0..=u8::MAX).filter(|byte| {
        let ends = matches!(
            *byte,
            op::STOP
                | op::RETURN
                | op::REVERT
                | op::INVALID
                | op::SELFDESTRUCT
                | op::JUMP
                | op::JUMPI
                | op::PUSH1..=op::PUSH32 | op::DUPN | op::SWAPN | op::EXCHANGE
        );
        OPCODE_INFO[usize::from(*byte)].is_some() && !ends
    })
}

/// The fork that brought an instruction; what is not named was there from the beginning.
pub(crate) fn since(opcode: u8) -> SpecId {
    match opcode {
        op::DELEGATECALL => SpecId::HOMESTEAD,
        op::REVERT | op::RETURNDATASIZE | op::RETURNDATACOPY | op::STATICCALL => SpecId::BYZANTIUM,
        op::SHL | op::SHR | op::SAR | op::CREATE2 | op::EXTCODEHASH => SpecId::PETERSBURG,
        op::CHAINID | op::SELFBALANCE => SpecId::ISTANBUL,
        op::BASEFEE => SpecId::LONDON,
        op::PUSH0 => SpecId::SHANGHAI,
        op::TLOAD | op::TSTORE | op::MCOPY | op::BLOBHASH | op::BLOBBASEFEE => SpecId::CANCUN,
        op::CLZ => SpecId::OSAKA,
        op::SLOTNUM | op::DUPN | op::SWAPN | op::EXCHANGE => SpecId::AMSTERDAM,
        _ => SpecId::FRONTIER,
    }
}

/// A word at an edge: of bytes, limbs, signs, or what other operands mean.
pub(crate) fn edge(source: &mut Source) -> U256 {
    let one = U256::from(1);
    match source.below(12) {
        0..=3 => U256::from(source.pick(&[0u16, 1, 2, 3, 31, 32, 33, 127, 128, 255, 256, 257])),
        4 => U256::MAX - U256::from(source.below(3)),
        // Next to a power of two, which limbs, bytes and signs begin at.
        5 | 6 => {
            let power = source.pick(&[8, 16, 31, 32, 63, 64, 65, 127, 128, 129, 160, 191, 192, 254, 255]);
            let around = one << power;
            match source.below(3) {
                0 => around - one,
                1 => around,
                _ => around + one,
            }
        }
        // Negative numbers of few bits.
        7 => U256::ZERO.wrapping_sub(U256::from(source.below(300))),
        // Only high limbs.
        8 => U256::from(source.below(3) + 1) << source.pick(&[64, 128, 192, 224]),
        // A product of what decimals are made of.
        9 => U256::from(10).pow(U256::from(source.below(78))),
        _ => source.word(),
    }
}

fn account(source: &mut Source) -> U256 {
    let address = match source.below(24) {
        0..=9 => helper(source.below(HELPERS.len())),
        10 | 11 => SUBJECT,
        12 => DELEGATED,
        13 => AUTHORITY,
        14 => EMPTY,
        15 => NOBODY,
        16 => SENDER,
        // The precompiles, and the one of EIP-7951 far from them.
        17..=20 => Address::left_padding_from(&[source.below(20) as u8]),
        21 => Address::left_padding_from(&[1, 0]),
        // Bits above those of an address do not count.
        22 => return U256::from_be_bytes(helper(0).into_word().0) | (U256::from(1) << 200),
        _ => return edge(source),
    };
    U256::from_be_bytes(address.into_word().0)
}

/// An operand of a kind. Most do not make the instruction run out of gas.
pub(crate) fn operand(kind: Kind, source: &mut Source) -> U256 {
    let small = |source: &mut Source, of: &[u32]| U256::from(source.pick(of));
    match kind {
        Word => edge(source),
        Index => match source.below(4) {
            0 => small(source, &[0, 1, 7, 8, 15, 30, 31, 32, 33, 63, 64, 65]),
            1 => small(source, &[127, 128, 129, 191, 192, 193, 254, 255, 256, 257]),
            2 => U256::from(source.below(260)),
            _ => edge(source),
        },
        Exponent => match source.below(3) {
            0 => edge(source),
            _ => small(source, &[0, 1, 2, 3, 8, 31, 77, 255, 256]),
        },
        Offset => match source.below(64) {
            0 => huge(source),
            1 => small(
                source,
                &[1000, 4095, 4096, 16_384, 65_535, 131_040, 131_072, 400_000],
            ),
            _ => small(
                source,
                &[
                    0, 0, 1, 2, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 160, 255, 256,
                ],
            ),
        },
        Size => match source.below(64) {
            0 => huge(source),
            1 => small(source, &[1023, 4096, 24_576, 49_152, 49_153, 131_073]),
            2..=15 => U256::ZERO,
            _ => small(
                source,
                &[0, 1, 2, 4, 20, 31, 32, 33, 36, 63, 64, 65, 96, 128, 192, 255],
            ),
        },
        Kind::Source => match source.below(8) {
            0 => huge(source),
            _ => small(source, &[0, 0, 1, 4, 31, 32, 33, 64, 68, 96, 255, 1000]),
        },
        Kind::Back => match source.below(24) {
            0 => edge(source),
            1 => small(source, &[1, 31, 32, 33, 96, 1023, 1024]),
            _ => U256::ZERO,
        },
        Account => account(source),
        Slot => match source.below(8) {
            0 => edge(source),
            _ => small(source, &[0, 1, 2, 3, 4, 255]),
        },
        Gas => match source.below(8) {
            0 => edge(source),
            1 => U256::MAX,
            _ => small(
                source,
                &[0, 100, 700, 2299, 2300, 2301, 5000, 9000, 30_000, 100_000],
            ),
        },
        Value => match source.below(8) {
            0 => edge(source),
            1 | 2 => small(source, &[1, 2, 100, 999, 1000, 1001]),
            _ => U256::ZERO,
        },
        Number => match source.below(4) {
            0 => edge(source),
            _ => small(source, &[0, 1, 2, 743, 744, 745, 998, 999, 1000, 1001]),
        },
    }
}

/// Offsets and sizes that no gas pays for, at which arithmetic of 32 or 64 bits goes wrong.
fn huge(source: &mut Source) -> U256 {
    let one = U256::from(1);
    match source.below(7) {
        0 => one << 32,
        1 => (one << 32) - one,
        2 => (one << 64) - one - U256::from(source.below(65)),
        3 => one << 64,
        4 => (one << 63) - one,
        5 => (one << 128) + U256::from(source.below(64)),
        _ => U256::MAX - U256::from(source.below(64)),
    }
}
