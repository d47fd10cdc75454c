//! For whom an item may be quoted, and what the rules about money take.

use chrono::{NaiveDate, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{OtherPrice, PriceItem, PriceItemSave, Terms, Whom, item::EarlierPrice, terms::day_of, terms::quotable};
use crate::{
    Id, Role,
    check::Check,
    directory::{Found, Organisation},
    money::{Currency, MOST_MINOR, Money, WHOLE},
    operation::Payload,
    price_list::{DiscountCeiling, MoneyRules, SetMoneyRules},
    refusal::Refusal,
};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn item(terms: Terms) -> PriceItem {
    let PriceItemSave { code, name, kind, unit, price, active, .. } = PriceItemSave::example();
    PriceItem {
        id: Id::new(Uuid::from_u128(1)),
        code,
        name,
        kind,
        unit,
        price,
        active,
        terms,
        others: Vec::new(),
        earlier: Vec::new(),
    }
}

fn whom(class: Option<&str>, on: &str) -> Whom {
    Whom { site: Id::new(Uuid::from_u128(2)), class: class.map(Into::into), day: day(on) }
}

fn pointers(payload: &impl Payload) -> Vec<String> {
    let mut check = Check::default();
    payload.check(&mut check);
    match check.finish() {
        Err(Refusal::Invalid { errors }) => errors.into_iter().map(|error| error.pointer).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn an_item_is_quoted_from_its_first_day_to_its_last() {
    let item =
        item(Terms { valid_from: Some(day("2026-03-01")), valid_to: Some(day("2026-03-31")), ..Terms::default() });
    let on = |on| item.may_be_quoted(&whom(None, on));
    assert_eq!(["2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"].map(on), [false, true, true, false]);
    assert!(!PriceItem { active: false, ..item.clone() }.may_be_quoted(&whom(None, "2026-03-02")), "out of use");
}

#[test]
fn an_item_is_quoted_to_whom_it_is_for() {
    let elsewhere = item(Terms { sites: vec![Id::new(Uuid::from_u128(3))], ..Terms::default() });
    let here = item(Terms { sites: vec![Id::new(Uuid::from_u128(2))], ..Terms::default() });
    let members = item(Terms { customer_classes: vec!["member".into()], ..Terms::default() });
    let all = [&elsewhere, &here, &members];
    assert_eq!(quotable(all, &whom(None, "2026-03-02")), [&here]);
    assert_eq!(quotable(all, &whom(Some("member"), "2026-03-02")), [&here, &members]);
    assert_eq!(quotable(all, &whom(Some("tenant"), "2026-03-02")), [&here]);
}

#[test]
fn a_price_of_a_day_is_that_of_the_day_and_what_is_forgotten_is_not_guessed() {
    let at = |hour: i64| Utc.timestamp_opt(hour * 3600, 0).single().expect("an hour");
    let anybody = whom(None, "2026-03-02");
    let dearer = |prices: i64| {
        let earlier = (1..=prices).map(|n| EarlierPrice { price: cny(n * 100), until: at(n) }).collect();
        PriceItem { price: cny(9_900), earlier, ..item(Terms::default()) }
    };
    assert_eq!(dearer(0).price_at(at(-1), &anybody), Some(cny(9_900)), "it never cost anything else");
    let twice = dearer(2);
    assert_eq!(
        [0, 1, 2].map(|hour| twice.price_at(at(hour), &anybody)),
        [100, 200, 9_900].map(|minor| Some(cny(minor)))
    );
    assert_eq!(dearer(10).price_at(at(0), &anybody), None, "what it cost before the oldest price that it remembers");
    assert_eq!(dearer(10).price_at(at(1), &anybody), Some(cny(200)));
}

fn cny(minor: i64) -> Money {
    Money { minor, currency: Currency::CNY }
}

fn other(minor: i64, from: Option<&str>, to: Option<&str>, site: Option<u128>, class: Option<&str>) -> OtherPrice {
    OtherPrice {
        price: cny(minor),
        valid_from: from.map(day),
        valid_to: to.map(day),
        sites: site.map(|site| Id::new(Uuid::from_u128(site))).into_iter().collect(),
        customer_classes: class.map(Into::into).into_iter().collect(),
    }
}

/// An item at 100, with other prices beside it.
fn item_with(others: Vec<OtherPrice>) -> PriceItem {
    PriceItem { price: cny(100), others, ..item(Terms::default()) }
}

#[test]
fn the_most_particular_price_counts_and_then_the_one_that_began_last() {
    let spring = other(110, Some("2026-03-01"), None, None, None);
    let summer = other(120, Some("2026-06-01"), None, None, None);
    let fair = other(90, Some("2026-03-10"), Some("2026-03-12"), None, None);
    let here = other(95, None, None, Some(2), None);
    let elsewhere = other(1, None, None, Some(3), None);
    let members = other(80, Some("2026-03-05"), None, None, Some("member"));
    let price = |others: &[&OtherPrice], class, on| {
        item_with(others.iter().map(|other| (*other).clone()).collect()).price_for(&whom(class, on)).minor
    };
    let dated = [&summer, &fair, &spring];
    let days = ["2026-02-28", "2026-03-01", "2026-03-11", "2026-03-13", "2026-06-01"];
    assert_eq!(days.map(|on| price(&dated, None, on)), [100, 110, 90, 110, 120]);
    assert_eq!(
        days.map(|on| price(&[&spring, &elsewhere, &here], None, on)),
        [95; 5],
        "of a site, whatever began since"
    );
    let all = [&members, &here, &summer];
    assert_eq!(days.map(|on| price(&all, Some("member"), on)), [95, 95, 80, 80, 80]);
    assert_eq!(days.map(|on| price(&all, Some("tenant"), on)), [95; 5]);
}

#[test]
fn a_price_that_another_replaced_meanwhile_is_known_as_one_of_before() {
    let spring = other(110, Some("2026-03-01"), None, None, None);
    let members = other(80, None, Some("2026-03-05"), None, Some("member"));
    let item = item_with(vec![spring, members]);
    let did = |minor, class, on| item.did_cost(cny(minor), &whom(class, on));
    assert!(did(100, None, "2026-03-02") && !did(110, None, "2026-02-27"), "not what it only will cost");
    assert!(did(80, Some("member"), "2026-03-06") && !did(80, None, "2026-03-06"), "not what others paid");
}

#[test]
fn what_has_begun_is_the_items_own_and_what_is_over_is_past() {
    let others = vec![
        other(110, Some("2026-02-01"), None, None, None),
        other(120, Some("2026-03-01"), None, None, None),
        other(130, Some("2026-06-01"), None, None, None),
        other(70, Some("2026-01-01"), Some("2026-01-31"), None, None),
        other(60, Some("2026-01-01"), None, None, Some("member")),
        other(65, Some("2026-03-01"), None, None, Some("member")),
    ];
    let settled = item_with(others.clone()).settled(day("2026-03-02"));
    assert_eq!(settled.price, cny(120));
    assert_eq!(settled.others, [others[2].clone(), others[5].clone()]);
    let past = settled.past.iter().map(|past| (past.price.minor, past.last.map(|last| last.to_string())));
    let on = |minor, last: &str| (minor, Some(last.to_owned()));
    let expected = [on(70, "2026-01-31"), on(110, "2026-02-28"), on(60, "2026-02-28"), on(100, "2026-02-28")];
    assert_eq!(past.collect::<Vec<_>>(), expected);
}

#[test]
fn other_prices_that_say_nothing_of_their_own_are_refused_with_their_place() {
    let save = |others| pointers(&PriceItemSave { others, ..PriceItemSave::example() });
    let spring = || other(110, Some("2026-03-01"), None, None, None);
    assert_eq!(save(vec![spring()]), [""; 0]);
    assert_eq!(save(vec![other(110, None, None, None, None)]), ["/others/0"]);
    assert_eq!(save(vec![spring(), spring()]), ["/others/1"]);
    assert_eq!(save(vec![other(-1, Some("2026-03-01"), None, None, None)]), ["/others/0/price/minor"]);
    assert_eq!(save(vec![other(1, Some("2026-03-02"), Some("2026-03-01"), None, None)]), ["/others/0/valid_to"]);
    assert_eq!(save((1..=51).map(|n| other(1, None, None, Some(n), None)).collect()), ["/others"]);
}

#[test]
fn the_day_is_that_of_the_firm() {
    let Found { name, time_zone, currency, deadlines } = Found::example();
    let (id, escalation) = (Id::new(Uuid::from_u128(9)), crate::directory::Escalation::TRADE);
    let firm = Organisation {
        id,
        name,
        time_zone,
        currency,
        deadlines,
        escalation,
        pool_cap: 5,
        money: MoneyRules::default(),
        maintenance: Default::default(),
        targets: Default::default(),
        complaints: Default::default(),
        return_visits: Default::default(),
    };
    let evening = Utc.with_ymd_and_hms(2028, 2, 28, 17, 30, 0).single().expect("a time");
    assert_eq!(day_of(Some(&firm), evening), day("2028-02-29"), "in Shanghai it is half past one of the next day");
    assert_eq!(day_of(None, evening), day("2028-02-28"));
}

#[test]
fn rules_that_make_no_sense_are_refused_with_their_place() {
    let rules = |change: fn(&mut MoneyRules)| {
        let mut rules = MoneyRules::default();
        change(&mut rules);
        pointers(&SetMoneyRules { rules })
    };
    assert_eq!(rules(|_| {}), [""; 0]);
    assert_eq!(rules(|rules| rules.tax_classes.clear()), ["/rules/tax_classes"]);
    assert_eq!(rules(|rules| rules.tax_classes[0].rate = WHOLE + 1), ["/rules/tax_classes/0/rate"]);
    assert_eq!(rules(|rules| rules.tax_classes.extend(rules.tax_classes.clone())), ["/rules/tax_classes/1/code"]);
    assert_eq!(rules(|rules| rules.quote_days = Some(0)), ["/rules/quote_days"]);
    assert_eq!(rules(|rules| rules.free_lines_most = Some(-1)), ["/rules/free_lines_most"]);
    let twice = |rules: &mut MoneyRules| rules.discounts = vec![DiscountCeiling { role: Role::Technician, most: 1 }; 2];
    assert_eq!(rules(twice), ["/rules/discounts/1/role"]);
}

#[test]
fn terms_that_make_no_sense_are_refused_with_their_place() {
    let (valid_from, valid_to) = (Some(day("2026-03-02")), Some(day("2026-03-01")));
    let terms = Terms { valid_from, valid_to, tax_class: Some(String::new()), ..Terms::default() };
    let save = PriceItemSave { terms, ..PriceItemSave::example() };
    assert_eq!(pointers(&save), ["/terms/tax_class", "/terms/valid_to"]);
}

#[test]
fn records_of_before_are_read_and_written_as_they_were() {
    let old = r#"{"id":"00000000-0000-0000-0000-000000000001","code":"LAB","name":{"zh":"工时","en":"Hour"},"kind":"labour","unit":"h","price":{"minor":8000,"currency":"CNY"},"active":true}"#;
    let item: PriceItem = serde_json::from_str(old).expect("read");
    assert!(item.terms.is_open() && item.earlier.is_empty());
    assert_eq!(serde_json::to_string(&item).expect("written"), old);
    let old = r#"{"id":"00000000-0000-0000-0000-000000000009","name":"Firm","time_zone":"Asia/Shanghai","currency":"CNY","deadlines":{"record_minutes":5,"dispatch_minutes":15,"arrive_minutes":20}}"#;
    let firm: Organisation = serde_json::from_str(old).expect("read");
    assert_eq!(firm.money, MoneyRules::default());
}

fn others() -> impl Strategy<Value = Vec<OtherPrice>> {
    let days = || proptest::option::of(0..20_u64);
    let day = |n: u64| day("2026-03-01") + chrono::Days::new(n);
    let one = (1..500_i64, days(), days(), proptest::option::of(2..4_u128), proptest::option::of(0..2_usize));
    let one = one.prop_map(move |(minor, from, to, site, class)| OtherPrice {
        valid_from: from.map(day),
        valid_to: to.map(day),
        ..other(minor, None, None, site, class.map(|at| ["member", "tenant"][at]))
    });
    // As a save has them: none is for everybody and always, and none stands there twice.
    proptest::collection::vec(one, 0..8).prop_map(|mut others| {
        others.retain(|other| !other.is_for_everybody() || other.valid_from.or(other.valid_to).is_some());
        let mut kept: Vec<OtherPrice> = Vec::new();
        for other in others {
            if kept.iter().all(|known| !known.is_for_the_same(&other) || known.valid_from != other.valid_from) {
                kept.push(other);
            }
        }
        kept
    })
}

proptest! {
    /// Settling the prices of a day changes no price of that day or of a later one.
    #[test]
    fn settling_changes_what_nobody_pays(others in others(), today in 0..20_u64, later in 0..20_u64) {
        let on = |n: u64| day("2026-03-01") + chrono::Days::new(n);
        let item = item_with(others);
        let settled = item.settled(on(today));
        let after = PriceItem { price: settled.price, others: settled.others, ..item.clone() };
        for class in [None, Some("member".to_owned()), Some("tenant".to_owned())] {
            let then = Whom { day: on(today + later), class, ..whom(None, "2026-03-01") };
            prop_assert_eq!(item.price_for(&then), after.price_for(&then));
        }
    }

    #[test]
    fn a_share_is_never_more_than_the_whole_and_never_below_nothing(minor in 0..=MOST_MINOR, parts in 0..=2 * WHOLE) {
        let money = Money { minor, currency: Currency::CNY };
        let share = money.share(parts);
        prop_assert!((0..=minor).contains(&share.minor));
        // Half up: never further than half a coin from the exact share.
        let exact = i128::from(minor) * i128::from(parts.min(WHOLE));
        let off = (i128::from(share.minor) * i128::from(WHOLE) - exact) * 2;
        prop_assert!(off > -i128::from(WHOLE) && off <= i128::from(WHOLE));
    }
}
