//! One household, one file (一户一档): what is known of a unit or a customer, and everything that ever concerned them, newest first.
//!
//! The file is put together from the records themselves, of which [`rows`] keeps an index, written in the transaction of each record.

pub mod api;
mod entry;
pub mod rows;
mod table;
