//! The completion certificate: what the customer signed, on paper, and whether it still holds.
//!
//! 1. `store` fetches what the certificate needs: the order as it stands, the operation with the signature from the
//!    journal, names.
//! 2. [`facts`] puts it together ([`Certificate`]): what was signed comes from the signature, never from the order.
//! 3. [`sheet`] says it in a language, as titled parts with rows and tables.
//! 4. [`pdf`] and [`page`] print a sheet; neither knows what is on it.
//!
//! [`check`] is for whoever holds the paper: it compares what was signed with what the order holds today. The short
//! code ([`crate::link_code`]) that leads there is written by the door in the transaction of the signature.

pub mod api;
pub mod check;
pub mod facts;
pub mod open;
pub mod page;
pub mod pdf;
mod press;
pub mod sheet;
pub mod signature;
pub mod store;
#[cfg(test)]
mod tests;
pub mod words;

pub use self::{
    facts::{Certificate, CertificatePhoto},
    press::Press,
};
