//! Photos as evidence: owed from the moment they are recorded until the server has proved that it has the bytes.

pub mod kit;
mod life;
mod phone;
mod sight;
