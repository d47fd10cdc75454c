//! Carrying, scrapping, taking back: what the levels and the holders say afterwards.

use proptest::prelude::*;

use super::kit::*;
use crate::{
    Role,
    money::Quantity,
    operation::Mode,
    record::{Kind, RecordType, Ref, Scope},
    refusal::Flag,
    stock::{
        CounterMove, DecideScrap, MoveKind, Place, RecordMove, ScrapMove, StockCount, StockLevel, StockPlace,
        StockSerial,
    },
};

fn scrapped(from: Place, serial: &str) -> ScrapMove {
    let (quantity_milli, reason) = (Quantity(1000), "The casing is cracked".into());
    ScrapMove { article: drill(), from, quantity_milli, unit: None, serials: vec![serial.into()], reason }
}

fn mistaken() -> CounterMove {
    CounterMove { reason: "Typed into the wrong bag".into() }
}

#[test]
fn what_is_issued_lies_in_the_bag_and_no_longer_in_the_store() {
    let mut depot = Depot::stocked(20);
    depot.by(KEEPER, carried(valves(), store(), bag(WANG), 5)).applied();
    assert_eq!((depot.level(store(), valves()), depot.level(bag(WANG), valves())), (15_000, 5000));
    depot.recorded(WANG, carried(valves(), bag(WANG), store(), 2)).applied();
    assert_eq!((depot.level(store(), valves()), depot.level(bag(WANG), valves())), (17_000, 3000));
    let kinds: Vec<_> = depot.moves().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [MoveKind::Receive, MoveKind::Issue, MoveKind::Return]);
}

#[test]
fn a_box_is_ten_pieces_and_a_metre_is_none() {
    let mut depot = Depot::new();
    let boxes = RecordMove { unit: Some("box".into()), ..carried(valves(), Place::Supplier, store(), 3) };
    depot.by(KEEPER, boxes.clone()).applied();
    assert_eq!(depot.level(store(), valves()), 30_000);
    depot.by(KEEPER, RecordMove { unit: Some("m".into()), ..boxes.clone() }).refused("invalid");
    let too_many = RecordMove { quantity_milli: Quantity(1_000_000_000), ..boxes };
    depot.by(KEEPER, too_many).refused("overflow");
    assert_eq!(depot.level(store(), valves()), 30_000);
}

#[test]
fn quantities_of_another_world_are_refused() {
    let mut depot = Depot::stocked(20);
    for milli in [0, -1000, i64::MIN, 1_000_000_001, 1_000_000_000_000_000_000, i64::MAX] {
        let odd = RecordMove { quantity_milli: Quantity(milli), ..carried(valves(), store(), bag(WANG), 1) };
        depot.by(KEEPER, odd).refused("invalid");
    }
    let wanted =
        r#"{"article":"00000000-0000-0000-0000-000000000032","from":"supplier","to":"scrap","quantity_milli":"#;
    for odd in ["NaN", "1e18", "0.5", "\"5\"", "1000000000000000000000"] {
        let payload = serde_json::value::RawValue::from_string(format!("{wanted}{odd}}}"));
        let parsed = payload.ok().map(|payload| crate::catalogue::Action::parse("stock_move.record", &payload));
        assert!(parsed.is_none_or(|parsed| parsed.is_err()), "{odd}");
    }
}

#[test]
fn a_level_has_a_largest_figure() {
    let mut depot = Depot::new();
    let heap = RecordMove { quantity_milli: Quantity(1_000_000_000), ..carried(valves(), Place::Supplier, store(), 1) };
    depot.by(KEEPER, heap.clone()).applied();
    let id = StockLevel::id_of(store(), valves());
    let mut level: StockLevel = depot.get(Kind::StockLevel, id).unwrap();
    level.milli = 4_000_000_000_000_000;
    depot.records.insert(Ref::new(Kind::StockLevel, id), level.into());
    depot.by(KEEPER, heap).refused("overflow");
}

