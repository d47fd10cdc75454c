use crate::{Options, table::Table}; pub fn run(_: &Options, _: &mut Table) {}
