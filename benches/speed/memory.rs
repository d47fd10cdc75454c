//! What the real program takes while it has nothing to do.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use doorstep::db::SqliteWriter;

use crate::{
    Options,
    house::House,
    pull, push,
    table::{Table, Target},
};

pub fn run(options: &Options, table: &mut Table) {
    let empty = tempfile::tempdir().expect("a folder");
    let target = || Target::AtMost(50.0);
    table.promised("Idle server, new database, resident", resident(empty.path()), "MiB", target());
    let house = House::sqlite(push::FIRM, SqliteWriter::GroupCommit);
    pull::crowd(&house, options.others);
    let folder = tempfile::tempdir().expect("a folder");
    house.copy(&folder.path().join("doorstep.sqlite3"));
    drop(house);
    let what = format!("Idle server, 9,600 orders and {} feed rows, resident", options.others);
    table.promised(what, resident(folder.path()), "MiB", target());
}

/// Mebibytes, some seconds after the start.
fn resident(data: &Path) -> f64 {
    let mut server = Command::new(env!("CARGO_BIN_EXE_doorstep"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env_remove("DATABASE_URL")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut log = BufReader::new(server.stderr.take().expect("its log")).lines();
    let listens = log.any(|line| line.expect("text").contains("listening on"));
    assert!(listens, "the server says where it listens");
    std::thread::sleep(Duration::from_secs(3));
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("Linux");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}
