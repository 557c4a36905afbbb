use super::*;
use crate::testing::{
    COMPILES, DECLINES, FakeBuilder, FakeCode, FakeGenerator, PANICS, builder, bytecode, contract,
    nth_bytecode,
};
use std::{path::Path, sync::atomic::Ordering};

type FakeBackground = Background<FakeGenerator>;

struct Bench {
    builder: Arc<FakeBuilder>,
    background: FakeBackground,
    gate: Arc<Mutex<()>>,
    calls: Arc<std::sync::atomic::AtomicUsize>,
}

fn bench(threads: usize, memory: usize, folder: Option<&Path>) -> Bench {
    let generator = FakeGenerator {
        code_bytes: 100,
        ..FakeGenerator::default()
    };
    let (gate, calls) = (generator.gate.clone(), generator.calls.clone());
    let builder = builder(generator, memory, folder);
    let options = JitOptions {
        hot_region: 1,
        ..JitOptions::default()
    };
    let background = Background::new(builder.clone(), threads, &options).unwrap();
    Bench {
        builder,
        background,
        gate,
        calls,
    }
}

impl Bench {
    fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        self.builder.add_to(&mut counters);
        self.background.add_to(&mut counters);
        counters
    }

    /// Waits until threads have asked the compiler so often, and so many are in it.
    fn wait_for_calls(&self, calls: usize) {
        while self.calls.load(Ordering::SeqCst) < calls {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn has(contract: &Contract<FakeCode>, region: usize) -> bool {
    use crate::code::Code;
    contract
        .prepared()
        .flatten()
        .is_some_and(|ready| ready.code.has(region))
}

#[test]
fn a_hot_contract_gets_its_first_region_and_others_when_they_are_asked_for() {
    for threads in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let bench = bench(threads, 1 << 30, Some(folder.path()));
        let code = nth_bytecode(0, 4);
        let hot = contract(&bench.builder, &code);
        assert!(bench.background.request(&hot, &code));
        bench.background.settle();
        assert_eq!(
            [0, 1, 2, 3].map(|region| has(&hot, region)),
            [true, false, false, false]
        );
        assert!(bench.background.request_region(&hot, 2));
        bench.background.settle();
        assert_eq!(
            [0, 1, 2, 3].map(|region| has(&hot, region)),
            [true, false, true, false]
        );
        let figures = bench.counters();
        assert_eq!((figures.compiled_regions, figures.stored_files), (2, 2));
        assert_eq!(figures.compile_on_path_ns, 0);

        // Another process has both.
        let again = self::bench(1, 1 << 30, Some(folder.path()));
        let warm = contract(&again.builder, &code);
        again.background.request(&warm, &code);
        again.background.settle();
        let figures = again.counters();
        assert_eq!(
            (
                figures.loaded_regions,
                figures.compiled_regions,
                figures.stored_files
            ),
            (2, 0, 0)
        );
    }
}

#[test]
fn requests_beyond_the_bound_are_dropped_and_counted() {
    let bench = bench(1, 1 << 30, None);
    let code = nth_bytecode(0, 1);
    let hot = contract(&bench.builder, &code);
    let closed = bench.gate.lock().unwrap();
    assert!(bench.background.request(&hot, &code));
    bench.wait_for_calls(1);
    // The thread is in the compiler now, so that nothing leaves the queue.
    for _ in 0..MAX_REQUESTS {
        assert!(bench.background.request_region(&hot, 0));
    }
    assert!(!bench.background.request(&hot, &code));
    assert!(!bench.background.request_region(&hot, 0));
    assert_eq!(bench.counters().dropped_requests, 2);
    drop(closed);
    bench.background.settle();
    assert_eq!(
        (
            bench.counters().compiled_regions,
            bench.counters().dropped_requests
        ),
        (1, 2)
    );
    assert!(bench.background.request(&hot, &code));
}

#[test]
fn bytecode_that_waits_is_bounded() {
    let bench = bench(1, 1 << 30, None);
    let (first, large) = (nth_bytecode(0, 1), bytecode(DECLINES, &vec![COMPILES; 4 << 20]));
    let declined = contract(&bench.builder, &large);
    let closed = bench.gate.lock().unwrap();
    bench
        .background
        .request(&contract(&bench.builder, &first), &first);
    bench.wait_for_calls(1);
    let taken = (0..100)
        .filter(|_| bench.background.request(&declined, &large))
        .count();
    assert_eq!(taken, MAX_WAITING_BYTES / large.len());
    drop(closed);
    bench.background.settle();
    // What was taken out of the queue makes room in it.
    assert_eq!(bench.background.shared.queue().waiting_bytes, 0);
    assert!(bench.background.request(&declined, &large));
}

#[test]
fn a_panic_ends_neither_thread_nor_process() {
    let bench = bench(1, 1 << 30, None);
    let bad = bytecode(9, &[PANICS, COMPILES]);
    let whole = bytecode(PANICS, &[COMPILES]);
    let good = nth_bytecode(0, 1);
    for code in [&bad, &whole, &good] {
        assert!(bench.background.request(&contract(&bench.builder, code), code));
    }
    bench.background.settle();
    let bad = contract(&bench.builder, &bad);
    assert!(bench.background.request_region(&bad, 1));
    bench.background.settle();
    assert!(has(&bad, 1) && has(&contract(&bench.builder, &good), 0));
    assert_eq!(bench.counters().declined, 2);
}

#[test]
fn a_dropped_contract_is_not_compiled() {
    let bench = bench(1, 1 << 30, None);
    let code = nth_bytecode(0, 2);
    let gone = contract(&bench.builder, &code);
    gone.evict();
    assert!(bench.background.request(&gone, &code) && bench.background.request_region(&gone, 1));
    bench.background.settle();
    assert!(gone.prepared().is_none());
    assert_eq!(bench.calls.load(Ordering::SeqCst), 0);
}

#[test]
fn the_end_comes_soon_however_much_is_asked_for_and_what_is_compiled_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(2, 1 << 30, Some(folder.path()));
    let code = nth_bytecode(0, 3);
    let hot = contract(&bench.builder, &code);
    bench.background.request(&hot, &code);
    bench.wait_for_calls(1);
    while !has(&hot, 0) {
        thread::sleep(Duration::from_millis(1));
    }
    let closed = bench.gate.lock().unwrap();
    for _ in 0..100 {
        bench.background.request_region(&hot, 1);
    }
    bench.wait_for_calls(2);
    let (calls, builder) = (bench.calls.clone(), bench.builder.clone());
    let start = Instant::now();
    let end = thread::spawn(move || drop(bench.background));
    drop(closed);
    end.join().unwrap();
    assert!(start.elapsed() < 2 * LAST_SAVES, "it took {:?}", start.elapsed());
    assert!(calls.load(Ordering::SeqCst) <= 3);
    let mut counters = Counters::default();
    builder.add_to(&mut counters);
    assert_eq!((counters.stored_files, counters.disk_errors), (1, 0));
}

