//! Doorstep: a field-service backend that works where there is no signal.

pub mod error;
pub mod problem;
