//! For whom an item may be quoted, and what the rules about money take.

use chrono::{NaiveDate, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{PriceItem, PriceItemSave, Terms, Whom, item::EarlierPrice, terms::day_of, terms::quotable};
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
    PriceItem { id: Id::new(Uuid::from_u128(1)), code, name, kind, unit, price, active, terms, earlier: Vec::new() }
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
    let cny = |minor| Money { minor, currency: Currency::CNY };
    let dearer = |prices: i64| {
        let earlier = (1..=prices).map(|n| EarlierPrice { price: cny(n * 100), until: at(n) }).collect();
        PriceItem { price: cny(9_900), earlier, ..item(Terms::default()) }
    };
    assert_eq!(dearer(0).price_at(at(-1)), Some(cny(9_900)), "it never cost anything else");
    let twice = dearer(2);
    assert_eq!([0, 1, 2].map(|hour| twice.price_at(at(hour))), [100, 200, 9_900].map(|minor| Some(cny(minor))));
    assert_eq!(dearer(10).price_at(at(0)), None, "what it cost before the oldest price that it remembers");
    assert_eq!(dearer(10).price_at(at(1)), Some(cny(200)));
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

proptest! {
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
