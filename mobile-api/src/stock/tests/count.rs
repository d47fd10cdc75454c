//! Count sheets: filled in by several, closed once.

use super::kit::*;
use crate::{
    money::Quantity,
    operation::Mode,
    record::{Kind, RecordType, Ref},
    refusal::Flag,
    stock::{MoveKind, Place, StockCount, StockCountClose, StockCountOpen, StockCountRecord, StockLevel},
};

fn sheet(articles: &[crate::ids::ArticleId]) -> StockCountOpen {
    let counters = vec![number(WANG.0).into(), number(ZHAO.0).into()];
    StockCountOpen { place: store(), articles: articles.to_vec(), counters, note: Some("November".into()) }
}

fn counted(article: crate::ids::ArticleId, pieces: i64) -> StockCountRecord {
    StockCountRecord { article, milli: pieces * 1000 }
}

const CLOSE: StockCountClose = StockCountClose { leave_uncounted: false };

#[test]
fn closing_enters_the_difference_and_not_the_figure() {
    let mut depot = Depot::stocked(20);
    let count = depot.by(KEEPER, sheet(&[valves()])).applied();
    depot.now = 10;
    depot.does(WANG, Mode::Recorded, Some(count), counted(valves(), 18)).applied();
    // Taken after it was counted, and before anybody closed the sheet.
    depot.now = 20;
    depot.by(KEEPER, carried(valves(), store(), bag(ZHAO), 5)).applied();
    depot.now = 30;
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).applied();
    assert_eq!(depot.level(store(), valves()), 13_000);
    let sheet: StockCount = depot.get(Kind::StockCount, count.id).unwrap();
    let entry = depot.entry(sheet.lines[0].correction.unwrap());
    assert_eq!(
        (entry.kind, entry.from, entry.to, entry.quantity_milli),
        (MoveKind::Count, store(), Place::Difference, Quantity(2000))
    );
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).refused("still_in_use");
    assert_eq!(sheet.reach(at(40)), []);
}

#[test]
fn two_people_who_differ_are_asked_about_and_the_last_figure_counts() {
    let mut depot = Depot::stocked(20);
    let count = depot.by(KEEPER, sheet(&[valves()])).applied();
    depot.does(WANG, Mode::Recorded, Some(count), counted(valves(), 18)).applied();
    depot.does(ZHAO, Mode::Recorded, Some(count), counted(valves(), 19)).flagged(&[Flag::CountsDiffer]);
    depot.does(ZHAO, Mode::Recorded, Some(count), counted(valves(), 20)).applied();
    depot.does(KEEPER, Mode::Online, Some(count), counted(valves(), 20)).applied();
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).applied();
    assert_eq!(depot.level(store(), valves()), 20_000);
}

#[test]
fn a_sheet_closes_when_all_is_counted_or_somebody_says_so() {
    let mut depot = Depot::stocked(20);
    let count = depot.by(KEEPER, sheet(&[valves(), drill()])).applied();
    depot.does(WANG, Mode::Recorded, Some(count), counted(valves(), 0)).applied();
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).refused("still_in_use");
    depot.does(KEEPER, Mode::Online, Some(count), StockCountClose { leave_uncounted: true }).applied();
    assert_eq!(depot.level(store(), valves()), 0);
    depot.does(KEEPER, Mode::Online, Some(count), counted(valves(), 5)).refused("still_in_use");
    depot
        .does(ZHAO, Mode::Recorded, Some(count), counted(valves(), 5))
        .flagged(&[Flag::ActivityAfterClose, Flag::CountsDiffer]);
    assert_eq!(depot.level(store(), valves()), 0, "who comes late is heard, and moves nothing");
}

