//! What a customer signs, what the signature covers, and what is named if it does not.

use serde_json::json;

use super::kit::{
    DESK, DISPATCHER, Deed, Did, LI, Story, WANG, WARRANTY, ZHAO, between, confirm, number, quote, signature, yuan,
};
use crate::{
    catalogue::Action,
    evidence::When,
    money::{Currency, Money, Quantity},
    refusal::{Flag, Refusal},
    signing::{Digest, digest},
    work_order::{
        SignedContent, Status,
        request::Edit,
        sign_off::{RefuseAcceptance, Sign},
        visit::{Diagnose, Finish, Start, UseMaterial},
    },
};

fn seals(count: i64) -> UseMaterial {
    UseMaterial {
        item: None,
        name: "Seal".into(),
        quantity_milli: Quantity(count * 1000),
        unit: "pc".into(),
        stock: None,
    }
}

/// Work that the customer is about to sign for, with everything that content can have.
fn finished() -> Story {
    let findings = Diagnose { findings: "Seal worn".into(), cause: None, explained: None };
    Story::reaching(Status::OnSite).then(WANG, findings).then(WANG, seals(1)).started().finished()
}

fn content(story: &Story) -> SignedContent {
    story.order.content_to_sign(WANG.name, WANG.user(), "Mrs Chen")
}

#[test]
fn a_phone_shows_what_the_server_recomputes() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    phone.screen.now = 30;
    phone.shows(Start {});
    phone.shows(seals(2));
    phone.shows(Finish { summary: None });
    let signed = phone.screen.signature();
    story.now = 30;
    phone.sends(&mut story, Start {}).applied();
    phone.sends(&mut story, seals(2)).applied();
    phone.sends(&mut story, Finish { summary: None }).applied();
    assert_eq!(digest(&content(&story)).expect("a digest"), signed.digest);
    phone.sends(&mut story, signed).applied();
    assert!(story.order.sign_offs[0].differs.is_empty());
}

#[test]
fn times_are_those_of_the_screen_not_the_proved_ones() {
    let wall = Some("2026-03-02T16:31:00.000+08:00".to_owned());
    let on_phone = When { wall: wall.clone(), ..between(30, 31) };
    let proved = When { wall: wall.clone(), ..between(12, 44) };
    let signed = |when: When| {
        let mut story = Story::reaching(Status::Working);
        let deed = Deed { when: Some(when), ..Deed::recorded(WANG, Some(story.rev)) };
        story.perform(&deed, Finish { summary: None }).applied();
        story
    };
    let (phone, mut server) = (signed(on_phone), signed(proved));
    assert_eq!(content(&phone).finished, wall);
    let signature = phone.signature();
    server.by(WANG, signature).applied();
}

#[test]
fn every_part_that_differs_is_named() {
    let story = finished();
    type Change = fn(&mut SignedContent);
    let changes: [(&str, Change); 13] = [
        ("number", |c| c.number = Some("other".into())),
        ("place", |c| c.place = "other".into()),
        ("fault", |c| c.fault = "other".into()),
        ("findings", |c| c.findings = None),
        ("quote", |c| c.quote.as_mut().expect("quoted").lines[0].name = "other".into()),
        ("quote", |c| c.quote.as_mut().expect("quoted").total = yuan(1)),
        ("materials", |c| c.materials[0].quantity_milli = Quantity(2000)),
        ("materials", |c| c.materials.clear()),
        ("amount", |c| c.amount = yuan(119)),
        ("technician_name", |c| c.technician_name = "other".into()),
        ("arrived", |c| c.arrived = None),
        ("started", |c| c.started = Some("other".into())),
        ("finished", |c| c.finished = Some("other".into())),
    ];
    for (part, change) in changes {
        let mut content = content(&story);
        change(&mut content);
        let mut story = story.clone();
        story.by(WANG, signature(content)).flagged(Flag::SignedOtherContent);
        assert_eq!(story.details, [json!({ "differs": [part] })]);
        assert_eq!(story.order.sign_offs[0].differs, [part]);
        story.expect(Status::SignedOff);
    }
}

