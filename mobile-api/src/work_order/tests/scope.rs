//! Who holds an order on their phone, and from when until when.

use chrono::Duration;
use proptest::prelude::*;

use super::kit::{
    DESK, DISPATCHER, Deed, LI, MANAGER, NORTH, PLUMBING, Person, SITE, Story, WANG, ZHAO, assign, at, cancel, close,
    hand_back, number, request, request_by_phone, window, world, write_down,
};
use crate::{
    Actor, Id, Kind, Role, Scope,
    directory::{Building, Customer, Unit},
    operation::Related,
    record::{Record, RecordType as _, Ref},
    time::Timestamp,
    work_order::{Status, WorkOrder, dispatch::AgreeTime, request::Request},
};

fn scopes(order: &WorkOrder, now: Timestamp) -> Vec<Scope> {
    let mut scopes: Vec<_> = order.reach(now).into_iter().map(|reach| reach.scope).collect();
    scopes.dedup();
    scopes
}

fn of(person: Person) -> Vec<Scope> {
    vec![Scope::User(person.id)]
}

fn pool() -> Vec<Scope> {
    vec![Scope::Team(NORTH)]
}

fn agree(from: Timestamp) -> AgreeTime {
    let window = crate::work_order::Window { from, until: from + Duration::hours(2) };
    AgreeTime { window, consented_by: "Mrs Chen".into() }
}

#[test]
fn unassigned_orders_lie_in_the_pool_and_assigned_ones_on_one_phone() {
    let mut story = Story::new();
    assert_eq!(scopes(&story.order, at(0)), pool());
    story.by(DISPATCHER, assign(WANG)).applied();
    assert_eq!(scopes(&story.order, at(0)), of(WANG));
    story.by(DISPATCHER, assign(LI)).applied();
    assert_eq!(scopes(&story.order, at(0)), of(LI));
    story.by(LI, hand_back()).applied();
    assert_eq!(scopes(&story.order, at(0)), pool());
    let nobodys = Story::requested(number(1000), ZHAO, request_by_phone(PLUMBING));
    assert_eq!(scopes(&nobodys.order, at(0)), []);
}

