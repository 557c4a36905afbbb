//! How long a backend takes for a probe.

use super::probes::Probe;
use crate::backend::BackendError;
use crate::buffer::{Batch, Buffer};
use crate::member::{Member, caught_result};
use crate::placement::Placement;
use bytes::Bytes;
use metisvm_model::Segment;
use std::time::{Duration, Instant};

/// The least and the most tries of which the quickest counts. A single one may be one in which the system gave the
/// processor to somebody else.
const TRIES: [usize; 2] = [3, 7];
/// No other try is begun after so long.
const ENOUGH: Duration = Duration::from_millis(4);

/// Measures one backend, up to a point in time.
pub(super) struct Watch<'a> {
    pub(super) member: &'a Member,
    pub(super) until: Instant,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// Nanoseconds from values on the host to values on the host.
    pub(super) time: f64,
    /// Whether the results were left on the device.
    pub(super) stays: bool,
}

impl Watch<'_> {
    /// Runs a probe on so many items; none where the backend does not take it or there is no time left.
    pub(super) fn probe(&self, probe: &Probe, items: usize) -> Result<Option<Sight>, BackendError> {
        let nodes = 0..probe.graph.nodes().len();
        if Instant::now() > self.until || self.member.takes(&probe.graph) != [nodes.clone()] {
            return Ok(None);
        }
        let segment = Segment::part(probe.graph.clone(), nodes);
        let executable = match self.member.compile(&segment) {
            Ok(executable) => executable,
            Err(BackendError::TooLarge(_) | BackendError::NotTaken(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let ports = probe.graph.inputs().iter().map(|port| &port.ty);
        let item = Bytes::from(probe.input());
        let batch = Batch::from_items(ports, vec![item; items])?;
        // The first run also loads what is to stay on the device.
        let (_, stays) = self.run(&*executable, &batch)?;
        let started = Instant::now();
        let mut least = Duration::MAX;
        for tried in 1..=TRIES[1] {
            least = least.min(self.run(&*executable, &batch)?.0);
            if tried >= TRIES[0] && started.elapsed() > ENOUGH {
                break;
            }
        }
        Ok(Some(Sight {
            time: least.as_nanos() as f64,
            stays,
        }))
    }

    /// The same for a probe that may not be.
    pub(super) fn maybe(&self, probe: Option<Probe>, items: usize) -> Result<Option<Sight>, BackendError> {
        probe.map_or(Ok(None), |probe| self.probe(&probe, items))
    }

    fn run(
        &self,
        executable: &dyn crate::backend::Executable,
        batch: &Batch,
    ) -> Result<(Duration, bool), BackendError> {
        let started = Instant::now();
        let outputs = caught_result(|| {
            if self.member.runs_at_once() {
                executable.run(batch)
            } else {
                executable.submit(batch)?.wait()
            }
        })?;
        let away = |buffer: &Buffer| buffer.placement() != Placement::Host;
        let stays = outputs.values().iter().any(away);
        caught_result(|| outputs.into_items())?;
        Ok((started.elapsed(), stays))
    }
}
