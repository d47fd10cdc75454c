//! The phone engine: what a person waits for at the customer's door.

use std::{sync::Arc, time::Instant};

use doorstep::{clock::Clock, db::SqliteWriter, operations::Online};
use mobile_api::{
    Actor, Role,
    catalogue::Action,
    ids::{InspectionId, TemplateId},
    inspection::{
        AnswerItem, AnswerValue, Ask, Assignee, FormItem, PlanInspection, PublishTemplate, Spot, StartInspection,
        TemplateSave,
    },
    operation::Payload,
    phone::{About, Draft, HttpTransport, Outcome, Phone, SystemClock, go_on},
    record::{Kind, Ref},
    work_order::{Window, visit::AddNote},
};
use uuid::Uuid;

use crate::{
    Options,
    house::{House, PASSWORD, Size, order, org, site, technician},
    median,
    table::{Table, Target},
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
    round(&house, &phone, &path, table);
}

/// Items of an inspection that is filled in without signal.
const ITEMS: usize = 400;

/// A long round, item by item, and the phone switched off and on at its end.
fn round(house: &House, phone: &Phone, path: &std::path::Path, table: &mut Table) {
    let inspection = plan(house);
    house.wait_for(phone.sync_once(&go_on)).expect("the phone syncs");
    let record = |action: Action| phone.record(Draft::new(inspection, action).expect("a draft")).expect("it is kept");
    let begun = record(StartInspection::default().into());
    assert_eq!(begun.outcome, Outcome::Applies(vec![]));
    let mut times: Vec<f64> = (0..ITEMS)
        .map(|n| {
            let (item, value) = (format!("item-{n}"), AnswerValue::Pass);
            timed(|| {
                let answered = record(AnswerItem { point: None, item, value, note: None }.into());
                assert_eq!(answered.outcome, Outcome::Applies(vec![]));
            })
        })
        .collect();
    let (first, last) = times.split_at_mut(ITEMS / 2);
    let (early, late) = (median(first), median(last));
    table.figure("Phone: an item of an inspection, 1 to 200", early, "ms");
    table.promised("Phone: an item of an inspection, 201 to 400", late, "ms", Target::AtMost(5.0));
    let slowest = last.iter().copied().fold(0.0, f64::max);
    table.figure("Phone: the slowest of these", slowest, "ms");
    let silent = HttpTransport::new("http://127.0.0.1:9", "en").expect("a client");
    let again = Phone::open(path, Arc::new(SystemClock::new()), Arc::new(silent), About::default()).expect("it opens");
    let first_look = timed(|| drop(again.pending().expect("a list")));
    table.figure("Phone: the first look after it was switched on, 401 pending", first_look, "ms");
}

/// An inspection of one section with [`ITEMS`] items, planned for the technician.
fn plan(house: &House) -> InspectionId {
    let clock = Clock::system();
    let perform = |entity: Uuid, action: Action| {
        let online = Online { id: clock.new_id(), action, entity, expected_rev: None };
        let office = Actor { role: Role::Admin, ..Actor::system(org()) };
        house.wait_for(house.state().door.perform(office, online)).expect("it is permitted");
    };
    let (template, inspection) = (TemplateId::new(clock.new_id()), InspectionId::new(clock.new_id()));
    let mut form = TemplateSave::example();
    let first = form.form.sections[0].items[0].clone();
    let item =
        |n| FormItem { key: format!("item-{n}"), ask: Ask::PassFail, show_if: vec![], photo: None, ..first.clone() };
    form.form.sections.truncate(1);
    form.form.sections[0].items = (0..ITEMS).map(item).collect();
    perform(template.uuid(), form.into());
    perform(template.uuid(), PublishTemplate {}.into());
    let from = clock.now();
    let plan = PlanInspection {
        template,
        spot: Spot { site: site(), building: None, unit: None, asset: None },
        order: None,
        complaint: None,
        earlier: None,
        due: Window { from, until: from + chrono::TimeDelta::hours(8) },
        assignee: Assignee { user: Some(technician(0)), team: None },
    };
    perform(inspection.uuid(), plan.into());
    inspection
}

/// Milliseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}
