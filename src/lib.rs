//! Doorstep: a field-service backend that works where there is no signal.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod access;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
mod edge;
pub mod error;
mod health;
pub mod json;
pub mod lifecycle;
pub mod openapi;
pub mod problem;
mod problems;
pub mod server;
pub mod telemetry;
