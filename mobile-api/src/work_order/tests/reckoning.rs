//! Quotes: reckoned from the list, with discounts and taxes; agreed to, confirmed, expired.

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::kit::{DISPATCHER, FIRM, MANAGER, SEAL, SITE, Story, WANG, at, between, confirm, number, quote, yuan};
use crate::{
    Id,
    directory::{Customer, PriceItem, PriceKind},
    money::{Currency, MOST_MINOR, Money, Quantity, WHOLE},
    price_list::{EarlierPrice, EarlierRate, MoneyRules, OtherPrice, TaxClass, Terms},
    record::{Kind, Record, Ref},
    refusal::Flag,
    signing::{Stroke, digest},
    work_order::{
        ConfirmationMethod, QuoteLine, SignedContent, Status, WorkOrder,
        agree::AgreeQuote,
        confirm::ConfirmQuote,
        pricing::Concern,
        quote::{MakeQuote, NewLine},
        visit::Start,
    },
};

/// Lets the firm change its mind about money.
fn with_rules(story: &mut Story, change: impl FnOnce(&mut MoneyRules)) {
    let firm = Ref::new(Kind::Organisation, FIRM);
    let Some(Record::Organisation(firm)) = story.related.records.get_mut(&firm) else { panic!("there is a firm") };
    change(&mut firm.money);
}

fn with_seal(story: &mut Story, change: impl FnOnce(&mut PriceItem)) {
    let seal = Ref::new(Kind::PriceItem, SEAL);
    let Some(Record::PriceItem(seal)) = story.related.records.get_mut(&seal) else { panic!("there is a seal") };
    change(seal);
}

fn line(minor: i64, milli: i64, discount: u32) -> NewLine {
    NewLine {
        item: None,
        name: "Part".into(),
        kind: PriceKind::Material,
        quantity_milli: Quantity(milli),
        unit: "pc".into(),
        unit_price: Money { minor, currency: Currency::CNY },
        discount,
        tax_rate: None,
    }
}

/// One seal of the list, at so many yuan.
fn seal(price: i64) -> MakeQuote {
    MakeQuote { lines: vec![NewLine { item: Some(Id::new(SEAL)), ..line(price * 100, 1000, 0) }], note: None }
}

fn of(lines: Vec<NewLine>) -> MakeQuote {
    MakeQuote { lines, note: None }
}

fn newest(order: &WorkOrder) -> &crate::work_order::Quote {
    order.newest_quote().expect("a quote")
}

fn agree(quote: Uuid) -> AgreeQuote {
    AgreeQuote { quote, note: None }
}

#[test]
fn the_worked_example_of_the_documentation() {
    let mut story = Story::reaching(Status::OnSite);
    with_rules(&mut story, |rules| {
        rules.tax_classes[0].rate = 600;
        rules.discounts.iter_mut().for_each(|ceiling| ceiling.most = WHOLE);
    });
    let lines = vec![line(8_000, 1_500, 1_000), line(1_999, 3_333, 0)];
    story.by(WANG, of(lines)).applied();
    let quote = newest(&story.order);
    let parts = |line: &QuoteLine| {
        let off = line.discount.map_or(0, |off| off.amount.minor);
        (off, line.tax.as_ref().map_or(0, |tax| tax.amount.minor), line.amount.minor)
    };
    // 80.00 × 1.5 = 120.00, less 10 % = 108.00, plus 6 % = 114.48.
    assert_eq!(parts(&quote.lines[0]), (1_200, 648, 11_448));
    // 19.99 × 3.333 = 66.626… → 66.63, plus 6 % = 3.9978 → 4.00, together 70.63.
    assert_eq!(parts(&quote.lines[1]), (0, 400, 7_063));
    assert_eq!(quote.total.minor, 11_448 + 7_063);
}

