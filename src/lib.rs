//! Doorstep: a field-service backend that works where there is no signal.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod access;
pub mod app;
pub mod asset;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod complaint;
pub mod config;
pub mod day_plan;
pub mod db;
pub mod demo;
pub mod device;
pub mod directory;
mod edge;
pub mod error;
pub mod events;
pub mod handover;
mod health;
pub mod import;
pub mod inspection;
pub mod jobs;
pub mod json;
pub mod language;
pub mod lifecycle;
pub mod link_code;
pub mod media;
mod negotiation;
pub mod openapi;
pub mod operations;
pub mod paging;
pub mod paper;
pub mod payment;
pub mod problem;
mod problems;
pub mod query;
pub mod quote_link;
pub mod review;
pub mod search;
pub mod server;
pub mod sight;
pub mod stock;
pub mod sync;
pub mod telemetry;
pub mod work_order;
