//! The sheet of the month opens by itself, of what lies there.

use chrono::Duration;

use super::kit::*;
use crate::{
    actor::Role,
    ids::UserId,
    record::{Kind, RecordType, Ref},
    stock::{MonthlyCount, OpenMonthlyCount, Place, StockCount, StockPlace, StockPlaceKind, StockPlaceSave},
};

const TIMER: (u128, Role) = (99, Role::System);

fn monthly(day: u32, counters: Vec<UserId>) -> StockPlaceSave {
    StockPlaceSave {
        name: "Central store".into(),
        kind: StockPlaceKind::Store,
        holders: vec![],
        usage_weeks: 4,
        cover_weeks: 2,
        monthly_count: Some(MonthlyCount { day, counters }),
        active: true,
    }
}

fn place(depot: &Depot) -> StockPlace {
    depot.get(Kind::StockPlace, number(60)).expect("the store")
}

fn about() -> Ref {
    Ref::new(Kind::StockPlace, number(60))
}

fn sheets(depot: &Depot) -> Vec<StockCount> {
    depot.records.values().filter_map(|record| <&StockCount>::try_from(record).ok()).cloned().collect()
}

/// Minutes from the beginning of the story, 2026-05-27 by Greenwich, to a day of that May.
fn minutes_to(day: i64) -> i64 {
    (day - 27) * 24 * 60
}

#[test]
fn on_its_day_a_sheet_opens_of_what_lies_there() {
    let mut depot = Depot::stocked(20);
    depot.by(KEEPER, carried(valves(), store(), bag(WANG), 5)).applied();
    depot
        .does(KEEPER, crate::operation::Mode::Online, Some(about()), monthly(28, vec![number(WANG.0).into()]))
        .applied();
    assert_eq!(place(&depot).next_count_at, Some(at(minutes_to(28))));
    let mut open = |minute| {
        depot.now = minute;
        depot.does(TIMER, crate::operation::Mode::Online, Some(about()), OpenMonthlyCount {}).did.clone()
    };
    assert_eq!(open(minutes_to(28) - 1), Did::Refused("not_due"));
    assert_eq!(open(minutes_to(28)), Did::Applied(vec![]));
    assert_eq!(open(minutes_to(28)), Did::Refused("not_due"), "another server was faster");
    let sheets = sheets(&depot);
    let [sheet] = sheets.as_slice() else { panic!("one sheet: {sheets:?}") };
    assert_eq!((sheet.place, sheet.note.as_deref(), sheet.lines.len()), (store(), Some("2026-05"), 1));
    assert_eq!(sheet.reach(at(0)).len(), 1, "it is on the phone of whoever counts");
    assert_eq!(place(&depot).next_count_at, Some(at(minutes_to(28)) + Duration::days(31)));
}

#[test]
fn what_slept_opens_one_sheet_and_what_is_empty_none() {
    let mut depot = Depot::stocked(20);
    depot.does(KEEPER, crate::operation::Mode::Online, Some(about()), monthly(1, vec![])).applied();
    assert_eq!(place(&depot).next_count_at, Some(at(minutes_to(1)) + Duration::days(31)), "this month's day is over");
    depot.now = minutes_to(1) + 100 * 24 * 60;
    depot.does(TIMER, crate::operation::Mode::Online, Some(about()), OpenMonthlyCount {}).applied();
    assert_eq!(sheets(&depot).len(), 1);
    depot.by(KEEPER, carried(valves(), store(), Place::Supplier, 20)).applied();
    depot.now += 31 * 24 * 60;
    depot.does(TIMER, crate::operation::Mode::Online, Some(about()), OpenMonthlyCount {}).applied();
    assert_eq!(sheets(&depot).len(), 1);
}

#[test]
fn what_is_saved_meanwhile_does_not_put_it_off() {
    let mut depot = Depot::stocked(20);
    let online = crate::operation::Mode::Online;
    depot.does(KEEPER, online, Some(about()), monthly(28, vec![])).applied();
    depot.now = minutes_to(29);
    let renamed = StockPlaceSave { name: "Main store".into(), ..monthly(28, vec![]) };
    depot.does(KEEPER, online, Some(about()), renamed).applied();
    assert_eq!(place(&depot).next_count_at, Some(at(minutes_to(28))), "it is due, and opens");
    depot.does(KEEPER, online, Some(about()), StockPlaceSave { active: false, ..monthly(28, vec![]) }).applied();
    assert_eq!(place(&depot).next_count_at, None, "what is not used is not counted");
    depot.does(KEEPER, online, Some(about()), monthly(29, vec![])).refused("invalid");
    depot.does(KEEPER, online, Some(about()), monthly(28, vec![number(9).into()])).refused("bad_reference");
}
