//! What can go wrong with a backend, by who has to do what about it.

/// Why a backend did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The part does not fit the device: no fault, another backend must take it.
    #[error("the device is too small for this part of the model: {0}")]
    TooLarge(String),
    /// A defect of the backend's compiler: asking again gives the same.
    #[error("the backend does not take this part of the model: {0}")]
    NotTaken(String),
    /// The device or the way to it failed.
    #[error("the device failed: {0}")]
    Device(String),
    /// The device answered, and a check of ours says that the answer is wrong.
    #[error("the device computed a wrong result: {0}")]
    WrongResult(String),
}
