//! The promises of synchronisation (`docs/sync.md`), a test each, whose name begins with the promise's number.

mod books;
mod each_once;
mod gate;
mod in_order;
mod kit;
mod line;
mod nothing_lost;
mod order_of_commits;
mod same_copy;
