//! Fields of protobuf, as they are written: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// What a key says of the bytes behind it.
#[derive(Clone, Copy)]
enum Kind {
    Varint = 0,
    Bytes = 2,
    Fixed32 = 5,
}

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u32, kind: Kind) {
        self.varint(u64::from(field) << 3 | kind as u64);
    }

    /// An integer; a negative one has ten bytes.
    pub(super) fn int(&mut self, field: u32, value: i64) {
        self.key(field, Kind::Varint);
        self.varint(value as u64);
    }

    pub(super) fn float(&mut self, field: u32, value: f32) {
        self.key(field, Kind::Fixed32);
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, Kind::Bytes);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    pub(super) fn message(&mut self, field: u32, message: &Self) {
        self.bytes(field, &message.0);
    }

    /// A message whose last field has bytes that come from elsewhere, so that they are not copied twice.
    pub(super) fn message_ending_in(
        &mut self,
        field: u32,
        message: &Self,
        last: u32,
        length: usize,
        bytes: impl Iterator<Item = u8>,
    ) {
        let mut head = Self::default();
        head.key(last, Kind::Bytes);
        head.varint(length as u64);
        self.key(field, Kind::Bytes);
        self.varint((message.0.len() + head.0.len() + length) as u64);
        self.0.extend(&message.0);
        self.0.extend(&head.0);
        let start = self.0.len();
        self.0.reserve(length);
        self.0.extend(bytes);
        debug_assert_eq!(self.0.len() - start, length);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes, with `head` and then a field that holds what is here.
    pub(super) fn within(mut self, head: &Self, field: u32) -> Vec<u8> {
        let mut start = Self(head.0.clone());
        start.key(field, Kind::Bytes);
        start.varint(self.0.len() as u64);
        self.0.splice(0..0, start.0);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_bytes_of_the_encoding_guide() {
        let mut m = Message::default();
        m.int(1, 150);
        m.text(2, "testing");
        m.int(1, -1);
        m.float(3, 1.0);
        let mut expected = vec![0x08, 0x96, 0x01, 0x12, 7];
        expected.extend(b"testing");
        expected.push(0x08);
        expected.extend([0xff; 9]);
        expected.push(0x01);
        expected.extend([0x1d, 0, 0, 0x80, 0x3f]);
        assert_eq!(m.0, expected);
    }

    #[test]
    fn a_message_in_two_parts_has_the_bytes_of_one_in_one() {
        let mut inner = Message::default();
        inner.int(1, 3);
        let mut parts = Message::default();
        parts.message_ending_in(5, &inner, 9, 300, std::iter::repeat_n(7, 300));
        inner.bytes(9, &[7; 300]);
        let mut whole = Message::default();
        whole.message(5, &inner);
        assert_eq!(parts.0, whole.0);
        let mut outer = Message::default();
        outer.int(1, 10);
        let mut by_hand = Message::default();
        by_hand.int(1, 10);
        by_hand.message(7, &whole);
        assert_eq!(whole.within(&outer, 7), by_hand.0);
    }
}
