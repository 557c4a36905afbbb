//! Descriptors that are missing, too many, or of another kind.

use super::{answer_to, hurried, message, raw, serves_the_next};
use bytemuck::bytes_of;
use metisvm_firmware::pci::MSIX_TABLE;
use metisvm_vfio_user::messages::{
    BAR0_REGION, DmaMap, IRQ_DATA_BOOL, IRQ_DATA_EVENTFD, IRQ_DATA_NONE, IRQ_MASK, IRQ_TRIGGER, IRQ_UNMASK,
    IrqSet, MSIX_IRQ,
};
use metisvm_vfio_user::{Command, Header};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

#[test]
fn descriptors_that_are_missing_too_many_or_of_another_kind_are_refused_and_closed() {
    let served = hurried();
    let event = || rustix::event::eventfd(0, rustix::event::EventfdFlags::NONBLOCK).unwrap();
    let events: Vec<OwnedFd> = (0..17).map(|_| event()).collect();
    let fds: Vec<BorrowedFd<'_>> = events.iter().map(AsFd::as_fd).collect();
    // Other tests have descriptors of their own: these are counted by name.
    let counted = rustix::fs::memfd_create("counted", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let counted = [counted.as_fd(); 16];
    let open = || {
        let all = std::fs::read_dir("/proc/self/fd").unwrap();
        let links = all.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        links
            .filter(|link| link.to_string_lossy().contains("memfd:counted"))
            .count()
    };
    let channel = raw(&served);
    for _ in 0..20 {
        let info = Header::command(2, Command::DeviceGetInfo);
        assert_eq!(
            answer_to(&channel, info, &[16; 16], &counted[..3]),
            Some(Errno::INVAL)
        );
        let map = Header::command(2, Command::DmaMap);
        assert_eq!(
            answer_to(
                &channel,
                map,
                bytes_of(&DmaMap {
                    size: 4096,
                    ..DmaMap::default()
                }),
                &counted[..2]
            ),
            Some(Errno::INVAL)
        );
        let unknown = Header { command: 99, ..map };
        assert_eq!(answer_to(&channel, unknown, &[], &counted), Some(Errno::NOTSUP));
    }
    let set = |flags, index, start, count| IrqSet {
        argsz: 20,
        flags,
        index,
        start,
        count,
    };
    let header = Header::command(3, Command::DeviceSetIrqs);
    let trigger = IRQ_DATA_EVENTFD | IRQ_TRIGGER;
    let null: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    let none = IRQ_DATA_NONE;
    let cases: [(IrqSet, &[u8], &[BorrowedFd<'_>]); 14] = [
        (set(trigger, MSIX_IRQ, 0, 2), &[], &fds[..1]),
        (set(trigger, MSIX_IRQ, 0, 1), &[], &fds[..2]),
        (set(trigger, MSIX_IRQ, 0, 1), &[1], &fds[..1]),
        (set(trigger, MSIX_IRQ, 0, 1), &[], &[null.as_fd()]),
        (set(trigger, MSIX_IRQ, 8, 1), &[], &fds[..1]),
        (set(trigger, MSIX_IRQ, u32::MAX, 1), &[], &fds[..1]),
        (set(trigger, MSIX_IRQ, 0, u32::MAX), &[], &[]),
        (set(trigger, 0, 0, 1), &[], &fds[..1]),
        (set(trigger, 5, 0, 0), &[], &[]),
        (set(none | IRQ_TRIGGER, MSIX_IRQ, 0, 1), &[], &fds[..1]),
        (set(none | IRQ_DATA_BOOL | IRQ_TRIGGER, MSIX_IRQ, 0, 1), &[1], &[]),
        (set(IRQ_DATA_BOOL | IRQ_MASK, MSIX_IRQ, 0, 2), &[1], &[]),
        (set(none, MSIX_IRQ, 0, 1), &[], &[]),
        (set(none | IRQ_MASK | IRQ_UNMASK, MSIX_IRQ, 0, 1), &[], &[]),
    ];
    for (set, data, fds) in cases {
        let payload = [bytes_of(&set), data].concat();
        assert_eq!(
            answer_to(&channel, header, &payload, fds),
            Some(Errno::INVAL),
            "{set:?}"
        );
    }
    // More than are taken at all: that is not to be followed.
    let space = &mut [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(17))];
    let mut control = rustix::net::SendAncillaryBuffer::new(space);
    control.push(rustix::net::SendAncillaryMessage::ScmRights(&fds));
    let bytes = message(header, 36, bytes_of(&set(trigger, MSIX_IRQ, 0, 1)));
    let sent = rustix::net::sendmsg(
        &channel,
        &[std::io::IoSlice::new(&bytes)],
        &mut control,
        rustix::net::SendFlags::empty(),
    );
    sent.unwrap();
    served.says("more than 16 descriptors");
    drop(channel);
    serves_the_next(&served);
    assert_eq!(open(), 1);
}

/// A client fills the counter of an interrupt and sets the file to block: nobody waits for it, and the next client has
/// its turn while this one keeps its descriptor.
#[test]
fn an_eventfd_that_is_full_and_blocks_holds_nobody() {
    let served = hurried();
    let event = rustix::event::eventfd(0, rustix::event::EventfdFlags::NONBLOCK).unwrap();
    let mut client = served.ready();
    let set = |flags, count| IrqSet {
        flags,
        index: MSIX_IRQ,
        count,
        ..IrqSet::default()
    };
    let fill = || {
        rustix::fs::fcntl_setfl(&event, rustix::fs::OFlags::NONBLOCK).unwrap();
        let _ = rustix::io::read(&event, &mut [0_u8; 8]);
        rustix::io::write(&event, &(u64::MAX - 1).to_ne_bytes()).unwrap();
        rustix::fs::fcntl_setfl(&event, rustix::fs::OFlags::empty()).unwrap();
    };
    let trigger = set(IRQ_DATA_NONE | IRQ_TRIGGER, 1);
    client
        .set_irqs(set(IRQ_DATA_EVENTFD | IRQ_TRIGGER, 1), &[], &[event.as_fd()])
        .unwrap();
    fill();
    client.set_irqs(trigger, &[], &[]).unwrap();
    fill();
    client
        .set_irqs(set(IRQ_DATA_NONE | IRQ_MASK, 1), &[], &[])
        .unwrap();
    client.set_irqs(trigger, &[], &[]).unwrap();
    client
        .set_irqs(set(IRQ_DATA_NONE | IRQ_UNMASK, 1), &[], &[])
        .unwrap();
    // In the table behind BAR0.
    let control = u64::from(MSIX_TABLE) + 12;
    fill();
    client.region_write(BAR0_REGION, control, &[1, 0, 0, 0]).unwrap();
    client.set_irqs(trigger, &[], &[]).unwrap();
    client.region_write(BAR0_REGION, control, &[0; 4]).unwrap();
    fill();
    client.set_irqs(trigger, &[], &[]).unwrap();
    drop(client);
    serves_the_next(&served);
}
