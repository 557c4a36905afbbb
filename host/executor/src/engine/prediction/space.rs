//! Version spaces: all expressions that have given the right word in every trace so far.
//!
//! An expression is an [atom](super::atom), a hash of one or two expressions plus a small offset (a mapping's
//! entry, a member of a struct in it), or an element of an array. A space holds its alternatives in the order
//! in which they are believed; trying a new trace only ever removes some.

use super::{
    Call, Outlook,
    atom::{Atom, Scene, StepId, Values},
};
use alloy_primitives::U256;

/// A slot so far behind a hash is a member of what lies there.
const MAX_OFFSET: u64 = 64;
/// Elements of arrays are so many slots long at most.
const MAX_STRIDE: u64 = 3;
/// Arrays in a mapping's entry begin before this slot of it.
const MAX_START: u64 = 16;
/// Indexes of arrays are smaller than this.
const MAX_INDEX: u64 = 1 << 32;
/// So many words are tried as index.
const MAX_INDEXES: usize = 12;
/// A mapping of mappings is followed so deep.
const MAX_DEPTH: usize = 5;
/// So many alternatives are kept for one word, those inside others included.
const MAX_ALTERNATIVES: usize = 96;

/// What a word is used as. Decides only which alternative is believed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A slot, or the base of a mapping: small numbers are what they are.
    Slot,
    /// A key or an address: rather taken from somewhere than always the same.
    Key,
}

#[derive(Debug, Clone)]
enum Alternative {
    Atom(Atom),
    /// The hash of the parts, one behind the other, plus an offset.
    Hash {
        parts: Box<[Space]>,
        offset: u64,
    },
    /// So many slots for each index behind a base.
    Element {
        base: Space,
        index: Atom,
        stride: u64,
    },
}

/// Expressions for one word, the most credible first. Never without any.
#[derive(Debug, Clone)]
pub(super) struct Space(Box<[Alternative]>);

impl Space {
    /// All expressions that give this word in this scene.
    pub(super) fn of(value: U256, role: Role, scene: &Scene<'_>) -> Self {
        Self::within(value, role, scene, MAX_DEPTH, &mut { MAX_ALTERNATIVES })
    }

    fn within(value: U256, role: Role, scene: &Scene<'_>, depth: usize, fuel: &mut usize) -> Self {
        let constant = Alternative::Atom(Atom::constant(value));
        let mut found = Vec::new();
        let below = scene.hashes.range(..=value).next_back();
        let below = below.and_then(|(hash, preimage)| {
            let behind = u64::try_from(value - *hash).ok()?;
            (behind < MAX_INDEX * MAX_STRIDE && depth > 0).then_some((*hash, preimage, behind))
        });
        let mut base = None;
        if let Some((hash, preimage, behind)) = below {
            let roles: &[Role] = match preimage.words() {
                [_] => &[Role::Slot],
                _ => &[Role::Key, Role::Slot],
            };
            let words = preimage.words().iter().zip(roles);
            let parts: Box<[Self]> = words
                .map(|(word, role)| Self::within(*word, *role, scene, depth - 1, fuel))
                .collect();
            // In a mapping's entry an array is a short one of a fixed length.
            if parts.len() == 1 || behind <= MAX_OFFSET {
                base = Some((hash, parts.clone()));
            }
            if behind <= MAX_OFFSET {
                let offset = behind;
                found.push(Alternative::Hash { parts, offset });
            }
        }
        if role == Role::Slot {
            Self::elements(value, base, scene, &mut found);
        }
        let atoms = scene.atoms(value).into_iter().map(Alternative::Atom);
        if role == Role::Slot && value.bit_len() <= 64 {
            found.push(constant);
            found.extend(atoms);
        } else {
            // The constant is never what fuel is saved on.
            found.extend(atoms);
            found.truncate(*fuel);
            found.push(constant);
        }
        *fuel = fuel.saturating_sub(found.len());
        Self(found.into())
    }

    /// Elements of arrays: behind the hash of the array's slot, or, where the compiler has computed that
    /// already, behind a constant.
    fn elements(
        value: U256,
        base: Option<(U256, Box<[Self]>)>,
        scene: &Scene<'_>,
        found: &mut Vec<Alternative>,
    ) {
        if base.is_none() && (value.bit_len() < 128 || !found.is_empty()) {
            return;
        }
        let indexes = scene
            .indexes()
            .filter(|(_, number)| *number < U256::from(MAX_INDEX));
        for (index, number) in indexes.take(MAX_INDEXES) {
            for stride in 1..=MAX_STRIDE {
                let start = value.wrapping_sub(number * U256::from(stride));
                let base = match &base {
                    None => Alternative::Atom(Atom::constant(start)),
                    Some((hash, parts)) => match u64::try_from(start.wrapping_sub(*hash)) {
                        Ok(offset @ 0..MAX_START) => Alternative::Hash {
                            parts: parts.clone(),
                            offset,
                        },
                        _ => continue,
                    },
                };
                let base = Self([base].into());
                found.push(Alternative::Element { base, index, stride });
            }
        }
    }

