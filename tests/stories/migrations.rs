//! Both databases have the same tables, `schema.rs` says the same again, and every step can be taken back.

use std::{collections::BTreeSet, path::Path};

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types as sql};
use doorstep::db::{Conn, Db, DbError, both};

use crate::harness::{Backend, TestDb};

/// How one kind of value is declared: in SQLite, in PostgreSQL, in `schema.rs`.
const TYPES: [(&str, &str, &str); 5] = [
    ("BLOB", "uuid", "Id"),
    ("BLOB", "bytea", "Binary"),
    ("TEXT", "text", "Text"),
    ("BIGINT", "bigint", "BigInt"),
    ("BOOLEAN", "boolean", "Bool"),
];

/// A column, as a database or `schema.rs` declares it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = sql::Text)]
    in_table: String,
    #[diesel(sql_type = sql::BigInt)]
    position: i64,
    #[diesel(sql_type = sql::Text)]
    name: String,
    #[diesel(sql_type = sql::Text)]
    declared: String,
    #[diesel(sql_type = sql::Bool)]
    nullable: bool,
    /// The place in the primary key, from 1; 0 for none.
    #[diesel(sql_type = sql::BigInt)]
    key: i64,
}

/// An index beside the primary key's, or a foreign key: one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Extra {
    #[diesel(sql_type = sql::Text)]
    in_table: String,
    #[diesel(sql_type = sql::Text)]
    line: String,
}

/// What a database says about itself, in order.
#[derive(Debug, PartialEq, Eq)]
struct Catalogue {
    columns: Vec<Column>,
    extras: Vec<Extra>,
}

const SQLITE_COLUMNS: &str = r#"
    SELECT t.name AS in_table, c.cid AS position, c.name AS name, c.type AS declared, NOT c."notnull" AS nullable, c.pk AS "key"
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'"#;

const POSTGRES_COLUMNS: &str = r#"
    SELECT t.relname::text AS in_table, a.attnum::bigint - 1 AS position, a.attname::text AS name,
        format_type(a.atttypid, a.atttypmod) AS declared, NOT a.attnotnull AS nullable,
        coalesce(array_position(p.conkey, a.attnum), 0)::bigint AS "key"
    FROM pg_class t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_constraint p ON p.conrelid = t.oid AND p.contype = 'p'
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace"#;

// An index that a UNIQUE constraint made has a name that each database chooses for itself.
const SQLITE_EXTRAS: &str = r#"
    SELECT t.name AS in_table, CASE i.origin WHEN 'c' THEN 'index ' || i.name ELSE 'constraint' END
            || CASE WHEN i."unique" THEN ' unique' ELSE '' END || CASE WHEN i.partial THEN ' partial' ELSE '' END || ' ('
            || (SELECT group_concat(c.name || CASE WHEN c."desc" THEN ' desc' ELSE '' END, ', ' ORDER BY c.seqno)
                FROM pragma_index_xinfo(i.name) c WHERE c.key) || ')' AS line
    FROM sqlite_schema t JOIN pragma_index_list(t.name) i
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND i.origin <> 'pk'
    UNION ALL
    SELECT t.name, 'references ' || f."table" || ' (' || group_concat(f."from" || ' -> ' || f."to", ', ' ORDER BY f.seq) || ')'
    FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
    WHERE t.type = 'table'
    GROUP BY t.name, f.id"#;

const POSTGRES_EXTRAS: &str = r#"
    SELECT t.relname::text AS in_table, CASE WHEN u.oid IS NULL THEN 'index ' || i.relname ELSE 'constraint' END
            || CASE WHEN x.indisunique THEN ' unique' ELSE '' END || CASE WHEN x.indpred IS NULL THEN '' ELSE ' partial' END || ' ('
            || (SELECT string_agg(a.attname || CASE WHEN x.indoption[k.n - 1] & 1 = 1 THEN ' desc' ELSE '' END, ', ' ORDER BY k.n)
                FROM unnest(x.indkey) WITH ORDINALITY k (attnum, n)
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')' AS line
    FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid AND t.relnamespace = 'public'::regnamespace
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint u ON u.conindid = x.indexrelid AND u.contype = 'u'
    WHERE NOT x.indisprimary
    UNION ALL
    SELECT f.conrelid::regclass::text, 'references ' || f.confrelid::regclass::text || ' ('
            || (SELECT string_agg(a.attname || ' -> ' || b.attname, ', ' ORDER BY k.n)
                FROM unnest(f.conkey, f.confkey) WITH ORDINALITY k (own, theirs, n)
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own
                JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.theirs) || ')'
    FROM pg_constraint f
    WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace"#;

/// The index of the search, which is of its own kind in each database.
fn is_index(table: &str) -> bool {
    table.starts_with("search_grams")
}

async fn catalogue(db: &Db) -> Catalogue {
    let read = db.read(|conn| {
        let (columns, extras) = match conn {
            Conn::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_EXTRAS),
            Conn::Pg(_) => (POSTGRES_COLUMNS, POSTGRES_EXTRAS),
        };
        let mut columns: Vec<Column> = both!(&mut *conn, c => sql_query(columns).load(c))?;
        // diesel's own table of applied steps.
        columns.retain(|column| column.in_table != "__diesel_schema_migrations" && !is_index(&column.in_table));
        columns.sort();
        let mut extras: Vec<Extra> = both!(conn, c => sql_query(extras).load(c))?;
        extras.retain(|extra| !is_index(&extra.in_table));
        extras.sort();
        Ok::<_, DbError>(Catalogue { columns, extras })
    });
    read.await.unwrap()
}

