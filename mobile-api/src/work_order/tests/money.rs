//! What is charged: never more than what was confirmed and signed, and nothing without a signature.

use proptest::prelude::*;

use super::{
    kit::{DISPATCHER, LI, MANAGER, SEAL, Story, WANG, WARRANTY, assign, confirm, hand_back, number, quote, yuan},
    sequences::{Play, plays},
};
use crate::{
    Id,
    directory::PriceKind,
    money::{Currency, MOST_MINOR, Money, Quantity},
    refusal::{Flag, Refusal},
    work_order::{
        Status, WorkOrder,
        pause::Resume,
        quote::{MakeQuote, NewLine},
        sign_off::SetCharge,
        visit::{Finish, Start},
    },
};

fn line(minor: i64, milli: i64) -> NewLine {
    NewLine {
        item: None,
        name: "Part".into(),
        kind: PriceKind::Material,
        quantity_milli: Quantity(milli),
        unit: "pc".into(),
        unit_price: Money { minor, currency: Currency::CNY },
        discount: 0,
        tax_rate: None,
    }
}

/// Whatever has happened to it: no more than the customer confirmed, and signed.
pub(super) fn nobody_pays_more_than_they_signed(order: &WorkOrder) -> Result<(), TestCaseError> {
    let Some(charge) = &order.charge else { return Ok(()) };
    prop_assert!(!order.policy.free_of_charge);
    let signed = order.sign_offs.iter().find(|sign_off| sign_off.op == charge.signed_by);
    let signed = signed.ok_or_else(|| TestCaseError::fail("no signature"))?;
    let quote = order.quotes.iter().find(|quote| quote.id == charge.quote);
    let quote = quote.ok_or_else(|| TestCaseError::fail("no quote"))?;
    prop_assert_eq!(signed.quote, Some(quote.id));
    prop_assert!(quote.confirmed.is_some());
    prop_assert!(charge.amount.minor >= 0);
    prop_assert!(charge.amount.minor <= quote.total.minor && charge.amount.minor <= signed.amount.minor);
    prop_assert!(charge.amount.currency == quote.total.currency && charge.amount.currency == signed.amount.currency);
    Ok(())
}

proptest! {
    #[test]
    fn lines_sum_to_the_total(lines in proptest::collection::vec((0..=10_000_000i64, 1..=1_000_000i64), 1..30)) {
        let story = Story::reaching(Status::Requested);
        let lines: Vec<_> = lines.into_iter().map(|(minor, milli)| line(minor, milli)).collect();
        let story = story.then(DISPATCHER, MakeQuote { lines, note: None });
        let quote = story.order.newest_quote().expect("a quote");
        let sum: i64 = quote.lines.iter().map(|line| line.amount.minor).sum();
        prop_assert_eq!(sum, quote.total.minor);
        for line in &quote.lines {
            prop_assert_eq!(line.unit_price.times(line.quantity_milli), Ok(line.amount));
        }
    }

    #[test]
    fn nobody_is_charged_beyond_what_they_confirmed_and_signed(plays in plays()) {
        let mut stage = Story::reaching(Status::Finished);
        for play in &plays {
            Play::perform(play, &mut stage);
            nobody_pays_more_than_they_signed(&stage.order)?;
        }
    }

    #[test]
    fn jobs_free_of_charge_charge_nothing(plays in plays()) {
        let mut stage = Story::of(WARRANTY).assigned_to(WANG).arrived().started();
        for play in &plays {
            Play::perform(play, &mut stage);
            prop_assert_eq!(&stage.order.charge, &None);
        }
    }
}

#[test]
fn amounts_that_cannot_be_are_refused() {
    let mut story = Story::reaching(Status::OnSite);
    let mut of = |lines: Vec<NewLine>| story.by(WANG, MakeQuote { lines, note: None });
    of(vec![line(-1, 1000)]).refused("invalid");
    of(vec![line(1, -1000)]).refused("invalid");
    of(vec![line(1, 0)]).refused("invalid");
    of(vec![line(i64::MAX, i64::MAX)]).refused("invalid");
    of(vec![]).refused("invalid");
    of(vec![line(1, 1); 201]).refused("invalid");
    of(vec![line(MOST_MINOR, 2000)]).refused("overflow");
    of(vec![line(MOST_MINOR, 1000); 2]).refused("overflow");
    let pounds = Money { minor: 1, currency: Currency::GBP };
    of(vec![NewLine { unit_price: pounds, ..line(1, 1000) }]).refused("currency_mismatch");
    of(vec![line(MOST_MINOR, 1000)]).applied();
}

#[test]
fn work_does_not_start_before_the_customer_confirms() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.by(WANG, Start {}).refused("quote_not_confirmed");
    story.by(WANG, quote(120)).applied();
    story.by(WANG, Start {}).refused("quote_not_confirmed");
    let first = story.op;
    let first = number(first.as_u128() - 1);
    story.by(WANG, confirm(first)).applied();
    story.by(WANG, quote(150)).applied();
    story.by(WANG, Start {}).refused("quote_not_confirmed");
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, Start {}).refused("quote_not_confirmed");
}

#[test]
fn ones_own_new_price_must_be_confirmed_without_signal_too() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, quote(150)).applied();
    phone.sends(&mut story, Start {}).refused("quote_not_confirmed");
}

