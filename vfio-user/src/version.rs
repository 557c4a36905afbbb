//! The first message of a connection, and its answer ("VFIO_USER_VERSION").

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// The version of the protocol that is spoken here.
pub const MAJOR: u16 = 0;
/// Everything up to this minor version is.
pub const MINOR: u16 = 1;
/// Most bytes of the version data that are looked at.
pub const MAX_DATA_BYTES: usize = 4096;
/// Most descriptors with a message, here. QEMU refuses a server that takes more than 16.
pub const MAX_FDS: usize = 16;
/// Most bytes of data in a message, here: the specification's default.
pub const MAX_TRANSFER: u32 = 1 << 20;

/// What a peer can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Descriptors with a message.
    pub max_msg_fds: u32,
    /// Bytes of data in a message.
    pub max_data_xfer_size: u32,
    /// Pieces of memory that are mapped at once.
    pub max_dma_maps: u32,
    /// Sizes of pages, each a bit.
    pub pgsizes: u64,
}

/// What is so where nothing is said.
impl Default for Capabilities {
    fn default() -> Self {
        Self {
            max_msg_fds: 1,
            max_data_xfer_size: MAX_TRANSFER,
            max_dma_maps: 65_535,
            pgsizes: 4096,
        }
    }
}

impl Capabilities {
    /// What is so here.
    pub fn ours() -> Self {
        Self {
            max_msg_fds: MAX_FDS as u32,
            ..Self::default()
        }
    }
}

/// The JSON text. What it has besides is none of our business.
#[derive(Default, Serialize, Deserialize)]
struct Data {
    #[serde(default)]
    capabilities: Capabilities,
}

/// A version as it is proposed, or agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Peers of different ones do not understand each other.
    pub major: u16,
    /// What is agreed on is the lesser one.
    pub minor: u16,
    /// What the sender can take.
    pub capabilities: Capabilities,
}

impl Version {
    /// The one spoken here, with its capabilities.
    pub fn ours(capabilities: Capabilities) -> Self {
        Self {
            major: MAJOR,
            minor: MINOR,
            capabilities,
        }
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// It is too short or too long, its text does not end in NUL, or is not the JSON that it has to be.
    pub fn decode(payload: &[u8]) -> Result<Self, Error> {
        let Some((&[a, b, c, d], text)) = payload.split_first_chunk() else {
            return Err(Error::malformed("a version takes four bytes at least"));
        };
        if text.len() > MAX_DATA_BYTES {
            return Err(Error::malformed(format!(
                "the version data are {} bytes long; {MAX_DATA_BYTES} are the most",
                text.len()
            )));
        }
        let data = match text.split_last() {
            None => Data::default(),
            Some((0, [])) => Data::default(),
            Some((0, json)) => serde_json::from_slice(json).map_err(|error| {
                Error::malformed(format!("the version data are not what they have to be: {error}"))
            })?,
            Some(_) => return Err(Error::malformed("the version data do not end in NUL")),
        };
        Ok(Self {
            major: u16::from_ne_bytes([a, b]),
            minor: u16::from_ne_bytes([c, d]),
            capabilities: data.capabilities,
        })
    }

    /// The payload of this.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        payload.extend(self.major.to_ne_bytes());
        payload.extend(self.minor.to_ne_bytes());
        let data = Data {
            capabilities: self.capabilities,
        };
        // Numbers in a structure of fixed names always become text.
        payload.extend(serde_json::to_vec(&data).unwrap_or_default());
        payload.push(0);
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_written() {
        let version = Version {
            major: 3,
            minor: 500,
            capabilities: Capabilities::ours(),
        };
        assert_eq!(Version::decode(&version.encode()), Ok(version));
    }

    #[test]
    fn what_is_left_out_has_its_default_and_what_is_unknown_is_passed_over() {
        let read = |text: &[u8]| Version::decode(&[&[0, 0, 0, 0], text].concat());
        for text in [&b""[..], b"\0", b"{}\0", b"{\"capabilities\":{}}\0"] {
            assert_eq!(read(text).unwrap().capabilities, Capabilities::default());
        }
        let of_qemu = b"{\"capabilities\":{\"max_msg_fds\":8,\"migration\":{\"pgsize\":4096},\"write_multiple\":true}}\0";
        assert_eq!(read(of_qemu).unwrap().capabilities.max_msg_fds, 8);
    }

    #[test]
    fn text_that_is_wrong_is_an_error_that_says_so() {
        let read = |text: &[u8]| Version::decode(&[&[0, 0, 0, 0], text].concat());
        let deep = ["[".repeat(3000).as_bytes(), b"\0"].concat();
        for text in [
            &b"{}"[..],
            b"x\0",
            b"[]\0\0",
            b"{\"capabilities\":7}\0",
            b"{\"capabilities\":{\"max_msg_fds\":-1}}\0",
            b"{\"capabilities\":{\"max_data_xfer_size\":1e300}}\0",
            b"\xff\xfe\0",
            &deep,
            &[b' '; MAX_DATA_BYTES + 1],
        ] {
            assert!(matches!(read(text), Err(Error::Malformed(_))), "{text:?}");
        }
        assert!(Version::decode(&[0; 3]).is_err());
    }
}
