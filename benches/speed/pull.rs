//! What phones fetch: a page of 500 records beside the bare query, and beside other people's rows.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query};
use doorstep::db::SqliteWriter;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::{
    Options, bare,
    house::{House, Size, device, org, technician},
    line::Line,
    median, postgres,
    table::{Table, Target},
};

/// What the device fetches comes to several pages.
const FIRM: Size = Size { technicians: 1, orders: 2_000 };

/// Records of a page.
const PAGE: usize = 500;

/// Pages fetched of each.
const TIMES: usize = 300;

pub fn run(options: &Options, table: &mut Table) {
    let (few, many) = (house(), house());
    crowd(&few, 1_000);
    crowd(&many, options.others);
    compare("SQLite", &few, &many, options.others, table, &mut |place| {
        let conn = bare::open(&few.file());
        let place = place.clone();
        Box::new(move || bare_page(&conn, &place))
    });
}

pub fn run_on_postgres(options: &Options, table: &mut Table) {
    let (few, many) = (postgres::Database::new(), postgres::Database::new());
    let few_house = House::postgres(FIRM, &few.url);
    let many_house = House::postgres(FIRM, &many.url);
    postgres_crowd(&few.url, 1_000);
    postgres_crowd(&many.url, options.others);
    compare("PostgreSQL", &few_house, &many_house, options.others, table, &mut |place| {
        let mut conn = PgConnection::establish(&few.url).expect("PostgreSQL answers");
        let place = place.clone();
        Box::new(move || bare_postgres_page(&mut conn, &place))
    });
}

fn house() -> House {
    House::sqlite(FIRM, SqliteWriter::GroupCommit)
}

type Page = Box<dyn FnMut() -> usize>;

fn compare(
    database: &str,
    few: &House,
    many: &House,
    others: u32,
    table: &mut Table,
    bare: &mut dyn FnMut(&Place) -> Page,
) {
    let (mut here, mut there) = (Puller::open(few), Puller::open(many));
    let (cursor, place) = here.middle();
    let mut bare = bare(&place);
    let (other_cursor, _) = there.middle();
    let (mut times, mut bare_times, mut crowded) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TIMES {
        times.push(here.page(&cursor).0);
        let begun = Instant::now();
        let bytes = bare();
        bare_times.push(begun.elapsed());
        assert!(bytes > 100_000, "a page of 500 records, not {bytes} bytes");
        crowded.push(there.page(&other_cursor).0);
    }
    let (time, bare, crowded) = (median(&mut times), median(&mut bare_times), median(&mut crowded));
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    table.figure(format!("{database}, pull of a page of 500 records, over HTTP"), millis(time), "ms");
    table.figure(format!("{database}, the bare query and writing the JSON"), millis(bare), "ms");
    let ratio = time.as_secs_f64() / bare.as_secs_f64();
    table.promised(format!("{database}, pull ÷ bare query"), ratio, "×", Target::AtMost(3.0));
    let ratio = crowded.as_secs_f64() / time.as_secs_f64();
    let what = format!("{database}, pull beside {others} feed rows of others ÷ beside 1,000");
    table.promised(what, ratio, "×", Target::AtMost(1.2));
}

/// Feed rows of other people, a thousand each.
pub fn crowd(house: &House, rows: u32) {
    let conn = rusqlite::Connection::open(house.file()).expect("the file opens");
    conn.execute_batch("PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF").expect("the settings are known");
    let sql = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
        INSERT INTO feed (org_id, scope, kind, id, version, refs)
        SELECT ?1, printf('user:%08x-0000-7000-8000-000000000000', i / 1000), 'work_order',
            unhex(printf('ff%030x', i)), 1 + i % (SELECT version FROM organisations), 1 FROM n";
    conn.execute(sql, (org().as_bytes().as_slice(), rows)).expect("the rows are written");
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
}

fn postgres_crowd(url: &str, rows: u32) {
    let sql = format!(
        "INSERT INTO feed (org_id, scope, kind, id, version, refs)
        SELECT '{}', 'user:' || lpad(to_hex(i / 1000), 8, '0') || '-0000-7000-8000-000000000000', 'work_order',
            ('ff' || lpad(to_hex(i), 30, '0'))::uuid, 1 + i % (SELECT version FROM organisations), 1
        FROM generate_series(0, {rows} - 1) AS i;
        ANALYZE",
        org()
    );
    let mut conn = PgConnection::establish(url).expect("PostgreSQL answers");
    conn.batch_execute(&sql).expect("the rows are written");
}

/// A place in the feed.
#[derive(Clone, Debug)]
struct Place {
    scope: String,
    version: i64,
    kind: String,
    id: Uuid,
}

