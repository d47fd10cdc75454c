//! `doorstep serve`

use clap::Args;
use diesel::prelude::*;

use crate::{
    config::Config,
    db::{Conn, DbError, both, schema::organisations},
    server::{self, Server, Stopped},
};

/// Run the server
///
/// Needs no configuration: the data folder is created, the database brought up to date, and the server listens on
/// 127.0.0.1:8080. The first Ctrl-C (or SIGTERM) finishes the requests under way, a second one stops at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep serve
  doorstep serve --listen 0.0.0.0:80 --data /var/lib/doorstep
  DATABASE_URL=postgres://doorstep@db/doorstep doorstep serve --log-format json")]
pub struct Serve {
    #[command(flatten)]
    config: Config,
}

impl Serve {
    pub async fn run(self) -> anyhow::Result<()> {
        let server = server::run(self.config).await?;
        announce(&server).await?;
        match server.until_signalled().await? {
            Stopped::Drained => tracing::info!("stopped: everything under way was finished"),
            Stopped::Forced => {
                tracing::warn!("stopped at once: something under way was cut off");
                // Returning would wait for what was just given up. Committed work is safe.
                std::process::exit(1);
            }
        }
        Ok(())
    }
}

/// Tells where the server is and, as long as nobody can sign in, what to do next.
async fn announce(server: &Server) -> Result<(), DbError> {
    let address = server.addr;
    tracing::info!(%address, "listening on http://{address}");
    tracing::info!("the API browser is at http://{address}/docs/");
    let organisations: i64 = server.state.db.read(count_organisations).await?;
    if organisations == 0 {
        tracing::info!(
            "nobody can sign in yet: make the first organisation and its administrator, \
             with the same --data or DATABASE_URL, by `doorstep admin create-organisation` (see its --help)"
        );
    }
    Ok(())
}

fn count_organisations(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(both!(conn, c => organisations::table.count().get_result(c))?)
}