#[test]
fn a_technician_carries_into_and_out_of_their_own_bag_and_van() {
    let mut depot = Depot::stocked(20);
    depot.recorded(WANG, carried(valves(), store(), bag(WANG), 5)).applied();
    depot.recorded(WANG, carried(valves(), store(), van(), 5)).applied();
    depot.recorded(WANG, carried(valves(), bag(WANG), bag(ZHAO), 1)).applied();
    depot.recorded(ZHAO, carried(valves(), bag(WANG), bag(ZHAO), 1)).applied();
    depot.recorded(ZHAO, carried(valves(), van(), store(), 1)).refused("forbidden");
    depot.recorded(ZHAO, carried(valves(), store(), bag(WANG), 1)).refused("forbidden");
    depot.recorded(WANG, carried(valves(), Place::Supplier, bag(WANG), 1)).refused("forbidden");
    depot.recorded(WANG, carried(valves(), bag(WANG), Place::Difference, 1)).refused("forbidden");
    assert_eq!((depot.level(bag(WANG), valves()), depot.level(bag(ZHAO), valves())), (3000, 2000));
}

#[test]
fn what_is_used_or_scrapped_is_not_simply_carried_away() {
    let mut depot = Depot::stocked(20);
    for to in [Place::Order(number(9).into()), Place::Scrap, Place::Condemned, store()] {
        depot.by(KEEPER, carried(valves(), store(), to, 1)).refused("invalid");
    }
    let lost = RecordMove { reason: None, ..carried(valves(), store(), Place::Difference, 1) };
    depot.by(KEEPER, lost).refused("invalid");
    depot.by(KEEPER, carried(valves(), Place::Store(number(99).into()), bag(WANG), 1)).refused("bad_reference");
    depot.by(KEEPER, carried(valves(), store(), Place::Bag(number(99).into()), 1)).refused("bad_reference");
    depot.by(KEEPER, carried(number(99).into(), store(), bag(WANG), 1)).refused("bad_reference");
}

#[test]
fn below_zero_is_a_question_and_one_count_task() {
    let mut depot = Depot::stocked(1);
    depot.recorded(WANG, carried(valves(), store(), bag(WANG), 3)).flagged(&[Flag::StockBelowZero]);
    assert_eq!(depot.level(store(), valves()), -2000);
    let level: StockLevel = depot.get(Kind::StockLevel, StockLevel::id_of(store(), valves())).unwrap();
    let count: StockCount = depot.get(Kind::StockCount, level.count.unwrap()).unwrap();
    assert_eq!((count.place, count.lines.len(), count.is_open()), (store(), 1, true));
    depot.recorded(WANG, carried(valves(), store(), bag(WANG), 1)).flagged(&[Flag::StockBelowZero]);
    let sheets = depot.records.keys().filter(|address| address.kind == Kind::StockCount).count();
    assert_eq!(sheets, 1, "one task, however much more is taken meanwhile");
    depot.recorded(WANG, carried(valves(), van(), bag(WANG), 1)).flagged(&[Flag::StockBelowZero]);
    let level: StockLevel = depot.get(Kind::StockLevel, StockLevel::id_of(van(), valves())).unwrap();
    let count: StockCount = depot.get(Kind::StockCount, level.count.unwrap()).unwrap();
    assert_eq!(count.counters, [number(WANG.0).into()], "who drives the van can look");
}

#[test]
fn a_numbered_tool_has_one_holder_at_every_moment() {
    let mut depot = Depot::new();
    depot.by(KEEPER, numbered(Place::Supplier, store(), "D-7")).applied();
    assert_eq!(depot.holder("D-7"), Some(store()));
    depot.recorded(WANG, numbered(store(), bag(WANG), "D-7")).applied();
    depot.recorded(ZHAO, numbered(bag(WANG), bag(ZHAO), "D-7")).applied();
    assert_eq!(depot.holder("D-7"), Some(bag(ZHAO)));
    assert_eq!((depot.level(bag(WANG), drill()), depot.level(bag(ZHAO), drill())), (0, 1000));
    // Both wrote down that it was passed on: it is with Zhao once.
    depot.recorded(WANG, numbered(bag(WANG), bag(ZHAO), "D-7")).flagged(&[Flag::SerialElsewhere]);
    assert_eq!(depot.holder("D-7"), Some(bag(ZHAO)));
    assert_eq!((depot.level(bag(WANG), drill()), depot.level(bag(ZHAO), drill())), (0, 1000));
}