proptest! {
    #[test]
    fn lines_add_up_whatever_is_taken_off_and_added(
        lines in proptest::collection::vec((0..=10_000_000i64, 1..=1_000_000i64, 0..=WHOLE), 1..30),
        rate in 0..=WHOLE,
    ) {
        let mut story = Story::reaching(Status::Requested);
        with_rules(&mut story, |rules| rules.tax_classes[0].rate = rate);
        let lines: Vec<_> = lines.into_iter().map(|(minor, milli, off)| line(minor, milli, off)).collect();
        let story = story.then(MANAGER, of(lines));
        let quote = newest(&story.order);
        prop_assert_eq!(quote.lines.iter().map(|line| line.amount.minor).sum::<i64>(), quote.total.minor);
        for line in &quote.lines {
            let gross = line.unit_price.times(line.quantity_milli).expect("in bounds");
            let off = line.discount.map_or(0, |off| off.amount.minor);
            prop_assert!((0..=gross.minor).contains(&off), "a discount is never below nothing, and never more than all");
            let net = Money { minor: gross.minor - off, ..gross };
            let tax = line.tax.as_ref().map_or(0, |tax| tax.amount.minor);
            prop_assert_eq!(tax, net.share(rate).minor);
            prop_assert_eq!(line.amount.minor, net.minor + tax);
        }
    }
}

#[test]
fn a_quote_that_is_too_large_with_its_tax_is_refused() {
    let mut story = Story::reaching(Status::OnSite);
    with_rules(&mut story, |rules| rules.tax_classes[0].rate = 1);
    story.by(WANG, of(vec![line(MOST_MINOR, 1000, 0)])).refused("overflow");
    story.by(WANG, of(vec![line(1, 1000, WHOLE + 1)])).refused("invalid");
}

#[test]
fn each_item_is_taxed_by_its_class() {
    let mut story = Story::reaching(Status::OnSite);
    let goods = TaxClass {
        code: "goods".into(),
        name: crate::directory::Label::new("货物", "Goods"),
        rate: 1_300,
        earlier: vec![],
    };
    with_rules(&mut story, |rules| rules.tax_classes.push(goods));
    with_seal(&mut story, |seal| seal.terms.tax_class = Some("goods".into()));
    story.by(WANG, of(vec![seal(12).lines.remove(0), line(1_200, 1000, 0)])).applied();
    let quote = newest(&story.order);
    assert_eq!((quote.lines[0].amount.minor, quote.lines[1].amount.minor), (1_356, 1_200));
    assert_eq!(quote.lines[0].tax.as_ref().map(|tax| (&*tax.class, tax.rate)), Some(("goods", 1_300)));
    assert_eq!(quote.lines[1].tax, None, "what names no class is of the first");
}

#[test]
fn a_line_says_whether_the_list_priced_it() {
    let mut story = Story::reaching(Status::OnSite);
    story.by(WANG, seal(12)).applied();
    let listed = newest(&story.order).lines[0].clone();
    assert_eq!((listed.list_price, listed.free), (Some(yuan(12)), false));
    story.by(WANG, seal(13)).flagged(Flag::PriceDiffersFromList);
    let beside = newest(&story.order).lines[0].clone();
    assert_eq!((beside.list_price, beside.free), (Some(yuan(12)), true));
    story.by(WANG, quote(80)).applied();
    assert!(newest(&story.order).lines[0].free);
}

#[test]
fn a_phone_with_an_older_list_is_believed_and_told_of() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    let earlier = |yuans| EarlierPrice { price: yuan(yuans), until: at(0) };
    with_seal(&mut story, |seal| (seal.price, seal.earlier) = (yuan(15), vec![earlier(10), earlier(12)]));
    phone.sends(&mut story, seal(12)).flagged(Flag::PriceChanged);
    let line = newest(&story.order).lines[0].clone();
    assert_eq!((line.unit_price, line.list_price, line.free), (yuan(12), Some(yuan(12)), false));
    phone.sends(&mut story, seal(11)).flagged(Flag::PriceDiffersFromList);
    story.by(WANG, seal(12)).flagged(Flag::PriceDiffersFromList);
}

