//! What is a message, and asks for what there is not.

use super::support::served::{map, memory};
use super::{answer_to, hurried, raw, refused};
use bytemuck::bytes_of;
use metisvm_vfio_user::messages::{BAR0_REGION, CONFIG_REGION, DeviceInfo, PCI_REGIONS, RegionAccess};
use metisvm_vfio_user::{Client, Command, Header};
use rustix::io::Errno;

#[test]
fn messages_of_a_wrong_length_and_unknown_commands_are_refused_and_the_client_goes_on() {
    let served = hurried();
    let mut client = served.ready();
    let sizes = [
        (Command::DmaMap, 32),
        (Command::DmaUnmap, 24),
        (Command::DeviceGetInfo, 16),
        (Command::DeviceGetRegionInfo, 32),
        (Command::DeviceGetIrqInfo, 16),
        (Command::DeviceSetIrqs, 20),
        (Command::RegionRead, 16),
        (Command::RegionWrite, 16),
        (Command::DeviceReset, 0),
    ];
    for (command, size) in sizes {
        for wrong in [0, 1, size.max(1) - 1, size + 1, 5000] {
            if wrong != size {
                let payload = vec![0; wrong];
                let errno = refused(client.ask(command, &[&payload], &[], 100));
                assert_eq!(errno, Errno::INVAL, "{command:?} with {wrong} bytes");
            }
        }
    }
    for command in [Command::Version, Command::DmaRead, Command::DmaWrite] {
        assert_eq!(refused(client.ask(command, &[&[0; 16]], &[], 100)), Errno::INVAL);
    }
    let argsz = DeviceInfo::default();
    assert_eq!(
        refused(client.ask(Command::DeviceGetInfo, &[bytes_of(&argsz)], &[], 100)),
        Errno::INVAL
    );
    for index in [PCI_REGIONS, u32::MAX] {
        assert_eq!(refused(client.region_info(index)), Errno::INVAL);
        assert_eq!(refused(client.irq_info(index)), Errno::INVAL);
    }
    drop(client);
    let channel = raw(&served);
    for number in [0, 6, 14, 15, 16, 17, 18, u16::MAX] {
        let header = Header {
            id: 3,
            command: number,
            ..Header::default()
        };
        assert_eq!(
            answer_to(&channel, header, &[0; 40], &[]),
            Some(Errno::NOTSUP),
            "{number}"
        );
    }
    served.says("command 65535 is not known");
    // A reply that nobody waits for is told, and passed over.
    let reply = Header::command(9, Command::DmaRead).reply();
    channel.send(reply, &[&[0; 16]], &[]).unwrap();
    served.says("answers nothing");
    let info = DeviceInfo {
        argsz: 16,
        ..DeviceInfo::default()
    };
    let header = Header::command(4, Command::DeviceGetInfo);
    assert_eq!(answer_to(&channel, header, bytes_of(&info), &[]), None);
}

#[test]
fn accesses_say_how_many_bytes_they_mean() {
    let served = hurried();
    let mut client = served.ready();
    for (offset, region, count, bytes) in [
        (0, BAR0_REGION, u32::MAX, 0),
        (0, BAR0_REGION, 4, 3),
        (0, BAR0_REGION, 4, 5),
        (0, CONFIG_REGION, 0, 0),
        (u64::MAX, CONFIG_REGION, 1, 1),
    ] {
        let access = RegionAccess {
            offset,
            region,
            count,
        };
        let payload = [bytes_of(&access), &vec![0; bytes]].concat();
        assert_eq!(
            refused(client.ask(Command::RegionWrite, &[&payload], &[], 100)),
            Errno::INVAL
        );
        if count != 4 {
            assert_eq!(
                refused(client.ask(Command::RegionRead, &[bytes_of(&access)], &[], 100)),
                Errno::INVAL
            );
        }
    }
    serves(&mut client);
}

fn serves(client: &mut Client) {
    assert_eq!(client.device_info().unwrap().num_regions, PCI_REGIONS);
}

#[test]
fn what_a_client_leaves_behind_is_not_the_next_ones() {
    let served = hurried();
    let mut client = served.ready();
    map(&mut client, 1 << 20, &memory(4096));
    client.region_write(CONFIG_REGION, 0x10, &[0xff; 8]).unwrap();
    drop(client);
    let mut client = served.client();
    map(&mut client, 1 << 20, &memory(4096));
    let mut config = [0; 64];
    client.region_read(CONFIG_REGION, 0, &mut config).unwrap();
    assert_eq!(
        (config[4], &config[0x10..0x18]),
        (0, &[4, 0, 0, 0, 0, 0, 0, 0][..])
    );
}

#[test]
fn a_client_fills_no_more_than_a_screen_of_the_operators() {
    let served = hurried();
    let mut client = served.ready();
    for _ in 0..200 {
        refused(client.region_info(99));
    }
    serves(&mut client);
    served.says("further errors");
    assert!(served.log().len() <= 21, "{:#?}", served.log());
}
