//! The phone engine: what a person waits for at the customer's door.

use std::{sync::Arc, time::Instant};

use doorstep::db::SqliteWriter;
use mobile_api::{
    phone::{About, Draft, HttpTransport, Phone, SystemClock, go_on},
    record::{Kind, Ref},
    work_order::visit::AddNote,
};

use crate::{
    Options,
    house::{House, PASSWORD, Size, order},
    median,
    table::Table,
};

const FIRM: Size = Size { technicians: 1, orders: 50 };

/// Operations that wait for signal.
const PENDING: u32 = 200;

pub fn run(_: &Options, table: &mut Table) {
    let house = House::sqlite(FIRM, SqliteWriter::GroupCommit);
    let folder = tempfile::tempdir().expect("a folder");
    let transport = HttpTransport::new(&format!("http://{}", house.address()), "en").expect("a client");
    let path = folder.path().join("phone.sqlite3");
    let phone = Phone::open(&path, Arc::new(SystemClock::new()), Arc::new(transport), About::default());
    let phone = phone.expect("the phone's file opens");
    house.wait_for(phone.sign_in("t0", PASSWORD)).expect("the technician signs in");
    house.wait_for(phone.sync_once(&go_on)).expect("the phone syncs");
    let mut times = Vec::new();
    for n in 0..PENDING {
        let note = AddNote { text: "The trap seal is worn; she will be at home until noon".into() };
        let draft = Draft::new(order(0, n % 20), note).expect("a draft");
        times.push(timed(|| drop(phone.record(draft).expect("it is kept"))));
    }
    let (first, last) = times.split_at_mut(PENDING as usize / 2);
    table.figure("Phone: record(), 0 to 100 pending", median(first), "ms");
    table.figure("Phone: record(), 100 to 200 pending", median(last), "ms");
    let address = Ref::new(Kind::WorkOrder, order(0, 7));
    let mut show: Vec<f64> = (0..50).map(|_| timed(|| drop(phone.show(address).expect("it is shown")))).collect();
    table.figure("Phone: show() of an order, 200 pending", median(&mut show), "ms");
    let mut list: Vec<f64> = (0..20).map(|_| timed(|| drop(phone.list(Kind::WorkOrder).expect("a list")))).collect();
    table.figure("Phone: list() of 50 orders, 200 pending", median(&mut list), "ms");
    let sync = timed(|| drop(house.wait_for(phone.sync_once(&go_on)).expect("the phone syncs")));
    assert_eq!(phone.unsent_count().expect("a count"), 0);
    table.figure("Phone: sync that sends 200 operations", sync, "ms");
}

/// Milliseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}
