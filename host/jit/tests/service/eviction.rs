//! What happens beyond the bound of memory.

use crate::machine::{contract, jit, rules, run};
use metisvm_jit::{JitMode, JitOptions};
use std::thread;

#[test]
fn nothing_is_compiled_where_there_is_no_room_for_it() {
    for mode in [JitMode::On, JitMode::Always] {
        let jit = jit(JitOptions {
            mode,
            memory_bytes: 1000,
            hot: 1,
            hot_region: 1,
            ..JitOptions::default()
        });
        let mut native = jit.native(rules());
        for _ in 0..3 {
            run(&mut native, &contract(1, 2), 1);
            jit.settle();
        }
        let counters = jit.counters();
        assert_eq!((counters.native_frames, counters.interpreted_frames), (0, 3));
        assert_eq!((counters.code_bytes, counters.declined), (0, 1));
    }
}

/// More contracts than there is room for are run by several threads, so that code is dropped, and freed, while others
/// run it.
#[test]
fn contracts_come_and_go_while_they_run() {
    const CONTRACTS: u16 = 12;
    const MEMORY: usize = 1 << 20;
    for mode in [JitMode::On, JitMode::Always] {
        let jit = jit(JitOptions {
            mode,
            threads: 2,
            memory_bytes: MEMORY,
            hot: 1,
            hot_region: 1,
            ..JitOptions::default()
        });
        let contracts: Vec<_> = (0..CONTRACTS).map(|number| contract(number, 3)).collect();
        thread::scope(|scope| {
            for thread in 0..3_usize {
                let (jit, contracts) = (&jit, &contracts);
                scope.spawn(move || {
                    let mut native = jit.native(rules());
                    for round in 0..150 {
                        let code = &contracts[(round * (thread + 1)) % contracts.len()];
                        run(&mut native, code, (round % 3) as u8);
                        if round % 10 == 0 {
                            jit.settle();
                            assert!(jit.counters().code_bytes <= MEMORY as u64);
                        }
                    }
                });
            }
        });
        let counters = jit.counters();
        assert!(counters.evicted_contracts > 0, "{counters:?}");
        assert!(
            counters.native_frames > 0 && counters.contracts < u64::from(CONTRACTS),
            "{counters:?}"
        );
        assert_eq!(counters.native_frames + counters.interpreted_frames, 3 * 150);
    }
}
