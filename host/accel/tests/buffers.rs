//! Buffers and batches: what is cut and handed on is not copied, and what has the wrong length is not taken.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use metisvm_accel::{BackendError, Batch, Buffer, DeviceBuffer, DeviceId, Placement};
use metisvm_model::{DType, TensorType};
use std::sync::Arc;

fn ty(dtype: DType, extent: u32) -> TensorType {
    TensorType::new(dtype, &[extent]).unwrap()
}

fn items(lengths: &[usize]) -> Vec<Bytes> {
    lengths
        .iter()
        .map(|&length| Bytes::from(vec![7; length]))
        .collect()
}

#[test]
fn items_are_cut_into_their_values_and_a_single_value_is_the_item_without_a_copy() {
    let item = Bytes::from((0..14).collect::<Vec<u8>>());
    let types = [ty(DType::I32, 2), ty(DType::U8, 6)];
    let batch = Batch::from_items(&types, vec![item.clone(), item.clone()]).unwrap();
    assert_eq!(batch.items(), 2);
    let second = batch.values()[1].to_host().unwrap();
    assert_eq!(second[0].as_ptr(), item[8..].as_ptr());
    assert_eq!(batch.to_items().unwrap(), [item.clone(), item.clone()]);
    let single = Batch::new(2, vec![batch.values()[1].clone()]).unwrap();
    assert_eq!(single.to_items().unwrap()[1].as_ptr(), item[8..].as_ptr());
}

#[test]
fn items_without_values_are_still_counted() {
    let batch = Batch::from_items([], items(&[0, 0, 0])).unwrap();
    assert_eq!((batch.items(), batch.to_items().unwrap().len()), (3, 3));
}

#[test]
fn wrong_lengths_and_numbers_are_refused() {
    let types = [ty(DType::I16, 3)];
    for lengths in [&[5][..], &[7], &[6, 5], &[0]] {
        let refused = Batch::from_items(&types, items(lengths));
        assert!(
            matches!(refused, Err(BackendError::WrongResult(_))),
            "{lengths:?}"
        );
    }
    assert!(Buffer::host(types[0].clone(), items(&[6, 7])).is_err());
    let two = Buffer::host(types[0].clone(), items(&[6, 6])).unwrap();
    assert!(Batch::new(3, vec![two]).is_err());
}

#[test]
fn what_a_device_gives_back_is_held_to_its_type_and_number() {
    #[derive(Debug)]
    struct Memory(DeviceId, Vec<Bytes>);
    impl DeviceBuffer for Memory {
        fn device(&self) -> DeviceId {
            self.0
        }
        fn read(&self) -> Result<Vec<Bytes>, BackendError> {
            Ok(self.1.clone())
        }
    }
    let id = DeviceId::unique();
    let buffer = |held: &[usize]| Buffer::on_device(ty(DType::U8, 4), 2, Arc::new(Memory(id, items(held))));
    assert_eq!(buffer(&[4, 4]).placement(), Placement::Device(id));
    assert_eq!(buffer(&[4, 4]).bytes(), 8);
    assert!(buffer(&[4, 4]).to_host().is_ok());
    assert!(buffer(&[4, 4]).memory::<Memory>().is_some());
    for held in [&[4][..], &[4, 4, 4], &[4, 5]] {
        assert!(buffer(held).to_host().is_err(), "{held:?}");
    }
}
