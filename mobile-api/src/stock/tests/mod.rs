//! The rules of the ledger, without server or phone.

mod books;
mod count;
mod kit;
mod monthly;

pub(crate) use kit::{store_called, valve};
