//! What other systems use: reads, lists, operations over HTTP, and who may not.

mod authorisation;
mod lists;
mod operations;
mod passwords;
mod sight;
mod timers;
