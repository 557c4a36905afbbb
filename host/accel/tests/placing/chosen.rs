//! Who is chosen, and who is next.

use crate::claimant::{Claimant, Fault};
use crate::folder::Folder;
use crate::numbers::Numbers;
use crate::{graph, without_memo};
use metisvm_accel::costs::{Class, Rate};
use metisvm_accel::{Backend, Costs, DeviceId, Dispatcher, Policy};
use metisvm_model::{Bundle, Reference};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A backend that takes everything at these costs: a launch, and each element.
fn priced(
    name: &'static str,
    device: bool,
    (launch, each): (f64, f64),
    fault: Option<Fault>,
) -> Arc<Claimant> {
    let rate = Some(Rate {
        each,
        ..Rate::default()
    });
    let claim = Costs {
        launch,
        stays: device,
        rates: [rate; Class::ALL.len()],
        ..Costs::default()
    };
    Arc::new(Claimant {
        name,
        claim: Some(claim),
        fault,
        restless: false,
        ..Claimant::new(device.then(DeviceId::unique), 1000, &Arc::new(Numbers::new(1)))
    })
}

#[test]
fn the_size_of_the_batch_decides_and_the_order_of_the_list_does_not_know_it() {
    let model = Bundle::encode(graph(&Numbers::new(9))).unwrap().0;
    let elements = model.graph.work().elements as f64;
    // The device pays from about eight items on.
    let device = priced("device", true, (8.0 * elements, 0.01), None);
    let host = priced("host", false, (0.0, 1.0), None);
    let folder = Folder::new("sizes");
    let backends = vec![device.clone() as Arc<dyn Backend>, host.clone()];
    let dispatcher = Dispatcher::with_policy(backends, without_memo(), Policy::Auto, Some(folder.cache()));
    let id = dispatcher.add(model);
    let chosen = |items, policy| {
        let forecast = dispatcher.forecast(id, items, policy).unwrap();
        assert_eq!(forecast.parts.len(), 1);
        (forecast.parts[0].backend, forecast.time.unwrap())
    };
    for (items, name) in [(1, "host"), (4, "host"), (32, "device"), (64, "device")] {
        let ((auto, quickest), (order, listed)) = (chosen(items, Policy::Auto), chosen(items, Policy::Order));
        assert_eq!((auto, order), (name, "device"), "{items}");
        assert!(quickest <= listed);
    }
    dispatcher.infer(id, &[1; 24]).unwrap();
    assert_eq!(
        (
            host.ran.load(Ordering::Relaxed),
            device.ran.load(Ordering::Relaxed)
        ),
        (1, 0)
    );
}

#[test]
fn where_the_chosen_one_fails_the_first_of_the_list_is_next() {
    let graph = graph(&Numbers::new(9));
    let expected = Reference::new(Arc::new(graph.clone())).run(&[1; 24]).unwrap();
    let model = Bundle::encode(graph).unwrap().0;
    let folder = Folder::new("next");
    for fault in [
        Fault::FailsToRun,
        Fault::Fails,
        Fault::Panics,
        Fault::OutOfService,
    ] {
        let dear = priced("dear", false, (0.0, 9.0), None);
        let cheap = priced("cheap", true, (0.0, 1e-6), Some(fault));
        let last = priced("last", false, (0.0, 5.0), None);
        let backends = vec![dear.clone() as Arc<dyn Backend>, cheap.clone(), last.clone()];
        let dispatcher =
            Dispatcher::with_policy(backends, without_memo(), Policy::Auto, Some(folder.cache()));
        let id = dispatcher.add(model.clone());
        let forecast = dispatcher.forecast(id, 1, Policy::Auto).unwrap();
        assert_eq!(forecast.parts[0].backend, "cheap");
        assert_eq!(*dispatcher.infer(id, &[1; 24]).unwrap(), *expected);
        let ran = [&dear, &cheap, &last].map(|backend| backend.ran.load(Ordering::Relaxed));
        assert_eq!(
            (ran, dispatcher.counters().fallbacks),
            ([1, 0, 0], 1),
            "{fault:?}"
        );
    }
}
