//! What work costs on a backend, by a short measurement: small generated graphs run through the same interface
//! as every model. Only where something runs depends on it.
//!
//! Each class of shapes is measured small, larger, and on several items; what is known by then (launch, transfer,
//! the elementwise nodes between two products) is taken off, and the rest gives the class's rate. The quickest of
//! a few tries counts, because only disturbance makes one slower. All of it takes a few tenths of a second.

mod cache;
mod line;
mod probes;
mod watch;

pub use cache::CostCache;
pub(crate) use cache::Found;

use crate::backend::{Backend, BackendError};
use crate::costs::{Class, Costs, Load, Rate};
use crate::member::Member;
use line::Line;
use metisvm_model::Graph;
use probes::Probe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::{Sight, Watch};

/// Items of the batches that are compared with one item.
const ITEMS: usize = 8;
/// A probe that takes as long is large enough: what is lost beside it no longer matters.
const LONG_ENOUGH: f64 = 1.5e6;
/// After so long nothing else is begun; classes that are left cost what their kin do. Most of it is for drivers that
/// compile programs.
const TIME: Duration = Duration::from_secs(10);
/// The part of a measurement that stays with what was to be measured, whatever is taken off.
const LEAST_SHARE: f64 = 0.2;
/// The least that another item costs, as a part of what the first does.
const LEAST_ITEM: f64 = 0.02;

/// Measures a backend.
///
/// # Errors
/// Why there are no costs: the device failed, or takes nothing that is measured.
pub fn measure(backend: Arc<dyn Backend>) -> Result<Costs, String> {
    of_member(&Member::new(backend))
}

pub(crate) fn of_member(member: &Member) -> Result<Costs, String> {
    let failed = |error: BackendError| error.to_string();
    let watch = Watch {
        member,
        until: Instant::now() + TIME,
    };
    let mut costs = basics(&watch).map_err(failed)?;
    for class in Class::ALL {
        if class != Class::Elementwise {
            costs.rates[class as usize] = rate(&watch, &costs, class).map_err(failed)?;
        }
    }
    let nothing = || "it takes nothing that could be measured".to_owned();
    let any = costs.rates.iter().any(Option::is_some);
    let costs = any.then_some(costs).ok_or_else(nothing)?;
    costs
        .checked()
        .ok_or_else(|| "its times make no sense".to_owned())
}

/// A probe, how long it takes for one item, and for [`ITEMS`] of them.
struct Timed {
    probe: Probe,
    one: f64,
    several: f64,
}

/// Launch, transfer and elementwise nodes, which every other measurement contains.
fn basics(watch: &Watch<'_>) -> Result<Costs, BackendError> {
    let mut costs = Costs::default();
    // A backend without elementwise nodes is measured by products alone: its launch is part of their steps.
    let Some(tiny) = watch.maybe(probes::elementwise(probes::TINY, 1), 1)? else {
        return Ok(costs);
    };
    costs.stays = tiny.stays;
    let long = watch.maybe(probes::elementwise(probes::TINY, probes::LINKS), 1)?;
    let several =
        [1, probes::LINKS].map(|links| watch.maybe(probes::elementwise(probes::TINY, links), ITEMS));
    let [tiny_several, long_several] = several;
    let more_nodes = 2.0 * (probes::LINKS as f64 - 1.0);
    let more_items = (ITEMS - 1) as f64;
    let per_node = |long: Option<Sight>, tiny: Sight| {
        long.map_or(0.0, |long| ((long.time - tiny.time) / more_nodes).max(0.0))
    };
    let first = per_node(long, tiny);
    let mut rate = Rate {
        step: first,
        ..Rate::default()
    };
    if let Some(tiny_several) = tiny_several? {
        let all = per_node(long_several?, tiny_several);
        rate.item = ((all - first) / more_items).clamp(0.0, first);
        rate.step = first - rate.item;
        let item = (tiny_several.time - tiny.time) / more_items;
        costs.item = (item - 2.0 * rate.item).max(0.0);
    }
    costs.launch = (tiny.time - 2.0 * first).max(0.0);
    for elements in probes::ELEMENTS {
        let (Some(short), Some(long)) = (
            watch.maybe(probes::elementwise(elements, 1), 1)?,
            watch.maybe(probes::elementwise(elements, probes::LINKS), 1)?,
        ) else {
            break;
        };
        let units = f64::from(elements);
        let marginal = (long.time - short.time) / more_nodes - first;
        let whole = long.time / (2.0 * probes::LINKS as f64);
        rate.each = marginal.max(whole * LEAST_SHARE) / units;
        let moved = short.time - costs.launch - 2.0 * rate.of(units, 1.0);
        // As many bytes go in as come out.
        costs.up = moved.max(0.0) / (2.0 * units);
        costs.down = costs.up;
        if long.time > LONG_ENOUGH {
            break;
        }
    }
    costs.rates[Class::Elementwise as usize] = Some(rate);
    Ok(costs)
}