/// A phone that fetches pages.
pub struct Puller {
    runtime: Runtime,
    line: Line,
    token: String,
}

impl Puller {
    pub fn open(house: &House) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let token = runtime.block_on(house.sign_in(0));
        Self::with(house, runtime, token)
    }

    /// Another connection of the same phone. Signing in again would end the first one's session.
    pub fn beside(&self, house: &House) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self::with(house, runtime, self.token.clone())
    }

    fn with(house: &House, runtime: Runtime, token: String) -> Self {
        let line = runtime.block_on(Line::open(house.address(), Some(&token))).expect("a connection");
        Self { runtime, line, token }
    }

    pub fn accept_encoding(&mut self, coding: &str) {
        self.line.accept_encoding(coding);
    }

    /// How long a page took, and its bytes. The cursor is JSON: a text or `null`.
    pub fn page(&mut self, cursor: &str) -> (Duration, &[u8]) {
        let body = format!(r#"{{"device":"{}","schema":1,"cursor":{cursor},"limit":{PAGE}}}"#, device(0));
        let begun = Instant::now();
        let answer = self.runtime.block_on(self.line.post("/v1/sync/pull", &body)).expect("an answer");
        let time = begun.elapsed();
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
        (time, answer.body)
    }

    /// The cursor behind the first page, and the place in the feed that it stands for.
    fn middle(&mut self) -> (String, Place) {
        let page: serde_json::Value = serde_json::from_slice(self.page("null").1).expect("JSON");
        let changes = page["changes"].as_array().expect("changes");
        let last = changes.last().expect("a change");
        let text = |name: &str| last[name].as_str().expect("a text").to_owned();
        let place = Place {
            scope: text("scope"),
            version: last["version"].as_i64().expect("a number"),
            kind: text("kind"),
            id: Uuid::parse_str(&text("id")).expect("an id"),
        };
        assert_eq!(place.scope, format!("user:{}", technician(0)));
        (page["cursor"].to_string(), place)
    }
}

const QUERY: &str = "SELECT f.kind, f.id, f.version, r.rev, r.body
    FROM feed f JOIN records r ON r.org_id = f.org_id AND r.kind = f.kind AND r.id = f.id
    WHERE f.org_id = $1 AND f.scope = $2 AND f.version >= $3 AND (f.version, f.kind, f.id) > ($3, $4, $5)
    ORDER BY f.version, f.kind, f.id LIMIT 500";

#[derive(Serialize)]
struct Head<'a> {
    scope: &'a str,
    kind: &'a str,
    id: Uuid,
    version: i64,
    rev: i64,
}

/// Writes one change as the server does: the stored text of the record goes through as it is.
fn encode(json: &mut String, head: &Head<'_>, body: &str) {
    let head = serde_json::to_string(head).expect("JSON");
    write!(json, "{},\"body\":{body}}},", &head[..head.len() - 1]).expect("memory is written");
}

fn bare_page(conn: &rusqlite::Connection, place: &Place) -> usize {
    let mut query = conn.prepare_cached(QUERY).expect("SQL");
    let Place { scope, version, kind, id } = place;
    let mut json = String::with_capacity(64 * 1024);
    let org = org();
    let values = (org.as_bytes().as_slice(), scope, version, kind, id.as_bytes().as_slice());
    let mut rows = query.query(values).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let id = row.get_ref(1).expect("an id").as_blob().expect("bytes");
        let head = Head {
            scope,
            kind: row.get_ref(0).expect("a kind").as_str().expect("a text"),
            id: Uuid::from_slice(id).expect("16 bytes"),
            version: row.get(2).expect("a version"),
            rev: row.get(3).expect("a revision"),
        };
        encode(&mut json, &head, row.get_ref(4).expect("a body").as_str().expect("a text"));
    }
    json.len()
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = doorstep::db::types::Id)]
    id: doorstep::db::types::Uid,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    version: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rev: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    body: String,
}

fn bare_postgres_page(conn: &mut PgConnection, place: &Place) -> usize {
    use diesel::sql_types::{BigInt, Text};
    use doorstep::db::types::{Id, Uid};
    let query = sql_query(QUERY)
        .bind::<Id, _>(Uid(org()))
        .bind::<Text, _>(&place.scope)
        .bind::<BigInt, _>(place.version)
        .bind::<Text, _>(&place.kind)
        .bind::<Id, _>(Uid(place.id));
    let rows: Vec<Row> = query.load(conn).expect("rows");
    let mut json = String::with_capacity(64 * 1024);
    for Row { kind, id, version, rev, body } in &rows {
        let head = Head { scope: &place.scope, kind, id: id.0, version: *version, rev: *rev };
        encode(&mut json, &head, body);
    }
    json.len()
}