    /// Those that give this word in this scene as well; `None` where none does.
    pub(super) fn refined(&self, value: U256, scene: &Scene<'_>) -> Option<Self> {
        let fitting = self.0.iter().filter_map(|alternative| match alternative {
            Alternative::Atom(atom) => {
                let fits = atom.value(&scene.call, &scene.values) == Some(value);
                fits.then_some(Alternative::Atom(*atom))
            }
            Alternative::Hash { parts, offset } => {
                let preimage = scene.hashes.get(&value.wrapping_sub(U256::from(*offset)))?;
                let words = preimage.words();
                if words.len() != parts.len() {
                    return None;
                }
                let parts = parts.iter().zip(words);
                let parts: Option<Box<[Self]>> =
                    parts.map(|(part, word)| part.refined(*word, scene)).collect();
                let offset = *offset;
                parts.map(|parts| Alternative::Hash { parts, offset })
            }
            Alternative::Element { base, index, stride } => {
                let number = index.value(&scene.call, &scene.values)?;
                let start = value.wrapping_sub(number.wrapping_mul(U256::from(*stride)));
                let base = base.refined(start, scene)?;
                let (index, stride) = (*index, *stride);
                Some(Alternative::Element { base, index, stride })
            }
        });
        Self::some(fitting.collect())
    }

    /// The word by the first expression that can be computed.
    pub(super) fn evaluate(
        &self,
        call: &Call<'_>,
        values: &Values,
        outlook: &mut dyn Outlook,
    ) -> Option<U256> {
        self.0.iter().find_map(|alternative| match alternative {
            Alternative::Atom(atom) => atom.value(call, values),
            Alternative::Hash { parts, offset } => {
                let mut input = [0; 64];
                for (part, room) in parts.iter().zip(input.chunks_exact_mut(32)) {
                    let word = part.evaluate(call, values, outlook)?;
                    room.copy_from_slice(&word.to_be_bytes::<32>());
                }
                let length = parts.len().min(2) * 32;
                let hash: U256 = outlook.keccak256(&input[..length]).into();
                Some(hash.wrapping_add(U256::from(*offset)))
            }
            Alternative::Element { base, index, stride } => {
                let number = index.value(call, values)?;
                let start = base.evaluate(call, values, outlook)?;
                Some(start.wrapping_add(number.wrapping_mul(U256::from(*stride))))
            }
        })
    }

    /// The space where steps have got new numbers.
    pub(super) fn renumbered(&self, numbers: &[Option<StepId>]) -> Option<Self> {
        let left = self.0.iter().filter_map(|alternative| match alternative {
            Alternative::Atom(atom) => atom.renumbered(numbers).map(Alternative::Atom),
            Alternative::Hash { parts, offset } => {
                let parts: Option<Box<[Self]>> = parts.iter().map(|part| part.renumbered(numbers)).collect();
                let offset = *offset;
                parts.map(|parts| Alternative::Hash { parts, offset })
            }
            Alternative::Element { base, index, stride } => Some(Alternative::Element {
                base: base.renumbered(numbers)?,
                index: index.renumbered(numbers)?,
                stride: *stride,
            }),
        });
        Self::some(left.collect())
    }

    /// Shows every atom that may be looked at.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(&Atom)) {
        for alternative in &self.0 {
            match alternative {
                Alternative::Atom(atom) => visit(atom),
                Alternative::Hash { parts, .. } => parts.iter().for_each(|part| part.visit(visit)),
                Alternative::Element { base, index, .. } => {
                    base.visit(visit);
                    visit(index);
                }
            }
        }
    }

    /// So many hashes are computed at most to evaluate it.
    pub(super) fn hashes(&self) -> usize {
        let hashes = self.0.iter().map(|alternative| match alternative {
            Alternative::Atom(_) => 0,
            Alternative::Hash { parts, .. } => 1 + parts.iter().map(Self::hashes).sum::<usize>(),
            Alternative::Element { base, .. } => base.hashes(),
        });
        hashes.sum()
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let inside = self.0.iter().map(|alternative| match alternative {
            Alternative::Atom(_) => 0,
            Alternative::Hash { parts, .. } => {
                parts.iter().map(|part| size_of::<Self>() + part.bytes()).sum()
            }
            Alternative::Element { base, .. } => base.bytes(),
        });
        self.0.len() * size_of::<Alternative>() + inside.sum::<usize>()
    }

    fn some(alternatives: Vec<Alternative>) -> Option<Self> {
        (!alternatives.is_empty()).then(|| Self(alternatives.into()))
    }
}
