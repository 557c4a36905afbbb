//! Single operators at several sizes, on one thread, the reference kernels as peer; and what the machine
//! gives at best.

use super::machine;
use super::operators::{self, Built};
use crate::bench::{Bench, Case};
use crate::error::Error;
use crate::prepared::Prepared;
use crate::record::{Measured, Record};
use crate::subject::Subject;
use crate::unit::Unit;

/// An operator at several sizes.
struct Family {
    name: &'static str,
    /// What its size counts.
    axis: &'static str,
    sizes: &'static [u32],
    build: fn(u32) -> Built,
    unit: Unit,
}

const FAMILIES: [Family; 6] = [
    Family {
        name: "product of N rows by N × N",
        axis: "N",
        sizes: &[64, 128, 256, 512, 1024],
        build: |n| operators::mat_mul(n, n, n),
        unit: Unit::GOPS,
    },
    Family {
        name: "product of one row by N × N",
        axis: "N",
        sizes: &[256, 1024, 4096],
        build: |n| operators::mat_mul(1, n, n),
        unit: Unit::GOPS,
    },
    Family {
        name: "convolution 3 × 3 of 64 channels over N × N",
        axis: "N",
        sizes: &[7, 14, 28, 56],
        build: |n| operators::conv2d(64, [n, n]),
        unit: Unit::GOPS,
    },
    Family {
        name: "Requantise of N sums",
        axis: "N",
        sizes: &[1 << 10, 1 << 14, 1 << 18],
        build: operators::requantise,
        unit: Unit::ELEMENTS,
    },
    Family {
        name: "Table of N bytes",
        axis: "N",
        sizes: &[1 << 10, 1 << 14, 1 << 18],
        build: operators::table,
        unit: Unit::ELEMENTS,
    },
    Family {
        name: "Add of N bytes",
        axis: "N",
        sizes: &[1 << 10, 1 << 14, 1 << 18],
        build: operators::add,
        unit: Unit::ELEMENTS,
    },
];

/// The machine, then a case for each operator and size.
pub(crate) fn cases<'s>() -> Vec<Case<'s>> {
    let mut cases = machine::cases();
    for family in &FAMILIES {
        for &size in family.sizes {
            cases.push(Case {
                subject: Subject::Kernels,
                name: format!("{}, {size}", family.name),
                measure: Box::new(move |bench| measure(bench, family, size)),
            });
        }
    }
    cases
}

fn measure(bench: &Bench<'_>, family: &Family, size: u32) -> Result<Vec<Record>, Error> {
    let case = format!("{}, N = {size}", family.name);
    let graph = (family.build)(size).map_err(|problem| Error::Fails {
        case: case.clone(),
        problem,
    })?;
    let prepared = Prepared::new(&case, family.name, graph);
    let compared = machine::on_one_thread(&case, || prepared.compare(bench, &case, 1))??;
    let work = prepared.work(1);
    let pieces = if family.unit == Unit::GOPS {
        work.operations
    } else {
        f64::from(size)
    };
    let record =
        |ours: &crate::prepared::Compared<'_>| {
            let figure = |taken| Measured { taken, work: pieces };
            let peer = compared
                .reference
                .as_ref()
                .map(|taken| ("reference", figure(taken)));
            let figure = figure(&ours.taken);
            let mut record = Record::new(Subject::Kernels, &case, family.unit, ours.engine, &figure, peer)
                .at(family.name, f64::from(size), family.axis);
            record.threads = Some(1);
            record.work = (family.unit == Unit::GOPS).then_some(work);
            record
        };
    Ok(compared.engines.iter().map(record).collect())
}