#[test]
fn a_word_given_once_is_not_given_twice() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.by(WANG, quote(120)).applied();
    let quoted = story.op;
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, confirm(quoted)).applied();
    story.by(DISPATCHER, confirm(quoted)).refused("illegal_transition");
    phone.sends(&mut story, confirm(quoted)).flagged(Flag::AlreadyDone);
    let confirmed = story.order.newest_quote().expect("quoted").confirmed.as_ref().expect("confirmed");
    assert_eq!(confirmed.by, DISPATCHER.user());
    assert_eq!(story.order.timeline.last().expect("an entry").overtaken, Some(Flag::AlreadyDone));
    story.by(WANG, confirm(number(1))).refused("quote_unknown");
}

#[test]
fn a_confirmed_price_outlives_the_technician() {
    let story = Story::reaching(Status::OnSite).then(WANG, hand_back()).assigned_to(LI);
    let story = story.arrived().started().finished().signed();
    assert_eq!(story.order.charge.as_ref().expect("charged").amount, yuan(120));
}

#[test]
fn a_person_can_only_lower_a_charge() {
    let mut story = Story::reaching(Status::SignedOff);
    let signed = story.order.sign_offs[0].op;
    let charge = |sign_off, amount| SetCharge { sign_off, amount, reason: "Goodwill".into() };
    story.by(MANAGER, charge(signed, yuan(121))).refused("amount_exceeds_signed");
    story.by(MANAGER, charge(number(1), yuan(1))).refused("entry_unknown");
    let pounds = Money { currency: Currency::GBP, ..yuan(1) };
    story.by(MANAGER, charge(signed, pounds)).refused("currency_mismatch");
    story.by(MANAGER, charge(signed, yuan(100))).applied();
    let lowered = story.op;
    let held = story.order.charge.clone().expect("charged");
    assert_eq!((held.amount, held.lowered.expect("why").op), (yuan(100), lowered));
    story.by(MANAGER, charge(signed, yuan(120))).applied();
    assert_eq!(story.order.charge.as_ref().expect("charged").amount, yuan(120));
}

#[test]
fn jobs_free_of_charge_cannot_be_charged_by_hand() {
    let mut story = Story::of(WARRANTY).assigned_to(WANG).arrived().quoted(50).started().finished();
    let mut content = story.order.content_to_sign(WANG.name, WANG.user(), "Mrs Chen");
    assert_eq!(content.quote, None);
    let quoted = story.order.quotes[0].clone();
    let (id, revision, lines, total) = (quoted.id, quoted.revision, quoted.lines, quoted.total);
    content.quote = Some(crate::work_order::sign_off::SignedQuote { id, revision, lines, total });
    content.amount = total;
    story.by(WANG, super::kit::signature(content)).flagged(Flag::SignedOtherContent);
    let charge = SetCharge { sign_off: story.op, amount: yuan(50), reason: "Why not".into() };
    story.by(MANAGER, charge).refused("amount_exceeds_signed");
    assert_eq!(story.order.charge, None);
}

#[test]
fn a_price_beside_the_list_is_told_not_refused() {
    let mut story = Story::reaching(Status::OnSite);
    let seal = |minor| NewLine { item: Some(Id::new(SEAL)), ..line(minor, 1000) };
    story.by(WANG, MakeQuote { lines: vec![seal(1200)], note: None }).applied();
    story.by(WANG, MakeQuote { lines: vec![seal(1300)], note: None }).flagged(Flag::PriceDiffersFromList);
}

/// The list's price of a piece is not that of a metre, nor is a part labour.
#[test]
fn the_price_of_something_else_is_not_the_lists() {
    let mut story = Story::reaching(Status::OnSite);
    let seal = NewLine { item: Some(Id::new(SEAL)), ..line(1200, 1000) };
    let others = [NewLine { unit: "m".into(), ..seal.clone() }, NewLine { kind: PriceKind::Labour, ..seal.clone() }];
    for other in others {
        story.by(WANG, MakeQuote { lines: vec![other], note: None }).flagged(Flag::PriceDiffersFromList);
        assert!(story.order.newest_quote().expect("quoted").lines[0].free);
    }
    story.by(WANG, MakeQuote { lines: vec![seal], note: None }).applied();
    assert!(!story.order.newest_quote().expect("quoted").lines[0].free);
}

/// More was found, and done before she had agreed to it: somebody is to know, and she pays no more than she confirmed.
#[test]
fn work_beyond_what_was_confirmed_is_told() {
    let mut story = Story::reaching(Status::Working);
    story.by(WANG, quote(400)).applied();
    let more = story.op;
    let mut rested = story.clone().then(WANG, super::kit::pause());
    rested.by(WANG, Resume {}).flagged(Flag::QuoteChangedMeanwhile);
    let mut told = story.clone();
    told.by(WANG, Finish { summary: None }).flagged(Flag::QuoteChangedMeanwhile);
    story.by(WANG, confirm(more)).applied();
    story.by(WANG, Finish { summary: None }).applied();
}

#[test]
fn a_quote_is_bounded() {
    let mut story = Story::reaching(Status::OnSite);
    let mut story_of = |_| story.by(WANG, quote(1));
    assert!((1..50).map(&mut story_of).all(|did| did == super::kit::Did::Applied(vec![])));
    story_of(50).refused("too_many_entries");
    assert_eq!(Refusal::TooManyEntries.code(), "too_many_entries");
    story.by(DISPATCHER, assign(LI)).applied();
}
