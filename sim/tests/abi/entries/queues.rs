//! What becomes of queues that are set up or used wrongly.

use super::*;

#[test]
fn a_full_ring_refuses_and_goes_on() {
    let transport = transport();
    let mut pair = QueuePair::new(&transport, 1, 2, NONCE).unwrap();
    let timeout = Duration::from_secs(10);
    for _ in 0..50 {
        let mut pushed = 0;
        while pair.push(entry(Opcode::Nop)).is_some() {
            pushed += 1;
        }
        assert_eq!(pushed, pair.capacity());
        pair.ring_doorbell();
        for _ in 0..pushed {
            pair.wait(Instant::now() + timeout, timeout).unwrap();
        }
        assert_eq!(pair.waiting(), 0);
    }
}

fn eventually(transport: &Arc<dyn Transport>, queue: u16, state: QueueState) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while transport.read32(queue_register(queue, queue::STATE)) != state as u32 {
        assert!(
            Instant::now() < deadline,
            "queue {queue} does not become {state:?}"
        );
        thread::yield_now();
    }
}

#[test]
fn impossible_queues_stop_and_say_so() {
    let transport = transport();
    let queues = small().capabilities.max_queues as u16;
    // The second queue, so that the first is one that nobody touches.
    let index = 1 % queues;
    let disable = || {
        transport.write32(queue_register(index, queue::ENABLE), 0);
        eventually(&transport, index, QueueState::Disabled);
    };
    for (log2, base) in [(0, 0), (16, 0), (u32::MAX, 0), (4, 8), (4, u64::MAX - 63)] {
        transport.write64(queue_register(index, queue::SQ_BASE_LO), base);
        transport.write32(queue_register(index, queue::ENTRIES_LOG2), log2);
        transport.write32(queue_register(index, queue::ENABLE), 1);
        eventually(&transport, index, QueueState::InvalidConfiguration);
        disable();
    }
    // Rings in unmapped memory, and a doorbell beyond the ring.
    for (tail, state) in [(1, QueueState::DmaFault), (17, QueueState::InvalidConfiguration)] {
        transport.write64(queue_register(index, queue::SQ_BASE_LO), 64);
        transport.write64(queue_register(index, queue::CQ_BASE_LO), 64);
        transport.write32(queue_register(index, queue::ENTRIES_LOG2), 4);
        transport.write32(queue_register(index, queue::ENABLE), 1);
        eventually(&transport, index, QueueState::Running);
        transport.write32(queue_register(index, queue::SQ_TAIL), tail);
        eventually(&transport, index, state);
        disable();
    }
}

#[test]
fn a_completion_head_beyond_what_was_completed_stops_the_queue() {
    let mut raw = Raw::new(small());
    for ahead in [1_u32, 100, 0x8000, 0xffe0] {
        let mut pair = QueuePair::new(&raw.transport, 1, 4, NONCE).unwrap();
        assert_eq!(statuses(&mut pair, &[entry(Opcode::Nop); 3]), [Status::Ok; 3]);
        // What was completed may be reported.
        raw.transport.write32(queue_register(1, queue::CQ_HEAD), 3);
        assert_eq!(statuses(&mut pair, &[entry(Opcode::Nop)]), [Status::Ok]);
        raw.transport
            .write32(queue_register(1, queue::CQ_HEAD), 4 + ahead);
        eventually(&raw.transport, 1, QueueState::InvalidConfiguration);
        raw.transport.write32(queue_register(1, queue::ENABLE), 0);
        eventually(&raw.transport, 1, QueueState::Disabled);
    }
    assert_eq!(statuses(&mut raw.pair, &[entry(Opcode::Nop)]), [Status::Ok]);
}

#[test]
fn a_queue_that_is_enabled_anew_starts_at_index_0_however_fast() {
    let transport = transport();
    for round in 0..2000 {
        let mut pair = QueuePair::new(&transport, 2, 3, NONCE).unwrap();
        let entries = vec![entry(Opcode::Nop); round % 6 + 1];
        assert!(
            statuses(&mut pair, &entries)
                .iter()
                .all(|&status| status == Status::Ok)
        );
        // Without waiting until the card has seen it: the next round enables it again.
        transport.write32(queue_register(2, queue::ENABLE), 0);
    }
}
