use super::*;
use crate::{DType, Graph, Parsed, Shape, Tensor, TensorType};
use alloc::sync::Arc;
use alloc::vec;

/// Numbers from a seed (splitmix64).
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// A graph of clamps, reshapes and maxima over values of many sizes: its shape is all that matters here.
fn graph(seed: u64) -> Arc<Graph> {
    let mut rng = Rng(seed);
    let mut g = Parsed::default();
    let bound = g.constant(&Tensor::new(TensorType::scalar(DType::I32), vec![7]).unwrap());
    let mut values = Vec::new();
    for i in 0..=rng.below(2) {
        let dims = [1, 1 + rng.below(6) as u32, 1 + rng.below(9) as u32];
        let ty = TensorType::new(DType::I32, &dims).unwrap();
        values.push((g.input(alloc::format!("x{i}"), ty), dims));
    }
    for _ in 0..1 + rng.below(40) {
        let (x, [a, b, c]) = values[rng.below(values.len() as u64) as usize];
        let (value, dims) = match rng.below(4) {
            0 => {
                let dims = [b, 1, a * c];
                let shape = Shape::new(&dims).unwrap();
                (g.node(Op::Reshape { shape }, &[x]), dims)
            }
            1 if a == 1 => {
                let best = g.node(Op::ArgMax { axis: 0 }, &[x]);
                let shape = Shape::new(&[1, c, b]).unwrap();
                (g.node(Op::Reshape { shape }, &[best]), [1, c, b])
            }
            _ => (g.node(Op::Clamp, &[x, bound, bound]), [a, b, c]),
        };
        values.push((value, dims));
    }
    for i in 0..1 + rng.below(3) {
        let at = values.len() - 1 - rng.below(values.len().min(9) as u64) as usize;
        g.output(alloc::format!("y{i}"), values[at].0);
    }
    Arc::new(g.check().unwrap())
}

fn segments(seed: u64) -> Vec<Segment> {
    let graph = graph(seed);
    let count = graph.nodes().len();
    let half = count / 2;
    vec![
        Segment::whole(graph.clone()),
        Segment::part(graph.clone(), 0..half),
        Segment::part(graph, half..count),
    ]
}

/// First and last step of each result of the segment with memory of its own, found the slow way; `usize::MAX`
/// where it leaves.
fn lifetimes(segment: &Segment, schedule: &Schedule) -> BTreeMap<Value, (usize, usize)> {
    let mut lives = BTreeMap::new();
    for (step, nodes) in schedule.steps().enumerate() {
        for &node in nodes {
            let value = Value::Node(node as u32);
            if schedule.storage(value) == value {
                lives.insert(value, (step, step));
            }
            for &operand in &segment.graph().nodes()[node].operands {
                if let Some(life) = lives.get_mut(&schedule.storage(operand)) {
                    life.1 = step;
                }
            }
        }
    }
    for &output in segment.outputs() {
        if let Some(life) = lives.get_mut(&schedule.storage(output)) {
            life.1 = usize::MAX;
        }
    }
    lives
}

#[test]
fn values_that_live_at_once_never_share_memory_and_lie_within_the_arena() {
    let mut shared = 0;
    for seed in 0..400 {
        for segment in segments(seed) {
            for alignment in [1, 4, 64] {
                let schedule = Schedule::new(&segment, alignment);
                let lives: Vec<_> = lifetimes(&segment, &schedule).into_iter().collect();
                for (i, &(a, (a_first, a_last))) in lives.iter().enumerate() {
                    let slot = schedule.slot(a).unwrap();
                    assert_eq!(slot.start % alignment, 0);
                    assert_eq!(slot.len(), segment.graph().ty(a).bytes());
                    assert!(slot.end <= schedule.arena_bytes());
                    for &(b, (b_first, b_last)) in &lives[..i] {
                        let other = schedule.slot(b).unwrap();
                        let at_once = a_first <= b_last && b_first <= a_last;
                        let overlap = slot.start < other.end && other.start < slot.end;
                        assert!(!(at_once && overlap), "seed {seed}: {a:?} and {b:?}");
                        shared += u32::from(overlap);
                    }
                }
            }
        }
    }
    assert!(shared > 1000, "memory is used again: {shared}");
}

