//! The promises of synchronisation (`docs/sync.md`), a test each, whose name begins with the promise's number.

mod books;
mod each_once;
mod kit;
mod line;
mod order_of_commits;
