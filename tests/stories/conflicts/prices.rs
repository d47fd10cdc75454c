//! Prices that changed, quotes that grew old, words that were given twice, while a phone was away.

use mobile_api::{
    Id,
    directory::{Organisation, PriceItem, PriceItemSave},
    operation::Payload,
    phone::{Draft, Outcome},
    price_list::{MoneyRules, OtherPrice, SetMoneyRules, Whom},
    refusal::Flag,
    work_order::{ConfirmationMethod, agree::AgreeQuote, confirm::ConfirmQuote, quote::NewLine},
};

use super::*;

/// The office puts an hour of plumbing at so many yuan.
async fn an_hour_costs(house: &House, yuans: i64) {
    let hour = PriceItemSave { code: "LAB".into(), price: yuan(yuans), ..PriceItemSave::example() };
    manager(house).await.perform(house.firm.hour, hour).await.applied();
}

async fn rules(house: &House, change: impl FnOnce(&mut MoneyRules)) {
    let mut rules = MoneyRules::default();
    change(&mut rules);
    manager(house).await.perform(house.firm.org, SetMoneyRules { rules }).await.applied();
}

/// Something that the list does not have, at so many yuan.
fn freely(yuans: i64) -> MakeQuote {
    let line = NewLine {
        item: None,
        name: "Cabinet floor".into(),
        kind: mobile_api::directory::PriceKind::Material,
        quantity_milli: Quantity(1000),
        unit: "pc".into(),
        unit_price: yuan(yuans),
        discount: 0,
        tax_rate: None,
    };
    MakeQuote { lines: vec![line], note: None }
}

/// An hour and a half of plumbing, as the phone's own list has it for this order at this moment.
fn as_listed(house: &House, phone: &Handset, order: WorkOrderId) -> MakeQuote {
    let order: WorkOrder = phone.get(order).unwrap().unwrap();
    let item: PriceItem = phone.get(house.firm.hour).unwrap().unwrap();
    let firm: Organisation = phone.get(Id::new(house.firm.org)).unwrap().unwrap();
    let whom = Whom::of(&order, None, Some(&firm), house.clock.now());
    MakeQuote { lines: vec![NewLine::of_item(&item, &item.name.en, Quantity(1500), &whom, &firm.money)], note: None }
}