#[test]
fn an_order_brings_what_is_needed_on_site() {
    let mut related = Related { records: world(), ..Related::default() };
    let (building, unit, customer) = (Id::new(number(11)), Id::new(number(12)), Id::new(number(13)));
    let site = Id::new(SITE);
    let household = Customer {
        id: customer,
        site,
        unit: Some(unit),
        name: "Mrs Chen".into(),
        contacts: vec![],
        preferred: vec![],
        rest: vec![],
        do_not_call: vec![],
        member: false,
        class: None,
        note: None,
    };
    let places = [
        Record::from(Building { id: building, site, name: "7".into() }),
        Unit { id: unit, site, building: Some(building), name: "1203".into(), access_note: None }.into(),
        household.into(),
    ];
    related.records.extend(places.into_iter().map(|record| (record.address(), record)));
    let at_home = Request { building: Some(building), unit: Some(unit), customer: Some(customer), ..request() };
    let (order, _) = write_down(number(1000), &Deed::online(DESK), at_home, &related).expect("taken");
    let mut kinds: Vec<_> = order.reach(at(0)).into_iter().map(|reach| reach.record).collect();
    kinds.sort_unstable();
    let expected = [
        Ref::new(Kind::Site, site),
        Ref::new(Kind::Building, building),
        Ref::new(Kind::Unit, unit),
        Ref::new(Kind::Customer, customer),
        Ref::new(Kind::WorkOrder, order.id),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn an_order_comes_thirty_days_before_its_appointment() {
    let appointment = at(0) + Duration::days(60);
    let story = Story::reaching(Status::Assigned).then(DISPATCHER, agree(appointment));
    let comes = appointment - Duration::days(30);
    assert_eq!(scopes(&story.order, at(0)), []);
    assert_eq!(story.order.reach_changes_at(at(0)), Some(comes));
    assert_eq!(scopes(&story.order, comes), of(WANG));
    assert_eq!(story.order.reach_changes_at(comes), None);
}

#[test]
fn an_order_that_is_being_worked_on_stays_whatever_is_agreed() {
    let far = at(0) + Duration::days(60);
    for status in [Status::EnRoute, Status::OnSite, Status::Working, Status::Finished] {
        let story = Story::reaching(status).then(WANG, agree(far));
        assert_eq!(scopes(&story.order, at(0)), of(WANG), "{status}");
    }
    let story = Story::reaching(Status::Paused).then(WANG, agree(far));
    assert_eq!(scopes(&story.order, at(0)), [], "it comes back thirty days before");
}

#[test]
fn what_is_done_leaves_after_fourteen_days() {
    let done =
        [Story::reaching(Status::SignedOff), Story::reaching(Status::Closed), Story::reaching(Status::Cancelled)];
    for story in done {
        let status = story.order.status();
        let leaves = at(0) + Duration::days(14);
        assert_eq!(story.order.reach_changes_at(at(0)), Some(leaves), "{status}");
        assert_eq!(scopes(&story.order, leaves - Duration::seconds(1)), of(WANG), "{status}");
        assert_eq!(scopes(&story.order, leaves), [], "{status}");
        assert_eq!(story.order.reach_changes_at(leaves), None, "{status}");
    }
    assert_eq!(scopes(&Story::new().then(DISPATCHER, cancel()).order, at(0)), [], "nobody had it");
}

#[test]
fn closed_work_stays_with_who_did_it() {
    let story = Story::new().assigned_to(LI).assigned_to(WANG).arrived().quoted(10).started().finished().signed();
    let story = story.then(DISPATCHER, close());
    assert_eq!(scopes(&story.order, at(0)), of(WANG));
}

#[test]
fn the_office_sees_its_sites_and_a_technician_what_concerns_them() {
    let story = Story::new().assigned_to(LI).assigned_to(WANG);
    let sees = |person: Person| story.order.visible_to(&person.actor());
    assert_eq!([WANG, LI, ZHAO, DESK, DISPATCHER, MANAGER].map(sees), [true, true, false, true, true, true]);
    let elsewhere = Actor { sites: vec![Id::new(number(98))], ..DISPATCHER.actor() };
    assert!(!story.order.visible_to(&elsewhere));
    assert!(!story.order.visible_to(&Actor { role: Role::Customer, ..DESK.actor() }));
    let pool = Story::new();
    let sees = |person: Person| pool.order.visible_to(&person.actor());
    assert_eq!([WANG, LI, ZHAO].map(sees), [true, true, false]);
    let found = Story::requested(number(1000), ZHAO, request_by_phone(PLUMBING));
    assert!(found.order.visible_to(&ZHAO.actor()));
    assert!(!found.order.visible_to(&WANG.actor()));
}

/// The owner of a scope, as far as this world has them.
fn owner(scope: Scope) -> Vec<Actor> {
    let people = [WANG, LI, ZHAO].into_iter();
    match scope {
        Scope::User(id) => people.filter(|person| person.id == id).map(Person::actor).collect(),
        Scope::Team(id) => people.map(Person::actor).filter(|actor| actor.teams.contains(&Id::new(id))).collect(),
        Scope::Device(_) | Scope::Catalog | Scope::Office | Scope::OfficeOf(_) => Vec::new(),
    }
}

proptest! {
    #[test]
    fn whoever_holds_an_order_may_see_it(
        status in proptest::sample::select(Status::ALL), days in -60i64..60, agreed in proptest::option::of(0i64..90),
    ) {
        let mut story = Story::reaching(status);
        if let Some(agreed) = agreed {
            story.by(DISPATCHER, agree(at(0) + Duration::days(agreed)));
        }
        let now = at(0) + Duration::days(days);
        let order = Ref::new(Kind::WorkOrder, story.order.id);
        for reach in story.order.reach(now).into_iter().filter(|reach| reach.record == order) {
            let owners = owner(reach.scope);
            prop_assert!(!owners.is_empty());
            for owner in owners {
                prop_assert!(story.order.visible_to(&owner), "{} for {owner:?}", story.order.status());
            }
        }
    }

    #[test]
    fn between_two_announced_changes_nothing_comes_or_goes(
        status in proptest::sample::select(Status::ALL), from in -60i64..120, later in 0i64..60,
        agreed in proptest::option::of(0i64..90),
    ) {
        let mut story = Story::reaching(status);
        if let Some(agreed) = agreed {
            story.by(DISPATCHER, agree(at(0) + Duration::days(agreed)));
        }
        let now = at(0) + Duration::days(from);
        let then = now + Duration::days(later);
        if story.order.reach_changes_at(now).is_none_or(|change| then < change) {
            prop_assert_eq!(scopes(&story.order, now), scopes(&story.order, then));
        }
    }
}

#[test]
fn the_wish_of_the_caller_brings_an_order_to_the_pool_in_time() {
    let far = window(60 * 24 * 60, 60 * 24 * 60 + 120);
    let story = Story::requested(number(1000), DESK, Request { preferred: Some(far), ..request() });
    assert_eq!(scopes(&story.order, at(0)), []);
    assert_eq!(scopes(&story.order, at(30 * 24 * 60)), pool());
}
