//! Material of an order: taken from stock, put back, kept back.

use super::kit::{DISPATCHER, LI, Person, Story, WANG, assign, cancel, close, number};
use crate::{
    Id, Role,
    check::Check,
    ids::ArticleId,
    money::Quantity,
    operation::Payload as _,
    record::{Kind, Record, Ref},
    refusal::{Flag, Refusal},
    stock::{
        MoveKind, Place, Reserved, StockCount, StockLevel, StockMove, StockSerial,
        tests::{store_called, valve},
    },
    work_order::{
        Status, WorkOrder,
        material::{FromStock, ReserveMaterial},
        visit::{UseMaterial, VoidEntry},
    },
};

const KEEPER: Person = Person { id: number(33), name: "Ku", role: Role::Storekeeper };

fn valves() -> ArticleId {
    Id::new(number(50))
}

fn store() -> Place {
    Place::Store(Id::new(number(60)))
}

fn bag(of: Person) -> Place {
    Place::Bag(of.user())
}

/// Wang at work, with so many valves in his bag and ten in the store.
fn at_work(in_bag: i64) -> Story {
    let mut story = Story::reaching(Status::Working);
    let level = |place, pieces: i64| StockLevel {
        id: Id::new(StockLevel::id_of(place, valves())),
        place,
        article: valves(),
        milli: pieces * 1000,
        count: None,
        counted_at: None,
        moved_at: None,
        seen_by_count_milli: 0,
    };
    let records: Vec<Record> = vec![
        valve(valves()).into(),
        store_called(Id::new(number(60))).into(),
        level(bag(WANG), in_bag).into(),
        level(store(), 10).into(),
    ];
    story.related.records.extend(records.into_iter().map(|record| (record.address(), record)));
    story
}

fn level(story: &Story, place: Place) -> i64 {
    let address = Ref::new(Kind::StockLevel, StockLevel::id_of(place, valves()));
    match story.related.records.get(&address) {
        Some(Record::StockLevel(level)) => level.milli,
        _ => 0,
    }
}

fn moves(story: &Story) -> Vec<&StockMove> {
    let mut moves: Vec<&StockMove> =
        story.related.records.values().filter_map(|record| record.try_into().ok()).collect();
    moves.sort_by_key(|entry| entry.op);
    moves
}

fn used(pieces: i64) -> UseMaterial {
    let stock = Some(FromStock { article: valves(), from: None, serials: vec![] });
    UseMaterial { item: None, name: "Valve".into(), quantity_milli: Quantity(pieces * 1000), unit: "pc".into(), stock }
}

fn void(entry: uuid::Uuid) -> VoidEntry {
    VoidEntry { entry, reason: "It was another flat".into() }
}

fn reserve(pieces: i64) -> ReserveMaterial {
    let quantity_milli = Quantity(pieces * 1000);
    ReserveMaterial { article: valves(), place: store(), quantity_milli, unit: None }
}

fn reserved(order: &WorkOrder) -> i64 {
    order.reserved().iter().map(|entry| entry.milli).sum()
}

#[test]
fn what_is_used_leaves_the_bag_and_is_put_back_if_it_was_a_slip() {
    let mut story = at_work(3);
    story.by(WANG, used(2)).applied();
    let entry = story.op;
    assert_eq!((level(&story, bag(WANG)), level(&story, store())), (1000, 10_000));
    let used = moves(&story)[0].clone();
    assert_eq!((used.kind, used.to), (MoveKind::Use, Place::Order(story.order.id)));
    assert_eq!(used.used.map(|used| (used.site, used.technician)), Some((story.order.site, WANG.user())));
    story.by(WANG, void(entry)).applied();
    assert_eq!(level(&story, bag(WANG)), 3000);
    let lines = moves(&story);
    assert_eq!(lines.iter().map(|entry| entry.used_milli()).collect::<Vec<_>>(), [2000, -2000]);
    assert_eq!(lines[0].settled.as_ref().map(|settled| settled.by_move), Some(lines[1].id));
    story.by(WANG, void(entry)).applied();
    assert_eq!(level(&story, bag(WANG)), 3000, "put back once");
}

#[test]
fn the_office_records_out_of_the_bag_of_whose_order_it_is() {
    let mut story = at_work(3);
    story.by(DISPATCHER, used(1)).applied();
    assert_eq!(level(&story, bag(WANG)), 2000);
    let mut from_store = used(1);
    from_store.stock = from_store.stock.map(|stock| FromStock { from: Some(store()), ..stock });
    story.by(WANG, from_store).applied();
    assert_eq!((level(&story, bag(WANG)), level(&story, store())), (2000, 9000));
}

#[test]
fn more_than_there_was_is_recorded_asked_about_and_counted() {
    let mut story = at_work(1);
    story.by(WANG, used(3)).flagged(Flag::StockBelowZero);
    assert_eq!((level(&story, bag(WANG)), story.order.materials.len()), (-2000, 1));
    let tasks: Vec<&StockCount> = story
        .related
        .records
        .values()
        .filter_map(|record| if let Record::StockCount(count) = record { Some(count) } else { None })
        .collect();
    assert_eq!(tasks.iter().map(|task| task.place).collect::<Vec<_>>(), [bag(WANG)]);
}

#[test]
fn work_on_an_order_that_was_taken_away_uses_material_all_the_same() {
    let mut story = at_work(3);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, cancel()).applied();
    phone.sends(&mut story, used(1)).flagged(Flag::CancelledMeanwhile);
    assert_eq!(level(&story, bag(WANG)), 2000);
    story.by(LI, used(1)).refused("not_assigned");
    assert_eq!((level(&story, bag(LI)), moves(&story).len()), (0, 1));
}