/// The pages of `schema.rs`, read as text: what is compiled is what is compared.
fn schema() -> Vec<Column> {
    let mut columns = Vec::new();
    let (mut table, mut keys, mut position, mut renamed) = (String::new(), Vec::new(), 0, None);
    for line in include_str!("../../src/db/schema.rs").lines().map(str::trim) {
        if let Some((name, rest)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name.to_owned();
            keys = rest.split(", ").collect();
            position = 0;
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            renamed = name.strip_suffix("\"]");
        } else if let Some((name, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            columns.push(Column {
                in_table: table.clone(),
                position,
                name: renamed.take().unwrap_or(name).to_owned(),
                declared: inner.unwrap_or(kind).to_owned(),
                nullable: inner.is_some(),
                key: keys.iter().position(|key| *key == name).map_or(0, |at| at as i64 + 1),
            });
            position += 1;
        }
    }
    columns.sort();
    columns
}

/// Says each type as `schema.rs` does, if the databases mean the same by it.
fn merge(sqlite: &[Column], postgres: &[Column]) -> Vec<Column> {
    let pairs = sqlite.iter().zip(postgres).map(|(s, p)| {
        let meant =
            TYPES.iter().find(|(in_sqlite, in_postgres, _)| s.declared == *in_sqlite && p.declared == *in_postgres);
        let (_, _, meant) = meant.unwrap_or_else(|| panic!("two different things:\n{s:?}\n{p:?}"));
        let merged = |column: &Column| Column { declared: (*meant).to_owned(), ..column.clone() };
        assert_eq!(merged(s), merged(p));
        merged(s)
    });
    let merged = pairs.collect();
    let names = |columns: &[Column]| columns.iter().map(|c| format!("{}.{}", c.in_table, c.name)).collect::<Vec<_>>();
    assert_eq!(names(sqlite), names(postgres));
    merged
}

fn describe(columns: &[Column], extras: &[Extra]) -> String {
    let tables: BTreeSet<&str> = columns.iter().map(|column| column.in_table.as_str()).collect();
    let mut text = String::new();
    for table in tables {
        let columns: Vec<_> = columns.iter().filter(|column| column.in_table == table).collect();
        text += &format!("{table}\n");
        for column in &columns {
            let null = if column.nullable { " null" } else { "" };
            text += &format!("    {} {}{null}\n", column.name, column.declared);
        }
        let mut key: Vec<_> = columns.iter().filter(|column| column.key > 0).collect();
        key.sort_by_key(|column| column.key);
        text += &format!("    key ({})\n", key.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "));
        for extra in extras.iter().filter(|extra| extra.in_table == table) {
            text += &format!("    {}\n", extra.line);
        }
        text += "\n";
    }
    text
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let sqlite = catalogue(&*TestDb::sqlite().await).await;
    let postgres = catalogue(&*TestDb::postgres().await).await;
    let columns = merge(&sqlite.columns, &postgres.columns);
    assert_eq!(sqlite.extras, postgres.extras);
    insta::assert_snapshot!("tables", describe(&columns, &sqlite.extras));
}

#[tokio::test]
async fn the_schema_in_the_code_is_that_of_the_migrations() {
    let sqlite = catalogue(&*TestDb::sqlite().await).await;
    let postgres = catalogue(&*TestDb::postgres().await).await;
    assert_eq!(describe(&schema(), &[]), describe(&merge(&sqlite.columns, &postgres.columns), &[]));
}

/// The names of a database's steps.
fn steps(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|step| step.unwrap().path())
        .inspect(|step| assert!(step.join("up.sql").exists() && step.join("down.sql").exists(), "{}", step.display()))
        .map(|step| step.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn both_databases_have_the_same_steps_and_each_can_be_taken_back() {
    assert!(!steps("sqlite").is_empty());
    assert_eq!(steps("sqlite"), steps("postgres"));
}

async fn up_down_up(backend: Backend) {
    let db = TestDb::empty(backend).await;
    assert_eq!(db.pending_migrations().await.unwrap(), Vec::from_iter(steps("sqlite")));
    let applied = db.migrate().await.unwrap();
    assert_eq!(applied.len(), steps("sqlite").len());
    let first = catalogue(&db).await;
    assert_eq!(db.migrate().await.unwrap(), Vec::<String>::new(), "a second time there is nothing to do");
    assert_eq!(db.pending_migrations().await.unwrap(), Vec::<String>::new());

    let mut reverted = db.unmigrate().await.unwrap();
    reverted.reverse();
    assert_eq!(reverted, applied);
    assert_eq!(catalogue(&db).await, Catalogue { columns: vec![], extras: vec![] });

    assert_eq!(db.migrate().await.unwrap(), applied);
    assert_eq!(catalogue(&db).await, first);
}

async fn two_at_once(backend: Backend) {
    let db = TestDb::empty(backend).await;
    let other = Db::open(db.options()).await.unwrap();
    let (one, two) = tokio::join!(db.migrate(), other.migrate());
    let mut applied = [one.unwrap().len(), two.unwrap().len()];
    applied.sort_unstable();
    assert_eq!(applied, [0, steps("sqlite").len()], "one does it all, the other finds nothing to do");
}

mod every_step_can_be_taken_back_and_taken_again {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        up_down_up(Backend::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        up_down_up(Backend::Postgres).await;
    }
}

mod two_processes_may_migrate_at_once {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite() {
        two_at_once(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        two_at_once(Backend::Postgres).await;
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = sql::Text)]
    detail: String,
}

/// How SQLite goes about a list of orders whose ids are known.
async fn plan_of_a_few(db: &Db) -> String {
    let plan = |conn: &mut Conn| {
        let ids = "x'00', x'01', ".repeat(15) + "x'02'";
        let query = format!(
            "EXPLAIN QUERY PLAN SELECT w.id, r.body FROM work_orders w
             JOIN records r ON r.org_id = w.org_id AND r.kind = 'work_order' AND r.id = w.id
             WHERE w.org_id = x'00' AND w.id IN ({ids}) ORDER BY w.received_at DESC, w.id DESC LIMIT 101"
        );
        let steps: Vec<Step> = both!(conn, c => sql_query(query).load(c))?;
        Ok::<_, DbError>(steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n"))
    };
    db.read(plan).await.unwrap()
}

/// SQLite believes that the tables are a large firm's, so it looks for what is few by what is few. Whoever had it count for itself has
/// that put right when the server starts, for connections that are open already as well.
#[tokio::test]
async fn sqlite_plans_for_a_large_firm() {
    let db = TestDb::sqlite().await;
    let few = plan_of_a_few(&db).await;
    assert!(few.contains("(org_id=? AND id=?)"), "{few}");
    let count = |conn: &mut Conn| Ok::<_, DbError>(both!(conn, c => sql_query("ANALYZE").execute(c))?);
    db.write(count).await.unwrap();
    let there = |conn: &mut Conn| {
        let query = "SELECT tbl AS in_table, coalesce(idx, '') || ' ' || stat AS line FROM sqlite_stat1 ORDER BY 1, 2";
        Ok::<Vec<Extra>, DbError>(both!(conn, c => sql_query(query).load(c))?)
    };
    let counted = db.read(there).await.unwrap();
    db.migrate().await.unwrap();
    let put_right = db.read(there).await.unwrap();
    assert_ne!(counted, put_right);
    assert!(
        put_right.iter().any(|extra| extra.line == "work_orders_by_received 1000000 1000000 100 10"),
        "{put_right:?}"
    );
    let indexes = catalogue(&db).await.extras.into_iter().filter(|extra| extra.line.starts_with("index "));
    for index in indexes {
        let name = index.line.split(' ').nth(1).unwrap();
        assert!(put_right.iter().any(|extra| extra.line.starts_with(&format!("{name} "))), "no statistics of {name}");
    }
    assert_eq!(plan_of_a_few(&db).await, few);
}