/// The rate of a class; none where nothing of it is taken, or no time is left.
fn rate(watch: &Watch<'_>, costs: &Costs, class: Class) -> Result<Option<Rate>, BackendError> {
    for ladder in probes::ladders(class) {
        let mut sights = Vec::new();
        for probe in ladder {
            let Some(sight) = watch.probe(&probe, 1)? else {
                break;
            };
            sights.push((probe, sight.time));
            if sight.time > LONG_ENOUGH {
                break;
            }
        }
        let mut timed = Vec::new();
        for (probe, one) in sights {
            let several = watch.probe(&probe, ITEMS)?;
            timed.push(Timed {
                probe,
                one,
                // Without time for it, as if each item were the first.
                several: several.map_or(one * ITEMS as f64, |sight| sight.time),
            });
        }
        if !timed.is_empty() {
            return Ok(Some(fit(costs, class, &timed)));
        }
    }
    Ok(None)
}

/// What follows from probes of a class, each of one item and of several: a line over the units for what another item
/// costs, and one for the rest.
fn fit(costs: &Costs, class: Class, timed: &[Timed]) -> Rate {
    let (mut items, mut runs) = (Line::default(), Line::default());
    for timed in timed {
        let share = Share::of(&timed.probe.graph, class);
        let rest = |time: f64, items: f64| (time - share.others(costs, items)).max(time * LEAST_SHARE);
        let one = rest(timed.one, 1.0).max(1.0);
        let more = (rest(timed.several, ITEMS as f64) - one) / (ITEMS - 1) as f64;
        let more = more.clamp(one * LEAST_ITEM, one);
        let weight = 1.0 / one;
        items.add(share.nodes, share.units, more, weight);
        runs.add(share.nodes, share.units, one - more, weight);
    }
    let ((item, each), (step, once)) = (items.solve(), runs.solve());
    Rate {
        step,
        item,
        once,
        each,
    }
}

/// The nodes of a probe: those of its class, and what else it holds.
struct Share {
    nodes: f64,
    units: f64,
    others: Vec<Load>,
    bytes: f64,
}

impl Share {
    fn of(graph: &Graph, class: Class) -> Self {
        let loads = (0..graph.nodes().len()).map(|index| Load::of(graph, index));
        let (own, others): (Vec<Load>, Vec<Load>) = loads.partition(|load| load.class == Some(class));
        Self {
            nodes: own.len() as f64,
            units: own.iter().map(|load| load.units).sum::<f64>().max(1.0),
            others,
            bytes: (graph.input_bytes() + graph.output_bytes()) as f64,
        }
    }

    /// Nanoseconds of all but the nodes of the class.
    fn others(&self, costs: &Costs, items: f64) -> f64 {
        let nodes = self.others.iter().filter_map(|load| costs.node(*load, items));
        costs.launch(items) + self.bytes * items * costs.up + nodes.sum::<f64>()
    }
}

#[cfg(test)]
mod tests;
