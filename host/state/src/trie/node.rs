//! The nodes of a Merkle-Patricia trie and their RLP (Yellow Paper, appendix D): leaf, extension, branch.
//!
//! Keys are Keccak-256 digests, so every key has 64 nibbles: a leaf ends exactly there, and a branch
//! never has a value of its own. A *reference* is what a parent holds of a child: the RLP of its digest,
//! or its own RLP where that is shorter than 32 bytes (an *embedded* node).

use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header};
use alloy_trie::Nibbles;
use core::{num::NonZeroU8, ops::Range};

/// The nibbles of a key.
pub(crate) const KEY_NIBBLES: usize = 64;

/// From this length on a node is known to its parent by its digest.
pub(crate) const HASHED_FROM: usize = 32;

/// A reference of this length is a digest's.
pub(crate) const DIGEST_REFERENCE: usize = 33;

/// A node whose children are held as `C` and whose value as `V`: as places in its RLP where it was read, as links
/// and borrowed bytes while it is new.
#[derive(Debug)]
pub(crate) enum Node<C, V> {
    /// The end of the one key that comes this way, and its value.
    Leaf { rest: Nibbles, value: V },
    /// Nibbles that all keys below share, then a branch.
    Extension { rest: Nibbles, child: C },
    /// The next nibble makes a difference: two to sixteen children.
    Branch([Option<C>; 16]),
}

/// Where in a node's RLP the reference of a child is, and whether what it means has been read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    from: u16,
    length: NonZeroU8,
    /// What the reader notes: one more than the place of the node that the reference means; 0 until it is read.
    pub(crate) read: u32,
}

impl Slot {
    /// Where the reference is.
    pub(crate) fn range(&self) -> Range<usize> {
        let from = usize::from(self.from);
        from..from + usize::from(self.length.get())
    }
}

/// A node as it was read: its references and its value are where these say.
pub(crate) type OldNode = Node<Slot, Range<usize>>;

impl OldNode {
    /// Reads the node at nibble `depth`. Whatever the trie's own writer would not have written is refused,
    /// which bounds every walk: a child is always deeper than its parent, and no key is longer than 64.
    pub(crate) fn decode(rlp: &[u8], depth: usize) -> Result<Self, &'static str> {
        let mut rest = rlp;
        let mut items =
            Header::decode_bytes(&mut rest, true).map_err(|_| "is not an RLP list of a node's form")?;
        if !rest.is_empty() {
            return Err("has bytes after its end");
        }
        let mut fields: [&[u8]; 17] = [&[]; 17];
        let mut count = 0;
        while !items.is_empty() {
            let Some(field) = fields.get_mut(count) else {
                return Err("has more than 17 items");
            };
            *field = next_item(&mut items)?;
            count += 1;
        }
        match count {
            2 => Self::decode_short(rlp, fields[0], fields[1], depth),
            17 => Self::decode_branch(rlp, &fields, depth),
            _ => Err("has neither 2 nor 17 items"),
        }
    }

    fn decode_short(rlp: &[u8], path: &[u8], item: &[u8], depth: usize) -> Result<Self, &'static str> {
        let (leaf, rest) = decode_path(payload(path)?)?;
        let end = depth + rest.len();
        if leaf {
            if end != KEY_NIBBLES {
                return Err("is a leaf whose key has not 64 nibbles");
            }
            let value = payload(item)?;
            if value.is_empty() {
                return Err("is a leaf without a value");
            }
            let value = place(rlp, value);
            return Ok(Self::Leaf { rest, value });
        }
        if rest.is_empty() {
            return Err("is an extension by nothing");
        }
        if end >= KEY_NIBBLES {
            return Err("is an extension beyond the end of a key");
        }
        let child = reference(rlp, item)?.ok_or("is an extension without a child")?;
        Ok(Self::Extension { rest, child })
    }

    fn decode_branch(rlp: &[u8], fields: &[&[u8]; 17], depth: usize) -> Result<Self, &'static str> {
        if depth >= KEY_NIBBLES {
            return Err("is a branch beyond the end of a key");
        }
        if fields[16] != [EMPTY_STRING_CODE] {
            return Err("is a branch with a value");
        }
        let mut children = [None; 16];
        for (child, field) in children.iter_mut().zip(fields) {
            *child = reference(rlp, field)?;
        }
        if children.iter().flatten().count() < 2 {
            return Err("is a branch with fewer than two children");
        }
        Ok(Self::Branch(children))
    }
}

