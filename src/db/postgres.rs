//! Connections to PostgreSQL.

use diesel::{Connection, PgConnection, connection::SimpleConnection};

use super::DbError;

/// Opens a connection whose statements are never compiled: where PostgreSQL expects a scan of a large table, which a page
/// of fifty rows ends after a few hundred, compiling takes several times as long as the statement (67 of 81 ms of a search).
pub(super) fn connect(url: &str) -> Result<PgConnection, DbError> {
    let mut connection = PgConnection::establish(url)?;
    connection.batch_execute("SET jit = off")?;
    Ok(connection)
}

/// Bounds on how long libpq believes in a server that has stopped answering; without them, hours. The address can
/// say otherwise.
pub(super) fn with_defaults(url: &str) -> String {
    let mut url = url.to_owned();
    let defaults = [
        ("connect_timeout", "5"),
        ("tcp_user_timeout", "15000"),
        ("keepalives_idle", "30"),
        ("application_name", "doorstep"),
    ];
    for (name, value) in defaults {
        if !url.contains(&format!("{name}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("{name}={value}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::with_defaults;

    #[test]
    fn what_the_address_says_wins() {
        let url = with_defaults("postgres://me@there/db?connect_timeout=60");
        assert!(url.starts_with("postgres://me@there/db?connect_timeout=60&tcp_user_timeout="), "{url}");
        assert!(with_defaults("postgres://there/db").starts_with("postgres://there/db?connect_timeout=5&"));
    }
}
