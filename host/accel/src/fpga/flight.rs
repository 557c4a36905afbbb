//! A batch on its way through a card: as several jobs, where one would carry too much.

use super::on_card::{Job, Part};
use crate::backend::{BackendError, Running};
use crate::buffer::{Batch, types};
use bytes::Bytes;
use metisvm_driver::{Device, DeviceError};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Jobs of one batch that are with the card at once: one that runs, and one that it begins while the host
/// checks what the last one gave.
const WINDOW: usize = 2;

/// A batch under way.
#[derive(Debug)]
pub(super) struct Flight {
    part: Arc<Part>,
    items: Vec<Bytes>,
    /// Items that are with the card, in order: each job and what it runs on.
    jobs: VecDeque<(Range<usize>, Job)>,
    /// Items that were submitted.
    submitted: usize,
    outputs: Vec<Bytes>,
    is_over: bool,
}

impl Flight {
    /// Begins the first jobs.
    pub(super) fn start(part: Arc<Part>, items: Vec<Bytes>) -> Result<Self, BackendError> {
        let mut flight = Self {
            outputs: Vec::with_capacity(items.len()),
            part,
            items,
            jobs: VecDeque::new(),
            submitted: 0,
            is_over: false,
        };
        flight.submit()?;
        Ok(flight)
    }

    /// Begins as many jobs as the window has room for.
    fn submit(&mut self) -> Result<(), BackendError> {
        let most = self.part.items_per_job();
        while self.jobs.len() < WINDOW && self.submitted < self.items.len() {
            let range = self.submitted..self.items.len().min(self.submitted + most);
            let inputs: Vec<&[u8]> = self.items[range.clone()].iter().map(|item| &**item).collect();
            let job = match self.part.submit(&inputs) {
                // What those before it have on the card or in memory for DMA comes free as they are taken.
                Err(BackendError::TooLarge(_)) if !self.jobs.is_empty() => return Ok(()),
                outcome => outcome?,
            };
            self.submitted = range.end;
            self.jobs.push_back((range, job));
        }
        Ok(())
    }

    /// Takes what a job gave, while the card is at the next.
    fn take(
        &mut self,
        range: Range<usize>,
        device: &Device,
        results: Result<Vec<Vec<u8>>, DeviceError>,
    ) -> Result<(), BackendError> {
        let results = results.map_err(|error| self.part.failed(&error))?;
        self.part.count(results.len());
        self.submit()?;
        let outputs = self.part.accept(device, &self.items[range], results)?;
        self.outputs.extend(outputs.into_iter().map(Bytes::from));
        self.part.was_sound();
        Ok(())
    }

    fn finish(&mut self) -> Result<Batch, BackendError> {
        let segment = &self.part.segment;
        Batch::from_items(
            types(segment, segment.outputs()),
            std::mem::take(&mut self.outputs),
        )
    }

    /// Polls the oldest job until one is not done.
    fn advance(&mut self) -> Option<Result<Batch, BackendError>> {
        while let Some((_, job)) = self.jobs.front_mut() {
            let results = job.outputs.poll()?;
            if let Some((range, job)) = self.jobs.pop_front()
                && let Err(error) = self.take(range, &job.device, results)
            {
                return Some(Err(error));
            }
        }
        Some(self.finish())
    }
}

impl Flight {
    /// Waits for the outcome, where it is.
    pub(super) fn wait_here(&mut self) -> Result<Batch, BackendError> {
        if std::mem::replace(&mut self.is_over, true) {
            return Err(BackendError::Device("the outcome was taken already".into()));
        }
        while let Some((range, Job { device, outputs })) = self.jobs.pop_front() {
            self.take(range, &device, outputs.wait())?;
        }
        self.finish()
    }
}

impl Running for Flight {
    fn poll(&mut self) -> Option<Result<Batch, BackendError>> {
        if self.is_over {
            return None;
        }
        let outcome = self.advance()?;
        self.is_over = true;
        Some(outcome)
    }

    fn wait(mut self: Box<Self>) -> Result<Batch, BackendError> {
        self.wait_here()
    }
}
