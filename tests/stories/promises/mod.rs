//! The promises of synchronisation (`docs/sync.md`), a test each, whose name begins with the promise's number.

mod bad_weather;
mod books;
mod cursors;
mod each_once;
mod gate;
mod in_order;
pub mod kit;
mod late_and_old;
mod line;
mod locked_out;
mod nothing_lost;
mod order_of_commits;
mod out_of_sight;
mod own_work;
mod same_copy;
