//! The price: told, confirmed, signed. Nobody is charged what they did not sign.

use mobile_api::{
    phone::{Draft, Outcome},
    refusal::Refusal,
    work_order::{request::Edit, sign_off::SetCharge},
};

use super::*;

stories! {
    async fn the_fee_changed_after_the_customer_signed(house: House) {
        let (order, phone, _) = quoted(&house).await;
        phone.did(order, Start {});
        phone.did(order, Finish { summary: None });
        let signed = sign(&phone, order, "Mrs Chen");
        office_does(&house, order, priced(&house, 3)).await;
        reads!(synced(&phone).await, @r"
        start             applied_flagged quote_changed_meanwhile
        finish            applied
        sign_off          applied_flagged signed_older_quote
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.quotes[1].total), ("signed_off", yuan(240)));
        assert_eq!(file.charge.unwrap().amount, yuan(120), "she pays what she signed");

        let charge = |amount| SetCharge { sign_off: signed, amount, reason: "Agreed by telephone".into() };
        let li = house.li().await;
        assert_eq!(li.perform(order, charge(yuan(100))).await.problem(403), "forbidden", "no dispatcher's business");
        let manager = manager(&house).await;
        assert_eq!(conflicts(manager.perform(order, charge(yuan(240))).await), "amount_exceeds_signed");
        manager.perform(order, charge(yuan(100))).await.applied();
        let charge = order_of(&house, order).await.charge.unwrap();
        assert_eq!((charge.amount, charge.lowered.unwrap().by), (yuan(100), house.firm.admin));
    }

    async fn the_customer_confirmed_a_quote_that_the_office_had_replaced(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        let offer = phone.did(order, quote(&house));
        all_applied(&phone).await;
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        office_does(&house, order, priced(&house, 3)).await;
        reads!(synced(&phone).await, @r"
        confirm_quote     applied_flagged signed_older_quote
        start             applied_flagged quote_changed_meanwhile
        ");
        let file = order_of(&house, order).await;
        assert_eq!(file.confirmed_quote().unwrap().total, yuan(120), "her word stands for what she was told");
        assert_eq!(status(&file), "working");
    }

    /// Who sees the newer quote and confirms the older one has made a slip.
    async fn at_a_browser_only_the_newest_quote_can_be_confirmed(house: House) {
        let (order, phone, offer) = quoted(&house).await;
        office_does(&house, order, priced(&house, 3)).await;
        let li = house.li().await;
        assert_eq!(conflicts(li.perform(order, confirmed(offer)).await), "quote_unknown");
        assert_eq!(conflicts(li.perform(order, Start {}).await), "quote_not_confirmed");
        phone.sync().await;
        let newest = order_of(&house, order).await.quotes[1].id;
        phone.did(order, confirmed(newest));
        phone.did(order, Start {});
        reads!(synced(&phone).await, @r"
        confirm_quote     applied
        start             applied
        ");
    }

    /// The phone says so at once, the server keeps it for a person; what was used is on the order all the same.
    async fn work_cannot_start_before_the_customer_confirmed(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        phone.did(order, quote(&house));
        let started = phone.record(Draft::new(order, Start {}).unwrap()).unwrap();
        assert_eq!(started.outcome, Outcome::Refused(Refusal::QuoteNotConfirmed), "the phone tells him at the door");
        phone.did(order, seal());
        phone.did(order, Finish { summary: None });
        reads!(synced(&phone).await, @r"
        arrive            applied
        quote             applied
        start             kept            quote_not_confirmed
        use_material      applied
        finish            kept            illegal_transition
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.materials.len()), ("on_site", 1));
        let asked = review_of(&house, started.id).await;
        assert_eq!((asked.about.id, &*asked.problem.unwrap().code), (order.uuid(), "quote_not_confirmed"));
        assert_eq!(conflicts(house.li().await.perform(order, Start {}).await), "quote_not_confirmed");
    }

    async fn a_check_up_is_free_and_needs_no_quote(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, Arrive {});
        phone.did(order, Start {});
        phone.did(order, seal());
        phone.did(order, Finish { summary: Some("All is well".into()) });
        sign(&phone, order, "Mrs Chen");
        reads!(synced(&phone).await, @r"
        arrive            applied
        start             applied
        use_material      applied
        finish            applied
        sign_off          applied
        ");
        let file = order_of(&house, order).await;
        assert_eq!((status(&file), file.charge), ("signed_off", None));
    }

    /// The customer signed for what the screen showed. What the server holds is more by then, and a person learns
    /// in what it differs.
    async fn the_signature_tells_what_it_does_not_cover(house: House) {
        let (order, phone) = finished(&house).await;
        let tablet = tablet_of(&house, "wang").await;
        sign(&phone, order, "Mrs Chen");
        let place = Edit { place: Some("7-1302, kitchen".into()), ..Edit::default() };
        office_does(&house, order, place).await;
        tablet.did(order, seal());
        all_applied(&tablet).await;
        reads!(synced(&phone).await, @"sign_off          applied_flagged signed_other_content");
        let file = order_of(&house, order).await;
        assert_eq!(file.sign_offs[0].differs, ["place", "materials"]);
        assert_eq!(file.charge.unwrap().amount, yuan(120), "the price is what she saw");
    }
}
