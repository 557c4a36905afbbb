//! A backend that computes rightly, and says of itself what it likes.

use crate::numbers::Numbers;
use bytes::Bytes;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{
    Backend, BackendError, Batch, Buffer, Costs, DeviceBuffer, DeviceId, Executable, Placement,
};
use metisvm_model::{Graph, Segment, TensorType};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Computes by the reference kernels, and claims what it likes of its costs.
#[derive(Debug)]
pub(crate) struct Claimant {
    pub(crate) name: &'static str,
    /// Costs of its own, instead of whatever the numbers give.
    pub(crate) claim: Option<Costs>,
    /// What it ran.
    pub(crate) ran: Arc<AtomicUsize>,
    pub(crate) device: Option<DeviceId>,
    /// Of so many neighbouring nodes it leaves one.
    pub(crate) leaves: usize,
    pub(crate) numbers: Arc<Numbers>,
    /// Claims nothing, and is measured under this name.
    pub(crate) measured_as: Option<String>,
    /// What it does wrong while it is measured, and from then on.
    pub(crate) fault: Option<Fault>,
    pub(crate) compiled: AtomicUsize,
    /// Other abilities at every look: every batch is divided anew.
    pub(crate) looks: AtomicU64,
    pub(crate) restless: bool,
}

impl Claimant {
    pub(crate) fn new(device: Option<DeviceId>, leaves: usize, numbers: &Arc<Numbers>) -> Self {
        Self {
            name: "claimant",
            claim: None,
            ran: Arc::default(),
            device,
            leaves,
            numbers: numbers.clone(),
            measured_as: None,
            fault: None,
            compiled: AtomicUsize::new(0),
            looks: AtomicU64::new(0),
            restless: true,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    Fails,
    Panics,
    OutOfService,
    PanicsOnQuestions,
    FailsToRun,
}

#[derive(Debug)]
pub(crate) struct Memory(DeviceId, Vec<Bytes>);

impl DeviceBuffer for Memory {
    fn device(&self) -> DeviceId {
        self.0
    }

    fn read(&self) -> Result<Vec<Bytes>, BackendError> {
        Ok(self.1.clone())
    }
}

impl Backend for Claimant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn placement(&self) -> Placement {
        self.device.map_or(Placement::Host, Placement::Device)
    }

    fn abilities(&self) -> u64 {
        if self.restless {
            self.looks.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        }
    }

    fn claimed_costs(&self) -> Option<Costs> {
        assert_ne!(self.fault, Some(Fault::PanicsOnQuestions), "on purpose");
        let claim = || self.claim.unwrap_or_else(|| self.numbers.costs());
        self.measured_as.is_none().then(claim)
    }

    fn identity(&self) -> Option<String> {
        assert_ne!(self.fault, Some(Fault::PanicsOnQuestions), "on purpose");
        self.measured_as.clone()
    }

    fn healthy(&self) -> bool {
        self.fault != Some(Fault::OutOfService)
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        let count = graph.nodes().len();
        // What is measured of products would take long and shows nothing here.
        if graph.work().macs > 0 {
            return Vec::new();
        }
        let starts = (0..count).step_by(self.leaves);
        let ranges = starts.map(|start| start..(start + self.leaves - 1).min(count));
        ranges.filter(|range| !range.is_empty()).collect()
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        self.compiled.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Some(Fault::Fails) => return Err(BackendError::Device("on purpose".into())),
            Some(Fault::Panics) => panic!("on purpose"),
            _ => {}
        }
        Ok(Arc::new(Compiled {
            host: ReferenceBackend.compile(segment)?,
            types: segment
                .outputs()
                .iter()
                .map(|v| segment.graph().ty(*v).clone())
                .collect(),
            device: self.device,
            ran: self.ran.clone(),
            fails: self.fault == Some(Fault::FailsToRun),
        }))
    }
}

#[derive(Debug)]
pub(crate) struct Compiled {
    host: Arc<dyn Executable>,
    types: Vec<TensorType>,
    device: Option<DeviceId>,
    ran: Arc<AtomicUsize>,
    fails: bool,
}

impl Executable for Compiled {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        if self.fails {
            return Err(BackendError::Device("on purpose".into()));
        }
        self.ran.fetch_add(1, Ordering::Relaxed);
        let here = |value: &Buffer| Buffer::host(value.ty().clone(), value.to_host()?.into_owned());
        let values = batch.values().iter().map(here).collect::<Result<_, _>>()?;
        let results = self.host.run(&Batch::new(batch.items(), values)?)?;
        let Some(device) = self.device else {
            return Ok(results);
        };
        let keep = |(ty, buffer): (&TensorType, Buffer)| {
            let memory = Arc::new(Memory(device, buffer.to_host()?.into_owned()));
            Ok(Buffer::on_device(ty.clone(), batch.items(), memory))
        };
        let values = self.types.iter().zip(results.into_values()).map(keep);
        Batch::new(batch.items(), values.collect::<Result<_, BackendError>>()?)
    }
}
