//! Doorstep: a field-service backend that works where there is no signal.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod clock;
pub mod db;
