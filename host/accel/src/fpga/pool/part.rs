//! A part of a model on several cards.

use super::super::flight::Flight;
use super::super::on_card;
use super::Cards;
use super::flight::PoolFlight;
use super::load::{Seat, Speed};
use super::spread::{Candidate, spread};
use crate::backend::{BackendError, Executable, Running};
use crate::buffer::Batch;
use bytes::Bytes;
use metisvm_model::Segment;
use std::sync::Arc;

/// A part, ready to run.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) cards: Arc<Cards>,
    pub(super) segment: Segment,
    /// What each card made of it.
    made: Vec<Option<Made>>,
}

#[derive(Debug)]
struct Made {
    part: Arc<on_card::Part>,
    speed: Speed,
}

/// Cards that were asked already, a bit each.
pub(super) type Asked = u64;

impl Part {
    /// Compiles it for every card. One that it is too large for leaves it to the others.
    pub(super) fn new(cards: Arc<Cards>, segment: &Segment) -> Result<Self, BackendError> {
        let mut made: Vec<Option<Made>> = cards.cards.iter().map(|_| None).collect();
        let mut refusal = None;
        for (index, card) in cards.counted() {
            match card.make(segment) {
                Ok(part) => {
                    made[index] = Some(Made {
                        part,
                        speed: Speed::default(),
                    });
                }
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        if made.iter().all(Option::is_none) {
            let none = || BackendError::Device("every card is out of service for good".into());
            return Err(refusal.unwrap_or_else(none));
        }
        Ok(Self {
            cards,
            segment: segment.clone(),
            made,
        })
    }

    /// So many items, divided among the cards that take work and were not asked before.
    pub(super) fn spread(&self, items: usize, asked: Asked) -> Vec<(usize, usize)> {
        let (mut candidates, mut resting) = (Vec::new(), Vec::new());
        for (card, (seated, made)) in self.cards.cards.iter().zip(&self.made).enumerate() {
            let Some(made) = made.as_ref().filter(|_| asked & 1 << card == 0) else {
                continue;
            };
            let Some(on_probation) = seated.card().and_then(|card| card.serves()) else {
                continue;
            };
            let (jobs, waits) = seated.load.now();
            let each = made.speed.each();
            let candidate = Candidate { card, waits, each };
            // On probation a card has one job at a time, while others are there.
            if on_probation && jobs > 0 {
                resting.push(candidate);
            } else {
                candidates.push(candidate);
            }
        }
        if candidates.is_empty() {
            candidates = resting;
        }
        let shares = spread(items, &candidates);
        for other in candidates {
            if shares.iter().all(|(card, _)| *card != other.card)
                && let Some(made) = &self.made[other.card]
            {
                made.speed.forget_a_little();
            }
        }
        shares
    }

    /// Begins items on a card.
    pub(super) fn begin(&self, card: usize, items: Vec<Bytes>) -> Result<(Flight, Seat), BackendError> {
        let made = self.made[card].as_ref();
        let made = made.ok_or_else(|| BackendError::NotTaken("the card did not compile it".into()))?;
        let expected = made.speed.each().unwrap_or(0.0) * items.len() as f64;
        let flight = Flight::start(made.part.clone(), items)?;
        Ok((flight, Seat::take(&self.cards.cards[card].load, expected)))
    }

    /// Learns from a job that was done.
    pub(super) fn learn(&self, card: usize, seat: &Seat, items: usize, exact: bool) {
        if let (Some(made), 1..) = (&self.made[card], items) {
            made.speed.learn(seat.over(exact) / items as f64, exact);
        }
    }
}

/// A part, as the plan runs it.
#[derive(Debug)]
pub(super) struct OnCards(pub(super) Arc<Part>);

impl Executable for OnCards {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        self.submit(batch)?.wait()
    }

    fn submit(&self, batch: &Batch) -> Result<Box<dyn Running>, BackendError> {
        Ok(Box::new(PoolFlight::start(self.0.clone(), batch.to_items()?)?))
    }
}