/// The list of next month, of members and of this site: the price is the one that is for her, on the day.
#[test]
fn a_line_costs_what_the_list_says_for_this_customer_on_this_day() {
    let other = |yuans, from: Option<&str>, class: Option<&str>| OtherPrice {
        price: yuan(yuans),
        valid_from: from.map(|day| day.parse().expect("a day")),
        valid_to: None,
        sites: vec![],
        customer_classes: class.map(Into::into).into_iter().collect(),
    };
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    with_seal(&mut story, |seal| {
        seal.others = vec![other(14, Some("2026-03-03"), None), other(9, None, Some("member"))];
    });
    story.clone().by(WANG, seal(12)).applied();
    story.clone().by(WANG, seal(14)).flagged(Flag::PriceDiffersFromList);
    story.clone().by(WANG, seal(9)).flagged(Flag::PriceDiffersFromList);
    // Tuesday in Shanghai: the other price has begun, and a phone that is away still tells the old one.
    let mut tuesday = story.clone().at(20 * 60);
    tuesday.clone().by(WANG, seal(14)).applied();
    phone.sends_of(&mut tuesday, None, seal(12)).flagged(Flag::PriceChanged);
    assert_eq!(newest(&tuesday.order).lines[0].unit_price, yuan(12));
}

/// Taken out of use, or its last day over: what a phone without signal told a customer stands.
#[test]
fn an_item_that_left_the_list_meanwhile_was_on_the_older_list() {
    let gone: [fn(&mut PriceItem); 2] =
        [|seal| seal.active = false, |seal| seal.terms.valid_to = Some("2026-03-01".parse().expect("a day"))];
    for change in gone {
        let mut story = Story::reaching(Status::OnSite);
        let mut phone = story.phone(WANG);
        with_seal(&mut story, change);
        story.by(WANG, seal(12)).refused("bad_reference");
        phone.clone().sends(&mut story.clone(), seal(11)).flagged(Flag::PriceDiffersFromList);
        phone.sends(&mut story, seal(12)).flagged(Flag::PriceChanged);
        assert!(!newest(&story.order).lines[0].free);
    }
}

/// The rate that the customer was told is the rate that she pays; one that nobody ever had is not.
#[test]
fn a_tax_that_changed_meanwhile_is_as_it_was_told() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    let until = at(0);
    with_rules(&mut story, |rules| {
        (rules.tax_classes[0].rate, rules.tax_classes[0].earlier) = (900, vec![EarlierRate { rate: 600, until }]);
    });
    let told = |rate| of(vec![NewLine { tax_rate: Some(rate), ..line(10_000, 1000, 0) }]);
    story.clone().by(WANG, told(600)).refused("bad_reference");
    story.clone().by(WANG, told(900)).applied();
    phone.clone().sends(&mut story, told(600)).flagged(Flag::PriceChanged);
    assert_eq!(newest(&story.order).total.minor, 10_600);
    phone.sends(&mut story, told(100)).flagged(Flag::PriceDiffersFromList);
    assert_eq!(newest(&story.order).total.minor, 10_900);
}

#[test]
fn an_item_that_is_not_for_this_customer_is_no_price_of_the_list() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    let class = Terms { customer_classes: vec!["member".into()], ..Terms::default() };
    with_seal(&mut story, |seal| seal.terms = class);
    story.by(WANG, seal(12)).refused("bad_reference");
    phone.sends(&mut story, seal(12)).flagged(Flag::PriceDiffersFromList);
    assert!(newest(&story.order).lines[0].free);

    let member: Customer = serde_json::from_value(json!({
        "id": number(60), "site": SITE, "unit": null, "name": "Mrs Chen", "contacts": [], "preferred": [], "rest": [],
        "member": true, "class": "member", "note": null,
    }))
    .expect("a customer");
    story.order.customer = Some(member.id);
    let member = Record::from(member);
    story.related.records.insert(member.address(), member);
    story.by(WANG, seal(12)).applied();
    assert!(!newest(&story.order).lines[0].free);
}

#[test]
fn free_lines_beyond_the_ceiling_need_a_dispatchers_agreement() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    with_rules(&mut story, |rules| rules.free_lines_most = Some(10_000));
    story.by(WANG, of(vec![line(5_000, 1000, 0); 2])).applied();
    assert!(!newest(&story.order).awaits_agreement(), "just at the ceiling");
    story.by(WANG, of(vec![line(5_001, 1000, 0), line(5_000, 1000, 0)])).applied();
    let quoted = story.op;
    assert_eq!(newest(&story.order).concerns, [Concern::FreeLines], "cut in two, they are together all the same");
    story.by(WANG, confirm(quoted)).refused("quote_not_agreed");
    story.by(DISPATCHER, agree(quoted)).applied();
    story.by(DISPATCHER, agree(quoted)).refused("illegal_transition");
    story.by(WANG, confirm(quoted)).applied();
    story.by(WANG, Start {}).applied();
}

