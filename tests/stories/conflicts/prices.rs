//! Prices that changed, quotes that grew old, words that were given twice, while a phone was away.

use mobile_api::{
    directory::PriceItemSave,
    operation::Payload,
    price_list::{MoneyRules, SetMoneyRules},
    refusal::Flag,
    work_order::{agree::AgreeQuote, quote::NewLine},
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
    };
    MakeQuote { lines: vec![line], note: None }
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

    /// The office raised the tax while the customer was quoted without it: nobody pays more than they signed, and a
    /// person learns of the difference.
    async fn the_tax_changed_while_quoting_offline(house: House) {
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
