//! Measurements that are kept, damaged, or fail.

use crate::claimant::{Claimant, Fault};
use crate::folder::Folder;
use crate::numbers::Numbers;
use crate::{graph, without_memo};
use metisvm_accel::{Backend, CostCache, DeviceId, Dispatcher, Policy};
use metisvm_model::{Bundle, Reference};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A device that is measured, before the reference, with a model; what is said of that, and how often it compiled
/// something for it. The model gives what the reference gives, whatever happens.
fn measured(name: &str, fault: Option<Fault>, cache: Option<CostCache>) -> (Vec<String>, usize) {
    let numbers = Arc::new(Numbers::new(3));
    let graph = graph(&numbers);
    let device = Arc::new(Claimant {
        measured_as: Some(name.to_owned()),
        fault,
        restless: false,
        ..Claimant::new(Some(DeviceId::unique()), 1000, &numbers)
    });
    let backends = vec![device.clone() as Arc<dyn Backend>];
    let dispatcher = Dispatcher::with_policy(backends, without_memo(), Policy::Auto, cache);
    let id = dispatcher.add(Bundle::encode(graph.clone()).unwrap().0);
    let compiled = device.compiled.load(Ordering::Relaxed);
    let input: Vec<u8> = (0..24).collect();
    let expected = Reference::new(Arc::new(graph)).run(&input).unwrap();
    assert_eq!(*dispatcher.infer(id, &input).unwrap(), *expected);
    (dispatcher.take_notes(), compiled)
}

/// The line that is said of the device.
fn line(notes: &[String]) -> &str {
    let own: Vec<&String> = notes.iter().filter(|note| note.starts_with("claimant")).collect();
    assert_eq!(own.len(), 1, "{notes:?}");
    own[0]
}

#[test]
fn what_was_measured_is_kept_for_the_same_device_and_no_other() {
    let folder = Folder::new("kept");
    let (notes, compiled) = measured("one", None, Some(folder.cache()));
    assert!(line(&notes).contains("kept in") && compiled > 10, "{notes:?}");
    assert_eq!(measured("one", None, Some(folder.cache())), (Vec::new(), 0));
    // Another driver, say; the reference is known by now.
    let (notes, compiled) = measured("other", None, Some(folder.cache()));
    assert!(line(&notes).contains("kept in") && compiled > 10, "{notes:?}");
    assert_eq!(
        (notes.len(), measured("one", None, Some(folder.cache())).1),
        (1, 0)
    );
    // Without a cache it is measured as often as there are dispatchers.
    let (notes, compiled) = measured("one", None, None);
    assert!(line(&notes).contains("not kept") && compiled > 10, "{notes:?}");
}

#[test]
fn file_that_is_damaged_foreign_or_old_costs_a_measurement_and_a_line() {
    let folder = Folder::new("damaged");
    let cache = folder.cache();
    measured("one", None, Some(cache.clone()));
    let sound = std::fs::read_to_string(cache.file()).unwrap();
    let damages: [(&str, Vec<u8>); 6] = [
        ("cut", sound.as_bytes()[..40].to_vec()),
        ("no text", vec![0xff; 1000]),
        ("no costs", b"NaN,1,1,1,0 one\n".to_vec()),
        ("somebody else's", b"{\"launch\": 3}\n".to_vec()),
        ("too long", sound.repeat(1000).into_bytes()),
        (
            "absurd",
            sound
                .replace("e1", "e99")
                .replace("e2", "e98")
                .replace("e3", "e97")
                .into_bytes(),
        ),
    ];
    for (what, bytes) in damages {
        std::fs::write(cache.file(), bytes).unwrap();
        let (notes, compiled) = measured("one", None, Some(cache.clone()));
        assert!(
            line(&notes).contains("is damaged") && compiled > 10,
            "{what}: {notes:?}"
        );
        assert_eq!(
            measured("one", None, Some(cache.clone())),
            (Vec::new(), 0),
            "{what}: not mended"
        );
    }
    // Of another edition: nothing is damaged, and nothing in it is for this program.
    std::fs::write(cache.file(), sound.replace("edition", "edition 0 or")).unwrap();
    let (notes, compiled) = measured("one", None, Some(cache.clone()));
    assert!(!line(&notes).contains("is damaged") && compiled > 10, "{notes:?}");
    // A folder where the file should be.
    std::fs::remove_file(cache.file()).unwrap();
    std::fs::create_dir(cache.file()).unwrap();
    let (notes, _) = measured("one", None, Some(cache));
    assert!(line(&notes).contains("cannot be written"), "{notes:?}");
}

#[test]
fn device_that_fails_when_it_is_measured_is_passed_over() {
    let folder = Folder::new("failing");
    for fault in [
        Fault::Fails,
        Fault::Panics,
        Fault::OutOfService,
        Fault::PanicsOnQuestions,
    ] {
        let (notes, _) = measured("one", Some(fault), Some(folder.cache()));
        let passed_over = line(&notes).contains("passed over");
        // Whoever panics when he is asked for his name is measured, and nothing is kept.
        assert_eq!(
            passed_over,
            fault != Fault::PanicsOnQuestions,
            "{fault:?}: {notes:?}"
        );
        assert!(!notes[0].contains("kept in"), "{notes:?}");
    }
    // Nothing of that was kept for a device that works again.
    let (notes, compiled) = measured("one", None, Some(folder.cache()));
    assert!(line(&notes).contains("kept in") && compiled > 10, "{notes:?}");
}

#[test]
fn order_of_the_list_needs_no_costs() {
    let numbers = Arc::new(Numbers::new(5));
    let model = Bundle::encode(graph(&numbers)).unwrap().0;
    let device = Arc::new(Claimant {
        measured_as: Some("one".to_owned()),
        ..Claimant::new(None, 1000, &numbers)
    });
    for (policy, backends) in [
        (Policy::Order, vec![device.clone() as Arc<dyn Backend>]),
        // An engine of the host that takes everything, and the reference: there is nothing to decide.
        (Policy::Auto, vec![device.clone() as Arc<dyn Backend>]),
    ] {
        let dispatcher = Dispatcher::with_policy(backends, without_memo(), policy, None);
        dispatcher.add(model.clone());
        assert_eq!(dispatcher.take_notes(), Vec::<String>::new());
        assert_eq!(device.compiled.load(Ordering::Relaxed), 0);
    }
}