#[test]
fn a_unit_that_does_not_convert_stands_on_the_order_and_moves_nothing() {
    let mut story = at_work(3);
    let metres = || UseMaterial { unit: "m".into(), ..used(2) };
    story.by(WANG, metres()).refused("invalid");
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, metres()).flagged(Flag::StockNotMoved);
    assert_eq!((level(&story, bag(WANG)), moves(&story).len()), (3000, 0));
    let entry = story.order.materials[0].clone();
    assert_eq!((entry.unit.as_str(), entry.stock.and_then(|stock| stock.moved)), ("m", None));
    phone.sends(&mut story, void(entry.op)).applied();
    phone.sends(&mut story, UseMaterial { unit: "box".into(), ..used(1) }).flagged(Flag::StockBelowZero);
    assert_eq!(level(&story, bag(WANG)), -7000);
    let mut unknown = used(1);
    unknown.stock = Some(FromStock { article: Id::new(number(99)), from: None, serials: vec![] });
    phone.sends(&mut story, unknown).flagged(Flag::StockNotMoved);
}

#[test]
fn a_numbered_piece_ends_on_its_order() {
    let mut story = at_work(3);
    let mut numbered = used(1);
    numbered.stock = numbered.stock.map(|stock| FromStock { serials: vec!["SN-1".into()], ..stock });
    story.by(WANG, numbered.clone()).applied();
    let entry = story.op;
    let holder = |story: &Story| {
        let address = Ref::new(Kind::StockSerial, StockSerial::id_of(valves(), "SN-1"));
        match story.related.records.get(&address) {
            Some(Record::StockSerial(piece)) => Some(piece.place),
            _ => None,
        }
    };
    assert_eq!(holder(&story), Some(Place::Order(story.order.id)));
    story.by(WANG, numbered).flagged(Flag::SerialElsewhere);
    assert_eq!(level(&story, bag(WANG)), 2000, "one piece cannot be used twice");
    story.by(WANG, void(entry)).applied();
    assert_eq!((holder(&story), level(&story, bag(WANG))), (Some(bag(WANG)), 3000));
}

#[test]
fn what_is_kept_back_is_used_up_released_or_ends_with_the_order() {
    let mut story = at_work(3);
    story.by(DISPATCHER, reserve(2)).applied();
    story.by(KEEPER, reserve(3)).applied();
    let second = story.op;
    assert_eq!(story.order.reserved(), [Reserved { article: valves(), place: store(), milli: 5000 }]);
    story.by(WANG, used(1)).applied();
    assert_eq!(reserved(&story.order), 4000);
    story.by(KEEPER, void(second)).applied();
    assert_eq!(reserved(&story.order), 1000);
    let taken = story.order.materials[0].op;
    story.by(KEEPER, void(taken)).refused("forbidden");
    story.by(WANG, void(taken)).applied();
    assert_eq!(reserved(&story.order), 2000);
    let mut cancelled = story.clone();
    cancelled.by(DISPATCHER, cancel()).applied();
    assert_eq!(reserved(&cancelled.order), 0);
    let mut closed = story.finished().signed();
    closed.by(DISPATCHER, close()).applied();
    assert_eq!(reserved(&closed.order), 0);
    closed.by(DISPATCHER, reserve(1)).refused("illegal_transition");
}

#[test]
fn a_duplicate_brings_what_is_kept_back_for_it() {
    let mut story = Story::reaching(Status::Requested);
    let extra: Vec<Record> = vec![valve(valves()).into(), store_called(Id::new(number(60))).into()];
    story.related.records.extend(extra.into_iter().map(|record| (record.address(), record)));
    let other = Story::requested(number(5000), DISPATCHER, super::kit::request()).order;
    story.related.records.insert(Ref::new(Kind::WorkOrder, other.id), other.clone().into());
    story.by(DISPATCHER, assign(WANG)).applied();
    story.by(DISPATCHER, reserve(2)).applied();
    story.by(DISPATCHER, crate::work_order::merge::Merge { into: other.id }).applied();
    let Some(Record::WorkOrder(other)) = story.related.records.get(&Ref::new(Kind::WorkOrder, other.id)) else {
        panic!("the other order");
    };
    assert_eq!((reserved(other), reserved(&story.order)), (2000, 0));
}

#[test]
fn what_it_came_from_has_its_bounds() {
    let with = |from, serials: Vec<String>| {
        let stock = Some(FromStock { article: valves(), from, serials });
        let mut check = Check::default();
        UseMaterial { stock, ..UseMaterial::example() }.check(&mut check);
        check.finish()
    };
    assert_eq!(with(Some(store()), vec!["SN-1".into()]), Ok(()));
    let long = || vec!["x".repeat(61)];
    let wrong: [(Option<Place>, Vec<String>); 6] = [
        (Some(Place::Supplier), vec![]),
        (None, long()),
        (None, vec![" ".into()]),
        (None, vec!["a\0b".into()]),
        (None, vec!["SN-1".into(), " SN-1".into()]),
        (None, (0..101).map(|n| n.to_string()).collect()),
    ];
    for (from, serials) in wrong {
        assert!(matches!(with(from, serials.clone()), Err(Refusal::Invalid { .. })), "{from:?} {serials:?}");
    }
}

#[test]
fn an_order_of_before_the_ledger_is_still_read() {
    let mut story = at_work(3);
    story.by(WANG, UseMaterial { stock: None, ..used(1) }).applied();
    let json = Record::from(story.order.clone()).to_json().expect("JSON");
    assert!(!json.contains("reservations") && !json.contains("\"stock\""), "{json}");
    assert_eq!(Record::from_json(Kind::WorkOrder, &json).expect("an order"), story.order.clone().into());
}
