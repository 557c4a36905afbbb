//! Every accumulator that is wrong is found, by the quick way itself.

use super::*;
use metisvm_model::{DType, Graph, Op, Padding, Parsed, Tensor, TensorType, Value, Window};
use std::sync::Arc;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn tensor(&mut self, ty: TensorType, low: i64, high: i64) -> Tensor {
        let data = (0..ty.elements()).map(|_| (low + (self.next() >> 33) as i64 % (high - low + 1)) as i32);
        let data = data.collect();
        Tensor::new(ty, data).expect("in range")
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("within the limits")
}

/// A graph under construction, with random constants.
struct Builder {
    parsed: Parsed,
    random: Random,
}

impl Builder {
    fn new(seed: u64) -> Self {
        Self {
            parsed: Parsed::default(),
            random: Random(seed),
        }
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], low: i64, high: i64) -> Value {
        let tensor = self.random.tensor(ty(dtype, dims), low, high);
        self.parsed.constant(&tensor)
    }

    /// To bytes again, so that a product can read it.
    fn requantise(&mut self, x: Value, to: DType) -> Value {
        let multiplier = self.constant(DType::I16, &[], 20_000, 30_000);
        let shift = self.constant(DType::U8, &[], 20, 20);
        let zero = self.constant(to, &[], 3, 3);
        self.parsed
            .node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
    }

    fn finish(mut self, outputs: &[Value]) -> Arc<Graph> {
        for (number, &output) in outputs.iter().enumerate() {
            self.parsed.output(format!("y{number}").as_str(), output);
        }
        Arc::new(self.parsed.check().expect("sound"))
    }
}

/// Two layers with zero points and biases, the second with a matrix for each of two halves, and a third that multiplies
/// what two of them computed.
fn matrices() -> Arc<Graph> {
    let mut b = Builder::new(3);
    let x = b.parsed.input("x", ty(DType::I8, &[2, 5, 24]));
    let w = b.constant(DType::I8, &[24, 19], -128, 127);
    let x_zero = b.constant(DType::I8, &[], -7, -7);
    let w_zeros = b.constant(DType::I8, &[19], -9, 9);
    let bias = b.constant(DType::I32, &[19], -100_000, 100_000);
    let first = b.parsed.node(Op::MatMul, &[x, w, x_zero, w_zeros, bias]);
    let bytes = b.requantise(first, DType::U8);
    let w = b.constant(DType::U8, &[2, 19, 24], 0, 255);
    let (x_zero, w_zero) = (
        b.constant(DType::U8, &[], 3, 3),
        b.constant(DType::U8, &[], 128, 128),
    );
    let second = b.parsed.node(Op::MatMul, &[bytes, w, x_zero, w_zero]);
    let right = b.requantise(second, DType::I8);
    let right = b.parsed.node(
        Op::Reshape {
            shape: metisvm_model::Shape::new(&[2, 24, 5]).expect("small"),
        },
        &[right],
    );
    let w_zero = b.constant(DType::I8, &[], 3, 3);
    let x_zero = b.constant(DType::I8, &[], -7, -7);
    let third = b.parsed.node(Op::MatMul, &[x, right, x_zero, w_zero]);
    let last = b.requantise(third, DType::I8);
    b.finish(&[last, first])
}

fn images(window: Window, groups: u32) -> Arc<Graph> {
    let mut b = Builder::new(5);
    let x = b.parsed.input("x", ty(DType::U8, &[2, 4, 9, 7]));
    let w = b.constant(DType::I8, &[6, 4 / groups, 3, 2], -128, 127);
    let x_zero = b.constant(DType::U8, &[], 100, 100);
    let w_zeros = b.constant(DType::I8, &[6], -9, 9);
    let bias = b.constant(DType::I32, &[6], -100_000, 100_000);
    let first = b
        .parsed
        .node(Op::Conv2d { window, groups }, &[x, w, x_zero, w_zeros, bias]);
    let last = b.requantise(first, DType::U8);
    b.finish(&[last])
}

fn words() -> Arc<Graph> {
    let mut b = Builder::new(7);
    let x = b.parsed.input("x", ty(DType::I16, &[3, 20]));
    let w = b.constant(DType::I8, &[20, 33], -128, 127);
    let (x_zero, w_zero) = (
        b.constant(DType::I16, &[], -300, -300),
        b.constant(DType::I8, &[], 1, 1),
    );
    let y = b.parsed.node(Op::WideMatMul, &[x, w, x_zero, w_zero]);
    b.finish(&[y])
}

fn graphs() -> Vec<(&'static str, Arc<Graph>)> {
    let window = |stride, dilation, padding| Window {
        stride: [stride, stride],
        dilation: [dilation, dilation],
        padding: Padding::all(padding),
    };
    vec![
        ("matrices", matrices()),
        ("words", words()),
        ("image", images(window(1, 1, 1), 1)),
        ("image in strides", images(window(2, 1, 1), 1)),
        ("image in groups, dilated", images(window(1, 2, 2), 2)),
    ]
}

