//! Stories that are played on both databases: `scripts/test`, or
//! `scripts/test --with-postgres cargo test --test stories some_name`.

#[macro_use]
mod harness;

mod access;
mod assets;
mod bad_input;
mod calendar_feed;
mod certificate;
mod complaints;
mod conflicts;
mod day_plan;
mod demo;
mod demo_day;
mod doors;
mod figures;
mod import;
mod inspections;
mod maintenance;
mod migrations;
mod money;
mod photos;
mod promises;
mod repair;
mod rest;
mod return_visits;
mod seed;
mod stock;
mod upgraded;
mod uploads;
mod webhooks;
