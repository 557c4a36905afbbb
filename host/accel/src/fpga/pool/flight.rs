//! A batch on its way through several cards. What one of them does not give, the others get.

use super::super::flight::Flight;
use super::load::Seat;
use super::part::{Asked, Part};
use crate::backend::{BackendError, Running};
use crate::buffer::{Batch, types};
use bytes::Bytes;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A batch under way.
#[derive(Debug)]
pub(super) struct PoolFlight {
    part: Arc<Part>,
    items: Vec<Bytes>,
    shares: VecDeque<Share>,
    /// The outputs of each item, as far as they are there.
    outputs: Vec<Option<Bytes>>,
    is_over: bool,
}

/// What one card has of it.
#[derive(Debug)]
struct Share {
    card: usize,
    range: Range<usize>,
    /// Cards that did not give these items.
    asked: Asked,
    flight: Flight,
    seat: Seat,
}

impl PoolFlight {
    /// Begins all of it.
    pub(super) fn start(part: Arc<Part>, items: Vec<Bytes>) -> Result<Self, BackendError> {
        let mut flight = Self {
            outputs: vec![None; items.len()],
            part,
            items,
            shares: VecDeque::new(),
            is_over: false,
        };
        let asked = &flight.part.cards.asked;
        asked.fetch_add(flight.items.len() as u64, Ordering::Relaxed);
        let none = BackendError::Device("no card takes work now".into());
        flight.place(0..flight.items.len(), 0, none)?;
        Ok(flight)
    }

    /// Begins items on the cards that were not asked for them yet; `error` is what is said where there is none.
    fn place(&mut self, range: Range<usize>, asked: Asked, error: BackendError) -> Result<(), BackendError> {
        let mut left = vec![(range, asked, error)];
        while let Some((range, asked, error)) = left.pop() {
            if range.is_empty() {
                continue;
            }
            let shares = self.part.spread(range.len(), asked);
            if shares.is_empty() {
                return Err(error);
            }
            let mut from = range.start;
            for (card, count) in shares {
                let range = from..from + count;
                from = range.end;
                match self.part.begin(card, self.items[range.clone()].to_vec()) {
                    Ok((flight, seat)) => self.shares.push_back(Share {
                        card,
                        range,
                        asked,
                        flight,
                        seat,
                    }),
                    Err(error) => {
                        self.part.cards.note(card, &error);
                        left.push((range, asked | 1 << card, error));
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes what a card gave, or gives the items to others.
    fn settle(
        &mut self,
        share: Share,
        outcome: Result<Batch, BackendError>,
        exact: bool,
    ) -> Result<(), BackendError> {
        let Share {
            card,
            range,
            asked,
            seat,
            ..
        } = share;
        let outputs = outcome.and_then(Batch::into_items).and_then(|outputs| {
            let wrong =
                || BackendError::WrongResult(format!("{} results of {} items", outputs.len(), range.len()));
            if outputs.len() == range.len() {
                Ok(outputs)
            } else {
                Err(wrong())
            }
        });
        match outputs {
            Ok(outputs) => {
                self.part.learn(card, &seat, range.len(), exact);
                let answered = &self.part.cards.answered;
                answered.fetch_add(range.len() as u64, Ordering::Relaxed);
                for (slot, output) in self.outputs[range].iter_mut().zip(outputs) {
                    if slot.replace(output).is_some() {
                        return Err(BackendError::WrongResult("two cards gave the same item".into()));
                    }
                }
                Ok(())
            }
            Err(error) => {
                drop(seat);
                self.part.cards.note(card, &error);
                self.place(range, asked | 1 << card, error)
            }
        }
    }

    fn finish(&mut self) -> Result<Batch, BackendError> {
        let segment = &self.part.segment;
        let outputs: Option<Vec<Bytes>> = std::mem::take(&mut self.outputs).into_iter().collect();
        let missing = || BackendError::WrongResult("an item was given by no card".into());
        Batch::from_items(types(segment, segment.outputs()), outputs.ok_or_else(missing)?)
    }

    /// Looks at every share once. Those that are over now may have been so for a while.
    fn look(&mut self) -> Result<(), BackendError> {
        for _ in 0..self.shares.len() {
            let Some(mut share) = self.shares.pop_front() else {
                break;
            };
            match share.flight.poll() {
                Some(outcome) => self.settle(share, outcome, false)?,
                None => self.shares.push_back(share),
            }
        }
        Ok(())
    }

    fn finish_all(&mut self) -> Result<Batch, BackendError> {
        loop {
            self.look()?;
            // It was under way just now, so its end is seen as it comes.
            let Some(mut share) = self.shares.pop_front() else {
                return self.finish();
            };
            let outcome = share.flight.wait_here();
            self.settle(share, outcome, true)?;
        }
    }
}

impl Drop for PoolFlight {
    fn drop(&mut self) {
        let missing = self.outputs.iter().filter(|output| output.is_none()).count();
        let handed_back = &self.part.cards.handed_back;
        handed_back.fetch_add(missing as u64, Ordering::Relaxed);
    }
}

impl Running for PoolFlight {
    fn poll(&mut self) -> Option<Result<Batch, BackendError>> {
        if self.is_over {
            return None;
        }
        let looked = self.look();
        if looked.is_ok() && !self.shares.is_empty() {
            return None;
        }
        self.is_over = true;
        Some(looked.and_then(|()| self.finish()))
    }

    fn wait(mut self: Box<Self>) -> Result<Batch, BackendError> {
        if self.is_over {
            return Err(BackendError::Device("the outcome was taken already".into()));
        }
        self.is_over = true;
        self.finish_all()
    }
}
