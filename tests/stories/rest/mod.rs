//! What other systems use: reads, lists, operations over HTTP, and who may not.

mod authorisation;
mod command_line;
mod lists;
mod operations;
mod passwords;
mod sight;
mod tables;
mod timers;