#[test]
fn an_amount_beyond_the_confirmed_quote_is_not_charged() {
    let mut story = finished();
    let content = SignedContent { amount: yuan(500), ..content(&story) };
    story.by(WANG, signature(content)).flagged(Flag::SignedOtherContent);
    assert_eq!(story.order.sign_offs[0].amount, yuan(500));
    assert_eq!(story.order.charge.as_ref().expect("charged").amount, yuan(120));
}

#[test]
fn another_technician_than_the_orders_is_named() {
    let mut story = finished();
    let content = story.order.content_to_sign(LI.name, LI.user(), "Mrs Chen");
    story.by(WANG, signature(content)).flagged(Flag::SignedOtherContent);
    assert_eq!(story.order.sign_offs[0].differs, ["technician"]);
}

#[test]
fn a_number_that_the_phone_did_not_have_is_no_difference() {
    let mut story = finished();
    let content = SignedContent { number: None, ..content(&story) };
    story.by(WANG, signature(content)).applied();
}

#[test]
fn the_number_of_a_quote_is_the_servers() {
    let mut story = finished();
    let mut content = content(&story);
    content.quote.as_mut().expect("quoted").revision = 9;
    story.by(WANG, signature(content)).applied();
}

#[test]
fn what_the_office_changed_meanwhile_is_not_covered() {
    for (part, change) in [
        ("place", Action::from(Edit { place: Some("7-1204".into()), ..Edit::default() })),
        ("fault", Edit { fault: Some("Pours".into()), ..Edit::default() }.into()),
    ] {
        let mut story = finished();
        let mut phone = story.phone(WANG);
        let signed = story.signature();
        story.by(DESK, change).applied();
        phone.sends(&mut story, signed).flagged(Flag::SignedOtherContent);
        assert_eq!(story.order.sign_offs[0].differs, [part]);
    }
    let mut story = finished();
    let mut phone = story.phone(WANG);
    let signed = story.signature();
    story.by(DISPATCHER, seals(3)).applied();
    phone.sends(&mut story, signed).flagged(Flag::SignedOtherContent);
    assert_eq!(story.order.sign_offs[0].differs, ["materials"]);
    assert_eq!(story.order.charge.as_ref().expect("charged").amount, yuan(120), "what was signed");
}

#[test]
fn a_digest_that_is_not_the_contents_is_refused() {
    let story = finished();
    let tampered = Sign { digest: Digest::new([7; 32]), ..story.signature() };
    let mut repriced = story.signature();
    repriced.content.amount = yuan(10);
    for wrong in [tampered, repriced] {
        let Err(Refusal::Invalid { errors }) = Action::from(wrong).check() else { panic!("refused") };
        assert_eq!((errors.len(), errors[0].pointer.as_str()), (1, "/digest"));
    }
}

#[test]
fn a_signature_for_another_order_is_refused() {
    let mut story = finished();
    let content = SignedContent { order: crate::Id::new(number(77)), ..content(&story) };
    story.by(WANG, signature(content)).refused("invalid");
}

#[test]
fn a_signature_on_an_unconfirmed_quote_charges_nothing_and_is_named() {
    let mut story = finished();
    story.by(WANG, quote(300)).applied();
    let unconfirmed = story.order.newest_quote().expect("quoted").clone();
    let mut content = content(&story);
    let signed = content.quote.as_mut().expect("quoted");
    (signed.id, signed.lines, signed.total) = (unconfirmed.id, unconfirmed.lines, unconfirmed.total);
    content.amount = unconfirmed.total;
    story.by(WANG, signature(content)).flagged(Flag::SignedOtherContent);
    assert_eq!(story.order.sign_offs[0].differs, ["quote", "amount"]);
    assert_eq!(story.order.charge, None);
    story.by(DISPATCHER, confirm(unconfirmed.id)).refused("illegal_transition");
}

