//! What SQLite's planner is to believe of the tables: that a large firm's records are in them.
//!
//! Without statistics it takes ten rows for all that an organisation has, whatever the table: it then goes through every order of the
//! firm for want of thirty whose ids are known. With statistics of the firm's own (`ANALYZE`) it takes an index on what nobody uses
//! yet for worthless, and the plans change from one night to the next. So each index is given the same figures everywhere, made from
//! what its columns are; SQLite reads them when it opens the database (<https://sqlite.org/fileformat2.html#stat1tab>).

use diesel::{
    connection::SimpleConnection,
    prelude::*,
    sql_query,
    sql_types::{Bool, Nullable, Text},
};

/// Rows of each table.
const ROWS: u64 = 1_000_000;

/// Rows of the table of all records, which holds those of each kind: whatever else finds one is to be asked first.
const ALL_RECORDS: u64 = 4_000_000;

/// Rows that share a value which says something: a technician, a flat, a day.
const FEW: u64 = 100;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    tbl: String,
    #[diesel(sql_type = Text)]
    idx: String,
    #[diesel(sql_type = Bool)]
    once: bool,
    /// `None` for an expression.
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
}

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Statistic {
    #[diesel(sql_type = Text)]
    tbl: String,
    #[diesel(sql_type = Text)]
    idx: String,
    #[diesel(sql_type = Text)]
    stat: String,
}

const COLUMNS: &str = r#"
    SELECT t.name AS tbl, i.name AS idx, i."unique" AS once, c.name AS name
    FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
    WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL%' AND t.name NOT GLOB 'search_grams_*' AND t.name NOT GLOB '_*'
    ORDER BY t.name, i.name, c.seqno"#;

/// Writes the statistics of the tables and indexes that there are, unless they stand there already. Other connections see them from
/// their next statement on, because the schema counts as changed.
///
/// # Errors
/// The database's.
pub(in crate::db) fn assume_a_large_firm(conn: &mut SqliteConnection) -> QueryResult<()> {
    let wanted = statistics(sql_query(COLUMNS).load(conn)?);
    let known = sql_query("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'sqlite_stat1'");
    if known.get_result::<Count>(conn)?.n > 0 {
        let there = sql_query("SELECT tbl, coalesce(idx, '') AS idx, stat FROM sqlite_stat1 ORDER BY tbl, idx");
        if there.load::<Statistic>(conn)? == wanted {
            return Ok(());
        }
        forget(conn)?;
    }
    // Only this statement makes the table; what it finds in one of the smallest does not matter.
    conn.batch_execute("ANALYZE organisations; DELETE FROM sqlite_stat1")?;
    for Statistic { tbl, idx, stat } in &wanted {
        sql_query("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)")
            .bind::<Text, _>(tbl)
            .bind::<Text, _>(idx)
            .bind::<Text, _>(stat)
            .execute(conn)?;
    }
    Ok(())
}

/// Takes the statistics away.
///
/// # Errors
/// The database's.
pub(in crate::db) fn forget(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.batch_execute("DROP TABLE IF EXISTS sqlite_stat1; DROP TABLE IF EXISTS sqlite_stat4")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// From the columns of all indexes, index by index.
fn statistics(columns: Vec<Column>) -> Vec<Statistic> {
    let indexes = columns.chunk_by(|a, b| a.idx == b.idx);
    let statistic = |columns: &[Column]| {
        let first = columns.first()?;
        let names: Vec<Option<&str>> = columns.iter().map(|column| column.name.as_deref()).collect();
        let rows = if first.tbl == "records" { ALL_RECORDS } else { ROWS };
        Some(Statistic { tbl: first.tbl.clone(), idx: first.idx.clone(), stat: stat(&names, first.once, rows) })
    };
    indexes.filter_map(statistic).collect()
}

/// The rows of the table, and then how many share a value of the first column, of the first two, and so on.
fn stat(columns: &[Option<&str>], once: bool, rows: u64) -> String {
    let mut left = rows;
    let mut numbers = vec![rows.to_string()];
    for (n, column) in columns.iter().enumerate() {
        left = match column {
            _ if once && n + 1 == columns.len() => 1,
            // Of one organisation are all, and of one kind most: whoever asks has said so already.
            Some("org_id" | "kind") => left,
            // There are few of these, and much is closed.
            Some("status" | "deadline" | "severity" | "scope" | "sending") => left / 10,
            _ if left > FEW => FEW,
            _ => left / 10,
        };
        numbers.push(left.max(1).to_string());
    }
    numbers.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_has_everything_and_an_id_one() {
        assert_eq!(stat(&[Some("org_id"), Some("id")], true, ROWS), "1000000 1000000 1");
        assert_eq!(stat(&[Some("org_id"), Some("kind"), Some("id")], true, ROWS), "1000000 1000000 1000000 1");
        let by_status = [Some("org_id"), Some("status"), Some("received_at"), Some("id")];
        assert_eq!(stat(&by_status, false, ROWS), "1000000 1000000 100000 100 10");
        assert_eq!(stat(&[Some("watch_at"), None, None, None], false, ROWS), "1000000 100 10 1 1");
    }
}