#[test]
fn the_arena_is_no_smaller_than_what_lives_at_once_and_not_much_larger() {
    let (mut all, mut least) = (0, 0);
    for seed in 0..400 {
        for segment in segments(seed) {
            let schedule = Schedule::new(&segment, 4);
            let lives = lifetimes(&segment, &schedule);
            let live_at = |step: usize| -> usize {
                let live = lives
                    .iter()
                    .filter(|(_, (first, last))| (*first..=*last).contains(&step));
                live.map(|(&value, _)| segment.graph().ty(value).bytes()).sum()
            };
            let bound = (0..schedule.steps().len()).map(live_at).max().unwrap_or(0);
            assert!(schedule.arena_bytes() >= bound, "seed {seed}");
            all += schedule.arena_bytes();
            least += bound;
        }
    }
    assert!(
        all * 10 <= least * 13,
        "{all} bytes where {least} would be enough"
    );
}

#[test]
fn values_die_once_after_their_last_reader_and_outputs_never() {
    for seed in 0..200 {
        for segment in segments(seed) {
            let schedule = Schedule::new(&segment, 1);
            let mut expected = lifetimes(&segment, &schedule);
            for step in 0..schedule.steps().len() {
                for &value in schedule.dies_after(step) {
                    if schedule.storage(value) == value {
                        assert_eq!(expected.remove(&value).map(|(_, last)| last), Some(step));
                    }
                }
            }
            assert!(
                expected.values().all(|&(_, last)| last == usize::MAX),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn a_schedule_is_the_same_each_time() {
    for seed in 0..50 {
        let [a, b] = [segments(seed), segments(seed)];
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(Schedule::new(a, 64), Schedule::new(b, 64));
        }
    }
}

/// x → clamp → reshape → clamp → y
fn chain() -> Segment {
    let mut g = Parsed::default();
    let x = g.input("x", TensorType::new(DType::I32, &[6]).unwrap());
    let bound = g.constant(&Tensor::new(TensorType::scalar(DType::I32), vec![7]).unwrap());
    let a = g.node(Op::Clamp, &[x, bound, bound]);
    let shape = Shape::new(&[2, 3]).unwrap();
    let b = g.node(Op::Reshape { shape }, &[a]);
    let c = g.node(Op::Clamp, &[b, bound, bound]);
    g.output("y", c);
    Segment::whole(Arc::new(g.check().unwrap()))
}

#[test]
fn a_reshape_has_the_memory_of_what_it_reshapes() {
    let segment = chain();
    let schedule = Schedule::new(&segment, 16);
    assert_eq!(schedule.storage(Value::Node(1)), Value::Node(0));
    assert_eq!(schedule.slot(Value::Node(1)), schedule.slot(Value::Node(0)));
    assert_eq!(schedule.slot(Value::Input(0)), None);
    assert_eq!(schedule.dies_after(2), [Value::Node(0), Value::Node(1)]);
    assert_eq!(schedule.arena_bytes(), 64, "two values of 24 bytes, each in 32");
}

#[test]
fn what_one_step_makes_and_alone_reads_needs_no_memory() {
    let options = ScheduleOptions {
        alignment: 1,
        outputs_in_arena: false,
    };
    let fused = Schedule::with_steps(&chain(), vec![vec![0, 1, 2]], &options).unwrap();
    assert_eq!(fused.arena_bytes(), 0);
    let apart = Schedule::with_steps(&chain(), vec![vec![0], vec![2]], &options).unwrap();
    assert_eq!(
        (apart.slot(Value::Node(0)), apart.slot(Value::Node(2))),
        (Some(0..24), None)
    );
}

#[test]
fn steps_that_are_no_order_of_the_nodes_are_refused() {
    let refused = |steps| Schedule::with_steps(&chain(), steps, &ScheduleOptions::default()).unwrap_err();
    assert_eq!(refused(vec![vec![2], vec![0]]), ScheduleError::TooEarly(2));
    assert_eq!(refused(vec![vec![0]]), ScheduleError::NotOnce(2));
    assert_eq!(
        refused(vec![vec![0], vec![0], vec![2]]),
        ScheduleError::NotOnce(0)
    );
    assert_eq!(
        refused(vec![vec![0], vec![2], vec![3]]),
        ScheduleError::Outside(3)
    );
}

#[test]
fn as_many_nodes_as_a_graph_may_have_are_scheduled_quickly() {
    let mut g = Parsed::default();
    let mut x = g.input("x", TensorType::new(DType::I32, &[8]).unwrap());
    let bound = g.constant(&Tensor::new(TensorType::scalar(DType::I32), vec![7]).unwrap());
    for _ in 0..crate::limits::MAX_NODES {
        x = g.node(Op::Clamp, &[x, bound, bound]);
    }
    g.output("y", x);
    let segment = Segment::whole(Arc::new(g.check().unwrap()));
    assert_eq!(Schedule::new(&segment, 32).arena_bytes(), 64);
}