impl<C, V> Node<C, V> {
    /// How many bytes the RLP has, given the length of a child's reference and the bytes of a value.
    pub(crate) fn length<'a>(
        &'a self,
        reference_length: impl Fn(&'a C) -> usize,
        bytes: impl Fn(&'a V) -> &'a [u8],
    ) -> usize {
        Header {
            list: true,
            payload_length: self.payload_length(reference_length, bytes),
        }
        .length_with_payload()
    }

    fn payload_length<'a>(
        &'a self,
        reference_length: impl Fn(&'a C) -> usize,
        bytes: impl Fn(&'a V) -> &'a [u8],
    ) -> usize {
        match self {
            Self::Leaf { rest, value } => path_length(rest) + bytes(value).length(),
            Self::Extension { rest, child } => path_length(rest) + reference_length(child),
            Self::Branch(children) => {
                // An absent child and the absent value are one byte each.
                let lengths = children
                    .iter()
                    .map(|child| child.as_ref().map_or(1, &reference_length));
                1 + lengths.sum::<usize>()
            }
        }
    }

    /// Appends the RLP of [`length`](Self::length) bytes, given the reference of a child and the bytes of a value.
    pub(crate) fn encode<'a>(
        &'a self,
        length: usize,
        reference: impl Fn(&'a C) -> &'a [u8],
        bytes: impl Fn(&'a V) -> &'a [u8],
        out: &mut Vec<u8>,
    ) {
        Header {
            list: true,
            payload_length: payload_of(length),
        }
        .encode(out);
        match self {
            Self::Leaf { rest, value } => {
                encode_path(rest, true, out);
                bytes(value).encode(out);
            }
            Self::Extension { rest, child } => {
                encode_path(rest, false, out);
                out.extend_from_slice(reference(child));
            }
            Self::Branch(children) => {
                for child in children.iter() {
                    match child.as_ref().map(&reference) {
                        // A copy of a length that is known is no call.
                        Some(reference) => match reference.first_chunk::<DIGEST_REFERENCE>() {
                            Some(digest) => out.extend_from_slice(digest),
                            None => out.extend_from_slice(reference),
                        },
                        None => out.push(EMPTY_STRING_CODE),
                    }
                }
                out.push(EMPTY_STRING_CODE);
            }
        }
    }
}

/// The payload of a list that has so many bytes with its header: one byte, and from 56 on those of the payload's
/// length.
fn payload_of(length: usize) -> usize {
    let payload = |header: usize| length.saturating_sub(header);
    let fits = |header: &usize| match header {
        1 => payload(1) < 56,
        _ => payload(*header) >> (8 * (header - 1)) == 0,
    };
    payload((1..8).find(fits).unwrap_or(8))
}

/// Cuts the next item off, header and all.
fn next_item<'a>(items: &mut &'a [u8]) -> Result<&'a [u8], &'static str> {
    let from = *items;
    // What branches are made of, first.
    let length = match from.first() {
        Some(&EMPTY_STRING_CODE) => 1,
        Some(&DIGEST_HEADER) if from.len() >= DIGEST_REFERENCE => DIGEST_REFERENCE,
        _ => 0,
    };
    if length > 0 {
        let (item, rest) = from.split_at(length);
        *items = rest;
        return Ok(item);
    }
    let header = Header::decode(items).map_err(|_| "has a malformed item")?;
    // What `Header::decode` accepts lies wholly within its input.
    *items = items.get(header.payload_length..).ok_or("has a cut item")?;
    Ok(&from[..from.len() - items.len()])
}

/// The bytes of an item that is a string.
fn payload(mut item: &[u8]) -> Result<&[u8], &'static str> {
    Header::decode_bytes(&mut item, false).map_err(|_| "has a list where a string belongs")
}

/// The first byte of a digest's RLP.
const DIGEST_HEADER: u8 = EMPTY_STRING_CODE + 32;

/// Where in `rlp` a part of it is.
fn place(rlp: &[u8], part: &[u8]) -> Range<usize> {
    let from = part.as_ptr().addr() - rlp.as_ptr().addr();
    from..from + part.len()
}

/// A child's reference; `None` for the empty string.
fn reference(rlp: &[u8], item: &[u8]) -> Result<Option<Slot>, &'static str> {
    const NEITHER: &str = "has a reference that is neither a digest nor an embedded node";
    let embedded = item.first().is_some_and(|first| *first >= 0xc0) && item.len() < HASHED_FROM;
    let hash = item.len() == DIGEST_REFERENCE && item[0] == DIGEST_HEADER;
    if item == [EMPTY_STRING_CODE] {
        return Ok(None);
    }
    if !embedded && !hash {
        return Err(NEITHER);
    }
    let length = u8::try_from(item.len()).ok().and_then(NonZeroU8::new);
    match (u16::try_from(place(rlp, item).start), length) {
        (Ok(from), Some(length)) => Ok(Some(Slot {
            from,
            length,
            read: 0,
        })),
        // No node with references is as long as that.
        _ => Err(NEITHER),
    }
}

