//! A first sync, a push that is sent again, and a little that changed among much.

use std::sync::Arc;

use doorstep::{
    clock::Clock,
    db::SqliteWriter,
    operations::Online,
    sync::cursor::{Cursor, Place},
};
use mobile_api::{Actor, Role, Scope, work_order::visit::AddNote};

use crate::{
    Options,
    house::{House, Size, device, order, org, technician},
    median,
    pull::Puller,
    push::{Load, MANY},
    table::Table,
};

/// With the flats, their customers, the site, the order type and the organisation, 10,000 records.
const FIRM: Size = Size { technicians: 1, orders: 9_797 };

pub fn run(_: &Options, table: &mut Table) {
    let house = House::sqlite(FIRM, SqliteWriter::GroupCommit);
    for coding in ["identity", "gzip", "zstd"] {
        let mut puller = Puller::open(&house);
        let mut plain = puller.beside(&house);
        puller.accept_encoding(coding);
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..3 {
            let time;
            (time, bytes) = everything(&mut puller, &mut plain, coding);
            times.push(time);
        }
        let what = format!("First sync of 10,000 records, {coding}");
        table.figure(format!("{what}: on the line"), bytes as f64 / 1024.0 / 1024.0, "MiB");
        table.figure(what, median(&mut times), "ms");
    }
    let mut load = Load::new(&house, 1);
    let (first, again) = load.again(MANY, 100);
    table.figure("A push of 50 operations, one phone alone", first, "ms");
    table.figure("The same push again: the first verdicts", again, "ms");
    changed_of_a_million(&house, table);
}

/// Fetches page by page; answers milliseconds and bytes. The cursors come from an uncompressed line beside.
fn everything(puller: &mut Puller, plain: &mut Puller, coding: &str) -> (f64, usize) {
    let (mut time, mut bytes, mut records) = (0.0, 0, 0);
    let mut cursor = "null".to_owned();
    loop {
        let (taken, body) = puller.page(&cursor);
        time += taken.as_secs_f64() * 1e3;
        bytes += body.len();
        let body = if coding == "identity" { body } else { plain.page(&cursor).1 };
        let page: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        records += page["changes"].as_array().expect("changes").len();
        cursor = page["cursor"].to_string();
        if page["complete"] == true {
            assert!(records >= 10_000, "{records} records");
            return (time, bytes);
        }
    }
}

fn changed_of_a_million(house: &House, table: &mut Table) {
    let conn = rusqlite::Connection::open(house.file()).expect("the file opens");
    let sql = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 1000000)
        INSERT INTO feed (org_id, scope, kind, id, version, refs)
        SELECT ?1, ?2, 'work_order', unhex(printf('ff%030x', i)), 1 + i % (SELECT version FROM organisations), 1 FROM n";
    let scope = Scope::User(technician(0).uuid());
    conn.execute_batch("PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF").expect("the settings are known");
    conn.execute(sql, (org().as_bytes().as_slice(), scope.to_string())).expect("the rows are written");
    let (epoch, head): ([u8; 16], u64) = conn
        .query_row("SELECT epoch, version FROM organisations", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the organisation");
    let scopes = [Scope::Catalog, scope, Scope::Device(device(0))];
    let places = scopes.into_iter().map(|scope| (scope, Place::at(head))).collect();
    let cursor = Cursor { epoch: uuid::Uuid::from_bytes(epoch), places }.encode().expect("a cursor");
    let note = |i| Online {
        id: Clock::system().new_id(),
        action: AddNote { text: "She called again".into() }.into(),
        entity: order(0, i),
        expected_rev: None,
    };
    let dispatcher = Actor { role: Role::Dispatcher, ..Actor::system(org()) };
    let notes = Arc::new((0..100).map(note).collect());
    house.wait_for(house.state().door.perform_all(dispatcher, notes)).expect("they are stored");
    let mut puller = Puller::open(house);
    let mut times: Vec<f64> = (0..100).map(|_| puller.page(&format!("{cursor:?}")).0.as_secs_f64() * 1e3).collect();
    let page: serde_json::Value = serde_json::from_slice(puller.page(&format!("{cursor:?}")).1).expect("JSON");
    assert_eq!(page["changes"].as_array().expect("changes").len(), 100);
    table.figure("100 changed of a million that the phone holds", median(&mut times), "ms");
}
