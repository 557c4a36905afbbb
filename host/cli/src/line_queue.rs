//! Lines for the operator of a process that must not wait for whoever reads them.
//!
//! A thread of its own writes; if the reader takes nothing, that thread waits, and nobody else. What there is no room
//! for is left out, and so is what would fill a disk in the end; how much that was is said in its place.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Lines that wait to be written.
const MOST_WAITING: usize = 256;
/// Lines within a minute.
const MOST_A_MINUTE: u32 = 120;
const MINUTE: Duration = Duration::from_secs(60);
/// Longest line, in characters.
const LONGEST: usize = 4000;

/// The lines. What is put in comes out in that order.
#[derive(Debug, Clone)]
pub struct LineQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    lines: VecDeque<String>,
    /// Since the last line.
    left_out: u64,
    minute: Instant,
    within_minute: u32,
    is_writing: bool,
    is_over: bool,
}

impl State {
    fn begin_minute(&mut self) {
        if self.minute.elapsed() >= MINUTE {
            self.minute = Instant::now();
            self.within_minute = 0;
        }
    }

    /// Says how many lines are missing, in their place.
    fn tell_left_out(&mut self) {
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            self.lines
                .push_back(format!("{left_out} more lines are left out"));
        }
    }
}

impl LineQueue {
    /// A queue, and a thread that gives each line to `write`.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(write: impl FnMut(&str) + Send + 'static) -> io::Result<Self> {
        let queue = Self(Arc::new(Shared {
            state: Mutex::new(State {
                lines: VecDeque::new(),
                left_out: 0,
                minute: Instant::now(),
                within_minute: 0,
                is_writing: false,
                is_over: false,
            }),
            changed: Condvar::new(),
        }));
        let own = queue.clone();
        thread::Builder::new()
            .name("lines".into())
            .spawn(move || own.write_all(write))?;
        Ok(queue)
    }

    /// Puts a line in, or leaves it out; waits for nobody. Once it is over, nothing is put in.
    pub fn put(&self, line: &str) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        state.begin_minute();
        if state.lines.len() >= MOST_WAITING || state.within_minute >= MOST_A_MINUTE {
            state.left_out += 1;
        } else {
            state.within_minute += 1;
            state.tell_left_out();
            state.lines.push_back(line.chars().take(LONGEST).collect());
        }
        self.0.changed.notify_all();
    }

    /// Ends it, and waits so long for what is not written yet; says whether all is.
    pub fn finish(&self, patience: Duration) -> bool {
        let mut state = self.lock();
        state.tell_left_out();
        state.is_over = true;
        self.0.changed.notify_all();
        let waits = |state: &mut State| state.is_writing || !state.lines.is_empty();
        let waited = self.0.changed.wait_timeout_while(state, patience, waits);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut write: impl FnMut(&str)) {
        let mut state = self.lock();
        loop {
            if let Some(line) = state.lines.pop_front() {
                state.is_writing = true;
                drop(state);
                write(&line);
                state = self.lock();
                state.is_writing = false;
                self.0.changed.notify_all();
            } else if state.is_over {
                return;
            } else if state.left_out > 0 && state.minute.elapsed() >= MINUTE {
                state.tell_left_out();
            } else {
                let waited = self.0.changed.wait_timeout(state, MINUTE);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Time for what another thread does at once.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn lines_come_in_their_order_and_a_flood_is_cut() {
        let (written, lines) = mpsc::channel();
        let queue = LineQueue::start(move |line| written.send(line.to_owned()).unwrap()).unwrap();
        for line in 0..1000 {
            queue.put(&format!("line {line}"));
        }
        assert!(queue.finish(PATIENCE));
        let lines: Vec<String> = lines.iter().collect();
        let mut expected: Vec<String> = (0..MOST_A_MINUTE).map(|line| format!("line {line}")).collect();
        expected.push(format!("{} more lines are left out", 1000 - MOST_A_MINUTE));
        assert_eq!(lines, expected);
    }

    #[test]
    fn nobody_waits_for_a_reader_that_takes_nothing() {
        let (read, is_read) = mpsc::channel::<()>();
        let queue = LineQueue::start(move |_| {
            let _ = is_read.recv();
        })
        .unwrap();
        queue.put("first");
        queue.put(&"x".repeat(1 << 20));
        assert!(!queue.finish(Duration::from_millis(20)));
        let waiting: usize = queue.lock().lines.iter().map(String::len).sum();
        assert!(waiting <= 2 * LONGEST, "{waiting}");
        drop(read);
        assert!(queue.finish(PATIENCE));
    }
}
