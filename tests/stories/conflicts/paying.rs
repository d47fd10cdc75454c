//! What was paid, by whom it was written down, and what is owed; and work that has to be done again.

use std::collections::BTreeSet;

use mobile_api::{
    Role,
    directory::{OrderTypeSave, PriceItem, PriceItemSave, UserSave},
    ids::InspectionId,
    operation::Payload,
    phone::{Draft, Outcome},
    price_list::Terms,
    refusal::Flag,
    work_order::{
        Payment, PaymentMethod,
        payment::{RecordPayment, RefundPayment},
        request::Request,
        rework::{LinkRework, UnlinkRework},
    },
};

use super::*;
use crate::inspections::{begin_new, done, empty_flat, fail, number, pass, published};

fn paid(yuans: i64, method: PaymentMethod) -> RecordPayment {
    RecordPayment { amount: yuan(yuans), method, reference: None }
}

/// An order that was signed for: 120 yuan are owed.
async fn signed(house: &House) -> (WorkOrderId, Handset) {
    let (order, phone) = finished(house).await;
    sign(&phone, order, "Mrs Chen");
    all_applied(&phone).await;
    (order, phone)
}

fn receipts(payments: &[Payment]) -> Vec<Option<&str>> {
    payments.iter().map(|payment| payment.receipt.as_deref()).collect()
}

