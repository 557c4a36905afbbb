//! The page is whole, stands alone, and shows what is in the records, whoever named it.

#[path = "support/page_check.rs"]
mod page_check;

use metisvm_bench::{Page, Place, Record, Subject, Work};
use page_check::{stands_alone, well_formed};

fn record(case: &str, backend: &str, size: f64, ours: f64) -> Record {
    Record {
        subject: Subject::Models,
        case: case.to_owned(),
        unit: "inferences/s".to_owned(),
        ours,
        spread: Some([ours * 1.1, ours * 0.9]),
        peer: Some(("reference".to_owned(), 50.0)),
        backend: backend.to_owned(),
        level: None,
        threads: Some(1),
        samples: 9,
        place: Some(Place {
            family: "a model".to_owned(),
            size,
            axis: "batch".to_owned(),
        }),
        work: Some(Work {
            operations: 1e6,
            bytes: 1e4,
        }),
    }
}

fn machine(case: &str, unit: &str, ours: f64) -> Record {
    Record {
        subject: Subject::Kernels,
        case: case.to_owned(),
        unit: unit.to_owned(),
        peer: None,
        place: None,
        work: None,
        level: Some("avx2".to_owned()),
        ..record(case, "cpu", 1.0, ours)
    }
}

fn page() -> Page {
    Page {
        facts: vec![("command".to_owned(), "metisvm bench".to_owned())],
        records: vec![
            machine("multipliers alone", "GOPS", 500.0),
            machine("reading memory", "GB/s", 10.0),
            record("a model, batch 1", "cpu", 1.0, 100.0),
            record("a model, batch 1", "fpga", 1.0, 50.0),
            record("a model, batch 16", "cpu", 16.0, 100.0),
            record("a model, batch 16", "fpga", 16.0, 400.0),
        ],
        joined: vec![("peer.jsonl".to_owned(), vec![record("theirs", "cpu", 4.0, 77.0)])],
        notes: vec!["left out: this".to_owned()],
        devices: vec!["fpga".to_owned()],
    }
}

#[test]
fn a_page_is_well_formed_and_stands_alone() {
    let html = page().html();
    stands_alone(&html).unwrap();
    for shown in [
        "metisvm bench",
        "a model, batch 16",
        "Figures of peer.jsonl",
        "left out: this",
        "pays from batch",
        "Roofline",
        "×2.00",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    let tags = well_formed(&html).unwrap();
    assert!(
        tags.iter().filter(|tag| *tag == "svg").count() >= 2,
        "a plot and the roofline"
    );
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("@media print"));
}

#[test]
fn a_page_of_nothing_is_a_page() {
    stands_alone(&Page::default().html()).unwrap();
}

#[test]
fn no_text_from_outside_gets_out_of_its_place() {
    let hostile = "</title></td><script src=\"http://x\">alert('&')</script>\" onload=\"x\u{202e}\0";
    let mut page = page();
    for (name, text) in &mut page.facts {
        (*name, *text) = (hostile.to_owned(), hostile.to_owned());
    }
    page.notes = vec![hostile.to_owned()];
    page.devices = vec![hostile.to_owned()];
    for (name, records) in &mut page.joined {
        *name = hostile.to_owned();
        page.records.append(records);
    }
    for record in &mut page.records {
        for text in [&mut record.unit, &mut record.backend] {
            *text = hostile.to_owned();
        }
        record.level = Some(hostile.to_owned());
        record.peer = Some((hostile.to_owned(), 1.0));
        if let Some(place) = &mut record.place {
            (place.family, place.axis) = (hostile.to_owned(), hostile.to_owned());
            record.case = format!("{hostile}{}", place.size);
        }
    }
    page.joined.push((hostile.to_owned(), page.records.clone()));
    let html = page.html();
    let tags = well_formed(&html).unwrap();
    assert!(!tags.contains(&"script".to_owned()));
    assert!(!html.contains('\u{202e}') && !html.contains('\0'));
    assert!(html.contains("&lt;script"));
}

#[test]
fn figures_that_no_plot_can_show_do_no_harm() {
    let mut page = page();
    for (record, value) in page
        .records
        .iter_mut()
        .zip([0.0, f64::NAN, f64::INFINITY, -1.0, 1e300, 1e-300])
    {
        record.ours = value;
        record.spread = Some([value, value]);
        record.peer = Some(("x".to_owned(), value));
    }
    let html = page.html();
    stands_alone(&html).unwrap();
    for wrong in ["NaN", "inf,", "inf\""] {
        assert!(!html.contains(wrong), "{wrong}");
    }
}
