//! PostgreSQL, in the cluster that `scripts/test --with-postgres` started: the server beside `pgbench`, which runs the
//! same statements with nothing around them.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel::{
    Connection, PgConnection,
    connection::{Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation},
};

use crate::{
    Options,
    house::{House, Size, org},
    median,
    push::{FIRM, Load, MANY, PHONES, Rounds},
    table::{Table, Target},
};

/// A database that goes when it is dropped.
pub struct Database {
    name: String,
    pub url: String,
}

impl Database {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorstep_bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        maintain(&format!("CREATE DATABASE {name}"));
        Self { url: url(&name), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        maintain(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// The address of a database in the cluster.
fn url(name: &str) -> String {
    let url = std::env::var("DOORSTEP_TEST_POSTGRES").expect("run scripts/bench, or scripts/test --with-postgres");
    let (address, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let (server, _) = address.rsplit_once('/').expect("postgres://…/database");
    format!("{server}/{name}?{parameters}")
}

fn maintain(sql: &str) {
    let mut conn = PgConnection::establish(&url("postgres")).expect("the cluster answers");
    conn.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub fn run(options: &Options, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let scripts = [1, MANY].map(|batch| {
        let (path, text) = (folder.path().join(format!("{batch}.sql")), script(batch));
        let bare: Vec<String> = text.lines().filter(|line| !line.starts_with('\\')).map(shape).collect();
        assert_eq!(bare, statements_of_a_push(batch), "pgbench runs what the server runs");
        std::fs::write(&path, text).expect("the script is written");
        path
    });
    let (filled, bare) = (Database::new(), Database::new());
    let house = House::postgres(FIRM, &filled.url);
    let mut load = Load::new(&house, PHONES);
    // The same firm with the same phones, and then nobody there.
    let other = House::postgres(FIRM, &bare.url);
    drop(Load::new(&other, PHONES));
    drop(other);
    let (mut single, mut many) = (Rounds::default(), Rounds::default());
    let (mut bare_single, mut bare_many) = (Vec::new(), Vec::new());
    let seconds = options.round.as_secs().max(1);
    for _ in 0..options.rounds {
        single.add(load.drive(1, options.round));
        bare_single.push(pgbench(&bare.url, &scripts[0], seconds));
        many.add(load.drive(MANY, options.round));
        bare_many.push(pgbench(&bare.url, &scripts[1], seconds) * f64::from(MANY));
    }
    for (what, rounds, mut bare) in [
        ("PostgreSQL, single operations, 32 phones", single, bare_single),
        ("PostgreSQL, 50 operations a push, 32 phones", many, bare_many),
    ] {
        let bare = median(&mut bare);
        table.figure(format!("{what}: operations per second"), rounds.rate(), "/s");
        table.figure(format!("{what}: 99 % within"), rounds.percentile(99.0), "ms");
        table.figure(format!("{what}: pgbench, the same statements"), bare, "/s");
        let target = Target::AtLeast(0.5, 0.5);
        table.promised(format!("{what} ÷ pgbench"), rounds.rate() / bare, "×", target);
    }
}

/// Transactions per second of 32 clients.
fn pgbench(url: &str, script: &Path, seconds: u64) -> f64 {
    let output = Command::new(program())
        .args(["--no-vacuum", "--protocol=prepared", "--client=32", "--jobs=2"])
        .arg(format!("--time={seconds}"))
        .arg("--file")
        .arg(script)
        .arg(url)
        .stderr(Stdio::inherit())
        .output()
        .expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "pgbench failed");
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("no rate in {text}"))
}

/// pgbench comes with the server, but not always into the path.
fn program() -> String {
    let folder = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let folder = folder.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let mut places: Vec<String> = folder.into_iter().collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin").display().to_string()));
    }
    let found = places.into_iter().map(|place| format!("{place}/pgbench")).find(|path| Path::new(path).exists());
    found.unwrap_or_else(|| "pgbench".into())
}

/// The statements of one push by the phone whose number is the client's, as the server sends them, one a line.
fn script(batch: u32) -> String {
    let one = batch == 1;
    let org = format!("'{}'", org());
    let id = |what: &str, n: &str| {
        format!("('01930000-0000-7000-8000-' || lpad(to_hex({what}), 4, '0') || lpad(to_hex({n}), 8, '0'))::uuid")
    };
    let order = |n: &str| id(":client_id::int + 1", n);
    let nth = |i: u32| order(&format!(":o::int + {i}"));
    let own = |offset: u32| id("0", &format!("{offset} + :client_id::int"));
    let (user, device) = (own(0x3_0000), own(0x4_0000));
    let several =
        |what: &str, count: u32| format!("= ANY (ARRAY(SELECT {what} FROM generate_series(1, {count}) AS n))");
    // A select of its own, or it would be another id for each row that is looked at.
    let new_ids = if one { "= (SELECT gen_random_uuid())".to_owned() } else { several("gen_random_uuid()", batch) };
    let these = if one { format!("= {}", nth(0)) } else { several(&order(":o::int + n::int - 1"), batch) };
    let reasons = several("'op:' || gen_random_uuid()", batch + 1);
    // Of many rows only one could be remembered; what is written back is as long.
    let (remember, body, reach, same) = if one {
        (" \\gset r_", ":r_body", ":r_reach", "rev = :r_rev::bigint AND reach = :r_reach")
    } else {
        ("", "body || ''", "reach || ''", "rev > 0 AND reach > ''")
    };
    let operation = format!(r#"'{{"id":"0199a1f0-8000-7000-8000-000000000001","evidence":"{}"}}'"#, "e".repeat(800));
    let outcome = r#"'{"id":"0199a1f0-8000-7000-8000-000000000001","status":"applied","rev":3}'"#;
    let entered = |i: &str| {
        let order = order(&format!(":o::int + {i}::int"));
        format!(
            "{org}, gen_random_uuid(), :v_version::bigint, 'work_order.note', 'work_order', {order}, {user}, {device}, \
            :d_next_seq::bigint + {i}, NULL::uuid, 3, 1774000000000000, sha256('x'), {operation}, 'applied', {outcome}"
        )
    };
    let verdict =
        |_: &str| format!("{org}, 'device:' || {device}, 'verdict', gen_random_uuid(), :v_version::bigint, 1");
    // pgbench allows a statement 255 variables; the server sends its rows as one list of values.
    let rows = |row: &dyn Fn(&str) -> String| match batch {
        1 => format!("VALUES ({})", row("0")),
        _ => format!("SELECT {} FROM generate_series(0, {batch} - 1) AS i", row("i")),
    };
    let mut lines = vec![
        format!("\\set o random(0, {})", FIRM.orders - batch),
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned(),
        format!(
            "SELECT user_id, next_seq, revoked, registered_at, EXISTS (SELECT * FROM held WHERE org_id = {org}) \
            FROM device_state WHERE org_id = {org} AND device_id = {device} LIMIT 1 \\gset d_"
        ),
        format!("SELECT op_id, digest, actor_id, outcome FROM journal WHERE org_id = {org} AND op_id {new_ids}"),
        format!(
            "SELECT id, rev, deleted, body, reach FROM records \
            WHERE org_id = {org} AND kind = 'work_order' AND id {these}{remember}"
        ),
        format!(
            "UPDATE device_state SET next_seq = :d_next_seq::bigint + {batch}, last_seen_at = 1774000000000000 \
            WHERE org_id = {org} AND device_id = {device} AND next_seq = :d_next_seq::bigint"
        ),
    ];
    lines.extend((0..batch).map(|i| {
        format!(
            "UPDATE records SET rev = rev + 1, deleted = false, body = {body}, reach = {reach} \
            WHERE org_id = {org} AND kind = 'work_order' AND id = {} AND {same}",
            nth(i)
        )
    }));
    lines.extend([
        format!("UPDATE organisations SET version = version + 1 WHERE id = {org} RETURNING version \\gset v_"),
        format!(
            "SELECT op_id FROM held WHERE org_id = {org} AND waits_for {reasons} \
            AND (waits_for <> 'seq:' || {device} OR seq <= :d_next_seq::bigint)"
        ),
        format!(
            "INSERT INTO journal (org_id, op_id, version, type, kind, entity_id, actor_id, device_id, seq, group_id, rev, \
            received_at, digest, body, status, outcome) {}",
            rows(&entered)
        ),
        format!(
            "UPDATE feed SET version = :v_version::bigint \
            WHERE org_id = {org} AND kind = 'work_order' AND refs > 0 AND id {these}"
        ),
        format!(
            "INSERT INTO feed (org_id, scope, kind, id, version, refs) {} ON CONFLICT (org_id, kind, id, scope) \
            DO UPDATE SET version = excluded.version, refs = feed.refs + excluded.refs{}",
            rows(&verdict),
            if one { " RETURNING refs" } else { "" }
        ),
        "SAVEPOINT sound".to_owned(),
        "COMMIT".to_owned(),
    ]);
    // pgbench wants a semicolon behind each statement, except where it remembers the result.
    let finish = |line: String| if line.contains('\\') { format!("{line}\n") } else { format!("{line};\n") };
    lines.into_iter().map(finish).collect()
}

/// What a statement does with which table.
fn shape(sql: &str) -> String {
    let mut words = sql.split([' ', '(', ';', '"']).filter(|word| !word.is_empty());
    let verb = words.next().unwrap_or_default();
    let table = match verb {
        "SELECT" => main_table(sql),
        "INSERT" => words.nth(1).unwrap_or_default().to_owned(),
        "UPDATE" => words.next().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    format!("{verb} {table}")
}

/// The table that a query reads: the first behind a `FROM` that is in no brackets.
fn main_table(sql: &str) -> String {
    let mut depth = 0;
    for (at, c) in sql.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            'F' if depth == 0 && sql[at..].starts_with("FROM ") => {
                let rest = sql[at + 5..].trim_start_matches(['"', '(']);
                return rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '_').collect();
            }
            _ => {}
        }
    }
    String::new()
}

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn seen() -> MutexGuard<'static, Vec<String>> {
    SEEN.lock().expect("nobody panics with it")
}

/// Listens to what connections run.
struct Listener;

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            // `SAVEPOINT sound; COMMIT` travel together.
            let text = query.to_string();
            let statement = text.split(" -- binds").next().unwrap_or_default();
            seen().extend(statement.split("; ").map(shape));
        }
    }
}

/// The shapes of what the server runs for a push, found out on a small firm, because listening costs time.
fn statements_of_a_push(batch: u32) -> Vec<String> {
    set_default_instrumentation(|| Some(Box::new(Listener))).expect("a fresh lock");
    let database = Database::new();
    let house = House::postgres(Size { technicians: 1, orders: 4 * MANY }, &database.url);
    let mut load = Load::new(&house, 1);
    // The first ones also look up who speaks.
    load.push(batch, 2);
    seen().clear();
    load.push(batch, 1);
    set_default_instrumentation(|| None).expect("a fresh lock");
    std::mem::take(&mut seen())
}