stories! {
    /// What the customer was told stands; a person learns that the list had changed.
    async fn the_price_list_changed_while_quoting_offline(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        an_hour_costs(&house, 100).await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied_flagged price_changed
        confirm_quote     applied
        start             applied
        finish            applied
        sign_off          applied
        ");
        let file = order_of(&house, order).await;
        let line = &file.quotes[0].lines[0];
        assert_eq!((line.unit_price, line.list_price, line.free), (yuan(80), Some(yuan(80)), false));
        assert_eq!(file.charge.as_ref().unwrap().amount, yuan(120), "she pays what she was told");
        assert!(file.sign_offs[0].differs.is_empty());
        let asked = review_of(&house, offer).await;
        assert_eq!(asked.flags[0].flag, Flag::PriceChanged);
        assert_eq!(asked.flags[0].detail["lines"][0]["list"]["minor"], 10_000);

        // The phone has the new list now; the confirmed quote is as it was.
        let next = house.assigned(house.firm.plumbing, house.firm.wang).await;
        phone.sync().await;
        phone.did(next, Arrive {});
        let mut offer = quote(&house);
        offer.lines[0].unit_price = yuan(100);
        phone.did(next, offer);
        all_applied(&phone).await;
        assert_eq!(order_of(&house, order).await.quotes, file.quotes);
    }

    /// A price that was never the list's is nobody's older list.
    async fn a_price_of_ones_own_is_told_as_such(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        an_hour_costs(&house, 100).await;
        phone.did(order, Arrive {});
        let mut offer = quote(&house);
        offer.lines[0].unit_price = yuan(95);
        phone.did(order, offer);
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied_flagged price_differs_from_list
        ");
        assert!(order_of(&house, order).await.quotes[0].lines[0].free);
    }

    /// The office raised the tax while the customer was quoted without it: she pays what she was told, and a person learns
    /// of the difference.
    async fn the_tax_changed_while_quoting_offline(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        rules(&house, |rules| rules.tax_classes[0].rate = 600).await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, as_listed(&house, &phone, order));
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied_flagged price_changed
        confirm_quote     applied
        start             applied
        finish            applied
        sign_off          applied
        ");
        let file = order_of(&house, order).await;
        assert_eq!(file.quotes[0].total, yuan(120));
        assert_eq!(file.charge.unwrap().amount, yuan(120));
        assert_eq!(review_of(&house, offer).await.flags[0].detail["lines"][0]["tax"]["held"], 600);
        // The next one is quoted with it.
        let next = house.assigned(house.firm.plumbing, house.firm.wang).await;
        phone.sync().await;
        phone.did(next, Arrive {});
        phone.did(next, as_listed(&house, &phone, next));
        all_applied(&phone).await;
        assert_eq!(order_of(&house, next).await.quotes[0].total.minor, 12_720);
    }

    /// An app that does not say by which rate it reckoned: nobody pays more than they signed, and a person is asked.
    async fn the_tax_changed_and_the_app_does_not_say_what_it_told(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        rules(&house, |rules| rules.tax_classes[0].rate = 600).await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied
        confirm_quote     applied
        start             applied
        finish            applied
        sign_off          applied_flagged signed_other_content
        ");
        let file = order_of(&house, order).await;
        assert_eq!(file.quotes[0].total.minor, 12_720);
        assert_eq!(file.sign_offs[0].differs, ["quote", "amount"]);
        assert_eq!(file.charge.unwrap().amount, yuan(120));
    }

    /// On the leap day an hour costs 29 yuan, for members 28 at any time; the site's own zone does not matter, the firm's does.
    async fn prices_of_a_day_and_of_a_class_over_midnight_and_the_leap_day(house: House) {
        house.clock.set("2028-02-28T15:40:00Z".parse().unwrap());
        let leap_day = "2028-02-29".parse().unwrap();
        let other = |yuans, class: Option<&str>| OtherPrice {
            price: yuan(yuans),
            valid_from: class.is_none().then_some(leap_day),
            valid_to: class.is_none().then_some(leap_day),
            sites: vec![],
            customer_classes: class.map(Into::into).into_iter().collect(),
        };
        let hour = PriceItemSave {
            code: "LAB".into(),
            price: yuan(80),
            others: vec![other(29, None), other(28, Some("member"))],
            ..PriceItemSave::example()
        };
        manager(&house).await.perform(house.firm.hour, hour).await.applied();
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let first = phone.did(order, as_listed(&house, &phone, order));
        house.pass(minutes(25), &[&phone]);
        let second = phone.did(order, as_listed(&house, &phone, order));
        house.pass(hours(24), &[&phone]);
        let third = phone.did(order, as_listed(&house, &phone, order));
        let priced = [first, second, third].map(|offer| {
            let shown: WorkOrder = phone.get(order).unwrap().unwrap();
            shown.quotes.iter().find(|quote| quote.id == offer).unwrap().lines[0].unit_price
        });
        assert_eq!(priced, [80, 29, 80].map(yuan), "on the 28th, on the 29th, on the 1st");
        all_applied(&phone).await;

        // The price of yesterday at a quarter past midnight was one, and one for members is not hers.
        let at = |yuans| {
            let mut offer = as_listed(&house, &phone, order);
            offer.lines[0].unit_price = yuan(yuans);
            offer
        };
        phone.did(order, at(29));
        phone.did(order, at(28));
        reads!(synced(&phone).await, @r"
        quote             applied_flagged price_changed
        quote             applied_flagged price_differs_from_list
        ");
    }

    /// With signal or without, by word of mouth: who heard it stands beside.
    async fn a_word_of_mouth_is_confirmed_with_its_witness(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        let verbal = |witness: &str| ConfirmQuote {
            quote: offer,
            name: "Mrs Chen".into(),
            method: ConfirmationMethod::Verbal { witness: witness.into() },
        };
        let nobody = phone.record(Draft::new(order, verbal("")).unwrap()).unwrap();
        assert!(matches!(nobody.outcome, Outcome::Refused(_)), "a word that nobody heard");
        phone.did(order, verbal("Mr Gu, neighbour"));
        phone.did(order, Start {});
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied
        confirm_quote     kept            invalid
        confirm_quote     applied
        start             applied
        ");
        let word = order_of(&house, order).await.quotes[0].confirmed.clone().unwrap();
        assert_eq!(word.method, ConfirmationMethod::Verbal { witness: "Mr Gu, neighbour".into() });
        // Without a signature for the work there is no charge all the same.
        assert_eq!(order_of(&house, order).await.charge, None);
    }

    /// An older app that asks for a name only: the word is kept, work may go on, and a person looks at it.
    async fn a_typed_name_is_nobodys_signature(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        let typed = ConfirmQuote { quote: offer, name: "Mrs Chen".into(), method: ConfirmationMethod::OnDevice };
        let word = phone.did(order, typed);
        phone.did(order, Start {});
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied
        confirm_quote     applied_flagged confirmation_unproved
        start             applied
        ");
        assert_eq!(review_of(&house, word).await.flags[0].detail["why"], "no_signature");
    }

    async fn two_revisions_were_confirmed_on_two_phones(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        all_applied(&phone).await;
        let tablet = tablet_of(&house, "wang").await;
        let first = phone.did(order, quote(&house));
        phone.did(order, confirmed(first));
        let second = tablet.did(order, priced(&house, 2));
        let word = tablet.did(order, confirmed(second));
        all_applied(&phone).await;
        reads!(synced(&tablet).await, @r"
        quote             applied
        confirm_quote     applied_flagged another_quote_confirmed
        ");
        let file = order_of(&house, order).await;
        assert!(file.quotes.iter().all(|quote| quote.confirmed.is_some()), "both words are kept");
        let asked = review_of(&house, word).await;
        assert_eq!(asked.flags[0].detail["other"], first.to_string());

        // She signs on the phone that has only the first: that is what she pays.
        phone.did(order, Start {});
        phone.did(order, Finish { summary: None });
        sign(&phone, order, "Mrs Chen");
        let told = synced(&phone).await;
        assert!(told.contains("sign_off"), "{told}");
        assert_eq!(order_of(&house, order).await.charge.unwrap().amount, yuan(120));
    }

    async fn the_quote_had_expired(house: House) {
        rules(&house, |rules| rules.quote_days = Some(1)).await;
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        all_applied(&phone).await;
        house.pass(hours(25), &[&phone]);
        let li = house.li().await;
        assert_eq!(conflicts(li.perform(order, confirmed(offer)).await), "quote_expired");
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        reads!(synced(&phone).await, @r"
        confirm_quote     applied_flagged quote_expired
        start             applied
        ");
        assert!(order_of(&house, order).await.quotes[0].confirmed.is_some(), "her word is not lost");
    }

    /// In time at the door, too late at the server: the evidence decides.
    async fn a_word_given_in_time_counts_however_late_it_is_sent(house: House) {
        rules(&house, |rules| rules.quote_days = Some(1)).await;
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        all_applied(&phone).await;
        house.pass(hours(2), &[&phone]);
        phone.did(order, confirmed(offer));
        house.pass(hours(48), &[&phone]);
        reads!(synced(&phone).await, @"confirm_quote     applied");
    }

    /// The phone says that somebody must agree; what the customer said at the door is kept all the same.
    async fn free_lines_need_somebody_who_agrees(house: House) {
        rules(&house, |rules| rules.free_lines_most = Some(10_000)).await;
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        let small = phone.did(order, freely(100));
        phone.did(order, confirmed(small));
        all_applied(&phone).await;

        let large = phone.did(order, freely(101));
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert!(shown.newest_quote().unwrap().awaits_agreement(), "the phone tells him at the door");
        all_applied(&phone).await;
        let li = house.li().await;
        assert_eq!(conflicts(li.perform(order, confirmed(large)).await), "quote_not_agreed");
        let wang = house.office("wang").await;
        let agree = |note: &str| AgreeQuote { quote: large, note: Some(note.into()) };
        assert_eq!(wang.perform(order, agree("my own")).await.problem(403), "forbidden");
        li.perform(order, agree("The list has no cabinet floors")).await.applied();
        let agreed = order_of(&house, order).await.quotes[1].agreed.clone().unwrap();
        assert_eq!((agreed.by, agreed.note.as_deref()), (house.firm.li, Some("The list has no cabinet floors")));
        phone.sync().await;
        phone.did(order, confirmed(large));
        all_applied(&phone).await;

        let third = phone.did(order, freely(200));
        phone.did(order, confirmed(third));
        reads!(synced(&phone).await, @r"
        quote             applied
        confirm_quote     applied_flagged quote_not_agreed
        ");
    }
}
