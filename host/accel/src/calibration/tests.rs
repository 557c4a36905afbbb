use super::*;
use crate::cpu::{self, CpuBackend};
use crate::reference::ReferenceBackend;
use crate::{Executable, backend};
use metisvm_model::Segment;
use std::ops::Range;

#[test]
fn every_probe_can_be_built_and_a_ladder_has_as_many_nodes_of_its_class_at_each_size() {
    for elements in [&[probes::TINY][..], &probes::ELEMENTS].concat() {
        for links in [1, probes::LINKS] {
            let probe = probes::elementwise(elements, links).expect("a graph of this size");
            assert_eq!(probe.graph.nodes().len(), 2 * links);
        }
    }
    for class in Class::ALL {
        for ladder in probes::ladders(class) {
            assert!(ladder.len() >= 3, "{class:?}");
            let shares: Vec<Share> = ladder
                .iter()
                .map(|probe| Share::of(&probe.graph, class))
                .collect();
            let nodes = shares[0].nodes;
            assert!(
                nodes > 0.0 && shares.iter().all(|share| share.nodes == nodes),
                "{class:?}"
            );
            assert!(
                shares.windows(2).all(|pair| pair[0].units < pair[1].units),
                "{class:?}"
            );
        }
    }
}

#[test]
fn reference_and_processor_have_costs_of_every_class() {
    for backend in [
        Arc::new(ReferenceBackend) as Arc<dyn Backend>,
        Arc::new(CpuBackend::new(cpu::Options::default())),
    ] {
        let started = Instant::now();
        let costs = measure(backend).expect("a sound backend has costs");
        assert!(started.elapsed() < 3 * TIME);
        assert!(costs.launch > 0.0 && !costs.stays);
        for class in Class::ALL {
            let rate = costs.rates[class as usize];
            assert!(
                rate.is_some_and(|rate| rate.of(1e6, 1.0) > 0.0),
                "{class:?}: {rate:?}"
            );
        }
    }
}

/// The numbers of a made-up engine come out of the times that it would take.
#[test]
fn rates_are_found_behind_launch_and_transfer() {
    let mut costs = Costs {
        launch: 1000.0,
        up: 0.5,
        down: 0.5,
        ..Costs::default()
    };
    costs.rates[Class::Elementwise as usize] = Some(Rate {
        step: 10.0,
        each: 0.1,
        ..Rate::default()
    });
    let truth = Rate {
        step: 500.0,
        item: 50.0,
        once: 0.01,
        each: 0.02,
    };
    let ladder = probes::ladders(Class::Narrow).remove(0);
    let time = |probe: &Probe, items: f64| {
        let share = Share::of(&probe.graph, Class::Narrow);
        share.others(&costs, items)
            + share.nodes * (truth.step + truth.item * items)
            + share.units * (truth.once + truth.each * items)
    };
    let timed = |probe: &Probe| Timed {
        probe: probe.clone(),
        one: time(probe, 1.0),
        several: time(probe, ITEMS as f64),
    };
    let all: Vec<Timed> = ladder.iter().map(timed).collect();
    let found = fit(&costs, Class::Narrow, &all);
    for (found, truth) in [
        (found.step, truth.step),
        (found.item, truth.item),
        (found.once, truth.once),
        (found.each, truth.each),
    ] {
        assert!((found / truth - 1.0).abs() < 1e-6, "{found} {truth}");
    }
    // Times that contradict each other give costs nevertheless.
    let absurd = |(number, timed): (usize, &Timed)| Timed {
        probe: timed.probe.clone(),
        one: 1e6 / (number + 1) as f64,
        several: 0.5,
    };
    let absurd: Vec<Timed> = all.iter().enumerate().map(absurd).collect();
    let found = fit(&costs, Class::Narrow, &absurd);
    let numbers = [found.step, found.item, found.once, found.each];
    assert!(
        numbers.iter().all(|number| (0.0..1e9).contains(number)),
        "{found:?}"
    );
    assert!(found.of(1e6, 1.0) > 0.0);
}

/// Takes products alone, and does one thing wrong.
#[derive(Debug)]
struct Narrow(Option<BackendError>);

impl Backend for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        let is_row = |node: &metisvm_model::Node| matches!(node.op, metisvm_model::Op::ArgMax { .. });
        let all = std::iter::once(0..graph.nodes().len());
        all.filter(|_| graph.nodes().iter().all(is_row)).collect()
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, backend::BackendError> {
        match &self.0 {
            Some(error) => Err(error.clone()),
            None => ReferenceBackend.compile(segment),
        }
    }
}

#[test]
fn backend_is_measured_by_what_it_takes_and_one_that_fails_has_no_costs() {
    let costs = measure(Arc::new(Narrow(None))).expect("it takes the last of the ladders of rows");
    let known: Vec<Class> = Class::ALL
        .into_iter()
        .filter(|class| costs.rates[*class as usize].is_some())
        .collect();
    assert_eq!(known, [Class::Rows]);
    let lost = BackendError::Device("lost".into());
    assert!(measure(Arc::new(Narrow(Some(lost)))).is_err_and(|why| why.contains("lost")));
    let full = BackendError::TooLarge("full".into());
    assert!(measure(Arc::new(Narrow(Some(full)))).is_err_and(|why| why.contains("nothing")));
}
