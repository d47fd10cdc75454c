//! `doorstep import prices`

use std::process::ExitCode;

use clap::Args;

use super::{Reading, table::TableArgs};
use crate::{
    import::{
        prices::{PriceMapping, prices},
        table::TableOptions,
    },
    operations::Door,
};

/// Import a price list from a table (CSV, also compressed by gzip)
///
/// A mapping file says which column is what; docs/mappings/price-list.toml explains every entry. The code is the key: items
/// that are here are changed, items that the table does not have are left alone. If any row is refused, nothing is
/// stored, unless --accept-rest is given.
///
/// Exit codes: 0 everything was taken or here already, 3 some rows were refused, 130 stopped by Ctrl-C, 1 anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep import prices --map docs/mappings/price-list.toml --preview prices.csv
  doorstep import prices --map my.toml --encoding gbk prices.csv.gz
  doorstep import prices --map my.toml --accept-rest --refused refused.csv prices.csv")]
pub(super) struct Prices {
    #[command(flatten)]
    table: TableArgs,
}

impl Prices {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let import = async |door: &Door, mapping, input, options: &TableOptions, reading: &mut Reading| {
            prices(door, &mapping, input, options, |progress| reading.show(&progress)).await
        };
        self.table.run(PriceMapping::parse, import).await
    }
}
