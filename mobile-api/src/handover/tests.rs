//! What a draft picks, and what two signatures stand for.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{Actor, Role},
    evidence::When,
    ids::{Id, UserId},
    operation::{Change, Context, Create, Mode, Payload, Related},
    refusal::Flag,
    signing::digest,
    stock::{Place, StockLevel},
    time::Timestamp,
};

fn user(n: u128) -> UserId {
    Id::new(Uuid::from_u128(n))
}

fn now() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// Somebody does something on a phone, which does not hold what lies with others.
fn does<T>(who: u128, op: u128, rule: impl FnOnce(&Context<'_>) -> T) -> T {
    let mut actor = Actor::system(Uuid::from_u128(1));
    (actor.user, actor.role) = (user(who), Role::Technician);
    let related = Related { partial: true, ..Related::default() };
    let context = Context {
        op: Uuid::from_u128(op),
        actor: &actor,
        when: When::at(now()),
        received_at: now(),
        base_rev: None,
        own_revs: &[],
        rev: 1,
        mode: Mode::Recorded,
        related: &related,
    };
    rule(&context)
}

fn opened(orders: Vec<HandedOrder>) -> Handover {
    let open = HandoverOpen { to: user(3), orders, ..HandoverOpen::example() };
    does(2, 10, |context| open.decide(Id::new(Uuid::from_u128(9)), context)).unwrap().record.unwrap()
}

fn sign(handover: &Handover, side: Side) -> HandoverSign {
    HandoverSign { side, digest: digest(&handover.content()).unwrap(), ..HandoverSign::example() }
}

#[test]
fn both_sign_on_one_phone_and_it_is_complete() {
    let handover = opened(HandoverOpen::example().orders);
    let (giver, taker) = (sign(&handover, Side::Giver), sign(&handover, Side::Taker));
    let first = does(2, 11, |context| giver.clone().decide(handover, context)).unwrap();
    let second = does(2, 12, |context| taker.decide(first.record.unwrap(), context)).unwrap();
    assert_eq!((first.flags, second.flags), (vec![], vec![]));
    let handover = second.record.unwrap();
    assert!(handover.is_complete() && !handover.is_open());
    assert_eq!(handover.taken.as_ref().unwrap().by, user(2), "on whose phone");
    let again = does(3, 13, |context| giver.decide(handover.clone(), context)).unwrap();
    assert_eq!(again.flags[0].flag, Flag::AlreadyDone);
    assert_eq!(again.record.unwrap(), handover, "the first one counts");
}

#[test]
fn a_third_person_can_sign_for_neither() {
    let handover = opened(vec![]);
    let stranger = sign(&handover, Side::Taker);
    assert_eq!(does(4, 11, |context| stranger.decide(handover, context)).unwrap_err().code(), "forbidden");
}

#[test]
fn a_signature_for_something_else_is_kept_and_asked_about() {
    let handover = opened(vec![]);
    let other = HandoverSign { side: Side::Taker, ..HandoverSign::example() };
    let decision = does(3, 11, |context| other.decide(handover, context)).unwrap();
    assert_eq!(decision.flags[0].flag, Flag::SignedOtherContent);
    assert!(decision.record.unwrap().taken.is_some());
}

proptest! {
    /// Whatever lies with whomever, a draft has all of one bag and nothing of another.
    #[test]
    fn a_draft_has_what_is_in_this_bag(levels in prop::collection::vec((0u128..4, 0u128..6, -2i64..3), 0..20)) {
        let level = |(holder, article, milli): &(u128, u128, i64)| {
            let (place, article) = (Place::Bag(user(*holder)), Id::new(Uuid::from_u128(*article)));
            let id = Id::new(StockLevel::id_of(place, article));
            StockLevel { id, place, article, milli: *milli, count: None, counted_at: None, moved_at: None, seen_by_count_milli: 0 }
        };
        let article = |n: u128| crate::stock::tests::valve(Id::new(Uuid::from_u128(n)));
        let known = Known {
            levels: levels.iter().map(level).collect(),
            articles: (0..6).map(article).collect(),
            ..Known::default()
        };
        let draft = draft(user(1), user(2), &known).open;
        let out = levels.iter().filter(|(holder, _, milli)| *holder == 1 && *milli != 0).count();
        prop_assert_eq!(draft.material.len(), out);
        prop_assert_eq!(draft.from, Some(user(1)));
    }
}
