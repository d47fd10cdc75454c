//! S15: what a pull costs depends on the caller's own changes, whatever the firm's size and history.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{Connection, Instrumentation, InstrumentationEvent},
    prelude::*,
    sql_types::{BigInt, Text},
};
use doorstep::{
    db::{Conn, Db, DbError},
    error::Error,
    sync::pull,
};
use mobile_api::{evidence::Stamp, record::Scope};
use serde_json::Value;
use uuid::Uuid;

use super::kit::{Copy, Hand, note};
use crate::harness::House;

/// What one page took.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    /// Statements that were sent.
    statements: usize,
    /// Rows that came back to the phone.
    changes: usize,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Reads {
    #[diesel(sql_type = Text)]
    relname: String,
    #[diesel(sql_type = BigInt)]
    reads: i64,
}

/// Notes the text of every query.
fn listen(queries: &Arc<Mutex<Vec<String>>>) -> impl Instrumentation + use<> {
    let queries = queries.clone();
    move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            queries.lock().unwrap().push(text.split(" -- binds").next().unwrap_or_default().to_owned());
        }
    }
}

/// Fetches one page as the server does, and looks at what the database does for it: on SQLite at the plan of every
/// statement, on PostgreSQL at the rows that were really read.
async fn page(db: &Db, org: Uuid, scopes: Vec<Scope>, cursor: Option<String>, most_rows: i64) -> (Value, Cost) {
    let work = move |conn: &mut Conn| {
        let queries: Arc<Mutex<Vec<String>>> = Arc::default();
        match conn {
            Conn::Sqlite(c) => c.set_instrumentation(listen(&queries)),
            Conn::Pg(c) => c.set_instrumentation(listen(&queries)),
        }
        let before = rows_read(conn)?;
        queries.lock().unwrap().clear();
        let page = pull::page(conn, org, scopes.clone(), cursor.as_deref(), 500)?;
        let queries: Vec<String> = std::mem::take(&mut *queries.lock().unwrap());
        match conn {
            Conn::Sqlite(c) => c.set_instrumentation(None::<Box<dyn Instrumentation>>),
            Conn::Pg(c) => c.set_instrumentation(None::<Box<dyn Instrumentation>>),
        }
        let stamp = Stamp { server_time: crate::harness::morning(), proof: String::new() };
        let page: Value = serde_json::from_slice(&page.to_json(&stamp)?).unwrap();
        let cost = Cost { statements: queries.len(), changes: page["changes"].as_array().unwrap().len() };
        match conn {
            Conn::Sqlite(_) => queries.iter().for_each(|query| looks_up(conn, query)),
            Conn::Pg(_) => {
                let after = rows_read(conn)?;
                for (table, rows) in after {
                    let earlier = before.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows);
                    assert!(rows - earlier <= most_rows, "{} rows of {table} for {cost:?}", rows - earlier);
                }
            }
        }
        Ok::<_, Error>((page, cost))
    };
    db.read(work).await.unwrap()
}

/// Every step of the statement's plan finds its place by an index or a key, and sorts nothing.
fn looks_up(conn: &mut Conn, query: &str) {
    let Conn::Sqlite(c) = conn else { return };
    let plan: Vec<Plan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(c).unwrap();
    assert!(!plan.is_empty());
    for Plan { detail } in plan {
        let harmless =
            detail.starts_with("SEARCH") || detail.starts_with("MULTI-INDEX OR") || detail.starts_with("INDEX");
        assert!(harmless, "{detail}: {query}");
        if detail.contains("feed_by_version") {
            assert!(detail.contains("(org_id=? AND scope=? AND version>?"), "{detail}: {query}");
        }
    }
}

/// Rows read of each table so far in this transaction, by whatever way.
fn rows_read(conn: &mut Conn) -> Result<Vec<(String, i64)>, DbError> {
    let Conn::Pg(c) = conn else { return Ok(Vec::new()) };
    let sql = "SELECT relname::text AS relname, (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint AS reads
               FROM pg_stat_xact_user_tables";
    let rows: Vec<Reads> = diesel::sql_query(sql).load(c)?;
    Ok(rows.into_iter().map(|row| (row.relname, row.reads)).collect())
}

/// Gives the firm `many` more rows of other people's: their feeds, and the records and history behind them.
async fn grow(db: &Db, org: Uuid, many: i64) {
    let work = move |conn: &mut Conn| {
        let bind = |sql: String| diesel::sql_query(sql);
        let org = org.simple().to_string();
        let (org, random, n) = match conn {
            Conn::Sqlite(_) => (format!("x'{org}'"), "randomblob(16)", "n"),
            Conn::Pg(_) => (format!("'{org}'::uuid"), "gen_random_uuid()", "n"),
        };
        let numbers = format!("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {many})");
        let statements = [
            format!(
                "{numbers} INSERT INTO feed (org_id, scope, kind, id, version, refs)
                 SELECT {org}, 'user:00000000-0000-7000-8000-0000000000' || (10 + {n} % 80), 'work_order', {random}, {n}, {n} % 2
                 FROM t"
            ),
            format!(
                "{numbers} INSERT INTO records (org_id, kind, id, rev, deleted, body, reach)
                 SELECT {org}, 'work_order', {random}, 1, {n} % 7 = 0, '{{}}', '[]' FROM t"
            ),
        ];
        for sql in statements {
            match conn {
                Conn::Sqlite(c) => bind(sql).execute(c)?,
                Conn::Pg(c) => bind(sql).execute(c)?,
            };
        }
        // PostgreSQL plans by what it knows of the tables; a real server is told now and then.
        if let Conn::Pg(c) = conn {
            bind("ANALYZE feed".into()).execute(c)?;
            bind("ANALYZE records".into()).execute(c)?;
        }
        Ok::<_, DbError>(())
    };
    db.write(work).await.unwrap();
}

stories! {
    /// A catch-up, an idle pull and a first sync: the same statements, and on each of them no more rows than the
    /// caller's own, with one and with 50,000 rows of other people in the firm's feed.
    async fn s15_the_work_of_a_pull_is_proportional_to_ones_own_changes(house: House) {
        let (firm, db) = (house.firm, (*house.db).clone());
        let orders = [house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await];
        let hand = Hand::of(&house, "wang").await;
        let copy = Copy::fetched(&hand, 500).await;
        let li = house.li().await;
        for n in 0..4 {
            li.perform(orders[n % 2], note(format!("{n}"))).await.applied();
        }
        let (mut costs, own) = (Vec::new(), i64::try_from(copy.rows.len()).unwrap());
        for many in [1, 50_000] {
            grow(&db, firm.org, many).await;
            // A small table is read whole, because that is faster: with one foreign row that says nothing.
            let bound = |rows: i64| if many > 1 { rows } else { i64::MAX };
            let (changed, catch_up) = page(&db, firm.org, copy.scopes.clone(), copy.cursor.clone(), bound(4 * 2)).await;
            assert_eq!(catch_up.changes, 2, "two orders changed, however often");
            let cursor = changed["cursor"].as_str().unwrap().to_owned();
            let (_, idle) = page(&db, firm.org, copy.scopes.clone(), Some(cursor), bound(2)).await;
            assert_eq!(idle.changes, 0);
            let (_, first) = page(&db, firm.org, copy.scopes.clone(), None, bound(2 * own)).await;
            assert_eq!(i64::try_from(first.changes).unwrap(), own);
            costs.push((catch_up, idle, first));
        }
        assert_eq!(costs[0], costs[1], "the same statements and rows, whatever the firm's size");
        assert!(costs[0].0.statements <= copy.scopes.len() + 3, "{costs:?}");
    }
}
