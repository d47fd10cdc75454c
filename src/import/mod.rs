//! History taken over from other systems: a table of requests, row by row, through the one door.
//!
//! [`prices`] takes price lists, [`assets`] takes registers of assets, [`classes`] classes of complaints; what they share is in [`table`].
//!
//! * [`mapping`] – which column is what. * [`input`] – the file as a stream. * `rows` – a row as what an order needs, or
//!   the reason why not. * `times` – local times. * [`run`] – chunk by chunk into the door. * [`report`] – what came of it.
//!
//! A thread reads while the door works; between them wait at most a few chunks, so memory does not grow with the file.
//! An order's id follows from the organisation, the source and the source's own id ([`ids`]). That makes an import
//! repeatable: what is here is left alone, whoever changed it since.

pub mod assets;
pub mod classes;
pub mod ids;
pub mod input;
pub mod mapping;
pub mod prices;
mod refused;
pub mod report;
mod rows;
pub mod run;
mod store;
pub mod table;
mod times;
mod words;

pub use input::Input;
pub use mapping::Mapping;
pub(crate) use refused::harmless;
pub use report::{Ended, Report};
pub use rows::MOST_ROWS;
pub use run::{Options, requests};
pub use times::Oddity;

/// What is told after each chunk.
#[derive(Debug)]
pub struct Progress<'r, R> {
    /// The report so far.
    pub report: &'r R,
    /// Rows that are done.
    pub done: u64,
    /// How far it is, of [`size`](Self::size).
    pub position: u64,
    /// Where it ends: bytes of a file that is read while it is stored, rows of one that was read whole.
    pub size: u64,
}

pub(crate) use words::grouped;
#[cfg(test)]
pub(crate) use words::said_in_both;
