//! The bytes of photos on their way: tus 1.0 on any line, from any phone, into any store.

mod cuts;
pub mod kit;
mod people;
mod plain;
mod refused;
mod stores;
mod unmodified;