#[test]
fn a_piece_that_turns_up_elsewhere_is_fetched_in_the_books_first() {
    let mut depot = Depot::new();
    depot.by(KEEPER, numbered(Place::Supplier, store(), "D-7")).applied();
    let about = depot.recorded(WANG, numbered(bag(WANG), bag(ZHAO), "D-7")).flagged(&[Flag::SerialElsewhere]);
    let corrections: Vec<_> = depot.moves().into_iter().filter(|entry| entry.kind == MoveKind::Correct).collect();
    assert_eq!(corrections.len(), 1);
    assert_eq!((corrections[0].from, corrections[0].to), (store(), bag(WANG)));
    assert_eq!(depot.entry(about.id.into()).from, bag(WANG), "as he recorded it");
    assert_eq!((depot.level(store(), drill()), depot.level(bag(ZHAO), drill())), (0, 1000));
    depot.by(KEEPER, carried(drill(), bag(ZHAO), store(), 1)).flagged(&[Flag::SerialMissing]);
    depot.recorded(WANG, numbered(bag(WANG), store(), "D-8")).flagged(&[Flag::SerialElsewhere, Flag::StockBelowZero]);
}

#[test]
fn a_manager_decides_about_scrap() {
    let mut depot = Depot::new();
    for serial in ["D-7", "D-8"] {
        depot.by(KEEPER, numbered(Place::Supplier, bag(WANG), serial)).applied();
    }
    let bad = depot.recorded(WANG, scrapped(bag(WANG), "D-7")).applied();
    let good = depot.recorded(WANG, scrapped(bag(WANG), "D-8")).applied();
    assert_eq!((depot.level(bag(WANG), drill()), depot.holder("D-7")), (0, Some(Place::Condemned)));
    assert!(depot.entry(bad.id.into()).awaits_approval());
    let decide = |approved| DecideScrap { approved, reason: "Looked at it".into() };
    depot.does(MANAGER, Mode::Online, Some(bad), decide(true)).applied();
    depot.does(MANAGER, Mode::Online, Some(good), decide(false)).applied();
    depot.does(MANAGER, Mode::Online, Some(good), decide(true)).refused("still_in_use");
    assert_eq!((depot.holder("D-7"), depot.holder("D-8")), (Some(Place::Scrap), Some(bag(WANG))));
    assert_eq!(depot.level(bag(WANG), drill()), 1000);
    assert!(!depot.entry(bad.id.into()).awaits_approval());
    depot.recorded(ZHAO, scrapped(bag(WANG), "D-8")).refused("forbidden");
}

#[test]
fn a_slip_is_countered_once_and_both_lines_stay() {
    let mut depot = Depot::stocked(20);
    let slip = depot.recorded(WANG, carried(valves(), store(), bag(WANG), 5)).applied();
    depot.does(ZHAO, Mode::Recorded, Some(slip), mistaken()).refused("forbidden");
    depot.does(WANG, Mode::Recorded, Some(slip), mistaken()).applied();
    depot.does(WANG, Mode::Recorded, Some(slip), mistaken()).flagged(&[Flag::AlreadyDone]);
    depot.does(KEEPER, Mode::Online, Some(slip), mistaken()).refused("still_in_use");
    assert_eq!((depot.level(store(), valves()), depot.level(bag(WANG), valves())), (20_000, 0));
    let entry = depot.entry(slip.id.into());
    let counter = depot.entry(entry.settled.unwrap().by_move);
    assert_eq!(
        (entry.quantity_milli, counter.counters, counter.kind),
        (Quantity(5000), Some(entry.id), MoveKind::Counter)
    );
    let counter = Ref::new(Kind::StockMove, counter.id);
    depot.does(KEEPER, Mode::Online, Some(counter), mistaken()).refused("still_in_use");
}