#[test]
fn the_count_that_a_hole_asked_for_fills_it_and_the_next_hole_asks_again() {
    let mut depot = Depot::stocked(1);
    depot.recorded(WANG, carried(valves(), bag(WANG), bag(ZHAO), 3)).flagged(&[Flag::StockBelowZero]);
    let id = StockLevel::id_of(bag(WANG), valves());
    let level: StockLevel = depot.get(Kind::StockLevel, id).unwrap();
    let count = Ref::new(Kind::StockCount, level.count.unwrap());
    let task: StockCount = depot.get(Kind::StockCount, count.id).unwrap();
    assert_eq!(task.counters, [number(WANG.0).into()], "whose bag it is can count it");
    depot.now = 5;
    depot.does(WANG, Mode::Recorded, Some(count), counted(valves(), 1)).applied();
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).applied();
    assert_eq!(depot.level(bag(WANG), valves()), 1000);
    let level: StockLevel = depot.get(Kind::StockLevel, id).unwrap();
    assert_eq!((level.count, level.counted_at), (None, Some(at(5))));
    depot.now = 6;
    depot.recorded(WANG, carried(valves(), bag(WANG), bag(ZHAO), 2)).flagged(&[Flag::StockBelowZero]);
    let level: StockLevel = depot.get(Kind::StockLevel, id).unwrap();
    assert!(level.count.is_some_and(|again| again.uuid() != count.id));
}

#[test]
fn what_happened_before_the_count_and_is_told_after_it_is_asked_about() {
    let mut depot = Depot::stocked(20);
    let count = depot.by(KEEPER, sheet(&[valves()])).applied();
    depot.now = 60;
    depot.does(KEEPER, Mode::Online, Some(count), counted(valves(), 17)).applied();
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).applied();
    depot.now = 30;
    depot.recorded(WANG, carried(valves(), store(), bag(WANG), 3)).flagged(&[Flag::MovedBeforeCount]);
    assert_eq!(depot.level(store(), valves()), 14_000, "recorded all the same; a person decides");
}

#[test]
fn of_two_sheets_with_one_figure_the_second_finds_nothing_left() {
    let mut depot = Depot::stocked(20);
    let one = depot.by(KEEPER, sheet(&[valves()])).applied();
    let other = depot.by(KEEPER, sheet(&[valves()])).applied();
    depot.now = 10;
    depot.does(WANG, Mode::Recorded, Some(one), counted(valves(), 17)).applied();
    depot.does(ZHAO, Mode::Recorded, Some(other), counted(valves(), 17)).applied();
    depot.now = 20;
    depot.does(KEEPER, Mode::Online, Some(one), CLOSE).applied();
    depot.does(KEEPER, Mode::Online, Some(other), CLOSE).applied();
    assert_eq!(depot.level(store(), valves()), 17_000, "what is missing is missing once");
}

#[test]
fn a_use_that_is_told_while_the_sheet_is_open_is_not_taken_away_twice() {
    let mut depot = Depot::stocked(20);
    let count = depot.by(KEEPER, sheet(&[valves()])).applied();
    depot.now = 60;
    depot.does(KEEPER, Mode::Online, Some(count), counted(valves(), 17)).applied();
    depot.now = 30;
    depot.recorded(WANG, carried(valves(), store(), bag(WANG), 3)).flagged(&[Flag::MovedBeforeCount]);
    depot.now = 70;
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).applied();
    assert_eq!(depot.level(store(), valves()), 17_000, "the three were what the count found missing");
}

#[test]
fn a_figure_that_comes_after_a_later_move_is_asked_about() {
    let mut depot = Depot::stocked(20);
    let count = depot.by(KEEPER, sheet(&[valves()])).applied();
    depot.now = 30;
    depot.by(KEEPER, carried(valves(), store(), bag(ZHAO), 5)).applied();
    // Wang counted before that, without signal.
    depot.now = 10;
    depot.does(WANG, Mode::Recorded, Some(count), counted(valves(), 20)).flagged(&[Flag::MovedBeforeCount]);
}

#[test]
fn what_nobody_expected_gets_a_line_of_its_own() {
    let mut depot = Depot::new();
    let count = depot.by(KEEPER, sheet(&[drill()])).applied();
    depot.does(WANG, Mode::Recorded, Some(count), counted(valves(), 4)).applied();
    depot.does(WANG, Mode::Recorded, Some(count), counted(number(99).into(), 4)).refused("bad_reference");
    depot.does(WANG, Mode::Recorded, Some(count), counted(drill(), 0)).applied();
    depot.does(KEEPER, Mode::Online, Some(count), CLOSE).applied();
    assert_eq!((depot.level(store(), valves()), depot.sum(store(), valves())), (4000, 4000));
    depot.by(KEEPER, StockCountOpen { place: Place::Scrap, ..sheet(&[drill()]) }).refused("invalid");
    depot.by(KEEPER, sheet(&[number(99).into()])).refused("bad_reference");
}