stories! {
    /// Wang and his tablet wrote down the same notes. Neither record is dropped; a manager takes one back.
    async fn one_payment_was_written_down_on_two_phones(house: House) {
        let (order, phone) = signed(&house).await;
        let tablet = tablet_of(&house, "wang").await;
        let first = phone.did(order, paid(120, PaymentMethod::Cash));
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(shown.balance().owed_minor, 0, "the phone reckons by itself");
        assert!(shown.payments[0].receipt_shown().starts_with("P-"), "numbers come from the server");
        tablet.did(order, paid(120, PaymentMethod::Cash));
        reads!(synced(&phone).await, @"record_payment    applied");
        reads!(synced(&tablet).await, @"record_payment    applied_flagged possible_duplicate_payment, overpaid");
        let file = order_of(&house, order).await;
        assert_eq!(receipts(&file.payments), [Some("R2026-000001"), Some("R2026-000002")]);
        assert_eq!(file.balance().owed_minor, -12_000);

        let back = |amount| RefundPayment { payment: first, amount, reason: "Written down twice".into() };
        assert_eq!(house.li().await.perform(order, back(yuan(120))).await.problem(403), "forbidden");
        let manager = manager(&house).await;
        assert_eq!(conflicts(manager.perform(order, back(yuan(121))).await), "amount_exceeds_paid");
        manager.perform(order, back(yuan(120))).await.applied();
        let file = order_of(&house, order).await;
        assert_eq!((file.payments.len(), file.refunds.len(), file.balance().owed_minor), (2, 1, 0));
        assert_eq!(file.refunds[0].receipt.as_deref(), Some("R2026-000003"));
    }

    /// Sent twice because the answer was lost: paid once.
    async fn a_payment_that_is_sent_again_is_the_same_payment(house: House) {
        let (order, phone) = signed(&house).await;
        phone.did(order, paid(50, PaymentMethod::Wechat));
        let sent = unsent(&phone);
        for _ in 0..2 {
            assert_eq!(push_as(&house, &phone, "wang", &sent).await.status, 200);
        }
        all_applied(&phone).await;
        let file = order_of(&house, order).await;
        assert_eq!((file.payments.len(), file.balance().owed_minor), (1, 7_000));
    }

    /// No signature, no charge: the money is written down and somebody is asked.
    async fn money_was_taken_before_anything_was_signed(house: House) {
        let (order, phone, _) = quoted(&house).await;
        phone.did(order, paid(20, PaymentMethod::Alipay));
        reads!(synced(&phone).await, @"record_payment    applied_flagged payment_without_charge");
        let li = house.li().await;
        let mut dollars = paid(1, PaymentMethod::Cash);
        dollars.amount.currency = Currency::GBP;
        assert_eq!(li.perform(order, dollars.clone()).await.problem(422), "currency_mismatch");
        phone.did(order, dollars);
        reads!(synced(&phone).await, @"record_payment    kept            currency_mismatch");
    }

    /// Each number once, whatever comes first, and none left out.
    async fn receipts_are_numbered_without_gaps(house: House) {
        let (order, phone) = signed(&house).await;
        for yuans in 1..=5 {
            phone.did(order, paid(yuans, PaymentMethod::Cash));
        }
        let mut pounds = paid(6, PaymentMethod::Cash);
        pounds.amount.currency = Currency::GBP;
        phone.did(order, pounds);
        phone.did(order, paid(6, PaymentMethod::Cash));
        phone.sync().await;
        let file = order_of(&house, order).await;
        let numbers: BTreeSet<_> = receipts(&file.payments).into_iter().flatten().map(str::to_owned).collect();
        let expected: BTreeSet<_> = (1..=6).map(|number| format!("R2026-{number:06}")).collect();
        assert_eq!(numbers, expected);
    }

    /// The work has a month, the valve a year: after two months it still counts, if the customer confirmed a quote with it.
    async fn an_item_may_have_a_longer_warranty_than_the_work(house: House) {
        let plumbing = OrderTypeSave { code: "plumbing".into(), warranty_days: Some(30), photos: vec![], ..OrderTypeSave::example() };
        let office = manager(&house).await;
        office.perform(house.firm.plumbing, plumbing).await.applied();
        let mut item: PriceItem = held(&house, house.firm.hour).await;
        item.terms.warranty_days = Some(365);
        let PriceItem { code, name, kind, unit, price, active, terms, others, .. } = item;
        let save = PriceItemSave { code, name, kind, unit, price, active, terms, others };
        assert_eq!(
            office.perform(house.firm.hour, PriceItemSave { terms: Terms { warranty_days: Some(0), ..Terms::default() }, ..save.clone() }).await.problem(422),
            "invalid"
        );
        office.perform(house.firm.hour, save).await.applied();
        let (origin, phone) = signed(&house).await;
        house.pass(hours(24 * 60), &[&phone]);
        let again = house.clock.new_id();
        let verdict = house.li().await.perform(again, house.request_for(house.firm.plumbing)).await.body;
        assert_eq!(verdict["flags"][0]["flag"], "possible_rework", "{verdict}");
        assert_eq!(verdict["flags"][0]["detail"]["origins"][0]["order"], serde_json::json!(origin));
        house.pass(hours(24 * 310), &[&phone]);
        let late = house.li().await.perform(house.clock.new_id(), house.request_for(house.firm.plumbing)).await.body;
        assert!(!late.to_string().contains("possible_rework"), "{late}");
    }

    /// The same fault within the warranty: noticed when the call comes in, linked by a person, and free.
    async fn the_same_fault_came_back_within_the_warranty(house: House) {
        let plumbing = OrderTypeSave { code: "plumbing".into(), warranty_days: Some(30), photos: vec![], ..OrderTypeSave::example() };
        manager(&house).await.perform(house.firm.plumbing, plumbing).await.applied();
        let (origin, phone) = signed(&house).await;
        house.pass(hours(24 * 7), &[&phone]);
        let li = house.li().await;
        let quality = async || manager(&house).await.get("/v1/reports/quality").await.body;
        assert_eq!(quality().await, serde_json::json!({ "signed": 1, "passed": 1, "pass_rate": 10_000 }));
        let again = Id::new(house.clock.new_id());
        let verdict = li.perform(again, house.request_for(house.firm.plumbing)).await.body;
        assert_eq!(verdict["status"], "applied_flagged", "{verdict}");
        assert_eq!(verdict["flags"][0]["flag"], "possible_rework");
        assert_eq!(verdict["flags"][0]["detail"]["origins"][0]["order"], origin.to_string());
        let hall = Request { fault: "The lamp in the hall is dark".into(), ..house.request_for(house.firm.check_up) };
        li.perform(Id::<WorkOrder>::new(house.clock.new_id()), hall).await.applied();

        office_does(&house, again, mobile_api::work_order::dispatch::Assign { technician: house.firm.wang }).await;
        phone.sync().await;
        phone.did(again, Arrive {});
        all_applied(&phone).await;
        office_does(&house, again, LinkRework { origin, goodwill: None }).await;
        phone.sync().await;
        phone.did(again, Start {});
        phone.did(again, Finish { summary: None });
        sign(&phone, again, "Mrs Chen");
        all_applied(&phone).await;
        let (again, origin) = (order_of(&house, again).await, order_of(&house, origin).await);
        assert_eq!((again.charge, again.rework_of), (None, Some(origin.id)));
        assert_eq!(origin.reworked_by, [again.id]);
        let figures = serde_json::json!({ "signed": 2, "passed": 1, "pass_rate": 5_000 });
        assert_eq!(quality().await, figures, "it counts against the first order, not against the second");

        house.pass(hours(24 * 31), &[&phone]);
        let late = Id::<WorkOrder>::new(house.clock.new_id());
        let li = house.li().await;
        let verdict = li.perform(late, house.request_for(house.firm.plumbing)).await.body;
        assert_eq!(verdict["status"], "applied", "the warranty is over: {verdict}");
    }

    /// Whoever looked first said that it was the same again; at the door it is another fault, and she confirms a price for it.
    async fn it_was_not_the_same_fault_after_all(house: House) {
        let plumbing = OrderTypeSave { code: "plumbing".into(), warranty_days: Some(30), photos: vec![], ..OrderTypeSave::example() };
        manager(&house).await.perform(house.firm.plumbing, plumbing).await.applied();
        let (origin, phone) = signed(&house).await;
        let (again, li) = (Id::new(house.clock.new_id()), house.li().await);
        assert_eq!(li.perform(again, house.request_for(house.firm.plumbing)).await.body["status"], "applied_flagged");
        office_does(&house, again, mobile_api::work_order::dispatch::Assign { technician: house.firm.wang }).await;
        office_does(&house, again, LinkRework { origin, goodwill: None }).await;
        phone.sync().await;
        phone.did(again, Arrive {});
        phone.sync().await;
        office_does(&house, again, UnlinkRework { reason: "It is the hose that drips".into() }).await;
        phone.sync().await;
        let refused = phone.record(Draft::new(again, Start {}).unwrap()).unwrap().outcome;
        assert!(matches!(refused, Outcome::Refused(_)), "the phone says that it costs something: {refused:?}");
        let offer = phone.did(again, quote(&house));
        phone.did(again, confirmed(offer));
        phone.did(again, Start {});
        phone.did(again, Finish { summary: None });
        sign(&phone, again, "Mrs Chen");
        phone.sync().await;
        let (again, origin) = (order_of(&house, again).await, order_of(&house, origin).await);
        assert_eq!((again.charge.unwrap().amount, again.rework_of), (yuan(120), None));
        assert_eq!((origin.reworked_by.len(), origin.passed()), (0, Some(true)));
    }

    /// The inspector finds in the flat what was mended there last week: a person is asked whether it is the same.
    async fn an_inspection_finds_what_was_mended_already(house: House) {
        let plumbing = OrderTypeSave { code: "plumbing".into(), warranty_days: Some(30), photos: vec![], ..OrderTypeSave::example() };
        manager(&house).await.perform(house.firm.plumbing, plumbing).await.applied();
        let (origin, phone) = signed(&house).await;
        house.pass(hours(24 * 7), &[&phone]);
        let form = published(&house, empty_flat(&house)).await;
        phone.sync().await;
        let id = InspectionId::new(house.clock.new_id());
        phone.did(id, begin_new(&house, form));
        phone.did(id, fail("leaks", "Water drips from under the sink"));
        phone.did(id, pass("windows"));
        phone.did(id, number("meter", 7));
        let finished = phone.did(id, done());
        phone.sync().await;
        let asked = review_of(&house, finished).await;
        let about = &asked.flags[0];
        assert_eq!(about.flag, Flag::PossibleRework, "{:?}", asked.flags);
        assert_eq!(about.detail["origins"][0]["order"], origin.to_string());
        let made: WorkOrderId = about.detail["order"].as_str().unwrap().parse::<Uuid>().unwrap().into();
        office_does(&house, made, LinkRework { origin, goodwill: None }).await;
        assert!(order_of(&house, made).await.policy.free_of_charge);
    }

    /// She pays at the desk, after the technician has gone.
    async fn the_front_desk_takes_the_money(house: House) {
        let (order, _) = signed(&house).await;
        let account = UserSave {
            name: "Mei".into(),
            login: "mei".into(),
            role: Role::FrontDesk,
            sites: vec![],
            teams: vec![],
            skills: vec![],
            certificates: vec![],
            calendar: None,
            active: true,
        };
        house.account(&house.firm, house.clock.new_id().into(), account).await;
        let desk = house.office("mei").await;
        desk.perform(order, paid(120, PaymentMethod::Cash)).await.applied();
        let refund = RefundPayment { payment: order_of(&house, order).await.payments[0].op, amount: yuan(120), reason: "Mistake".into() };
        assert_eq!(desk.perform(order, refund).await.problem(403), "forbidden", "giving back is for a manager");
        assert_eq!(order_of(&house, order).await.balance().owed_minor, 0);
    }
}