#[test]
fn a_phone_says_nothing_of_levels_that_it_cannot_know() {
    let mut phone = Depot::new();
    phone.partial = true;
    phone.recorded(WANG, carried(valves(), store(), bag(WANG), 2)).applied();
    phone.recorded(WANG, carried(valves(), bag(WANG), bag(ZHAO), 1)).applied();
    let levels: Vec<_> = phone.records.keys().filter(|address| address.kind == Kind::StockLevel).collect();
    assert_eq!((levels.len(), phone.level(bag(WANG), valves())), (1, 1000));
    phone.recorded(WANG, carried(valves(), bag(WANG), store(), 2)).flagged(&[Flag::StockBelowZero]);
}

#[test]
fn the_phone_holds_the_bag_and_the_van_and_nothing_else() {
    let mut depot = Depot::stocked(20);
    depot.by(KEEPER, carried(valves(), store(), bag(WANG), 2)).applied();
    depot.by(KEEPER, carried(valves(), store(), van(), 3)).applied();
    let reach = |place: Place| {
        let level: StockLevel = depot.get(Kind::StockLevel, StockLevel::id_of(place, valves())).unwrap();
        level.reach(at(0)).into_iter().map(|reach| reach.scope).collect::<Vec<_>>()
    };
    assert_eq!((reach(bag(WANG)), reach(store()), reach(van())), (vec![Scope::User(number(20))], vec![], vec![]));
    let van_record: StockPlace = depot.get(Kind::StockPlace, number(61)).unwrap();
    let level = Ref::new(Kind::StockLevel, StockLevel::id_of(van(), valves()));
    let brought = van_record.reach(at(0)).into_iter().find(|reach| reach.record == level).unwrap();
    assert_eq!(brought.scope, Scope::User(number(20)));
    depot.by(WANG, carried(valves(), bag(WANG), store(), 2)).applied();
    let empty: StockLevel = depot.get(Kind::StockLevel, StockLevel::id_of(bag(WANG), valves())).unwrap();
    assert_eq!(empty.reach(at(0)), []);
}

/// One line of chance: who carries how many of what from where to where, with which number if it is the drill.
fn step() -> impl Strategy<Value = (usize, usize, usize, i64, bool, usize)> {
    (0..3usize, 0..6usize, 0..6usize, 1..5i64, any::<bool>(), 0..3usize)
}

proptest! {
    /// Whatever is carried, scrapped, decided and taken back, in whatever order: each level is the sum of its moves, and
    /// each numbered piece is at the one place where its last move put it.
    #[test]
    fn every_level_is_the_sum_of_its_moves(steps in proptest::collection::vec(step(), 1..40)) {
        let mut depot = Depot::stocked(3);
        let places = [store(), van(), bag(WANG), bag(ZHAO), Place::Supplier, Place::Difference];
        for (who, from, to, pieces, tool, serial) in steps {
            let who = [KEEPER, WANG, MANAGER][who];
            let serial = ["D-7", "D-8", "D-9"][serial];
            let settled = depot.moves().into_iter().rev().find(|entry| entry.settled.is_none()).map(|entry| entry.id);
            match (from == to, settled) {
                (true, Some(id)) => {
                    let on = Some(Ref::new(Kind::StockMove, id));
                    if who.1 == Role::Manager {
                        let decision = DecideScrap { approved: pieces > 2, reason: "So".into() };
                        let _ = depot.does(who, Mode::Online, on, decision);
                    }
                    let _ = depot.does(who, Mode::Recorded, on, mistaken());
                }
                _ if tool && from == 0 => drop(depot.recorded(who, scrapped(places[to], serial))),
                _ if tool => drop(depot.recorded(who, numbered(places[from], places[to], serial))),
                _ => drop(depot.recorded(who, carried(valves(), places[from], places[to], pieces))),
            }
            for place in places.into_iter().filter(|place| place.is_stock()) {
                for article in [valves(), drill()] {
                    prop_assert_eq!(depot.level(place, article), depot.sum(place, article), "{}", place);
                }
            }
            for serial in ["D-7", "D-8", "D-9"] {
                let piece: Option<StockSerial> = depot.get(Kind::StockSerial, StockSerial::id_of(drill(), serial));
                if let Some(piece) = piece {
                    prop_assert_eq!(depot.entry(piece.moved).to, piece.place);
                }
            }
        }
    }
}
