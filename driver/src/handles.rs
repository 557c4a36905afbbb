//! The handles of resident memory: which are free, and which are read by jobs in flight.

/// Handles of resident memory, 1 to the card's highest.
#[derive(Clone, Debug)]
pub(crate) struct Handles {
    limit: u32,
    next: u32,
    free: Vec<u32>,
    /// By handle: jobs in flight that read it.
    readers: Vec<u32>,
}

impl Handles {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            next: 1,
            free: Vec::new(),
            readers: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| {
            (self.next <= self.limit).then(|| {
                self.next += 1;
                self.next - 1
            })
        })
    }

    pub(crate) fn give(&mut self, handle: u32) {
        self.free.push(handle);
    }

    /// A job in flight reads it.
    pub(crate) fn hold(&mut self, handle: u32) {
        let index = handle as usize;
        if self.readers.len() <= index {
            self.readers.resize(index + 1, 0);
        }
        self.readers[index] += 1;
    }

    /// A job that reads it was answered.
    pub(crate) fn let_go(&mut self, handle: u32) {
        if let Some(readers) = self.readers.get_mut(handle as usize) {
            *readers = readers.saturating_sub(1);
        }
    }

    /// Whether a job in flight reads it.
    pub(crate) fn is_read(&self, handle: u32) -> bool {
        self.readers
            .get(handle as usize)
            .is_some_and(|&readers| readers > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_run_out_and_come_back() {
        let mut handles = Handles::new(2);
        assert_eq!(
            (handles.take(), handles.take(), handles.take()),
            (Some(1), Some(2), None)
        );
        handles.give(1);
        assert_eq!(handles.take(), Some(1));
    }

    #[test]
    fn a_handle_is_read_until_its_last_reader_lets_go() {
        let mut handles = Handles::new(9);
        let handle = handles.take().unwrap();
        assert!(!handles.is_read(handle));
        handles.hold(handle);
        handles.hold(handle);
        handles.let_go(handle);
        assert!(handles.is_read(handle));
        handles.let_go(handle);
        assert!(!handles.is_read(handle) && !handles.is_read(8));
    }
}
