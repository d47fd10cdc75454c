//! `doorstep import complaint-classes`

use std::process::ExitCode;

use clap::Args;

use super::{Reading, table::TableArgs};
use crate::{
    import::{
        classes::{ClassMapping, classes},
        table::TableOptions,
    },
    operations::Door,
};

/// Import classes of complaints from a table (CSV, also compressed by gzip)
///
/// A mapping file says which column is what; docs/mappings/complaint-classes.toml explains every entry. A class is found by its code:
/// those that are here are changed, and those that the table does not have are left alone. If any row is refused, nothing is stored, unless
/// --accept-rest is given.
///
/// Exit codes: 0 everything was taken or here already, 3 some rows were refused, 130 stopped by Ctrl-C, 1 anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep import complaint-classes --map docs/mappings/complaint-classes.toml --preview classes.csv
  doorstep import complaint-classes --map my.toml --encoding gbk classes.csv")]
pub(super) struct Classes {
    #[command(flatten)]
    table: TableArgs,
}

impl Classes {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let import = async |door: &Door, mapping, input, options: &TableOptions, reading: &mut Reading| {
            classes(door, &mapping, input, options, |progress| reading.show(&progress)).await
        };
        self.table.run(ClassMapping::parse, import).await
    }
}