/// The hex-prefix encoding: a nibble of flags (2: leaf, 1: odd), then the nibbles, padded to whole bytes.
fn decode_path(bytes: &[u8]) -> Result<(bool, Nibbles), &'static str> {
    let Some((first, tail)) = bytes.split_first() else {
        return Err("has an empty path");
    };
    let (flags, nibble) = (first >> 4, first & 0xf);
    let odd = flags & 1 == 1;
    if flags > 3 || (!odd && nibble != 0) {
        return Err("has a path with wrong flags");
    }
    if tail.len() * 2 + usize::from(odd) > KEY_NIBBLES {
        return Err("has a path longer than a key");
    }
    let mut path = Nibbles::new();
    if odd {
        path.push(nibble);
    }
    path.extend(&Nibbles::unpack(tail));
    Ok((flags & 2 == 2, path))
}

/// The length of a path's RLP. A single byte stands for itself: its flags keep it below 0x80.
fn path_length(rest: &Nibbles) -> usize {
    match rest.len() / 2 {
        0 => 1,
        bytes => bytes + 2,
    }
}

fn encode_path(rest: &Nibbles, leaf: bool, out: &mut Vec<u8>) {
    let flag = if leaf { 0x20 } else { 0 };
    let mut bytes = [0; 1 + KEY_NIBBLES / 2];
    let tail = match rest.first() {
        Some(first) if rest.len() % 2 == 1 => {
            bytes[0] = flag | 0x10 | first;
            rest.slice(1..)
        }
        _ => {
            bytes[0] = flag;
            *rest
        }
    };
    tail.pack_to(&mut bytes[1..]);
    bytes[..=tail.len() / 2].encode(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, Bytes, hex};
    use alloy_trie::nodes::RlpNode;
    use proptest::{collection::vec, prelude::*};

    fn encoded(node: &Node<RlpNode, Bytes>) -> Vec<u8> {
        let mut rlp = Vec::new();
        let length = node.length(|child| child.len(), |value| &value[..]);
        node.encode(length, |child| child.as_slice(), |value| &value[..], &mut rlp);
        assert_eq!(rlp.len(), length);
        rlp
    }

    fn decode(rlp: &[u8], depth: usize) -> Result<OldNode, &'static str> {
        Node::decode(rlp, depth)
    }

    /// The RLP of what was read from `rlp`.
    fn again(node: &OldNode, rlp: &[u8]) -> Vec<u8> {
        let mut written = Vec::new();
        let length = node.length(|slot| slot.range().len(), |value| &rlp[value.clone()]);
        node.encode(
            length,
            |slot| &rlp[slot.range()],
            |value| &rlp[value.clone()],
            &mut written,
        );
        written
    }

    fn samples() -> Vec<(Vec<u8>, usize)> {
        let hash = || Some(RlpNode::word_rlp(&B256::repeat_byte(7)));
        let tiny = || RlpNode::from_raw(&hex!("c22001"));
        let mut two: [Option<RlpNode>; 16] = Default::default();
        (two[3], two[15]) = (hash(), tiny());
        let full = core::array::from_fn(|_| hash());
        let mut samples = vec![(Node::Branch(two), 63), (Node::Branch(full), 0)];
        for depth in [0, 1, 31, 62, 63, 64] {
            let rest = Nibbles::from_nibbles(vec![0xa; KEY_NIBBLES - depth]);
            for value in [&[0x01][..], &[0x80], &[5; 55], &[5; 200]] {
                let value = Bytes::copy_from_slice(value);
                samples.push((Node::Leaf { rest, value }, depth));
            }
            for child in [hash(), tiny()].into_iter().flatten() {
                if rest.len() >= 2 {
                    let rest = rest.slice(1..);
                    samples.push((Node::Extension { rest, child }, depth));
                }
            }
        }
        samples
            .into_iter()
            .map(|(node, depth)| (encoded(&node), depth))
            .collect()
    }

    #[test]
    fn payload_of_a_list_follows_from_its_length() {
        for payload_length in (0..1000).chain(65_000..66_000).chain([(1 << 24) - 1, 1 << 24]) {
            let header = Header {
                list: true,
                payload_length,
            };
            assert_eq!(payload_of(header.length_with_payload()), payload_length);
        }
    }

    #[test]
    fn nodes_come_back_as_they_were_written() {
        for (rlp, depth) in samples() {
            assert_eq!(again(&decode(&rlp, depth).unwrap(), &rlp), rlp);
        }
    }

    #[test]
    fn a_node_at_another_depth_is_no_node() {
        for (rlp, depth) in samples().into_iter().skip(2) {
            if depth + 2 < KEY_NIBBLES {
                assert!(decode(&rlp, depth + 2).is_err());
            }
        }
        let (branch, _) = samples().remove(0);
        assert!(decode(&branch, KEY_NIBBLES).is_err());
    }

    #[test]
    fn what_the_trie_does_not_write_is_refused() {
        let refused: [(&[u8], &str); 12] = [
            (&[], "is not an RLP list of a node's form"),
            (&[0x80], "is not an RLP list of a node's form"),
            (&hex!("c0"), "has neither 2 nor 17 items"),
            (&hex!("c3010203"), "has neither 2 nor 17 items"),
            (&hex!("c220018080"), "has bytes after its end"),
            (&hex!("c28001"), "has an empty path"),
            (&hex!("c24001"), "has a path with wrong flags"),
            (&hex!("c22101"), "has a path with wrong flags"),
            (&hex!("c22080"), "is a leaf without a value"),
            (&hex!("c220c0"), "has a list where a string belongs"),
            (&hex!("c200c0"), "is an extension by nothing"),
            (
                &hex!("d2808080808080808080808080808080808080"),
                "has more than 17 items",
            ),
        ];
        for (rlp, problem) in refused {
            assert_eq!(decode(rlp, 64).unwrap_err(), problem, "{}", hex::encode(rlp));
        }
        // A branch whose first children are these, of three bytes each.
        let branch = |children: &[u8], value: u8| {
            let mut rlp = vec![0];
            rlp.extend(children);
            rlp.resize(rlp.len() + 16 - children.len() / 3, EMPTY_STRING_CODE);
            rlp.push(value);
            rlp[0] = 0xc0 + (rlp.len() - 1) as u8;
            rlp
        };
        let one = hex!("c22001");
        let two = hex!("c22001c22001");
        assert!(decode(&branch(&two, 0x80), 63).is_ok());
        let problem = decode(&branch(&one, 0x80), 63).unwrap_err();
        assert_eq!(problem, "is a branch with fewer than two children");
        assert_eq!(
            decode(&branch(&two, 0x01), 63).unwrap_err(),
            "is a branch with a value"
        );
        let odd = decode(&branch(&hex!("c22001823344"), 0x80), 63).unwrap_err();
        assert_eq!(
            odd,
            "has a reference that is neither a digest nor an embedded node"
        );
    }

    proptest! {
        /// There is one form for a node: what can be read is what would be written.
        #[test]
        fn a_damaged_node_is_refused_or_is_another_node_in_its_one_form(
            sample in 0..samples().len(),
            damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in any::<prop::sample::Index>(),
            depth in 0..=64usize,
            same_depth in any::<bool>(),
        ) {
            let (mut rlp, its_depth) = samples().swap_remove(sample);
            for (at, byte) in &damage {
                let at = at.index(rlp.len());
                rlp[at] = *byte;
            }
            if cut.index(8) == 0 {
                rlp.truncate(cut.index(rlp.len() + 1));
            }
            if let Ok(node) = decode(&rlp, if same_depth { its_depth } else { depth }) {
                prop_assert_eq!(again(&node, &rlp), rlp);
            }
        }
    }
}
