//! Memory that only the client reaches: it is asked with messages, and the card waits for the answer.
//!
//! One question is out at a time, as one thread does the card's DMA. A client that did not answer once is not waited
//! for again: QEMU maps ROM without a descriptor and answers no such question.

use super::connection::Connection;
use bytemuck::bytes_of;
use metisvm_vfio_user::messages::{DmaAccess, split};
use metisvm_vfio_user::{Command, Header, Kind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A question that is out.
#[derive(Debug)]
struct Question {
    id: u16,
    command: Command,
    access: DmaAccess,
    /// The data read; `Err` if the client refused.
    answer: Option<Result<Vec<u8>, ()>>,
}

#[derive(Debug)]
struct State {
    connection: Option<Arc<Connection>>,
    most_bytes: usize,
    timeout: Duration,
    next_id: u16,
    out: Option<Question>,
}

/// The way to that memory.
#[derive(Debug)]
pub(super) struct Remote {
    state: Mutex<State>,
    answered: Condvar,
}

impl Default for Remote {
    fn default() -> Self {
        let state = State {
            connection: None,
            most_bytes: 1,
            timeout: Duration::ZERO,
            next_id: 0,
            out: None,
        };
        Self {
            state: Mutex::new(state),
            answered: Condvar::new(),
        }
    }
}

impl Remote {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client is there, and takes so many bytes in a message.
    pub(super) fn open(&self, connection: &Arc<Connection>, most_bytes: usize, timeout: Duration) {
        let mut state = self.lock();
        state.connection = Some(Arc::clone(connection));
        state.most_bytes = most_bytes.max(1);
        state.timeout = timeout;
    }

    /// The client is gone, and whoever waits for it waits no more.
    pub(super) fn close(&self) {
        self.lock().connection = None;
        self.answered.notify_all();
    }

    /// Most bytes of a question.
    pub(super) fn most_bytes(&self) -> usize {
        self.lock().most_bytes
    }

    /// Asks; gives the number of the question.
    pub(super) fn ask(&self, command: Command, access: &DmaAccess, data: &[u8]) -> Option<u16> {
        let mut state = self.lock();
        let connection = state.connection.clone()?;
        state.next_id = state.next_id.wrapping_add(1);
        let id = state.next_id;
        state.out = Some(Question {
            id,
            command,
            access: *access,
            answer: None,
        });
        drop(state);
        let header = Header::command(id, command);
        connection
            .send(header, &[bytes_of(access), data])
            .ok()
            .map(|()| id)
    }

    /// Waits for the answer.
    pub(super) fn answer(&self, id: u16) -> Option<Vec<u8>> {
        let state = self.lock();
        let timeout = state.timeout;
        let waits = |state: &mut State| {
            let answered = state.out.as_ref().is_none_or(|out| out.answer.is_some());
            !answered && state.connection.is_some()
        };
        let (mut state, late) = self
            .answered
            .wait_timeout_while(state, timeout, waits)
            .unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() {
            state.connection = None;
        }
        let out = state.out.take().filter(|out| out.id == id)?;
        out.answer?.ok()
    }

    /// Takes a reply of the client; says whether it answers what is asked.
    pub(super) fn take(&self, header: &Header, payload: &[u8]) -> bool {
        let mut state = self.lock();
        let Some(out) = &mut state.out else { return false };
        if (header.id, header.command) != (out.id, out.command as u16) || out.answer.is_some() {
            return false;
        }
        let answer = match (header.kind(), split::<DmaAccess>(payload)) {
            (Some(Kind::Reply { failed: true }), _) => Err(()),
            (Some(Kind::Reply { failed: false }), Ok((access, data))) => {
                let expected = match out.command {
                    Command::DmaRead => out.access.count as usize,
                    _ => 0,
                };
                if access != out.access || data.len() != expected {
                    return false;
                }
                Ok(data.to_vec())
            }
            _ => return false,
        };
        out.answer = Some(answer);
        self.answered.notify_all();
        true
    }
}