/// A checker, and what a sound device gives for some items.
fn case(graph: &Arc<Graph>, items: usize) -> (Checker, Vec<(usize, usize)>, Vec<(Vec<u8>, Vec<u8>)>) {
    let segment = Segment::whole(graph.clone());
    let mut end = segment.output_bytes();
    let mut products = Vec::new();
    for node in segment.nodes() {
        if let Op::MatMul | Op::WideMatMul | Op::Conv2d { .. } = graph.nodes()[node].op {
            products.push((node, end));
            end += graph.ty(Value::Node(node as u32)).bytes();
        }
    }
    let reference = Reference::of(segment.clone());
    let mut random = Random(11);
    let item = |_| {
        let input: Vec<u8> = (0..segment.input_bytes()).map(|_| random.next() as u8).collect();
        let mut accumulators = Vec::new();
        let outputs = reference.run_with(&input, |step| {
            let result = step.evaluate();
            if products.iter().any(|(node, _)| *node == step.node) {
                result.write_bytes(&mut accumulators);
            }
            result
        });
        let mut answer = outputs.expect("its length is right");
        answer.extend(accumulators);
        (input, answer)
    };
    let given = (0..items).map(item).collect();
    (
        Checker::new(&segment, &products).expect("randomness"),
        products,
        given,
    )
}

fn view(given: &[(Vec<u8>, Vec<u8>)]) -> Vec<Item<'_>> {
    given
        .iter()
        .map(|(input, answer)| (&**input, &**answer))
        .collect()
}

/// Whether the quick way takes them, which does not ask the reference kernels.
fn holds(checker: &Checker, given: &[(Vec<u8>, Vec<u8>)]) -> bool {
    checker
        .quick
        .as_ref()
        .expect("a level passes")
        .holds(&view(given))
}

#[test]
fn what_is_right_holds_in_groups_of_every_size() {
    for (name, graph) in graphs() {
        for items in [0, 1, 2, 3, 4, 5, 63, 64, 65, 130] {
            let (checker, _, given) = case(&graph, items);
            assert_eq!(checker.check(&view(&given)), Ok(()), "{name}, {items}");
            assert!(
                !checker.was_wrong.load(Ordering::Relaxed),
                "{name}, {items}: the quick way erred"
            );
        }
    }
}

#[test]
fn every_wrong_accumulator_of_every_item_is_found() {
    for (name, graph) in graphs() {
        for items in [1, 2, 5] {
            let (checker, products, mut given) = case(&graph, items);
            let first = products[0].1;
            for at in (first..given[0].1.len()).step_by(4) {
                // The powers of two that a modulus could swallow, and the ends.
                let bit = [0, 7, 16, 30, 31][at / 4 % 5];
                let item = at / 4 % items;
                let own = &mut given[item].1[at..at + 4];
                let right: [u8; 4] = own.try_into().expect("four bytes");
                own.copy_from_slice(&(i32::from_le_bytes(right) ^ i32::MIN >> (31 - bit)).to_le_bytes());
                assert!(
                    !holds(&checker, &given),
                    "{name}: byte {at}, bit {bit}, item {item} of {items}"
                );
                given[item].1[at..at + 4].copy_from_slice(&right);
            }
            assert!(holds(&checker, &given), "{name}: as it was");
        }
    }
}

#[test]
fn errors_that_cancel_each_other_are_found() {
    for (name, graph) in graphs() {
        let (checker, products, given) = case(&graph, 4);
        let (first, last) = (products[0].1, given[0].1.len() - 4);
        let spoil = |wrong: &mut [(Vec<u8>, Vec<u8>)], item: usize, at: usize, by: i32| {
            let own = &mut wrong[item].1[at..at + 4];
            let right = i32::from_le_bytes((&*own).try_into().expect("four bytes"));
            own.copy_from_slice(&right.wrapping_add(by).to_le_bytes());
        };
        for (one, other) in [
            ((0, first), (1, first)),
            ((0, first), (0, first + 4)),
            ((2, first), (3, last)),
        ] {
            for by in [1, 1 << 16, i32::MIN] {
                let mut wrong = given.clone();
                spoil(&mut wrong, one.0, one.1, by);
                spoil(&mut wrong, other.0, other.1, by.wrapping_neg());
                assert!(!holds(&checker, &wrong), "{name}: {one:?} {other:?} {by}");
            }
        }
        // All alike: what one item has too much, all have.
        let mut wrong = given.clone();
        (0..4).for_each(|item| spoil(&mut wrong, item, last, 5));
        assert!(!holds(&checker, &wrong), "{name}");
    }
}

#[test]
fn what_is_wrong_is_named_and_the_reference_kernels_have_the_last_word() {
    let (checker, products, given) = case(&matrices(), 3);
    for &(node, offset) in &products {
        let mut wrong = given.clone();
        wrong[1].1[offset] ^= 1;
        let error = checker.check(&view(&wrong)).expect_err("a wrong product");
        assert_eq!(error, format!("the product of node {node} (MatMul)"));
    }
    let mut wrong = given.clone();
    wrong[2].1[7] ^= 1;
    assert_eq!(checker.check(&view(&wrong)), Err("output byte 7".to_owned()));
    wrong[2].1.truncate(5);
    assert!(checker.check(&view(&wrong)).is_err());
    wrong[2].0.pop();
    assert!(checker.check(&view(&wrong)).is_err());
    assert!(
        !checker.was_wrong.load(Ordering::Relaxed),
        "nothing that is right was refused"
    );
    // Without the quick way all is as before.
    checker.was_wrong.store(true, Ordering::Relaxed);
    assert_eq!(checker.check(&view(&given)), Ok(()));
    wrong.truncate(2);
    wrong[1].1[products[1].1] ^= 1;
    assert!(
        checker
            .check(&view(&wrong))
            .expect_err("wrong")
            .contains("product")
    );
}