#[test]
fn strokes_that_are_no_signature_are_kept_and_flagged() {
    let mut story = finished();
    let signed = Sign { strokes: vec![], ..story.signature() };
    story.by(WANG, signed).flagged(Flag::SignatureAbsurd);
    story.expect(Status::SignedOff);
}

#[test]
fn capitals_and_spaces_make_no_other_signer() {
    let mut story = finished();
    let mut phone = story.phone(WANG);
    let by = |name: &str| signature(story.order.content_to_sign(WANG.name, WANG.user(), name));
    let (first, same, other) = (by("Mrs Chen"), by(" mrs  chen "), by("Mrs Cheng"));
    story.by(WANG, first).applied();
    phone.sends(&mut story, same).applied();
    phone.sends(&mut story, other).flagged(Flag::DifferentSigner);
}

#[test]
fn work_that_is_not_accepted_goes_on_and_is_signed_later() {
    let refusal = RefuseAcceptance { name: "Mrs Chen".into(), reason: "It still drips".into() };
    let story = finished().then(WANG, refusal);
    story.expect(Status::Working);
    assert_eq!(story.order.charge, None);
    let story = story.finished().signed();
    story.expect(Status::SignedOff);
    assert_eq!(story.order.rejections.len(), 1);
}

#[test]
fn nobody_signs_for_work_that_is_not_finished() {
    for status in
        [Status::Requested, Status::Assigned, Status::EnRoute, Status::OnSite, Status::Working, Status::Paused]
    {
        let story = Story::reaching(status);
        let signed = story.signature();
        let office = [Deed::online(DISPATCHER), Deed::recorded(DISPATCHER, Some(story.rev))];
        for deed in office {
            assert_eq!(story.clone().perform(&deed, signed.clone()), Did::Refused("illegal_transition"), "{status}");
        }
        assert_eq!(story.clone().by(ZHAO, signed), Did::Refused("not_assigned"));
    }
}

#[test]
fn a_customer_may_sign_for_nothing_to_pay() {
    let story = Story::of(WARRANTY).assigned_to(WANG).arrived().started().finished();
    let content = content(&story);
    assert_eq!((content.quote.clone(), content.amount), (None, Money::zero(Currency::CNY)));
    let story = story.then(WANG, signature(content));
    assert_eq!(story.order.charge, None);
}

#[test]
fn what_changed_since_the_signature_is_named() {
    let mut story = finished();
    let signature = story.signature();
    story.by(WANG, signature.clone()).applied();
    let changed = |story: &Story| signature.content.changes_since(&story.order);
    assert_eq!(changed(&story), Vec::<&str>::new(), "the order has moved on, what was signed has not");

    let mut closed = story.order.clone();
    closed.state = crate::work_order::State::Closed {
        closed: story.order.recorded.clone(),
        by: LI.user(),
        rev: 99,
        outcome: crate::work_order::Outcome::Accepted,
    };
    assert_eq!(signature.content.changes_since(&closed), Vec::<&str>::new(), "a closed file has no technician");

    let mut lowered = story.order.clone();
    lowered.charge.as_mut().expect("charged").amount.minor -= 1;
    assert_eq!(signature.content.changes_since(&lowered), ["charge"]);
    lowered.charge = None;
    assert_eq!(signature.content.changes_since(&lowered), ["charge"]);

    let mut priced = story.order.clone();
    let mut newer = priced.quotes[0].clone();
    (newer.id, newer.revision, newer.confirmed) = (number(77), 2, None);
    priced.quotes.push(newer);
    priced.materials.clear();
    assert_eq!(signature.content.changes_since(&priced), ["materials", "quote"]);
    story.by(WANG, Edit { place: Some("Cellar".into()), ..Edit::default() }).applied();
    assert_eq!(changed(&story), ["place"]);
}