#[test]
fn what_a_dispatcher_prices_freely_needs_nobody() {
    let mut story = Story::reaching(Status::OnSite);
    with_rules(&mut story, |rules| rules.free_lines_most = Some(0));
    story.by(DISPATCHER, quote(80)).applied();
    assert!(!newest(&story.order).awaits_agreement());
    story.by(WANG, seal(12)).applied();
    assert!(!newest(&story.order).awaits_agreement(), "the list's prices are nobody's whim");
}

#[test]
fn a_discount_needs_the_agreement_of_somebody_who_may_give_it() {
    let mut story = Story::reaching(Status::OnSite);
    story.by(WANG, of(vec![line(10_000, 1000, 1)])).applied();
    assert_eq!(newest(&story.order).concerns, [Concern::Discount], "a technician may give nothing away");
    story.by(DISPATCHER, of(vec![line(10_000, 1000, 1_000)])).applied();
    assert_eq!(newest(&story.order).concerns, []);
    story.by(DISPATCHER, of(vec![line(10_000, 1000, 1_001)])).applied();
    let quoted = story.op;
    story.by(DISPATCHER, agree(quoted)).refused("forbidden");
    story.by(MANAGER, agree(quoted)).applied();
    story.by(WANG, confirm(quoted)).applied();
    assert_eq!(newest(&story.order).total.minor, 8_999);
}

#[test]
fn a_word_given_without_signal_stands_although_nobody_had_agreed() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    with_rules(&mut story, |rules| rules.free_lines_most = Some(0));
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, quote(80)).applied();
    let quoted = story.op;
    phone.sends(&mut story, confirm(quoted)).flagged(Flag::QuoteNotAgreed);
    assert!(newest(&story.order).confirmed.is_some());
}

#[test]
fn a_quote_is_valid_for_so_many_days() {
    let days = |days: i64| days * 24 * 60;
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.by(WANG, quote(80)).applied();
    let quoted = story.op;
    assert_eq!(newest(&story.order).valid_until, Some(at(days(30))));
    let mut phone = story.phone(WANG);
    let mut last = story.clone().at(days(30));
    last.by(WANG, confirm(quoted)).applied();
    let mut over = story.clone().at(days(30) + 1);
    over.by(WANG, confirm(quoted)).refused("quote_expired");
    // It was confirmed in time and only sent later; or perhaps it was.
    let mut late = story.clone().at(days(40));
    phone.clone().sends_of(&mut late, Some(between(days(29), days(30))), confirm(quoted)).applied();
    let mut late = story.clone().at(days(40));
    phone.clone().sends_of(&mut late, Some(between(days(29), days(40))), confirm(quoted)).applied();
    let mut late = story.clone().at(days(40));
    phone.sends_of(&mut late, Some(between(days(31), days(32))), confirm(quoted)).flagged(Flag::QuoteExpired);
    assert!(newest(&late.order).confirmed.is_some(), "her word is not lost");

    with_rules(&mut story, |rules| rules.quote_days = None);
    story.by(WANG, quote(80)).applied();
    assert_eq!(newest(&story.order).valid_until, None);
}

#[test]
fn two_words_given_on_two_phones_are_both_kept() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    let (mut phone, mut tablet) = (story.phone(WANG), story.phone(WANG));
    phone.sends(&mut story, quote(80)).applied();
    let first = story.op;
    phone.sends(&mut story, confirm(first)).applied();
    tablet.sends(&mut story, quote(90)).applied();
    let second = story.op;
    tablet.sends(&mut story, confirm(second)).flagged(Flag::AnotherQuoteConfirmed);
    assert!(story.order.quotes.iter().all(|quote| quote.confirmed.is_some()));
    // Whoever knows of the first word may take another.
    phone.sends(&mut story, quote(95)).applied();
    let third = story.op;
    story.by(WANG, confirm(third)).applied();
}

