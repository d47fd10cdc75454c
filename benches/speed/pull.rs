use crate::{Options, table::Table}; pub fn run(_: &Options, _: &mut Table) {}
pub fn run_on_postgres(_: &Options, _: &mut Table) {}