#[test]
fn without_threads_files_are_written_by_whoever_settles() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(0, 1 << 30, Some(folder.path()));
    let code = nth_bytecode(0, 2);
    let hot = contract(&bench.builder, &code);
    let ready = bench.builder.prepare(&hot, &code, Caller::Path).unwrap();
    for region in 0..2 {
        assert_eq!(
            bench.builder.region(&hot, ready, region, Caller::Path),
            Built::Compiled
        );
        bench.background.save(&hot);
    }
    assert_eq!(bench.counters().stored_files, 0);
    bench.background.settle();
    assert_eq!(bench.counters().stored_files, 1);
    bench.background.settle();
    assert_eq!(bench.counters().stored_files, 1);
}

#[test]
fn a_file_is_written_after_a_while_without_anybody_who_waits() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(1, 1 << 30, Some(folder.path()));
    let code = nth_bytecode(0, 1);
    bench.background.request(&contract(&bench.builder, &code), &code);
    let start = Instant::now();
    while bench.counters().stored_files == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is written");
        thread::sleep(Duration::from_millis(5));
    }
    // What is compiled within the delay comes into one file.
    assert!(start.elapsed() + Duration::from_millis(100) >= SAVE_DELAY);
}

#[test]
fn the_budget_holds_up_work_and_those_who_settle_do_not_wait_for_it() {
    let bench = bench(1, 1 << 30, None);
    let code = nth_bytecode(0, 1);
    let hot = contract(&bench.builder, &code);
    bench
        .background
        .shared
        .queue()
        .budget
        .spend(Duration::from_secs(1000), Instant::now());
    bench.background.request(&hot, &code);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(bench.calls.load(Ordering::SeqCst), 0);
    bench.background.settle();
    assert!(has(&hot, 0));
}