#[test]
fn a_signature_confirms_what_was_shown() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.by(WANG, quote(80)).applied();
    let quoted = story.op;
    let point = |x| crate::signing::Point { x, y: 5.0, time: 0.0, pressure: None };
    let strokes = vec![Stroke { points: vec![point(1.0), point(40.0)] }];
    let shown = story.order.quote_to_confirm(quoted, "Mrs Chen").expect("a quote");
    let signed = |strokes: &[Stroke], digest| ConfirmQuote {
        quote: quoted,
        name: "Mrs Chen".into(),
        method: ConfirmationMethod::Signature { strokes: strokes.to_vec(), digest },
    };
    story.by(WANG, signed(&[], None)).refused("invalid");
    let good = digest(&shown).expect("a digest");
    let other = crate::signing::Digest::of(b"something else");
    story.clone().by(WANG, signed(&strokes, Some(other))).flagged(Flag::SignedOtherContent);
    story.clone().by(WANG, signed(&[Stroke { points: vec![point(1.0)] }], Some(good))).flagged(Flag::SignatureAbsurd);
    story.clone().by(WANG, signed(&strokes, None)).flagged(Flag::ConfirmationUnproved);
    let typed = ConfirmQuote { method: ConfirmationMethod::OnDevice, ..signed(&[], None) };
    let mut by_name = story.clone();
    by_name.by(WANG, typed).flagged(Flag::ConfirmationUnproved);
    assert_eq!(by_name.details[0]["why"], "no_signature");
    assert!(newest(&by_name.order).confirmed.is_some(), "it counts all the same, and a person asks");
    story.by(WANG, signed(&strokes, Some(good))).applied();
    let word = newest(&story.order).confirmed.clone().expect("confirmed");
    assert_eq!(
        word.method,
        ConfirmationMethod::Signature { strokes: vec![], digest: Some(good) },
        "no strokes in records"
    );
}

/// What was signed before there were discounts, taxes and free lines has the digest that it had then.
#[test]
fn signatures_of_before_still_verify() {
    let old = json!({
        "order": number(1000), "number": "2026-000001", "place": "7-1203, kitchen", "fault": "Water drips",
        "findings": null,
        "quote": {
            "id": number(1001), "revision": 1, "total": { "minor": 12000, "currency": "CNY" },
            "lines": [{
                "item": null, "name": "Repair", "kind": "labour", "quantity_milli": 1000, "unit": "job",
                "unit_price": { "minor": 12000, "currency": "CNY" }, "amount": { "minor": 12000, "currency": "CNY" },
            }],
        },
        "materials": [], "amount": { "minor": 12000, "currency": "CNY" }, "technician": number(20),
        "technician_name": "Wang Lei", "signer": "Mrs Chen", "arrived": null, "started": null, "finished": null,
    });
    let content: SignedContent = serde_json::from_value(old.clone()).expect("an old content");
    assert_eq!(digest(&content).expect("a digest"), digest(&old).expect("a digest"));
    assert_eq!(
        digest(&content).expect("a digest").to_string(),
        "ac099a93f92963ac01f2d02495b5861028e62b2a4993f5ae232c34fa2ce6cb01"
    );
}

/// Whether a line is the list's is between phone and office. Customers do not sign it, and it is no difference if one did.
#[test]
fn what_only_the_office_asks_about_is_no_difference() {
    let mut story = Story::reaching(Status::Finished);
    let mut content = story.order.content_to_sign(WANG.name, WANG.user(), "Mrs Chen");
    let lines = &mut content.quote.as_mut().expect("a quote").lines;
    assert!(story.order.quotes[0].lines[0].free && !lines[0].free);
    (lines[0].free, lines[0].list_price) = (true, Some(yuan(1)));
    story.by(WANG, super::kit::signature(content)).applied();
    assert!(story.order.sign_offs[0].differs.is_empty());
}

#[test]
fn a_new_price_list_does_not_touch_a_confirmed_quote() {
    let mut story = Story::reaching(Status::Assigned).arrived().then(WANG, seal(12));
    story.by(WANG, confirm(story.op)).applied();
    let before = newest(&story.order).clone();
    with_seal(&mut story, |seal| seal.price = yuan(99));
    with_rules(&mut story, |rules| rules.tax_classes[0].rate = 1_300);
    let story = story.started().finished().signed();
    assert_eq!(*newest(&story.order), before);
    assert_eq!(story.order.charge.as_ref().expect("charged").amount, yuan(12));
}
