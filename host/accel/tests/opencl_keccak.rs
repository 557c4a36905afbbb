//! Digests of an OpenCL device are those of the processor.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use alloy_primitives::keccak256;
use metisvm_accel::keccak::KeccakDevice;
use metisvm_accel::opencl::{self, Choice, Device, DeviceOptions, OpenClBackend, find};

#[test]
fn digests_of_every_length_around_the_blocks() {
    let found = match find(&Choice::Any) {
        Ok(found) => found,
        Err(why) => {
            println!("left out: Keccak on OpenCL ({why})");
            return;
        }
    };
    let device = Device::open(found, DeviceOptions::default()).unwrap();
    let backend = OpenClBackend::new(device, opencl::Options::default());
    assert!(backend.max_messages() > 0);
    let bytes: Vec<u8> = (0..5000u32).map(|i| (i * 7 % 251) as u8).collect();
    let lengths = (0..600).chain([1087, 1088, 1089, 5000]);
    let messages: Vec<&[u8]> = lengths.map(|length| &bytes[..length]).collect();
    let digests = backend.keccak(&messages).unwrap();
    assert_eq!(digests.len(), messages.len());
    for (message, digest) in messages.iter().zip(digests) {
        assert_eq!(keccak256(message).0, digest, "{} bytes", message.len());
    }
    assert!(backend.keccak(&[]).unwrap().is_empty());
}
