//! `doorstep import assets`

use std::process::ExitCode;

use clap::Args;

use super::{Reading, table::TableArgs};
use crate::{
    import::{
        assets::{AssetMapping, assets},
        table::TableOptions,
    },
    operations::Door,
};

/// Import a register of assets from a table (CSV, also compressed by gzip)
///
/// A mapping file says which column is what; docs/mappings/elevators.toml explains every entry. The other system's id is the
/// key: assets that were imported are changed, what the table does not say of them stays, and assets that it does not have are left
/// alone. Sites that are not here are made. If any row is refused, nothing is stored, unless --accept-rest is given.
///
/// Exit codes: 0 everything was taken or here already, 3 some rows were refused, 130 stopped by Ctrl-C, 1 anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep import assets --map docs/mappings/elevators.toml --preview units.csv.gz
  doorstep import assets --map my.toml --encoding gbk assets.csv
  doorstep import assets --map my.toml --accept-rest --refused refused.csv assets.csv")]
pub(super) struct Assets {
    #[command(flatten)]
    table: TableArgs,
}

impl Assets {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let import = async |door: &Door, mapping, input, options: &TableOptions, reading: &mut Reading| {
            assets(door, &mapping, input, options, |progress| reading.show(&progress)).await
        };
        self.table.run(AssetMapping::parse, import).await
    }
}
